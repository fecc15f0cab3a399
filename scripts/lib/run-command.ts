// `cyrius run`: puts the bundle, the machine, the session and our own streams, signals and terminal together.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { GUEST_BUNDLE, networkOf, packBundle, type Program, wantsTerminal } from "./bundle.ts";
import { Connection, Refusal } from "./connection.ts";
import { defaultAccelerator, Machine, networkOption } from "./machine.ts";
import { kernelFile, projectRoot } from "./project.ts";
import { type Exit, Session } from "./session.ts";
import { type NetworkMode, type PublishedPort, type RunOptions, UsageError } from "./run-options.ts";

const STATUS_TIMEOUT = 124;
const STATUS_FAILURE = 125;

/** The kernel says HELLO within a second; a machine that has not after this long is stuck. */
const BOOT_LIMIT_MS = 120_000;
/** A machine that does not answer for so long after a signal is ended. */
const ANSWER_LIMIT_MS = 5_000;
/** Two SIGINT within this time end the machine. */
const IMPATIENCE_MS = 2_000;

const FORWARDED: NodeJS.Signals[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT"];

/** Ends the command with `status` and, if there is one, a message for standard error. */
class End extends Error {
  constructor(
    readonly status: number,
    message = "",
  ) {
    super(message);
  }
}

/** Runs the container; resolves to the exit status of the command. */
export async function run(options: RunOptions): Promise<number> {
  if (!fs.statSync(options.bundle, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`${options.bundle} is not a directory; BUNDLE is a directory with config.json and a root file system`);
  const kernel = findKernel(options);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-"));
  const removeFolder = (): void => fs.rmSync(folder, { recursive: true, force: true });
  process.on("exit", removeFolder);

  // As runc does: a bundle that wants a terminal gets ours, if we are at one.
  const atTerminal = Boolean(process.stdin.isTTY) && Boolean(process.stdout.isTTY); // undefined for a pipe
  const terminal = options.terminal || (atTerminal && wantsTerminal(options.bundle));
  const interactive = options.interactive || (terminal && !options.terminal);

  const initrd = path.join(folder, "bundle.cpio");
  const network = networkMode(options);
  const changes = { args: options.args, env: options.env, terminal, window: windowSize(), annotations: annotations(options, network) };
  checkMemory(options.memory, packBundle(options.bundle, changes, initrd, servicePrograms(options)));
  const machine = new Machine({
    type: options.machine,
    accelerator: options.accelerator ?? (options.icount ? "tcg" : defaultAccelerator()),
    memory: options.memory,
    icount: options.icount,
    kernel,
    initrd,
    hostForwards:
      network === "none" ? undefined : [...options.publish.map((port) => hostForward(port, network)), ...serviceForwards(options)],
    append: [
      "control=1",
      "debug-exit",
      ...(network === "none" ? [] : [networkOption()]),
      ...serviceOption(options),
      ...options.append,
    ].join(" "),
    qemuArgs: options.qemuArgs,
    kernelLog: options.kernelLog,
  });
  const killMachine = (): void => machine.kill();
  process.on("exit", killMachine);
  try {
    const exit = await drive(machine, options, terminal, interactive, removeFolder);
    if (exit.missing !== "") process.stderr.write(`cyrius: system calls the kernel lacks:\n${exit.missing.trimEnd()}\n`);
    return exit.signal !== 0 ? 128 + exit.signal : exit.code;
  } catch (error) {
    if (error instanceof End) {
      if (error.message !== "") process.stderr.write(`cyrius: ${error.message}\n`);
      return error.status;
    }
    throw error;
  } finally {
    machine.kill();
    removeFolder();
    process.off("exit", killMachine);
    process.off("exit", removeFolder);
  }
}

/** What the command line says; else what config.json does, unless ports are to be published without a network; else a bridge. */
function networkMode(options: RunOptions): NetworkMode {
  const configured = networkOf(options.bundle) ?? "bridge";
  return options.network ?? (configured === "none" && options.publish.length > 0 ? "bridge" : configured);
}

/** What the container's config.json is told of its network (docs/network.md). */
function annotations(options: RunOptions, network: NetworkMode): Record<string, string> {
  if (network !== "bridge" || options.publish.length === 0) return { "cyrius.network": network };
  const ports = options.publish.map((port) => `${port.host}:${port.guest}/${port.protocol}`);
  return { "cyrius.network": network, "cyrius.publish": ports.join(",") };
}

/** QEMU leads our port to the machine's: on a bridge to the same one, which the kernel leads on, else to the container's own. */
function hostForward(port: PublishedPort, network: NetworkMode): string {
  const inside = network === "bridge" ? port.host : port.guest;
  return `${port.protocol}:${port.address === "" ? "127.0.0.1" : port.address}:${port.host}-:${inside}`;
}

/** What init of the host's world is told to run. */
function serviceOption(options: RunOptions): string[] {
  if (options.services.length === 0) return [];
  return [`services=${options.services.map((service) => `${service.name}:${service.port}`).join(",")}`];
}

function serviceForwards(options: RunOptions): string[] {
  return options.services.map((service) => `tcp:127.0.0.1:${service.port}-:${service.port}`);
}

/** The host's programs that services need: `npm run build` has built them. */
function servicePrograms(options: RunOptions): Program[] {
  if (options.services.length === 0) return [];
  const names = new Set(["init", ...options.services.map((service) => service.name)]);
  return [...names].map((name) => {
    const file = path.join(projectRoot, "build/userland", name);
    if (!fs.existsSync(file)) throw new UsageError(`there is no ${file}; build it with: npm run build`);
    return { name, file };
  });
}

/** Runs the session on a booting machine, beside all that may end it early. */
async function drive(machine: Machine, options: RunOptions, terminal: boolean, interactive: boolean, booted: () => void): Promise<Exit> {
  const connection = new Connection(machine.control, 0);
  const session = new Session(connection, {
    id: options.id,
    bundle: GUEST_BUNDLE,
    stdin: interactive ? process.stdin : null,
    stdout: process.stdout,
    stderr: process.stderr,
    terminal,
    missing: options.missing,
  });
  const cleanUp: (() => void)[] = [];
  const after = (ms: number, action: () => void): void => {
    const timer = setTimeout(action, ms);
    cleanUp.push(() => clearTimeout(timer));
  };
  try {
    return await new Promise<Exit>((resolve, reject) => {
      let running = false;
      const limit = options.timeoutSeconds;
      if (limit !== undefined) after(limit * 1000, () => reject(new End(STATUS_TIMEOUT, `no end within ${limit} s`)));
      after(BOOT_LIMIT_MS, () => running || reject(new End(STATUS_FAILURE, stuck(machine))));

      connection.once("end", (error) => {
        if (error) reject(new End(STATUS_FAILURE, error.message));
        else void machine.ended.then((end) => reject(new End(STATUS_FAILURE, died(machine, end.complaint, end.code))));
        after(ANSWER_LIMIT_MS, () => reject(new End(STATUS_FAILURE, stuck(machine)))); // closed, but QEMU goes on
      });
      connection.once("ready", () => {
        booted(); // QEMU has read the archive
        running = true;
        if (interactive && terminal) cleanUp.push(enterRawMode());
        session.run().then(resolve, (error: unknown) => {
          // A connection that ends is reported above, with what the machine says of it.
          if (error instanceof Refusal) reject(new End(error.status, `create: ${error.message}`));
        });
      });

      let lastInterrupt = -Infinity;
      for (const name of FORWARDED) {
        const number = os.constants.signals[name];
        const forward = (): void => {
          const impatient = name === "SIGINT" && Date.now() - lastInterrupt < IMPATIENCE_MS;
          if (name === "SIGINT") lastInterrupt = Date.now();
          if (!running || impatient) return reject(new End(128 + number));
          let answered = false;
          void session.kill(number).then(() => (answered = true));
          after(ANSWER_LIMIT_MS, () => answered || reject(new End(STATUS_FAILURE, stuck(machine))));
        };
        process.on(name, forward);
        cleanUp.push(() => process.off(name, forward));
      }
      if (terminal) {
        const resize = (): void => {
          const window = windowSize();
          if (window && running) session.resize(window.columns, window.rows);
        };
        process.on("SIGWINCH", resize);
        cleanUp.push(() => process.off("SIGWINCH", resize));
      }
    });
  } finally {
    for (const action of cleanUp) action();
  }
}

function findKernel(options: RunOptions): string {
  const kernel = options.kernel ?? kernelFile;
  if (fs.existsSync(kernel)) return kernel;
  if (options.kernel !== undefined) throw new UsageError(`there is no kernel ${kernel}`);
  process.stderr.write("cyrius: building the kernel\n");
  const build = spawnSync(process.execPath, [path.join(projectRoot, "scripts/run.mjs"), "build"], {
    cwd: projectRoot,
    stdio: ["ignore", 2, 2],
  });
  if (build.status !== 0 || !fs.existsSync(kernel)) throw new UsageError("the kernel cannot be built");
  return kernel;
}

/** QEMU puts the archive into the machine's memory; say so before it fails in its own words. */
function checkMemory(memory: string, archiveBytes: number): void {
  const unit = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[memory.slice(-1).toUpperCase()] ?? 2 ** 20;
  if (archiveBytes <= Number.parseInt(memory, 10) * unit) return;
  throw new UsageError(`the bundle takes ${Math.ceil(archiveBytes / 2 ** 20)} MiB, more than the machine has: give it more with --memory`);
}

function windowSize(): { columns: number; rows: number } | undefined {
  const { columns, rows } = process.stdout;
  return process.stdout.isTTY && columns > 0 && rows > 0 ? { columns, rows } : undefined;
}

/** Passes every key on as it is typed; returns what puts the terminal back. */
function enterRawMode(): () => void {
  if (!process.stdin.isTTY) return () => {};
  process.stdin.setRawMode(true);
  const restore = (): void => void process.stdin.setRawMode(false);
  process.on("exit", restore);
  return () => {
    process.off("exit", restore);
    restore();
  };
}

function died(machine: Machine, complaint: string, code: number | null): string {
  const words = [complaint, machine.lastWords()].filter((text) => text !== "").join("\n");
  return `the machine stopped${code ? ` (QEMU's status ${code})` : ""} before the container had ended${words === "" ? "" : `:\n${words}`}`;
}

function stuck(machine: Machine): string {
  const words = machine.lastWords();
  return `the machine does not answer${words === "" ? "" : `; its last messages:\n${words}`}`;
}
