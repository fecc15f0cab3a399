// Runs one container over a control connection: RUN, its three streams with flow control, signals and window size. Knows nothing of
// QEMU, terminals or exit statuses, so that tests drive it with a simulated kernel.

import type { Readable, Writable } from "node:stream";
import type { Connection } from "./connection.ts";
import { INITIAL_WINDOW, type Message, PAYLOAD_LIMIT, ProtocolError, RunFlag, Stream } from "./protocol.ts";

/** The one session of the connection. */
const CHANNEL = 1;
/** Credit is given back in pieces of at least this many bytes; less than a window, so the writer never waits for a reader that is idle. */
const CREDIT_PIECE = INITIAL_WINDOW / 2;

export interface SessionOptions {
  id: string;
  /** Path of the bundle in the machine. */
  bundle: string;
  /** null: the container's input is empty (or, for a terminal, silent). */
  stdin: Readable | null;
  stdout: Writable;
  stderr: Writable;
  terminal: boolean;
  /** Ask for the report of missing system calls. */
  missing: boolean;
}

/** How the container's init ended. */
export interface Exit {
  code: number;
  /** 0, or the signal that ended it. */
  signal: number;
  /** What the kernel lacks, if that was asked for. */
  missing: string;
}

export class Session {
  private readonly outputs = new Map<number, Output>();
  private readonly input: Input | undefined;
  private missing = "";

  constructor(
    private readonly connection: Connection,
    private readonly options: SessionOptions,
  ) {
    this.outputs.set(Stream.stdout, new Output(connection, Stream.stdout, options.stdout));
    this.outputs.set(Stream.stderr, new Output(connection, Stream.stderr, options.stderr));
    if (options.stdin) this.input = new Input(connection, options.stdin);
    connection.on("message", (message) => this.receive(message));
    connection.on("drain", () => this.input?.pump());
  }

  /** Runs the container to its end and passes all its output on. Rejects with Refusal or what ended the connection. */
  async run(): Promise<Exit> {
    const { id, bundle, missing } = this.options;
    const request = this.connection.newRequest();
    const flags = missing ? RunFlag.missing : 0;
    const running = this.connection.request({ kind: "RUN", channel: CHANNEL, request, id, bundle, flags });
    if (this.input) this.input.start();
    else if (!this.options.terminal) this.connection.send({ kind: "CLOSE", channel: CHANNEL, stream: Stream.stdin });
    try {
      const reply = await running;
      if (reply.kind !== "EXITED") throw new ProtocolError("RUN was answered with OK");
      await Promise.all([...this.outputs.values()].map((output) => output.flushed()));
      return { code: reply.code, signal: reply.signal, missing: this.missing };
    } finally {
      this.input?.stop();
    }
  }

  /** Sends a signal to the container's init; resolves when the kernel has answered, whatever it says. */
  async kill(signal: number): Promise<void> {
    const request = this.connection.newRequest();
    await this.connection.request({ kind: "KILL", channel: 0, request, id: this.options.id, signal, pid: 0 }).catch(() => {});
  }

  resize(columns: number, rows: number): void {
    this.connection.send({ kind: "RESIZE", channel: CHANNEL, columns, rows });
  }

  private receive(message: Message): void {
    if (message.kind === "LOG") return;
    try {
      if (message.channel !== CHANNEL) throw new ProtocolError(`${message.kind} on channel ${message.channel}, which is not open`);
      switch (message.kind) {
        case "STDOUT":
          return this.outputs.get(Stream.stdout)?.receive(message.data);
        case "STDERR":
          return this.outputs.get(Stream.stderr)?.receive(message.data);
        case "CREDIT":
          if (message.stream !== Stream.stdin) throw new ProtocolError(`CREDIT for stream ${message.stream}`);
          return this.input?.grant(message.bytes);
        case "CLOSE":
          if (message.stream === Stream.stdin) this.input?.stop();
          else if (!this.outputs.has(message.stream)) throw new ProtocolError(`CLOSE of stream ${message.stream}`);
          return;
        case "MISSING":
          this.missing = message.report;
          return;
        default:
          throw new ProtocolError(`${message.kind} in a session`);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.connection.refuse(error);
    }
  }
}

/** Output of the container on its way to one of our streams: at most one window of it is held here. */
class Output {
  private window = INITIAL_WINDOW;
  private unreturned = 0;
  private writing = 0;
  private closed = false;
  private whenFlushed: (() => void) | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly stream: number,
    private readonly sink: Writable,
  ) {
    sink.on("error", () => this.close());
  }

  receive(data: Buffer): void {
    if (data.length > this.window) throw new ProtocolError(`more output on stream ${this.stream} than the credit given`);
    this.window -= data.length;
    if (this.closed) return;
    this.writing++;
    this.sink.write(data, (error) => {
      this.writing--;
      if (error) this.close();
      else this.giveBack(data.length);
      if (this.writing === 0) this.whenFlushed?.();
    });
  }

  private giveBack(bytes: number): void {
    this.unreturned += bytes;
    if (this.unreturned < CREDIT_PIECE) return;
    this.window += this.unreturned;
    this.connection.send({ kind: "CREDIT", channel: CHANNEL, stream: this.stream, bytes: this.unreturned });
    this.unreturned = 0;
  }

  /** Our reader has gone away: the container's writes shall fail, as they would on a pipe. */
  private close(): void {
    if (this.closed) return;
    this.closed = true;
    this.connection.send({ kind: "CLOSE", channel: CHANNEL, stream: this.stream });
  }

  /** Resolves when all that was received has been written. */
  flushed(): Promise<void> {
    return this.writing === 0 ? Promise.resolve() : new Promise((resolve) => (this.whenFlushed = resolve));
  }
}

/** Our input on its way to the container, read only as far as the container's credit reaches. */
class Input {
  private credit = INITIAL_WINDOW;
  private rest: Buffer = Buffer.alloc(0);
  private ended = false;
  private stopped = false;

  constructor(
    private readonly connection: Connection,
    private readonly source: Readable,
  ) {}

  start(): void {
    this.source.on("readable", () => this.pump());
    const end = (): void => {
      this.ended = true;
      this.pump();
    };
    this.source.on("end", end);
    this.source.on("error", end);
    this.source.on("close", end);
    this.pump();
  }

  grant(bytes: number): void {
    if (this.credit + bytes > INITIAL_WINDOW) throw new ProtocolError("more credit than the window");
    this.credit += bytes;
    this.pump();
  }

  /** Sends what there is and may be sent. */
  pump(): void {
    while (!this.stopped && this.credit > 0) {
      if (this.rest.length === 0) {
        const chunk = this.source.read() as Buffer | null;
        if (chunk === null) {
          if (this.ended) this.finish();
          return;
        }
        this.rest = chunk;
      }
      const data = this.rest.subarray(0, Math.min(this.credit, PAYLOAD_LIMIT));
      this.rest = this.rest.subarray(data.length);
      this.credit -= data.length;
      if (!this.connection.send({ kind: "STDIN", channel: CHANNEL, data })) return; // `drain` brings us back
    }
    if (this.ended && this.rest.length === 0 && this.source.readableLength === 0) this.finish();
  }

  private finish(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.connection.send({ kind: "CLOSE", channel: CHANNEL, stream: Stream.stdin });
  }

  /** Reads no more: the container has ended or closed its input. */
  stop(): void {
    this.stopped = true;
    this.source.removeAllListeners("readable");
    this.source.pause();
  }
}
