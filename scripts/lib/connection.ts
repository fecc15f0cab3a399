// One end of the control protocol over a byte stream: the exchange of HELLO, framing in both directions, and requests with their replies.

import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { Decoder, encode, type Message, ProtocolError, VERSION } from "./protocol.ts";

/** A request that the kernel refused. */
export class Refusal extends Error {
  override name = "Refusal";

  constructor(
    readonly errno: number,
    /** The exit status that the kernel recommends: 125, 126 or 127. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Events {
  /** The kernel has said HELLO. */
  ready: [hello: Message<"HELLO">];
  /** Any message but HELLO and the replies to `request`. */
  message: [message: Message];
  /** The stream takes data again after `send` returned false. */
  drain: [];
  /** The connection is over; with the reason when it broke the protocol. */
  end: [error: Error | undefined];
}

type Reply = Message<"OK" | "EXITED">;

export class Connection extends EventEmitter<Events> {
  private readonly decoder = new Decoder("kernel");
  private readonly pending = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  private lastRequest = 0;
  private over = false;

  constructor(
    private readonly stream: Duplex,
    features: number,
  ) {
    super();
    stream.on("data", (chunk: Buffer) => this.receive(chunk));
    stream.on("drain", () => this.emit("drain"));
    stream.on("error", () => this.finish(undefined)); // a machine that goes away while we send
    stream.on("close", () => this.finish(undefined));
    this.send({ kind: "HELLO", channel: 0, version: VERSION, features, name: "cyrius" });
  }

  /** Sends `message`; false when the stream is full and the sender of bulk data should wait for `drain`. */
  send(message: Message): boolean {
    return this.over || this.stream.write(encode(message));
  }

  /** The number of a new request. */
  newRequest(): number {
    return ++this.lastRequest;
  }

  /** Sends a request; resolves to its final reply, OK or EXITED. Rejects with Refusal, or Error when the connection ends first. */
  request(message: Message & { request: number }): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.over) return reject(new Error("the connection has ended"));
      this.pending.set(message.request, { resolve, reject });
      this.send(message);
    });
  }

  /** Gives up the connection because the kernel broke the protocol. */
  refuse(error: ProtocolError): void {
    this.send({ kind: "PROTOCOL_ERROR", channel: 0, message: error.message });
    this.finish(error);
  }

  private receive(chunk: Buffer): void {
    try {
      for (const message of this.decoder.push(chunk)) {
        if (this.over) return;
        this.dispatch(message);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.refuse(error);
    }
  }

  private dispatch(message: Message): void {
    switch (message.kind) {
      case "HELLO":
        if (message.version !== VERSION)
          throw new ProtocolError(`the kernel speaks version ${message.version} of the control protocol, not ${VERSION}`);
        this.emit("ready", message);
        return;
      case "PROTOCOL_ERROR":
        this.finish(new ProtocolError(`the kernel ended the connection: ${message.message}`));
        return;
      case "OK":
      case "EXITED":
      case "ERROR": {
        const waiting = this.pending.get(message.request);
        if (!waiting) throw new ProtocolError(`${message.kind} for request ${message.request}, which is not pending`);
        this.pending.delete(message.request);
        if (message.kind === "ERROR") waiting.reject(new Refusal(message.errno, message.status, message.message));
        else waiting.resolve(message);
        return;
      }
      default:
        this.emit("message", message);
    }
  }

  private finish(error: Error | undefined): void {
    if (this.over) return;
    this.over = true;
    this.stream.end();
    for (const { reject } of this.pending.values()) reject(error ?? new Error("the connection ended"));
    this.pending.clear();
    this.emit("end", error);
  }
}
