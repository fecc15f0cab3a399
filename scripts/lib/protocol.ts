// The control protocol between the host and the kernel: frames over a byte stream, as docs/control-protocol.md describes it. The table
// `messages` below is the same as the document's (a test compares them); encoding, decoding and the types follow from it.

/** Protocol version; both sides say theirs in HELLO and must agree. */
export const VERSION = 1;
/** Frame header: u32 payload length, u16 type, u16 flags, u32 channel; all integers are little-endian. */
export const HEADER_BYTES = 12;
/** Largest payload of a frame, bytes. */
export const PAYLOAD_LIMIT = 65536;
/** Bytes that may be sent on a stream before the first CREDIT. */
export const INITIAL_WINDOW = 65536;

/** Streams of a channel, numbered like file descriptors. */
export const Stream = { stdin: 0, stdout: 1, stderr: 2 } as const;

/** Bits of HELLO.features. */
export const Feature = {
  /** Kernel: can send LOG. Client: wants LOG. */
  log: 1,
} as const;

/** Bits of RUN.flags. */
export const RunFlag = {
  /** Send MISSING before EXITED. */
  missing: 1,
} as const;

/** Bits of DELETE.flags. */
export const DeleteFlag = {
  /** Kill the container first when it runs. */
  force: 1,
} as const;

/** KILL.pid: the container's init, or every process of the container. */
export const KillTarget = { init: 0, all: 0xffffffff } as const;

/** SHUTDOWN.how. */
export const Shutdown = { powerOff: 0, reboot: 1 } as const;

/** Who sends a message. */
type Sender = "client" | "kernel" | "both";
/** Field kinds: `string` is a u32 length and that many bytes; `rest` is all remaining bytes and comes last. */
type FieldKind = "u32" | "string" | "rest";

/** Every message: type, sender, whether its channel is 0 (control), a session's, or either, and the fields of its payload in order. */
export const messages = {
  HELLO: { type: 0x01, sender: "both", channel: "zero", fields: { version: "u32", features: "u32", name: "string" } },
  PROTOCOL_ERROR: { type: 0x02, sender: "both", channel: "zero", fields: { message: "string" } },

  CREATE: { type: 0x10, sender: "client", channel: "any", fields: { request: "u32", id: "string", bundle: "string" } },
  START: { type: 0x11, sender: "client", channel: "zero", fields: { request: "u32", id: "string" } },
  STATE: { type: 0x12, sender: "client", channel: "zero", fields: { request: "u32", id: "string" } },
  KILL: { type: 0x13, sender: "client", channel: "zero", fields: { request: "u32", id: "string", signal: "u32", pid: "u32" } },
  DELETE: { type: 0x14, sender: "client", channel: "zero", fields: { request: "u32", id: "string", flags: "u32" } },
  EXEC: { type: 0x15, sender: "client", channel: "any", fields: { request: "u32", id: "string", process: "string" } },
  LIST: { type: 0x16, sender: "client", channel: "zero", fields: { request: "u32" } },
  WAIT: { type: 0x17, sender: "client", channel: "zero", fields: { request: "u32", id: "string" } },
  RUN: { type: 0x18, sender: "client", channel: "any", fields: { request: "u32", id: "string", bundle: "string", flags: "u32" } },
  SHUTDOWN: { type: 0x19, sender: "client", channel: "zero", fields: { request: "u32", how: "u32" } },
  STATS: { type: 0x1a, sender: "client", channel: "zero", fields: { request: "u32" } },

  OK: { type: 0x30, sender: "kernel", channel: "zero", fields: { request: "u32", body: "rest" } },
  ERROR: { type: 0x31, sender: "kernel", channel: "zero", fields: { request: "u32", errno: "u32", status: "u32", message: "string" } },
  ITEM: { type: 0x32, sender: "kernel", channel: "zero", fields: { request: "u32", body: "rest" } },
  EXITED: { type: 0x33, sender: "kernel", channel: "any", fields: { request: "u32", code: "u32", signal: "u32" } },

  STDIN: { type: 0x40, sender: "client", channel: "session", fields: { data: "rest" } },
  STDOUT: { type: 0x41, sender: "kernel", channel: "session", fields: { data: "rest" } },
  STDERR: { type: 0x42, sender: "kernel", channel: "session", fields: { data: "rest" } },
  CLOSE: { type: 0x43, sender: "both", channel: "session", fields: { stream: "u32" } },
  CREDIT: { type: 0x44, sender: "both", channel: "session", fields: { stream: "u32", bytes: "u32" } },
  RESIZE: { type: 0x45, sender: "client", channel: "session", fields: { columns: "u32", rows: "u32" } },

  LOG: { type: 0x50, sender: "kernel", channel: "zero", fields: { level: "u32", text: "string" } },
  MISSING: { type: 0x51, sender: "kernel", channel: "any", fields: { request: "u32", report: "string" } },
} as const satisfies Record<string, { type: number; sender: Sender; channel: string; fields: Record<string, FieldKind> }>;

