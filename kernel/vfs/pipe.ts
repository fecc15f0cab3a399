// Pipes and FIFOs, after pipe(7) and fifo(7). A pipe is a ring of slots, each a page that is allocated when it is first written to and given
// back when it has been read, so that an idle pipe holds no page. Small writes go into the last page while they fit as a whole, which makes
// writes of up to PIPE_BUF bytes atomic. Readers are woken when the pipe stops being empty; a writer when there is room for its rest or
// for half the ring, so that a stream does not switch threads at every page.

import { Errno } from "../errno";
import { Charge, payer } from "../mm/account";
import { frameAllocFor, frameRelease, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { copyInPhysical, copyOutPhysical } from "../mm/user";
import { physicalRead, physicalWrite } from "../../shim/isa";
import { Result } from "../result";
import { hasWaiters, wakeAll, wakeOne, WaitQueue } from "../task/wait";
import { FileAccess } from "./flags";
import { File } from "./inode";

/** Writes of up to this many bytes are atomic. */
export const PIPE_BUF: u32 = 4096;
const DEFAULT_SLOTS: u32 = 16;
/** Largest ring F_SETPIPE_SZ gives: 1 MiB, Linux's fs.pipe-max-size. */
const SLOTS_MAX: u32 = 256;

@unmanaged
export class PipeSlot {
  frame: u32;
  offset: u16;
  length: u16;
  flags: u32;
}
const SLOT_BYTES: u32 = 12;
if (offsetof<PipeSlot>() != SLOT_BYTES) ERROR("PipeSlot is 12 bytes");

export const enum SlotFlag {
  /** O_DIRECT: one write, one read. */
  Packet = 1,
}

@unmanaged
export class Pipe {
  /** Open files (and kernel users) of each side, and how many there have ever been: an opener of a FIFO waits for that to change. */
  readers: u32;
  writers: u32;
  readerOpens: u32;
  writerOpens: u32;
  /** `slots` PipeSlots, a power of two; head counts slots written, tail slots read. */
  ring: usize;
  slots: u32;
  head: u32;
  tail: u32;
  /** Free slots at which parked writers are worth waking. */
  wakeRoom: u32;
  /** Blocked readers, blocked writers, and those who poll either side. FIFO openers wait with the side they open. */
  readFirst: usize;
  readLast: usize;
  writeFirst: usize;
  writeLast: usize;
  pollFirst: usize;
  pollLast: usize;
  /** The page of the slot that was read last, kept for the next write: small messages need no page of the allocator. 0 for none. */
  spareFrame: u32;
}
export const PIPE_BYTES: u32 = 64;
if (offsetof<Pipe>() != PIPE_BYTES) ERROR("Pipe is 64 bytes");

@inline
export function pipeReadQueue(pipe: Pipe): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(pipe) + offsetof<Pipe>("readFirst"));
}

@inline
export function pipeWriteQueue(pipe: Pipe): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(pipe) + offsetof<Pipe>("writeFirst"));
}

@inline
export function pipePollQueue(pipe: Pipe): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(pipe) + offsetof<Pipe>("pollFirst"));
}

/** The pipe behind an open file of FileKind.Pipe. */
@inline
export function pipeOf(file: File): Pipe {
  return changetype<Pipe>(file.object);
}

/** Readies the zeroed memory at `p` as a pipe without readers or writers. Returns false when memory is short. */
export function pipeInit(pipe: Pipe): bool {
  pipe.ring = kernelAlloc(DEFAULT_SLOTS * SLOT_BYTES);
  if (pipe.ring == 0) return false;
  pipe.slots = DEFAULT_SLOTS;
  pipe.wakeRoom = 1;
  return true;
}

/** A pipe without readers or writers; null when memory is short. */
export function pipeNew(): Pipe | null {
  const p = kernelAlloc(PIPE_BYTES);
  if (p == 0) return null;
  const pipe = changetype<Pipe>(p);
  if (pipeInit(pipe)) return pipe;
  kernelFree(p);
  return null;
}

/** Gives back the pages and the ring, not the Pipe itself. Whoever still waits is woken and finds out. */
export function pipeClear(pipe: Pipe): void {
  wakeAll(pipeReadQueue(pipe));
  wakeAll(pipeWriteQueue(pipe));
  wakeAll(pipePollQueue(pipe));
  while (pipe.tail != pipe.head) frameRelease(slotAt(pipe, pipe.tail++).frame);
  if (pipe.spareFrame != 0) frameRelease(pipe.spareFrame);
  pipe.spareFrame = 0;
  kernelFree(pipe.ring);
  pipe.ring = 0;
}

