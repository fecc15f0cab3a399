// A machine for acceptance tests: boots the kernel with an archive of bundles and drives many containers over one control connection,
// each with its own streams. The `cyrius` command runs one container per machine; here thousands come and go in one.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Connection, Refusal } from "../lib/connection.ts";
import { CpioWriter } from "../lib/cpio.ts";
import { Machine, type MachineOptions } from "../lib/machine.ts";
import { kernelFile } from "../lib/project.ts";
import { INITIAL_WINDOW, type Kind, type Message, Stream } from "../lib/protocol.ts";

/** What the answer to STATS (docs/control-protocol.md) says of now: the same again when nothing is left behind. */
export interface Stats {
  framesUsable: number;
  framesFree: number;
  heapBytes: number;
  heapObjects: number;
  containers: number;
  processes: number;
  threads: number;
  writableExecutable: number;
}

/** The state of a container, as far as tests look at it. */
export interface State {
  id: string;
  status: string;
  pid?: number;
  bundle: string;
}

/** How a process ended. */
export interface Ending {
  code: number;
  signal: number;
}

/** The streams of one container process on a channel; what it prints is gathered. */
export class Streams {
  stdout: Buffer[] = [];
  stderr: Buffer[] = [];
  private readonly watchers = new Set<() => void>();

  constructor(
    private readonly connection: Connection,
    readonly channel: number,
  ) {}

  /** Says that no input comes. */
  closeInput(): void {
    this.connection.send({ kind: "CLOSE", channel: this.channel, stream: Stream.stdin });
  }

  /** Sends at most one window of input. */
  input(data: Buffer): void {
    assert.ok(data.length <= INITIAL_WINDOW, "no more than the first credit");
    this.connection.send({ kind: "STDIN", channel: this.channel, data });
  }

  get output(): string {
    return Buffer.concat(this.stdout).toString();
  }

  get errors(): string {
    return Buffer.concat(this.stderr).toString();
  }

  receive(message: Message): void {
    if (message.kind !== "STDOUT" && message.kind !== "STDERR") return;
    const isOutput = message.kind === "STDOUT";
    (isOutput ? this.stdout : this.stderr).push(Buffer.from(message.data));
    const stream = isOutput ? Stream.stdout : Stream.stderr;
    this.connection.send({ kind: "CREDIT", channel: this.channel, stream, bytes: message.data.length });
    for (const watcher of this.watchers) watcher();
  }

  /** Resolves once `text` has appeared on standard output. */
  printed(text: string): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!this.output.includes(text)) return;
        this.watchers.delete(look);
        resolve();
      };
      this.watchers.add(look);
      look();
    });
  }
}

/** Fills the boot archive of a lab. */
export type Fill = (archive: CpioWriter) => void;

export class Lab {
  private readonly channels = new Map<number, Streams>();
  private readonly items = new Map<number, Buffer[]>();
  private lastChannel = 0;

  private constructor(
    readonly machine: Machine,
    private readonly connection: Connection,
  ) {
    connection.on("message", (message) => {
      if (message.kind === "ITEM") this.items.get(message.request)?.push(Buffer.from(message.body));
      else this.channels.get(message.channel)?.receive(message);
    });
  }

  /** Boots a machine whose archive `fill` writes; resolves when the kernel has greeted. */
  static async boot(fill: Fill, options: Partial<MachineOptions> = {}): Promise<Lab> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-lab-"));
    try {
      const initrd = path.join(folder, "lab.cpio");
      const archive = new CpioWriter(initrd);
      fill(archive);
      archive.end();
      const machine = new Machine({
        type: "q35",
        accelerator: "tcg",
        memory: "256M",
        icount: false,
        kernel: kernelFile,
        initrd,
        append: "control=1 debug-exit",
        qemuArgs: [],
        kernelLog: undefined,
        ...options,
      });
      const connection = new Connection(machine.control, 0);
      const lab = new Lab(machine, connection);
      await new Promise<void>((resolve, reject) => {
        connection.once("ready", () => resolve());
        connection.once("end", (error) => reject(error ?? new Error("the machine ended while booting")));
      });
      return lab;
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }

  /** Ends the machine; true when the kernel switched it off itself, as it was asked to. */
  async end(): Promise<void> {
    const request = this.connection.newRequest();
    await this.connection.request({ kind: "SHUTDOWN", channel: 0, request, how: 0 });
    const timer = setTimeout(() => this.machine.kill(), 10_000);
    const { signal } = await this.machine.ended;
    clearTimeout(timer);
    assert.equal(signal, null, "the machine switches itself off");
  }

