// Runs the guest programs on the Linux of this machine: what they print there is what Cyrius must print.

import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";
import { batchCommand, batches, batchResults, guestBundle, type GuestProgram, type GuestResult } from "./guest.ts";
import { projectRoot } from "./project.ts";

const expectedFolder = path.join(projectRoot, "build/guest/expected");
const worldFolder = path.join(projectRoot, "build/guest/world");
const worldScript = path.join(projectRoot, "tests/guest/linux-world.sh");

/** The words that make a command run as root; an error that says what to do when there is no way. */
function rootPrefix(): string[] {
  if (process.getuid?.() === 0) return [];
  if (spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0) return ["sudo", "-n"];
  throw new Error("the guest programs run on this Linux as root, in namespaces of their own: become root or allow sudo");
}

/** Runs one batch on Linux, now. */
function runBatch(batch: GuestProgram[]): Map<string, GuestResult> {
  const [program = "sh", ...rest] = [
    ...rootPrefix(),
    "sh",
    worldScript,
    path.join(guestBundle, "rootfs"),
    worldFolder,
    ...batchCommand(batch),
  ];
  const run = spawnSync(program, rest, { stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26, timeout: 900_000 });
  if (run.error) throw run.error;
  const status = run.status ?? 125;
  return batchResults(batch, run.stdout.toString("latin1"), status);
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
