// Runs a command on the Linux of this machine in a root file system of ours, in namespaces of its own (tests/guest/linux-world.sh).

import path from "node:path";
import { spawnSync } from "node:child_process";
import { projectRoot } from "./project.ts";

/** The script that makes the world; what was recorded before it changed is out of date. */
export const worldScript = path.join(projectRoot, "tests/guest/linux-world.sh");
const worldFolder = path.join(projectRoot, "build/guest/world");
const LIMIT_MS = 900_000;

export interface WorldOptions {
  env?: string[];
  cwd?: string;
  hostname?: string;
  /** Whether /sys is there. */
  sys?: boolean;
}

/** The words that make a command run as root; an error that says what to do when there is no way. */
function rootPrefix(): string[] {
  if (process.getuid?.() === 0) return [];
  if (spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0) return ["sudo", "-n"];
  throw new Error("programs run on this Linux as root, in namespaces of their own: become root or allow sudo");
}

/** Runs `command` with the root file system `rootfs` to its end, with an empty input; standard error is ours. */
export function runInLinuxWorld(rootfs: string, command: string[], options: WorldOptions = {}): { stdout: Buffer; status: number } {
  const words: string[] = [];
  for (const variable of options.env ?? []) words.push("-e", variable);
  if (options.cwd !== undefined) words.push("-d", options.cwd);
  if (options.hostname !== undefined) words.push("-n", options.hostname);
  if (options.sys) words.push("-s");
  const [program = "sh", ...rest] = [...rootPrefix(), "sh", worldScript, rootfs, worldFolder, ...words, ...command];
  const run = spawnSync(program, rest, { stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26, timeout: LIMIT_MS });
  if (run.error) throw run.error;
  return { stdout: run.stdout, status: run.status ?? 125 };
}