  /** What ends a request that gets no answer: the machine's last words instead of a bare "the connection ended". */
  private async ask(message: Message & { request: number }): Promise<Message<"OK" | "EXITED">> {
    try {
      return await this.connection.request(message);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Error(`${message.kind}: ${(error as Error).message}\n${this.machine.lastWords()}`, { cause: error });
    }
  }

  /** Opens the streams of a new channel. */
  streams(): Streams {
    const streams = new Streams(this.connection, ++this.lastChannel);
    this.channels.set(streams.channel, streams);
    return streams;
  }

  private async body(kind: "STATS" | "STATE", fields: object): Promise<unknown> {
    const reply = await this.ask({ kind, channel: 0, request: this.connection.newRequest(), ...fields } as Message & { request: number });
    assert.equal(reply.kind, "OK");
    return JSON.parse((reply as Message<"OK">).body.toString());
  }

  async stats(): Promise<Stats> {
    const now: Stats & { framesLeastFree?: number } = await this.allStats();
    delete now.framesLeastFree;
    return now;
  }

  /** The stats of now, and the fewest frames that were ever free. */
  async allStats(): Promise<Stats & { framesLeastFree: number }> {
    return (await this.body("STATS", {})) as Stats & { framesLeastFree: number };
  }

  async state(id: string): Promise<State> {
    return (await this.body("STATE", { id })) as State;
  }

  async list(): Promise<State[]> {
    const request = this.connection.newRequest();
    this.items.set(request, []);
    await this.ask({ kind: "LIST", channel: 0, request });
    const items = this.items.get(request) ?? [];
    this.items.delete(request);
    return items.map((item) => JSON.parse(item.toString()) as State);
  }

  /** Sends a request that is answered with OK. */
  private async plain<K extends Kind>(kind: K, fields: object, channel = 0): Promise<void> {
    const message = { kind, channel, request: this.connection.newRequest(), ...fields };
    assert.equal((await this.ask(message as unknown as Message & { request: number })).kind, "OK");
  }

  private async process(kind: "RUN" | "EXEC" | "WAIT", fields: object, channel = 0): Promise<Ending> {
    const message = { kind, channel, request: this.connection.newRequest(), ...fields };
    const reply = await this.ask(message as unknown as Message & { request: number });
    this.channels.delete(channel);
    assert.equal(reply.kind, "EXITED");
    const { code, signal } = reply as Message<"EXITED">;
    return { code, signal };
  }

  create(id: string, bundle: string, streams?: Streams): Promise<void> {
    return this.plain("CREATE", { id, bundle }, streams?.channel);
  }

  start(id: string): Promise<void> {
    return this.plain("START", { id });
  }

  /** `pid` 0: the container's init. */
  kill(id: string, signal: number, pid = 0): Promise<void> {
    return this.plain("KILL", { id, signal, pid });
  }

  delete(id: string, flags = 0): Promise<void> {
    return this.plain("DELETE", { id, flags });
  }

  wait(id: string): Promise<Ending> {
    return this.process("WAIT", { id });
  }

  run(id: string, bundle: string, streams?: Streams): Promise<Ending> {
    return this.process("RUN", { id, bundle, flags: 0 }, streams?.channel);
  }

  exec(id: string, process: object | string, streams?: Streams): Promise<Ending> {
    const text = typeof process === "string" ? process : JSON.stringify(process);
    return this.process("EXEC", { id, process: text }, streams?.channel);
  }

  /** The refusal that `request` must end with. */
  async refusal(request: Promise<unknown>): Promise<Refusal> {
    const outcome: unknown = await request.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (outcome instanceof Refusal) return outcome;
    throw outcome ?? new Error("the request was granted");
  }
}

/** A configuration that runs `args` in the tree /guest of the lab. */
export function labConfig(args: string[]): Record<string, unknown> {
  return {
    ociVersion: "1.0.2",
    root: { path: "/guest" },
    process: { args, cwd: "/", env: ["PATH=/bin"], rlimits: [{ type: "RLIMIT_NOFILE", soft: 1024, hard: 4096 }] },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"] },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
      { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["mode=1777"] },
    ],
    linux: { namespaces: [{ type: "pid" }, { type: "mount" }] },
  };
}

/** Adds the bundle /NAME with this config.json, a text or an object. */
export function addBundle(archive: CpioWriter, name: string, config: object | string | Buffer): void {
  const data = typeof config === "string" || Buffer.isBuffer(config) ? config : JSON.stringify(config);
  archive.addDirectory(name);
  archive.add({ name: `${name}/config.json`, mode: 0o100644, data: Buffer.from(data) });
}
