import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { projectRoot } from "./project.ts";
import { Decoder, encode, HEADER_BYTES, type Kind, type Message, messages, PAYLOAD_LIMIT, ProtocolError } from "./protocol.ts";
import { Random } from "../testing/random.ts";

const kernelHello = encode({ kind: "HELLO", channel: 0, version: 1, features: 0, name: "test" });

/** A decoder that has seen the peer's HELLO. */
function greeted(peer: "client" | "kernel"): Decoder {
  const decoder = new Decoder(peer);
  assert.equal([...decoder.push(kernelHello)].length, 1);
  return decoder;
}

/** A message of `kind` with random contents. */
function randomMessage(kind: Kind, random: Random): Message {
  const { channel, fields } = messages[kind];
  const message: Record<string, unknown> = { kind, channel: channel === "zero" ? 0 : 1 + random.below(0xffffffff) };
  for (const [name, field] of Object.entries(fields)) {
    if (field === "u32") message[name] = random.below(2 ** 32);
    else if (field === "rest") message[name] = random.bytes(random.below(60000));
    else message[name] = "é/".repeat(random.below(300));
  }
  return message as unknown as Message;
}

function frame(type: number, channel: number, payload: Buffer, length = payload.length, flags = 0): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(channel, 8);
  return Buffer.concat([header, payload]);
}

test("every message survives encoding and decoding, however the stream is cut", () => {
  const random = new Random(1);
  for (const peer of ["client", "kernel"] as const) {
    const decoder = greeted(peer);
    const sent: Message[] = [];
    for (let i = 0; i < 10; i++)
      for (const kind of Object.keys(messages) as Kind[])
        if (messages[kind].sender === "both" || messages[kind].sender === peer) sent.push(randomMessage(kind, random));
    const stream = Buffer.concat(sent.map(encode));
    const received: Message[] = [];
    for (let at = 0; at < stream.length; ) {
      const size = 1 + random.below(random.below(2) === 0 ? 20 : 100000);
      for (const message of decoder.push(stream.subarray(at, at + size))) received.push(message);
      at += size;
    }
    assert.deepEqual(received, sent);
  }
});

test("the layout of a frame is the document's", () => {
  const bytes = encode({ kind: "KILL", channel: 0, request: 0x01020304, id: "abc", signal: 9, pid: 0xffffffff });
  assert.equal(bytes.toString("hex"), "13000000" + "1300" + "0000" + "00000000" + "04030201" + "03000000616263" + "09000000" + "ffffffff");
});

test("a payload above the limit is not sent", () => {
  const data = Buffer.alloc(PAYLOAD_LIMIT);
  assert.equal(encode({ kind: "STDIN", channel: 1, data }).length, HEADER_BYTES + PAYLOAD_LIMIT);
  assert.throws(() => encode({ kind: "STDIN", channel: 1, data: Buffer.alloc(PAYLOAD_LIMIT + 1) }), RangeError);
});

test("malformed frames are refused", () => {
  const word = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
  const cases: [string, Buffer, RegExp][] = [
    ["too long", frame(0x41, 1, Buffer.alloc(0), PAYLOAD_LIMIT + 1), /a frame of 65537 bytes/],
    ["flags", frame(0x41, 1, Buffer.alloc(0), 0, 1), /unknown frame flags/],
    ["unknown type", frame(0x99, 0, Buffer.alloc(0)), /unknown message type 153/],
    ["wrong side", frame(0x40, 1, Buffer.alloc(3)), /STDIN from the kernel/],
    ["control on a session", frame(0x30, 7, word(1)), /OK on channel 7/],
    ["stream on channel 0", frame(0x41, 0, Buffer.alloc(1)), /STDOUT on channel 0/],
    ["short word", frame(0x33, 1, Buffer.alloc(11)), /EXITED is too short/],
    ["no length", frame(0x31, 0, word(1, 2, 125)), /ERROR is too short/],
    ["long string", frame(0x31, 0, word(1, 2, 125, 0xffffffff)), /ERROR.message goes beyond the frame/],
    ["trailing bytes", frame(0x33, 1, word(1, 2, 3, 4)), /EXITED is too long/],
    ["NUL", frame(0x31, 0, Buffer.concat([word(1, 2, 125, 3), Buffer.from("a\0b")])), /ERROR.message contains a NUL/],
  ];
  for (const [name, bytes, pattern] of cases) {
    assert.throws(
      () => [...greeted("kernel").push(bytes)],
      (error: Error) => error instanceof ProtocolError && pattern.test(error.message),
      name,
    );
  }
});

test("HELLO comes first", () => {
  const decoder = new Decoder("kernel");
  assert.throws(() => [...decoder.push(encode({ kind: "LOG", channel: 0, level: 6, text: "hi" }))], /LOG before HELLO/);
});

test("random bytes and damaged streams give messages or a ProtocolError, nothing else", () => {
  const random = new Random(2);
  const kinds = Object.keys(messages) as Kind[];
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const decoder = greeted(random.below(2) === 0 ? "client" : "kernel");
    let stream: Buffer = Buffer.concat(
      Array.from({ length: 3 }, () => encode(randomMessage(kinds[random.below(kinds.length)] as Kind, random))),
    );
    if (random.below(4) === 0) stream = random.bytes(random.below(200));
    for (let i = random.below(4); i > 0 && stream.length > 0; i--) stream[random.below(Math.min(stream.length, 100))] = random.below(256);
    try {
      for (const message of decoder.push(stream)) assert.ok(message.kind in messages);
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error));
      refused++;
    }
  }
  assert.ok(refused > 1000, `${refused} of 3000 streams refused`);
});

test("the document's table is the code's table", () => {
  const text = fs.readFileSync(path.join(projectRoot, "docs/control-protocol.md"), "utf8");
  const rows = [...text.matchAll(/^\| (0x[0-9a-f]{2}) \| (\w+) +\| (\w+) +\| (\w+) +\| (.*?) +\|$/gm)].map((m) => m.slice(1));
  const expected = Object.entries(messages).map(([kind, { type, sender, channel, fields }]) => [
    `0x${type.toString(16).padStart(2, "0")}`,
    kind,
    sender,
    channel,
    Object.entries(fields)
      .map(([name, field]) => `${name} ${field}`)
      .join(", "),
  ]);
  assert.deepEqual(rows, expected);
});
