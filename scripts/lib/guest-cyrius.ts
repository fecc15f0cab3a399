// Runs the guest programs under Cyrius and compares what they print with what they print on Linux.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { batchCommand, batchResults, guestBundle } from "./guest.ts";
import type { GuestProgram, GuestResult } from "./guest.ts";
import { projectRoot } from "./project.ts";

/** Programs in one virtual machine: few boots, and a kernel that dies takes only some of the results with it. */
export const batchSize = 10;

/** No batch may take longer than this, in seconds, whatever its programs may. */
const batchLimit = 420;

/** What the machine said beside the programs' output. */
export interface CyriusRun {
  results: Map<string, GuestResult>;
  complaint: string;
}

/** Runs a batch in one virtual machine with 256 MiB; `options` are further ones of `cyrius run`. */
export function cyriusResults(batch: GuestProgram[], options: string[] = []): CyriusRun {
  const command = path.join(projectRoot, "dist/cyrius.js");
  const seconds = batch.reduce((sum, program) => sum + program.timeout, 30);
  const words = ["run", "--timeout", String(Math.min(seconds, batchLimit)), ...options, guestBundle, ...batchCommand(batch)];
  const run = spawnSync(process.execPath, [command, ...words], { stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 26 });
  const status = run.status ?? 125;
  const results = batchResults(batch, run.stdout.toString("latin1"), status);
  const ending = status === 0 || batch[0]?.isFirst ? "" : `\nthe machine ended with status ${status}`;
  return { results, complaint: (run.stderr.toString("latin1") + ending).trim() };
}

/** The lines in which two results differ, and checks that failed alike: empty when all is well. */
export function differences(linux: GuestResult, cyrius: GuestResult): string[] {
  const wanted = linux.output.split("\n");
  const got = cyrius.output.split("\n");
  const lines: string[] = [];
  for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
    if (wanted[i] !== got[i]) lines.push(`Linux  ${wanted[i] ?? "(nothing)"}`, `Cyrius ${got[i] ?? "(nothing)"}`);
    else if (wanted[i]?.startsWith("FAIL ")) lines.push(`both   ${wanted[i]}`);
  }
  if (linux.status !== cyrius.status) lines.push(`exit status ${linux.status} on Linux, ${cyrius.status} on Cyrius`);
  return lines;
}
