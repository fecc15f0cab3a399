// guest-test [--torture] [--verbose] [NAME...]: runs the guest test programs on this machine's Linux and under Cyrius, and compares the bytes
// they print and their exit statuses. Ends with `N passed, M failed`, exit status 1 unless all passed.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { batchCommand, batches, batchResults, buildGuestBundle, conformancePrograms, guestBundle, torturePrograms } from "./lib/guest.ts";
import type { GuestProgram, GuestResult } from "./lib/guest.ts";
import { linuxResults } from "./lib/guest-linux.ts";
import { projectRoot } from "./lib/project.ts";

/** Programs in one virtual machine: few boots, and a kernel that dies takes only some of the results with it. */
const BATCH = 12;

const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith("--"));
const isVerbose = words.includes("--verbose");

/** Runs a batch in one virtual machine. */
function cyriusResults(batch: GuestProgram[]): Map<string, GuestResult> {
  const command = path.join(projectRoot, "dist/cyrius.js");
  const seconds = batch.reduce((sum, program) => sum + program.timeout, 30);
  const options = ["run", "--memory", "256M", "--timeout", String(seconds), guestBundle, ...batchCommand(batch)];
  const run = spawnSync(process.execPath, [command, ...options], { stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 26 });
  const complaint = run.stderr.toString("latin1").trim();
  if (complaint && isVerbose) console.log(complaint);
  if (run.status === 125) console.log(`cyrius run failed: ${complaint}`);
  return batchResults(batch, run.stdout.toString("latin1"), run.status ?? 125);
}

/** The lines in which two outputs differ, as a short list. */
function differences(linux: GuestResult, cyrius: GuestResult): string[] {
  const wanted = linux.output.split("\n");
  const got = cyrius.output.split("\n");
  const lines: string[] = [];
  for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
    if (wanted[i] !== got[i]) lines.push(`Linux  ${wanted[i] ?? "(nothing)"}`, `Cyrius ${got[i] ?? "(nothing)"}`);
  }
  if (linux.status !== cyrius.status) lines.push(`exit status ${linux.status} on Linux, ${cyrius.status} on Cyrius`);
  return isVerbose ? lines : lines.slice(0, 12);
}

/** True if the program printed the same on both; otherwise says what differs. */
function passes(name: string, linux: GuestResult | undefined, cyrius: GuestResult | undefined): boolean {
  if (!linux || !cyrius) {
    console.log(`FAIL ${name}: no result from ${linux ? "Cyrius" : "Linux"}`);
    return false;
  }
  const lines = differences(linux, cyrius);
  if (lines.length === 0) {
    if (isVerbose) console.log(`ok ${name}`);
    return true;
  }
  console.log(`FAIL ${name}`);
  for (const line of lines) console.log(`  ${line}`);
  return false;
}

await buildGuestBundle();
const all = [...conformancePrograms(), ...torturePrograms()];
const chosen = words.includes("--torture") ? torturePrograms() : conformancePrograms();
const programs = names.length > 0 ? all.filter(({ name }) => names.includes(name)) : chosen;
const linux = linuxResults(programs);
let passed = 0;
for (const batch of batches(programs, BATCH)) {
  const cyrius = cyriusResults(batch);
  passed += batch.filter(({ name }) => passes(name, linux.get(name), cyrius.get(name))).length;
}
console.log(`${passed} passed, ${programs.length - passed} failed`);
process.exitCode = passed === programs.length ? 0 : 1;