@inline
function slotAt(pipe: Pipe, place: u32): PipeSlot {
  return changetype<PipeSlot>(pipe.ring + (place & (pipe.slots - 1)) * SLOT_BYTES);
}

@inline
export function pipeEmpty(pipe: Pipe): bool {
  return pipe.head == pipe.tail;
}

@inline
export function pipeFull(pipe: Pipe): bool {
  return pipe.head - pipe.tail >= pipe.slots;
}

/** Bytes waiting to be read (FIONREAD). */
export function pipeBytes(pipe: Pipe): u32 {
  let bytes: u32 = 0;
  for (let place = pipe.tail; place != pipe.head; place++) bytes += slotAt(pipe, place).length;
  return bytes;
}

/** The slot at the head of the ring that a write of `bytes` may be appended to, or null. */
@inline
function appendable(pipe: Pipe, bytes: u32): PipeSlot | null {
  if (pipe.head == pipe.tail) return null;
  const slot = slotAt(pipe, pipe.head - 1);
  const end = <u32>slot.offset + slot.length;
  return end + bytes <= PAGE_SIZE && (slot.flags & SlotFlag.Packet) == 0 ? slot : null;
}

/** Free slots. */
@inline
export function pipeRoom(pipe: Pipe): u32 {
  return pipe.slots - min(pipe.slots, pipe.head - pipe.tail);
}

/** What is at the other end of a transfer: user memory or the kernel's own. */
export const enum PipePeer {
  User = 0,
  Kernel = 1,
}

/** Moves bytes from the peer's `address` into the pipe's page at `pa`: bytes moved, or the error when that is none. */
@inline
function fetch(peer: PipePeer, pa: u64, address: u64, bytes: u32): Result {
  if (peer == PipePeer.User) return copyInPhysical(pa, address, bytes);
  physicalWrite(pa, <usize>address, bytes);
  return bytes;
}

/** Moves bytes from the pipe's page at `pa` to the peer's `address`: bytes moved, or the error when that is none. */
@inline
function deliver(peer: PipePeer, pa: u64, address: u64, bytes: u32): Result {
  if (peer == PipePeer.User) return copyOutPhysical(address, pa, bytes);
  physicalRead(<usize>address, pa, bytes);
  return bytes;
}

@inline
function physical(slot: PipeSlot, offset: u32): u64 {
  return ((<u64>slot.frame) << PAGE_SHIFT) + offset;
}

/** Appends a new page with up to `bytes` from the peer: bytes moved, -ENOMEM, or the peer's error. The ring has room. */
function appendPage(pipe: Pipe, peer: PipePeer, address: u64, bytes: u32, flags: u32): Result {
  const spare = pipe.spareFrame;
  const frame = spare != 0 ? spare : frameAllocFor(payer, Charge.Pipe);
  if (frame == 0) return -Errno.ENOMEM;
  pipe.spareFrame = 0;
  const slot = slotAt(pipe, pipe.head);
  slot.frame = frame;
  const moved = fetch(peer, physical(slot, 0), address, bytes);
  if (moved <= 0) {
    pipe.spareFrame = frame;
    return moved;
  }
  slot.offset = 0;
  slot.length = <u16>moved;
  slot.flags = flags;
  pipe.head++;
  return moved;
}

/**
 * Writes up to `count` > 0 bytes from the peer's `address`, with SlotFlag.Packet in `flags` as packets. Returns the bytes written; when there
 * are none, -EAGAIN if the pipe is full, -EPIPE without readers, -ENOMEM or -EFAULT. Up to PIPE_BUF bytes go as a whole or not at all.
 */
export function pipeWrite(pipe: Pipe, peer: PipePeer, address: u64, count: u32, flags: u32 = 0): Result {
  if (pipe.readers == 0) return -Errno.EPIPE;
  const wasEmpty = pipe.head == pipe.tail;
  // Most writes are small and go into an empty pipe.
  const r = wasEmpty && count <= PAGE_SIZE ? appendPage(pipe, peer, address, count, flags) : writePages(pipe, peer, address, count, flags);
  if (r > 0 && (pipe.readFirst | pipe.writeFirst | pipe.pollFirst) != 0) wakeAfterWrite(pipe, wasEmpty);
  return r;
}

