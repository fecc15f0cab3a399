// A client of Redis: its serialization protocol, version 2 (https://redis.io/docs/latest/develop/reference/protocol-spec/).

import net from "node:net";

export type RespValue = string | number | null | Error | RespValue[];

/** A value and where the next one begins; undefined while some of it is missing. */
type Parsed = { value: RespValue; next: number } | undefined;

/** A connection; answers come in the order of the calls. */
export class RespClient {
  private received: Buffer = Buffer.alloc(0);
  private readonly waiting: { resolve(value: RespValue): void; reject(error: Error): void }[] = [];

  private constructor(private readonly socket: net.Socket) {
    socket.on("data", (bytes: Buffer) => this.take(bytes));
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.fail(new Error("the connection was closed")));
  }

  static async connect(port: number): Promise<RespClient> {
    const socket = net.connect(port, "127.0.0.1");
    const client = new RespClient(socket);
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return client;
  }

  /** Sends a command at once, whether or not earlier ones were answered; an answer that is an error rejects. */
  call(...words: string[]): Promise<RespValue> {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.socket.write(`*${words.length}\r\n${parts.join("")}`);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  end(): void {
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    this.received = Buffer.concat([this.received, bytes]);
    let at = 0;
    for (let parsed = parse(this.received, at); parsed; parsed = parse(this.received, at)) {
      const call = this.waiting.shift();
      if (parsed.value instanceof Error) call?.reject(parsed.value);
      else call?.resolve(parsed.value);
      at = parsed.next;
    }
    this.received = this.received.subarray(at);
  }

  private fail(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }
}

function parse(data: Buffer, at: number): Parsed {
  const lineEnd = data.indexOf("\r\n", at);
  if (lineEnd < 0) return undefined;
  const rest = data.toString("utf8", at + 1, lineEnd);
  const next = lineEnd + 2;
  const kind = String.fromCharCode(data[at] as number);
  if (kind === "+") return { value: rest, next };
  if (kind === "-") return { value: new Error(rest), next };
  if (kind === ":") return { value: Number(rest), next };
  const length = Number(rest);
  if (length < 0) return { value: null, next };
  if (kind === "*") return parseArray(data, next, length);
  if (kind !== "$") throw new Error(`unknown kind of value: ${kind}`);
  const end = next + length;
  return data.length < end + 2 ? undefined : { value: data.toString("utf8", next, end), next: end + 2 };
}

function parseArray(data: Buffer, at: number, length: number): Parsed {
  const value: RespValue[] = [];
  while (value.length < length) {
    const item = parse(data, at);
    if (!item) return undefined;
    value.push(item.value);
    at = item.next;
  }
  return { value, next: at };
}
