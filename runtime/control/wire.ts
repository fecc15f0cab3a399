// The byte side of the control protocol (docs/control-protocol.md): frames in from the channel, frames out to it. Incoming bytes gather in a
// buffer until a frame is whole; outgoing frames queue in another and leave as the channel has room. Everything is length-checked; what
// breaks the protocol closes the connection.

import { Channel, channelRoom, channelSend } from "../../kernel/channel";
import { kernelAlloc } from "../../kernel/mm/heap";

export const HEADER_BYTES: u32 = 12;
export const PAYLOAD_MAX: u32 = 65536;

export const enum Message {
  Hello = 0x01,
  ProtocolError = 0x02,
  Create = 0x10,
  Start = 0x11,
  State = 0x12,
  Kill = 0x13,
  Delete = 0x14,
  Exec = 0x15,
  List = 0x16,
  Wait = 0x17,
  Run = 0x18,
  Shutdown = 0x19,
  Stats = 0x1a,
  Ok = 0x30,
  Error = 0x31,
  Item = 0x32,
  Exited = 0x33,
  Stdin = 0x40,
  Stdout = 0x41,
  Stderr = 0x42,
  Close = 0x43,
  Credit = 0x44,
  Resize = 0x45,
  Log = 0x50,
  Missing = 0x51,
}

const IN_BYTES: u32 = 131072;
const OUT_BYTES: u32 = 262144;
/** Data frames are only added while less than this waits, so that replies always find room. */
const OUT_DATA_LIMIT: u32 = 65536;
/** Requests are only taken while less than this waits, so that a host which reads no replies is not read from either. */
const OUT_REPLY_LIMIT: u32 = OUT_BYTES / 2;

let channel: Channel = changetype<Channel>(0);
/** What the channel has room for when all that was sent has reached the host, bytes. */
let emptyRoom: u32 = 0;
let input: usize = 0;
let inputLength: u32 = 0;
let output: usize = 0;
let outputStart: u32 = 0;
let outputEnd: u32 = 0;
/** After a protocol error nothing is read or written any more. */
let closed = false;

type FrameFunction = (type: u32, channel: u32, p: usize, bytes: u32) => bool;
let frameHandler: u32 = 0;
let roomHandler: u32 = 0;

/** Opens the wire on `c`: `onFrame` gets each whole frame and returns false when it breaks the protocol; `onRoom` runs when output has left. */
export function wireOpen(c: Channel, onFrame: FrameFunction, onRoom: () => void): bool {
  input = kernelAlloc(IN_BYTES);
  output = kernelAlloc(OUT_BYTES);
  if (input == 0 || output == 0) return false;
  frameHandler = onFrame.index;
  roomHandler = onRoom.index;
  channel = c;
  emptyRoom = channelRoom(c);
  c.received = received.index;
  c.writable = writable.index;
  return true;
}

/** Takes what the buffer has room for; returns how much that is. */
function received(user: usize, p: usize, bytes: u32): u32 {
  let taken: u32 = 0;
  while (taken < bytes && !closed) {
    const n = min<u32>(bytes - taken, IN_BYTES - inputLength);
    if (n == 0) return taken;
    memory.copy(input + inputLength, p + taken, n);
    inputLength += n;
    taken += n;
    takeFrames();
  }
  return bytes;
}

/** Hands on the frames that are whole, as long as there is room for what they are answered with. */
function takeFrames(): void {
  let at: u32 = 0;
  while (!closed && outputEnd - outputStart < OUT_REPLY_LIMIT && inputLength - at >= HEADER_BYTES) {
    const header = input + at;
    const bytes = load<u32>(header);
    if (bytes > PAYLOAD_MAX || load<u16>(header, 6) != 0) {
      wireFail("bad frame header");
      return;
    }
    if (inputLength - at < HEADER_BYTES + bytes) break;
    at += HEADER_BYTES + bytes;
    if (!call_indirect<bool>(frameHandler, <u32>load<u16>(header, 4), load<u32>(header, 8), header + HEADER_BYTES, bytes))
      wireFail("message not understood");
  }
  if (at == 0) return;
  memory.copy(input, input + at, inputLength - at);
  inputLength -= at;
}

/** True while data frames may be added. */
export function wireHasRoom(): bool {
  return !closed && outputEnd - outputStart < OUT_DATA_LIMIT;
}