/** pipeWrite in general, without the wake-ups. */
function writePages(pipe: Pipe, peer: PipePeer, address: u64, count: u32, flags: u32): Result {
  let done: u32 = 0;
  let r: Result = 0;
  // What does not fill pages goes into the last page if it fits there as a whole.
  const part = count & (PAGE_SIZE - 1);
  const last = part != 0 && flags == 0 ? appendable(pipe, part) : null;
  if (last) {
    r = fetch(peer, physical(last, <u32>last.offset + last.length), address, part);
    if (r <= 0) return r;
    last.length += <u16>r;
    done = <u32>r;
    if (done < part) count = done;
  }
  while (done < count) {
    if (pipeFull(pipe)) {
      r = -Errno.EAGAIN;
      break;
    }
    const bytes = min(PAGE_SIZE, count - done);
    r = appendPage(pipe, peer, address + done, bytes, flags);
    if (r <= 0) break;
    done += <u32>r;
    if (<u32>r < bytes) break;
  }
  return done != 0 ? done : r;
}

function wakeAfterWrite(pipe: Pipe, wasEmpty: bool): void {
  if (wasEmpty && hasWaiters(pipeReadQueue(pipe))) wakeOne(pipeReadQueue(pipe));
  if (hasWaiters(pipePollQueue(pipe))) wakeAll(pipePollQueue(pipe));
  if (hasWaiters(pipeWriteQueue(pipe)) && !pipeFull(pipe)) wakeWriter(pipe);
}

/**
 * Reads up to `count` > 0 bytes to the peer's `address`; a packet ends the read, and what does not fit of it is lost. Returns the bytes read; 0
 * at the end (nothing left, no writers); -EAGAIN when the pipe is empty; -EFAULT when nothing could be stored.
 */
export function pipeRead(pipe: Pipe, peer: PipePeer, address: u64, count: u32): Result {
  if (pipe.head == pipe.tail) return pipe.writers == 0 ? 0 : -Errno.EAGAIN;
  return readSome(pipe, peer, address, count);
}

/** pipeRead of a pipe that is not empty. */
function readSome(pipe: Pipe, peer: PipePeer, address: u64, count: u32): Result {
  const first = pipe.tail;
  const r = readSlot(pipe, peer, address, count);
  if (r <= 0) return r;
  const done = <u32>r < count && pipe.tail != pipe.head ? readSlots(pipe, peer, address, count, <u32>r, first) : <u32>r;
  if ((pipe.readFirst | pipe.writeFirst | pipe.pollFirst) != 0) wakeAfterRead(pipe, pipe.head - first >= pipe.slots);
  return done;
}

/** Moves up to `count` bytes of the first slot, which is gone when it is empty: bytes moved, or the peer's error. */
function readSlot(pipe: Pipe, peer: PipePeer, address: u64, count: u32): Result {
  const slot = slotAt(pipe, pipe.tail);
  const length: u32 = slot.length;
  const r = deliver(peer, physical(slot, slot.offset), address, min(length, count));
  if (r <= 0) return r;
  if (<u32>r == length || (slot.flags & SlotFlag.Packet) != 0) {
    if (pipe.spareFrame != 0) frameRelease(slot.frame);
    else pipe.spareFrame = slot.frame;
    pipe.tail++;
  } else {
    slot.offset += <u16>r;
    slot.length = <u16>(length - <u32>r);
  }
  return r;
}

/** Goes on reading after `done` bytes from the slot at `place`; returns the bytes read in all. */
function readSlots(pipe: Pipe, peer: PipePeer, address: u64, count: u32, done: u32, place: u32): u32 {
  // A slot that is still there could not be stored whole.
  while (done < count && pipe.tail != place && pipe.tail != pipe.head && (slotAt(pipe, place).flags & SlotFlag.Packet) == 0) {
    place = pipe.tail;
    const r = readSlot(pipe, peer, address + done, count - done);
    if (r <= 0) break;
    done += <u32>r;
  }
  return done;
}

/** The slot that was written `place`-th, from tail to head. */
export function pipeSlotAt(pipe: Pipe, place: u32): PipeSlot {
  return slotAt(pipe, place);
}

/** Takes up to all bytes of the first slot away, as if they had been read. */
export function pipeConsume(pipe: Pipe, bytes: u32): void {
  const slot = slotAt(pipe, pipe.tail);
  const wasFull = pipeFull(pipe);
  if (bytes == slot.length) {
    if (pipe.spareFrame != 0) frameRelease(slot.frame);
    else pipe.spareFrame = slot.frame;
    pipe.tail++;
  } else {
    slot.offset += <u16>bytes;
    slot.length -= <u16>bytes;
  }
  wakeAfterRead(pipe, wasFull);
}

