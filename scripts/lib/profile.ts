// Where the instructions of one figure go, per function: on a counted machine of one instruction per translation block, QEMU logs every
// block it enters, so that the log is exact, not sampled. A figure of the program `count` runs as `count --mark NAME`, and is logged between
// its two marks, which it waits at until we answer; what the marks themselves cost (two reads that wait, one write) is spread over the
// operations. Of the life of containers all is logged, and the lives of /mnt/tiny are told by where the runtime is entered.

import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { type Boot, lastWords, runMachine } from "./bench/machine.ts";
import { kernelFile, projectRoot } from "./project.ts";

/** The bucket of everything that ran in user mode. */
const USER = "(user mode)";
/** Where the upper half of the address space begins. */
const UPPER_HALF = 1n << 63n;
const LIMIT_SECONDS = 300;
/** The function of the kernel at which a container's life begins, and how many lives of /mnt/tiny go before those that are counted. */
const LIFE_BEGINS = "runtime_create_create";
const LIFE_WARM_UP = 5;

export interface Symbol {
  address: bigint;
  name: string;
}

/** One function's part: how many instructions ran in it, how often it was entered at its first one, and each instruction's count. */
export interface FunctionProfile {
  name: string;
  instructions: number;
  entries: number;
  addresses: Map<bigint, number>;
}

/** Reads `nm -n`: the functions in order of address, with the prefix of generated C taken off. */
export function parseSymbols(text: string): Symbol[] {
  const rows = text.matchAll(/^([0-9a-f]{16}) [tTwW] (\S+)$/gm);
  return [...rows].map(([, address, name]) => ({ address: BigInt(`0x${address}`), name: (name as string).replace(/^w2c_/, "") }));
}

/** The function that holds `address`: the last symbol at or below it. */
export function symbolAt(symbols: Symbol[], address: bigint): Symbol | undefined {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((symbols[middle] as Symbol).address <= address) low = middle + 1;
    else high = middle;
  }
  return symbols[low - 1];
}