let frameAt: u32 = 0;

/** Starts a frame; the put functions fill it, frameEnd sends it. */
export function frameBegin(type: Message, onChannel: u32): void {
  if (OUT_BYTES - outputEnd < HEADER_BYTES + PAYLOAD_MAX) {
    memory.copy(output, output + outputStart, outputEnd - outputStart);
    outputEnd -= outputStart;
    outputStart = 0;
  }
  assert(OUT_BYTES - outputEnd >= HEADER_BYTES, "replies outran the channel");
  frameAt = outputEnd;
  store<u16>(output + frameAt, <u16>type, 4);
  store<u16>(output + frameAt, 0, 6);
  store<u32>(output + frameAt, onChannel, 8);
  outputEnd += HEADER_BYTES;
}

export function frameU32(value: u32): void {
  store<u32>(output + outputEnd, value);
  outputEnd += 4;
}

/** The rest of the payload; cut at what a frame can hold. */
export function frameBytes(p: usize, n: u32): void {
  const room = min<u32>(OUT_BYTES - outputEnd, PAYLOAD_MAX - (outputEnd - frameAt - HEADER_BYTES));
  const bytes = min<u32>(n, room);
  memory.copy(output + outputEnd, p, bytes);
  outputEnd += bytes;
}

export function frameString(p: usize, n: u32): void {
  frameU32(n);
  frameBytes(p, n);
}

export function frameLiteral(s: string): void {
  const n = s.length;
  frameU32(n);
  const q = changetype<usize>(s);
  for (let i = 0; i < n; i++) store<u8>(output + outputEnd + i, <u8>load<u16>(q + (i << 1)));
  outputEnd += n;
}

/** Where data can be written straight into the frame, and how much; frameAdvance then counts it. */
export function frameSpace(): usize {
  return output + outputEnd;
}
export function frameAdvance(n: u32): void {
  outputEnd += n;
}

/** Takes back the frame that was begun. */
export function frameCancel(): void {
  outputEnd = frameAt;
}

export function frameEnd(): void {
  store<u32>(output + frameAt, outputEnd - frameAt - HEADER_BYTES);
  flush();
}

function flush(): void {
  while (outputStart < outputEnd) {
    const n = channelSend(channel, output + outputStart, outputEnd - outputStart);
    if (n == 0) return;
    outputStart += n;
  }
  outputStart = 0;
  outputEnd = 0;
}

function writable(user: usize): void {
  flush();
  takeFrames();
  if (!closed && wireHasRoom()) call_indirect<void>(roomHandler);
}

/** True when everything has reached the host. */
export function wireIsDrained(): bool {
  return outputStart == outputEnd && channelRoom(channel) == emptyRoom;
}

/** Tells the other side that it broke the protocol, and stops listening. */
export function wireFail(reason: string): void {
  if (closed) return;
  frameBegin(Message.ProtocolError, 0);
  frameLiteral(reason);
  frameEnd();
  closed = true;
}

/** Reading a payload: a cursor over its fields; `cursorFailed` tells that one was missing. */
let cursor: usize = 0;
let cursorEnd: usize = 0;
export let cursorFailed = false;
export let stringLength: u32 = 0;

export function payloadBegin(p: usize, bytes: u32): void {
  cursor = p;
  cursorEnd = p + bytes;
  cursorFailed = false;
}

export function payloadU32(): u32 {
  if (cursorEnd - cursor < 4) {
    cursorFailed = true;
    return 0;
  }
  const v = load<u32>(cursor);
  cursor += 4;
  return v;
}

/** Address of a string's bytes; its length in stringLength. */
export function payloadString(): usize {
  const n = payloadU32();
  if (cursorFailed || cursorEnd - cursor < n) {
    cursorFailed = true;
    stringLength = 0;
    return 0;
  }
  const p = cursor;
  cursor += n;
  stringLength = n;
  return p;
}

/** Address of all that remains; its length in stringLength. */
export function payloadRest(): usize {
  stringLength = <u32>(cursorEnd - cursor);
  const p = cursor;
  cursor = cursorEnd;
  return p;
}

/** True when every field was there and nothing is left over. */
export function payloadComplete(): bool {
  return !cursorFailed && cursor == cursorEnd;
}