function wakeAfterRead(pipe: Pipe, wasFull: bool): void {
  if (wasFull && hasWaiters(pipePollQueue(pipe)) && !pipeFull(pipe)) wakeAll(pipePollQueue(pipe));
  if (hasWaiters(pipeWriteQueue(pipe)) && pipeRoom(pipe) >= pipe.wakeRoom) wakeWriter(pipe);
  if (pipe.tail != pipe.head && hasWaiters(pipeReadQueue(pipe))) wakeOne(pipeReadQueue(pipe));
}

function wakeWriter(pipe: Pipe): void {
  wakeOne(pipeWriteQueue(pipe));
}

/** A writer with `bytes` left is about to wait: says how much room is worth waking it for. */
export function pipeWantRoom(pipe: Pipe, bytes: u32): void {
  const slots = max<u32>(1, min(pipe.slots >> 1, (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT));
  pipe.wakeRoom = hasWaiters(pipeWriteQueue(pipe)) ? min(pipe.wakeRoom, slots) : slots;
}

/** Passes a wake-up on: the thread that got it did not use it. */
export function pipeWakeNext(pipe: Pipe): void {
  if ((pipe.readFirst | pipe.writeFirst) == 0) return;
  if (pipe.tail != pipe.head) wakeOne(pipeReadQueue(pipe));
  if (!pipeFull(pipe)) wakeOne(pipeWriteQueue(pipe));
}

/** Capacity in bytes (F_GETPIPE_SZ). */
export function pipeCapacity(pipe: Pipe): u32 {
  return pipe.slots << PAGE_SHIFT;
}

/**
 * F_SETPIPE_SZ: a ring for `bytes`, rounded up to a power of two of pages. Returns the capacity; -EBUSY when more is in the pipe, -EPERM above
 * 1 MiB without `privileged` (CAP_SYS_RESOURCE), -EINVAL above 2 GiB, -ENOMEM.
 */
export function pipeSetCapacity(pipe: Pipe, bytes: u32, privileged: bool): Result {
  if (bytes > 1 << 31) return -Errno.EINVAL;
  let slots: u32 = 1;
  while (slots << PAGE_SHIFT < bytes) slots <<= 1;
  if (slots > SLOTS_MAX && slots > pipe.slots && !privileged) return -Errno.EPERM;
  const used = pipe.head - pipe.tail;
  if (slots < used) return -Errno.EBUSY;
  const ring = kernelAlloc(slots * SLOT_BYTES);
  if (ring == 0) return -Errno.ENOMEM;
  const wasFull = pipeFull(pipe);
  for (let i: u32 = 0; i < used; i++) memory.copy(ring + i * SLOT_BYTES, changetype<usize>(slotAt(pipe, pipe.tail + i)), SLOT_BYTES);
  kernelFree(pipe.ring);
  pipe.ring = ring;
  pipe.slots = slots;
  pipe.tail = 0;
  pipe.head = used;
  if (wasFull && !pipeFull(pipe)) {
    wakeAll(pipeWriteQueue(pipe));
    wakeAll(pipePollQueue(pipe));
  }
  return pipeCapacity(pipe);
}

/** One more open file or kernel user with `access` (FileAccess bits). */
export function pipeAttach(pipe: Pipe, access: u32): void {
  if ((access & FileAccess.Read) != 0) {
    pipe.readerOpens++;
    if (pipe.readers++ == 0) wakeAll(pipeWriteQueue(pipe));
  }
  if ((access & FileAccess.Write) != 0) {
    pipe.writerOpens++;
    if (pipe.writers++ == 0) wakeAll(pipeReadQueue(pipe));
  }
}

/** One less. Returns false when nobody is left: the owner then calls pipeClear. */
export function pipeDetach(pipe: Pipe, access: u32): bool {
  if ((access & FileAccess.Read) != 0) pipe.readers--;
  if ((access & FileAccess.Write) != 0) pipe.writers--;
  if (pipe.readers == 0 && pipe.writers == 0) return false;
  if (pipe.readers == 0 || pipe.writers == 0) {
    wakeAll(pipeReadQueue(pipe));
    wakeAll(pipeWriteQueue(pipe));
    wakeAll(pipePollQueue(pipe));
  }
  return true;
}
