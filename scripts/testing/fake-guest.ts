// Stands in for QEMU in tests of the `cyrius` command: takes QEMU's arguments, reads the bundle out of the -initrd archive and plays the
// kernel on descriptor 3. process.args[0] of the bundle chooses one of the `programs` below instead of a real one.

import fs from "node:fs";
import net from "node:net";
import { Decoder, encode, INITIAL_WINDOW, type Message, PAYLOAD_LIMIT, VERSION } from "../lib/protocol.ts";
import { readArchive } from "./cpio-reader.ts";

interface Config {
  process: { args: string[]; env?: string[]; terminal?: boolean; consoleSize?: { width: number; height: number } };
}

const argument = (name: string): string => process.argv[process.argv.indexOf(name) + 1] ?? "";
// QEMU has read the archive before the kernel runs, and `cyrius` removes it after HELLO.
const configText = readArchive(argument("-initrd"))
  .find((entry) => entry.name === "bundle/config.json")
  ?.data.toString();
const control = new net.Socket({ fd: 3 });
const decoder = new Decoder("client");

/** Bytes that may be sent on stdout (1) and stderr (2), and what waits for that. */
const credit = [0, INITIAL_WINDOW, INITIAL_WINDOW];
const waiting: Buffer[][] = [[], [], []];
let channel = 0;
let request = 0;
let inputBytes = 0;

function send(message: Message): void {
  control.write(encode(message));
}

/** Sends as much of what waits on `stream` as credit allows. */
function flush(stream: 1 | 2): void {
  const queue = waiting[stream] as Buffer[];
  for (let head = queue[0]; head && (credit[stream] as number) > 0; head = queue[0]) {
    const data = head.subarray(0, Math.min(credit[stream] as number, PAYLOAD_LIMIT));
    credit[stream] = (credit[stream] as number) - data.length;
    send({ kind: stream === 1 ? "STDOUT" : "STDERR", channel, data });
    if (data.length === head.length) queue.shift();
    else queue[0] = head.subarray(data.length);
  }
}

function write(stream: 1 | 2, data: Buffer | string): void {
  (waiting[stream] as Buffer[]).push(Buffer.from(data));
  flush(stream);
}

/** Ends the container once its output has been taken. */
function exit(code: number, signal = 0): void {
  if (waiting.some((queue) => queue.length > 0)) setTimeout(() => exit(code, signal), 5);
  else send({ kind: "EXITED", channel, request, code, signal });
}

interface Program {
  start?(args: string[], config: Config): void;
  input?(data: Buffer): void;
  endOfInput?(): void;
  signal?(number: number): void;
  credit?(): void;
  closed?(stream: number): void;
  resize?(columns: number, rows: number): void;
}

const pattern = Buffer.from(Uint8Array.from({ length: 65536 }, (_, i) => (i * 31) >> 3));

/** Writes a window of data whenever there is credit. */
function flood(): void {
  while ((credit[1] as number) > 0 && (waiting[1] as Buffer[]).length === 0) write(1, pattern.subarray(0, 16384));
}

const programs: Record<string, Program> = {
  exit: { start: (args) => exit(Number(args[1])) },
  killed: { start: (args) => exit(0, Number(args[1])) },
  echo: { start: (args) => (write(1, `${args.slice(1).join(" ")}\n`), exit(0)) },
  both: { start: () => (write(1, Buffer.from([0, 255, 10, 13, 0])), write(2, "to stderr"), exit(0)) },
  cat: { input: (data) => write(1, data), endOfInput: () => exit(0) },
  length: { input: () => {}, endOfInput: () => (write(1, `${inputBytes}\n`), exit(0)) },
  deaf: { start: () => (send({ kind: "CLOSE", channel, stream: 0 }), write(1, "ready\n")), signal: () => exit(0) },
  flood: { start: flood, credit: flood, closed: (stream) => exit(0, stream === 1 ? 13 : 1) },
  trap: { start: () => write(1, "ready\n"), signal: (number) => (write(1, `signal ${number}\n`), exit(number === 15 ? 5 : 6)) },
  stubborn: { start: () => write(1, "ready\n"), signal: () => {} },
  config: { start: (_, config) => (write(1, JSON.stringify(config.process)), exit(0)) },
  panic: {
    start: () => {
      fs.writeSync(1, "booting\nkernel panic: assertion failed: a thread stands on one queue\n  at wakeAll\n");
      process.exit(3);
    },
  },
  garbage: { start: () => control.write(Buffer.from("this is not a frame, and long enough for a header")) },
  greedy: {
    start: () => {
      credit[1] = Infinity;
      for (let i = 0; i < 32; i++) write(1, pattern);
    },
  },
};

let program: Program = {};

function receive(message: Message): void {
  switch (message.kind) {
    case "RUN": {
      ({ channel, request } = message);
      let config: Config;
      try {
        config = JSON.parse(configText ?? "") as Config;
      } catch {
        return send({ kind: "ERROR", channel: 0, request, errno: 22, status: 125, message: "config.json: malformed" });
      }
      const name = config.process.args[0] as string;
      const found = programs[name];
      if (!found) return send({ kind: "ERROR", channel: 0, request, errno: 2, status: 127, message: `process.args: ${name} not found` });
      if (message.flags !== 0) send({ kind: "MISSING", channel, request, report: "333 io_pgetevents 2\n" });
      program = found;
      return program.start?.(config.process.args, config);
    }
    case "STDIN":
      inputBytes += message.data.length;
      send({ kind: "CREDIT", channel, stream: 0, bytes: message.data.length });
      return program.input?.(message.data);
    case "CREDIT":
      credit[message.stream] = (credit[message.stream] as number) + message.bytes;
      flush(message.stream as 1 | 2);
      return program.credit?.();
    case "CLOSE":
      if (message.stream === 0) return program.endOfInput?.();
      waiting[message.stream] = [];
      return program.closed?.(message.stream);
    case "KILL":
      if (program !== programs.stubborn) send({ kind: "OK", channel: 0, request: message.request, body: Buffer.alloc(0) });
      return program.signal?.(message.signal);
    default:
      return;
  }
}

fs.writeSync(1, `command line: ${argument("-append")}\n`);
if (!argument("-append").includes("silent")) send({ kind: "HELLO", channel: 0, version: VERSION, features: 0, name: "fake" });
control.on("data", (chunk: Buffer) => {
  for (const message of decoder.push(chunk)) receive(message);
});
control.on("close", () => process.exit(0));