/** The program counter in a line of QEMU's `-d exec` log, such as `Trace 0: 0x7f… [0000000000000000/ffffffffc0200080/00c0b2b0/ff000201]`. */
export function tracedAddress(line: string): bigint | undefined {
  const found = /^Trace \d+: \S+ \[[0-9a-f]+\/([0-9a-f]+)\//.exec(line);
  return found ? BigInt(`0x${found[1]}`) : undefined;
}

/** Adds up the addresses of a log by function, the most expensive first. */
export function attribute(counts: Map<bigint, number>, symbols: Symbol[]): FunctionProfile[] {
  const functions = new Map<string, FunctionProfile>();
  for (const [address, count] of counts) {
    const symbol = address < UPPER_HALF ? undefined : symbolAt(symbols, address);
    const name = symbol?.name ?? USER;
    let profile = functions.get(name);
    if (!profile) functions.set(name, (profile = { name, instructions: 0, entries: 0, addresses: new Map() }));
    profile.instructions += count;
    if (symbol?.address === address) profile.entries = count;
    profile.addresses.set(address, count);
  }
  return [...functions.values()].sort((a, b) => b.instructions - a.instructions);
}

/** The functions as a table in Markdown, per operation; those under one in a thousand are one row. */
export function profileTable(functions: FunctionProfile[], operations: number): string {
  const total = functions.reduce((sum, f) => sum + f.instructions, 0);
  const shown = functions.filter((f) => f.instructions * 1000 >= total);
  const rest = total - shown.reduce((sum, f) => sum + f.instructions, 0);
  const row = (name: string, instructions: number, entries: string): string =>
    `| ${name} | ${(instructions / operations).toFixed(1)} | ${((100 * instructions) / total).toFixed(1)} | ${entries} |`;
  return [
    "| function | instructions | % | entries |",
    "| --- | ---: | ---: | ---: |",
    row("total", total, ""),
    ...shown.map((f) => row(f.name, f.instructions, f.name === USER ? "" : (f.entries / operations).toFixed(2))),
    ...(rest > 0 ? [row("others", rest, "")] : []),
  ].join("\n");
}

/** Reads the log line by line and counts each address. */
async function countLog(file: string): Promise<Map<bigint, number>> {
  const counts = new Map<bigint, number>();
  for await (const line of readline.createInterface({ input: fs.createReadStream(file) })) {
    const address = tracedAddress(line);
    if (address !== undefined) counts.set(address, (counts.get(address) ?? 0) + 1);
  }
  return counts;
}

/** QEMU's monitor for people, on a socket: sends one command and waits for the next prompt. */
async function command(monitor: net.Socket, text: string): Promise<void> {
  const prompt = new Promise<void>((resolve) => {
    let seen = "";
    const onData = (bytes: Buffer): void => {
      seen += bytes.toString();
      if (!seen.includes("(qemu) ")) return;
      monitor.off("data", onData);
      resolve();
    };
    monitor.on("data", onData);
  });
  monitor.write(`${text}\n`);
  await prompt;
}

/** Runs `operations` of figure `name` in the guest bundle and returns how often each address was executed between the marks. */
async function record(bundle: string, name: string, operations: number): Promise<Map<bigint, number>> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-profile-"));
  const socket = path.join(folder, "monitor");
  const log = path.join(folder, "log");
  try {
    const qemu = ["-singlestep", "-monitor", `unix:${socket},server=on,wait=off`].flatMap((word) => ["--qemu-arg", word]);
    const machine = ["run", "-i", "--accel", "tcg", "--icount", "--timeout", String(LIMIT_SECONDS), ...qemu, bundle];
    const program = ["/bin/count", "--hz", "1000000000", "--mark", "--operations", String(operations), name];
    const child = spawn(process.execPath, [path.join(projectRoot, "dist/cyrius.js"), ...machine, ...program], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    let monitor: net.Socket | undefined;
    for await (const line of readline.createInterface({ input: child.stdout })) {
      if (line.startsWith("MARK ready")) {
        monitor = net.connect(socket);
        await command(monitor, `logfile ${log}`);
        await command(monitor, "log exec,nochain");
        child.stdin.write("\n");
      } else if (line.startsWith("MARK done")) {
        await command(monitor as net.Socket, "log none");
        child.stdin.end("\n");
      } else console.error(line);
    }
    monitor?.destroy();
    const status = await ended;
    if (status !== 0) throw new Error(`count --mark ${name}: status ${status}`);
    return await countLog(log);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Counts the instructions of whole lives in the log of userland/lifecycle, in which each second container is one of /mnt/tiny. */
export class LifeCounter {
  readonly counts = new Map<bigint, number>();
  lives = 0;
  private created = 0;

  /** `createAddress` is where the runtime's `create` begins; lives before the one numbered `first` (from 0) fill caches. */
  constructor(
    private readonly createAddress: bigint,
    private readonly first: number,
    private readonly operations: number,
  ) {}

  /** Notes that the instruction at `address` ran; false when all lives are counted. */
  add(address: bigint): boolean {
    if (address === this.createAddress) {
      this.created++;
      if (this.isCounted()) this.lives++;
    }
    if (this.lives > this.operations) {
      this.lives--;
      return false;
    }
    if (this.isCounted()) this.counts.set(address, (this.counts.get(address) ?? 0) + 1);
    return true;
  }

  /** The very first container is one of /mnt/first, and then the two kinds take turns. */
  private isCounted(): boolean {
    return this.created % 2 === 1 && (this.created - 3) / 2 >= this.first;
  }
}

/** Boots `boot`, an archive of userland/lifecycle, and counts the instructions of `operations` lives; how many there were. */
async function recordLives(boot: Boot, symbols: Symbol[], operations: number): Promise<LifeCounter> {
  const create = symbols.find(({ name }) => name === LIFE_BEGINS);
  if (!create) throw new Error(`the kernel has no function ${LIFE_BEGINS}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-profile-"));
  const log = path.join(folder, "log");
  if (spawnSync("mkfifo", [log]).status !== 0) throw new Error("mkfifo failed");
  const stop = new AbortController();
  const counter = new LifeCounter(create.address, LIFE_WARM_UP, operations);
  try {
    const machine = runMachine({
      ...boot,
      timeoutSeconds: LIMIT_SECONDS,
      words: ["-singlestep", "-d", "exec,nochain", "-D", log],
      stop: stop.signal,
    });
    for await (const line of readline.createInterface({ input: fs.createReadStream(log) })) {
      const address = tracedAddress(line);
      if (address !== undefined && !counter.add(address)) break;
    }
    stop.abort();
    const run = await machine;
    if (counter.lives === 0) throw new Error(`no container lived\n${lastWords(run)}`);
    return counter;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** The disassembly of one function with how often each instruction ran per operation. */
function annotate(profile: FunctionProfile, operations: number): string {
  const addresses = [...profile.addresses.keys()].sort((a, b) => (a < b ? -1 : 1));
  const range = [
    `--start-address=0x${(addresses[0] as bigint).toString(16)}`,
    `--stop-address=0x${((addresses.at(-1) as bigint) + 16n).toString(16)}`,
  ];
  const { stdout } = spawnSync("objdump", ["-d", "--no-show-raw-insn", ...range, kernelFile], { encoding: "utf8", maxBuffer: 1 << 26 });
  const lines = stdout.split("\n").map((line) => {
    const address = /^([0-9a-f]{16}):/.exec(line.trim())?.[1];
    const count = address === undefined ? undefined : profile.addresses.get(BigInt(`0x${address}`));
    return `${(count === undefined ? "" : (count / operations).toFixed(2)).padStart(9)}  ${line}`;
  });
  return lines.slice(6).join("\n");
}

function readSymbols(): Symbol[] {
  return parseSymbols(spawnSync("nm", ["-n", kernelFile], { encoding: "utf8", maxBuffer: 1 << 26 }).stdout);
}

function print(name: string, functions: FunctionProfile[], operations: number, annotated: string[]): void {
  console.log(`${name}: instructions per operation, over ${operations} operations\n\n${profileTable(functions, operations)}`);
  for (const wanted of annotated) {
    const found = functions.find((f) => f.name === wanted);
    console.log(found ? `\n${annotate(found, operations)}` : `\n${wanted}: not executed`);
  }
}

/**
 * Prints where the instructions of figure `name`, one of the program count, go. `operations` are run; `annotated` are names of functions to
 * print instruction by instruction. Throws when the figure cannot be run.
 */
export async function profile(bundle: string, name: string, operations: number, annotated: string[]): Promise<void> {
  print(name, attribute(await record(bundle, name, operations), readSymbols()), operations, annotated);
}

/** The same for container_life: `boot` is the machine that runs userland/lifecycle. */
export async function profileLife(boot: Boot, operations: number, annotated: string[]): Promise<void> {
  const symbols = readSymbols();
  const { counts, lives } = await recordLives(boot, symbols, operations);
  print("container_life", attribute(counts, symbols), lives, annotated);
}
