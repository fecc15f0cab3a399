// Runs the guest programs on the Linux of this machine: what they print there is what Cyrius must print.

import fs from "node:fs";
import path from "node:path";
import { batchCommand, batches, batchResults, guestBundle, type GuestProgram, type GuestResult } from "./guest.ts";
import { runInLinuxWorld, worldScript } from "./linux-world.ts";
import { projectRoot } from "./project.ts";

const expectedFolder = path.join(projectRoot, "build/guest/expected");

/** Runs one batch on Linux, now. */
function runBatch(batch: GuestProgram[]): Map<string, GuestResult> {
  const { stdout, status } = runInLinuxWorld(path.join(guestBundle, "rootfs"), batchCommand(batch));
  return batchResults(batch, stdout.toString("latin1"), status);
}

/**
 * What the programs print on Linux, recorded in build/guest/expected/ and taken from there while neither the program nor the world
 * changed; `again` runs all of them.
 */
export function linuxResults(programs: GuestProgram[], again = false): Map<string, GuestResult> {
  fs.mkdirSync(expectedFolder, { recursive: true });
  const fileOf = (name: string): string => path.join(expectedFolder, `${name}.json`);
  const inputsOf = (name: string): string[] => [
    path.join(guestBundle, "rootfs/bin", name),
    path.join(guestBundle, "config.json"),
    worldScript,
  ];
  const changed = (name: string): number => Math.max(...inputsOf(name).map((input) => fs.statSync(input).mtimeMs));
  const isRecorded = (name: string): boolean => (fs.statSync(fileOf(name), { throwIfNoEntry: false })?.mtimeMs ?? 0) > changed(name);
  const due = programs
    .filter((program) => again || !isRecorded(program.name))
    .map((program) => ({ ...program, arguments: program.linuxArguments ?? program.arguments }));
  for (const batch of batches(due, due.length || 1)) {
    for (const [name, result] of runBatch(batch)) fs.writeFileSync(fileOf(name), JSON.stringify(result));
  }
  const results = new Map<string, GuestResult>();
  for (const { name } of programs) {
    if (fs.existsSync(fileOf(name))) results.set(name, JSON.parse(fs.readFileSync(fileOf(name), "utf8")) as GuestResult);
  }
  return results;
}
