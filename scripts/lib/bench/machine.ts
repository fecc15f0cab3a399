// One QEMU machine for either system: q35, one processor of TCG's best model, the same memory; nothing but a serial port. On the counted clock
// (-icount shift=0) a nanosecond is an instruction and the time-stamp counter runs at COUNTED_HZ; on the wall clock it is the host's.

import { spawn } from "node:child_process";

export type Clock = "icount" | "wall";

/** What `cyrius run` gives a machine too. */
export const DEFAULT_MEMORY_KIB = 256 * 1024;
export const COUNTED_HZ = 1_000_000_000;

const FIRST_LIMIT_SECONDS = 120;
const LEAST_LIMIT_SECONDS = 10;
const LIMIT_FACTOR = 5;

export interface Boot {
  kernel: string;
  initrd: string;
  append: string;
  clock: Clock;
  memoryKib: number;
  /** The machine has done its work, or cannot do it, when a line matches: it is ended. */
  until?: RegExp;
  timeoutSeconds: number;
  /** More words for QEMU. */
  words?: string[];
  /** Ends the machine. */
  stop?: AbortSignal;
}

export interface Line {
  text: string;
  /** Seconds since QEMU was started. */
  seconds: number;
}

export interface Run {
  lines: Line[];
  timedOut: boolean;
  /** What QEMU itself had to say. */
  complaint: string;
}

export function machineArguments(boot: Boot): string[] {
  const counted = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"];
  return [
    ...["-machine", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", `${boot.memoryKib}K`],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...(boot.clock === "icount" ? counted : []),
    ...["-kernel", boot.kernel, "-initrd", boot.initrd, "-append", boot.append],
    ...(boot.words ?? []),
  ];
}

/** Boots, reads the serial port to the end of the machine, and gives its lines; never rejects because of what the machine does. */
export function runMachine(boot: Boot): Promise<Run> {
  const started = performance.now();
  const child = spawn("qemu-system-x86_64", machineArguments(boot), { stdio: ["ignore", "pipe", "pipe"] });
  const kill = (): void => void child.kill("SIGKILL");
  process.on("exit", kill);
  boot.stop?.addEventListener("abort", kill);
  const lines: Line[] = [];
  let complaint = "";
  let rest = "";
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    kill();
  }, boot.timeoutSeconds * 1000);
  child.stdout.setEncoding("utf8").on("data", (bytes: string) => {
    const seconds = (performance.now() - started) / 1000;
    const parts = (rest + bytes).split(/\r*\n/);
    rest = parts.pop() ?? "";
    for (const text of parts) {
      lines.push({ text, seconds });
      if (boot.until?.test(text)) kill();
    }
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-4096)));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(limit);
      process.off("exit", kill);
      if (rest !== "") lines.push({ text: rest, seconds: (performance.now() - started) / 1000 });
      resolve({ lines, timedOut, complaint });
    });
  });
}

/** The last lines of a run, for a person who wants to know why it failed. */
export function lastWords(run: Run): string {
  const words = run.lines.slice(-15).map(({ text }) => text);
  return [run.timedOut ? "no end in time" : "", run.complaint.trim(), ...words].filter((text) => text !== "").join("\n");
}

/**
 * The smallest multiple of `stepKib` up to `mostKib` with which `works`, if any; it is taken to work with everything above that. A machine
 * with too little memory may just stand still, so `works` gets a time limit in seconds: several times what the largest machine took.
 */
export async function leastMemory(
  works: (memoryKib: number, limitSeconds: number) => Promise<boolean>,
  stepKib: number,
  mostKib: number,
): Promise<number | undefined> {
  const started = performance.now();
  if (!(await works(mostKib, FIRST_LIMIT_SECONDS))) return undefined;
  const limitSeconds = Math.max(LEAST_LIMIT_SECONDS, ((performance.now() - started) / 1000) * LIMIT_FACTOR);
  let fails = 0;
  let least = mostKib / stepKib;
  while (least - fails > 1) {
    const middle = Math.floor((fails + least) / 2);
    if (await works(middle * stepKib, limitSeconds)) least = middle;
    else fails = middle;
  }
  return least * stepKib;
}
