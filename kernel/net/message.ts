// Messages: what lies in the receive queue of a socket. One is what one send call (or, on a stream, up to MESSAGE_MAX bytes of it) put there: data, and
// what came with it (descriptors, credentials). Small data lies behind the header, larger data in page frames; so there is one copy in
// and one copy out. A message counts against its sender's limit until it is freed.

import { Charge, payer } from "../mm/account";
import { frameAllocFor, frameRelease, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Exchange, moveBytes, movePage } from "./exchange";
import { Rights } from "./rights";
import { Socket } from "./socket";

/** Bytes of a stream that go into one message at most. */
export const MESSAGE_MAX: u32 = 65536;
/** User and group of a message that carries no credentials (the overflow ids of user_namespaces(7)). */
export const NOBODY: u32 = 65534;

@unmanaged
export class Message {
  next: Message | null;
  /** Bytes of data, and how many of them a stream's reader has taken. */
  length: u32;
  taken: u32;
  /** What it counts for in Socket.sendCharge of its sender, whom it holds. */
  charge: u32;
  sender: Socket;
  /** Page frames, whose numbers follow the header; 0: the data does. */
  frames: u32;
  rights: Rights | null;
  /** Credentials it was sent with. */
  pid: u32;
  uid: u32;
  gid: u32;
}
export const MESSAGE_BYTES: u32 = 40;
if (offsetof<Message>() != MESSAGE_BYTES) ERROR("Message is 40 bytes");

/** Data up to this length lies behind the header. */
const INLINE_MAX: u32 = 2032 - MESSAGE_BYTES;

/** A small message is kept when it is freed: most come one at a time. */
const SPARE_BYTES: u32 = 64;
let spare: usize = 0;

function takeSpare(bytes: u32): Message {
  const m = changetype<Message>(spare);
  spare = 0;
  m.next = null;
  m.length = bytes;
  m.taken = 0;
  m.charge = SPARE_BYTES;
  m.rights = null;
  m.pid = 0;
  m.uid = NOBODY;
  m.gid = NOBODY;
  return m;
}

/** A message with room for `bytes`, not yet in a queue and without a sender; null when memory is short. */
export function messageNew(bytes: u32): Message | null {
  if (spare != 0 && bytes <= SPARE_BYTES - MESSAGE_BYTES) return takeSpare(bytes);
  const frames: u32 = bytes <= INLINE_MAX ? 0 : (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
  const size = MESSAGE_BYTES + (frames == 0 ? bytes : frames << 2);
  const p = kernelAlloc(max(size, SPARE_BYTES));
  if (p == 0) return null;
  const m = changetype<Message>(p);
  m.length = bytes;
  m.charge = ((size + 63) & ~63) + (frames << PAGE_SHIFT);
  m.uid = NOBODY;
  m.gid = NOBODY;
  for (let i: u32 = 0; i < frames; i++) {
    const frame = frameAllocFor(payer, Charge.Socket);
    if (frame == 0) {
      messageFree(m);
      return null;
    }
    store<u32>(p + MESSAGE_BYTES + (i << 2), frame);
    m.frames = i + 1;
  }
  return m;
}

/** Frees a message that is in no queue, without its rights and its sender. */
export function messageFree(m: Message): void {
  if (spare == 0 && m.charge == SPARE_BYTES) {
    spare = changetype<usize>(m);
    return;
  }
  for (let i: u32 = 0; i < m.frames; i++) frameRelease(load<u32>(changetype<usize>(m) + MESSAGE_BYTES + (i << 2)));
  kernelFree(changetype<usize>(m));
}

/** Moves `bytes` between the message's data from `offset` on and the exchange's pieces: 0, -EFAULT or BLOCKED. */
export function messageMove(m: Message, e: Exchange, out: bool, offset: u32, bytes: u32): Result {
  const data = changetype<usize>(m) + MESSAGE_BYTES;
  if (m.frames == 0) return moveBytes(e, out, data + offset, bytes);
  while (bytes != 0) {
    const within = offset & (PAGE_SIZE - 1);
    const n = min(bytes, PAGE_SIZE - within);
    const frame = load<u32>(data + ((offset >> PAGE_SHIFT) << 2));
    const r = movePage(e, out, ((<u64>frame) << PAGE_SHIFT) + within, n);
    if (r < 0) return r;
    offset += n;
    bytes -= n;
  }
  return 0;
}