export type Kind = keyof typeof messages;
type FieldValue<F> = F extends "u32" ? number : F extends "string" ? string : Buffer;
type Fields<K extends Kind> = { -readonly [F in keyof (typeof messages)[K]["fields"]]: FieldValue<(typeof messages)[K]["fields"][F]> };
/** One message of kind K, or of any kind. */
export type Message<K extends Kind = Kind> = { [X in K]: { kind: X; channel: number } & Fields<X> }[K];

/** What arrived breaks the protocol; the connection cannot go on. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

interface Description {
  kind: Kind;
  sender: Sender;
  channel: string;
  fields: [string, FieldKind][];
}

const byType = new Map<number, Description>(
  Object.entries(messages).map(([kind, { type, sender, channel, fields }]) => [
    type,
    { kind: kind as Kind, sender, channel, fields: Object.entries(fields) as [string, FieldKind][] },
  ]),
);

/** The bytes of `message` as one frame. Throws RangeError when it does not fit into one. */
export function encode(message: Message): Buffer {
  const { type, fields } = messages[message.kind];
  const values = message as unknown as Record<string, number | string | Buffer>;
  const parts: Buffer[] = [];
  let length = 0;
  for (const [name, kind] of Object.entries(fields) as [string, FieldKind][]) {
    const value = values[name];
    if (kind === "u32") parts.push(u32(value as number));
    else {
      const bytes = typeof value === "string" ? Buffer.from(value) : (value as Buffer);
      if (kind === "string") parts.push(u32(bytes.length));
      parts.push(bytes);
    }
  }
  for (const part of parts) length += part.length;
  if (length > PAYLOAD_LIMIT) throw new RangeError(`a ${message.kind} of ${length} bytes does not fit into a frame`);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt32LE(message.channel, 8);
  return Buffer.concat([header, ...parts], HEADER_BYTES + length);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Decodes the payload of one frame; throws ProtocolError when it is not exactly what its type asks for. */
function decodePayload(type: number, channel: number, payload: Buffer): { message: Message; sender: Sender } {
  const description = byType.get(type);
  if (!description) throw new ProtocolError(`unknown message type ${type}`);
  const { kind, sender } = description;
  if (description.channel === "zero" && channel !== 0) throw new ProtocolError(`${kind} on channel ${channel}`);
  if (description.channel === "session" && channel === 0) throw new ProtocolError(`${kind} on channel 0`);
  const message: Record<string, unknown> = { kind, channel };
  let at = 0;
  const word = (): number => {
    if (payload.length - at < 4) throw new ProtocolError(`${kind} is too short`);
    at += 4;
    return payload.readUInt32LE(at - 4);
  };
  for (const [name, field] of description.fields) {
    if (field === "u32") message[name] = word();
    else {
      const length = field === "rest" ? payload.length - at : word();
      if (length > payload.length - at) throw new ProtocolError(`${kind}.${name} goes beyond the frame`);
      const bytes = payload.subarray(at, at + length);
      at += length;
      if (field === "string" && bytes.includes(0)) throw new ProtocolError(`${kind}.${name} contains a NUL`);
      message[name] = field === "rest" ? bytes : bytes.toString();
    }
  }
  if (at !== payload.length) throw new ProtocolError(`${kind} is too long`);
  return { message: message as unknown as Message, sender };
}

/**
 * Cuts a byte stream into messages. `peer` is who is at the other end: messages that only the other side may send are refused. The
 * `rest` fields of a message share memory with the chunk they came in.
 */
export class Decoder {
  private held: Buffer = Buffer.alloc(0);
  private greeted = false;

  constructor(private readonly peer: "client" | "kernel") {}

  /** The messages that `chunk` completes. Throws ProtocolError; the decoder is of no use after that. */
  *push(chunk: Buffer): Generator<Message> {
    let bytes = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const length = bytes.readUInt32LE(0);
      if (length > PAYLOAD_LIMIT) throw new ProtocolError(`a frame of ${length} bytes`);
      if (bytes.readUInt16LE(6) !== 0) throw new ProtocolError("unknown frame flags");
      if (bytes.length < HEADER_BYTES + length) break;
      const payload = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length);
      const { message, sender } = decodePayload(bytes.readUInt16LE(4), bytes.readUInt32LE(8), payload);
      if (sender !== "both" && sender !== this.peer) throw new ProtocolError(`${message.kind} from the ${this.peer}`);
      if (!this.greeted && message.kind !== "HELLO" && message.kind !== "PROTOCOL_ERROR")
        throw new ProtocolError(`${message.kind} before HELLO`);
      this.greeted = true;
      bytes = bytes.subarray(HEADER_BYTES + length);
      yield message;
    }
    this.held = bytes.length === 0 ? bytes : Buffer.from(bytes);
  }
}
