// What figures depend on besides the systems: versions, machine and date.

import { execFileSync } from "node:child_process";
import os from "node:os";
import type { LinuxKernel } from "./kernels.ts";
import type { Clock } from "./machine.ts";
import type { Crun } from "./packages.ts";

export interface Surroundings {
  date: string;
  commit: string;
  qemu: string;
  gcc: string;
  linux: string[];
  crun: string | undefined;
  processor: string;
}

function firstLine(program: string, ...words: string[]): string {
  return execFileSync(program, words, { encoding: "utf8" }).split("\n")[0]?.trim() ?? "";
}

export function surroundings(kernels: LinuxKernel[], crun: Crun | undefined): Surroundings {
  const changed = execFileSync("git", ["status", "--porcelain", "--untracked-files=no"], { encoding: "utf8" }) !== "";
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: `${firstLine("git", "rev-parse", "--short", "HEAD")}${changed ? " with changes" : ""}`,
    qemu: firstLine("qemu-system-x86_64", "--version").replace(/^QEMU emulator version /, ""),
    gcc: firstLine("gcc", "-dumpfullversion"),
    linux: kernels.map(({ name, description }) => `${name}: ${description}`),
    crun: crun?.version,
    processor: `${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? "unknown processor"}`,
  };
}

/** In a sentence or two, for people. */
export function describeSurroundings(s: Surroundings, clock: Clock, memoryKib: number): string {
  const machine = `q35, TCG, -cpu max, one processor, ${memoryKib / 1024} MiB${clock === "icount" ? ", -icount shift=0,sleep=off" : `, on ${s.processor}`}`;
  const linux = s.linux.length > 0 ? `, Linux ${s.linux.join("; ")}, crun ${s.crun}` : "";
  return `Measured ${s.date} at ${s.commit}: QEMU ${s.qemu} (${machine}), gcc ${s.gcc}${linux}.`;
}
