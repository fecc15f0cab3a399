// A split virtqueue (Virtual I/O Device 1.2, 2.7): descriptors, the ring of buffers we offer, the ring of buffers the device has used. All in one
// run of low memory. What the device writes is not trusted: ids and lengths are checked.

import { barrier } from "../../shim/isa";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";

/** Descriptor flag: another one follows. */
const NEXT: u16 = 1;
/** Descriptor flag: the device writes to the buffer. */
export const DEVICE_WRITES: u16 = 2;

@unmanaged
export class Queue {
  size: u32;
  /** Linear and physical address of the three parts: they are the same in low memory. */
  descriptors: usize;
  available: usize;
  used: usize;
  /** First free descriptor, linked through `next`; size when there is none. */
  free: u32;
  freeCount: u32;
  /** How many used entries we have taken. */
  taken: u32;
  /** Index of the queue in its device, and where its doorbell is. */
  index: u32;
  doorbell: u64;
  /** u32 per descriptor: the caller's cookie. */
  cookies: usize;
}

/** A queue of `size` (a power of two up to 1024) descriptors; null when memory is short. */
export function queueNew(size: u32, index: u32): Queue | null {
  const usedAt = (size * 16 + 6 + size * 2 + 3) & ~3;
  const q = changetype<Queue>(kernelAlloc(offsetof<Queue>() + size * 4));
  if (changetype<usize>(q) == 0) return null;
  // At least a page, so that the parts have the alignment that virtio wants.
  const p = kernelAlloc(max<u32>(usedAt + 6 + size * 8, 4096));
  if (p == 0) {
    kernelFree(changetype<usize>(q));
    return null;
  }
  q.size = size;
  q.index = index;
  q.descriptors = p;
  q.available = p + size * 16;
  q.used = p + usedAt;
  q.cookies = changetype<usize>(q) + offsetof<Queue>();
  for (let i: u32 = 0; i < size; i++) store<u16>(p + i * 16, <u16>(i + 1), 14);
  q.freeCount = size;
  return q;
}

/** Offers one buffer to the device; false when all descriptors are in use. `cookie` comes back with queueTake. */
export function queueAdd(q: Queue, pa: u64, bytes: u32, flags: u16, cookie: u32): bool {
  if (q.freeCount == 0) return false;
  const i = q.free;
  const d = q.descriptors + i * 16;
  q.free = load<u16>(d, 14);
  q.freeCount--;
  store<u64>(d, pa);
  store<u32>(d, bytes, 8);
  store<u16>(d, flags & ~NEXT, 12);
  offer(q, i, cookie);
  return true;
}

/** First and last descriptor of the chain that is being built. */
let chainFirst: u32 = 0;
let chainLast: usize = 0;

/** Begins a chain of `count` buffers for the device to read: false when there are not so many descriptors. */
export function chainBegin(q: Queue, count: u32): bool {
  if (q.freeCount < count) return false;
  chainFirst = q.free;
  chainLast = 0;
  return true;
}

/** Adds a buffer to the chain. */
export function chainAdd(q: Queue, pa: u64, bytes: u32): void {
  const d = q.descriptors + q.free * 16;
  if (chainLast != 0) store<u16>(chainLast, NEXT, 12);
  q.free = load<u16>(d, 14);
  q.freeCount--;
  store<u64>(d, pa);
  store<u32>(d, bytes, 8);
  store<u16>(d, 0, 12);
  chainLast = d;
}

/** Offers the chain to the device; `cookie` comes back with queueTake. */
export function chainEnd(q: Queue, cookie: u32): void {
  offer(q, chainFirst, cookie);
}

function offer(q: Queue, i: u32, cookie: u32): void {
  store<u32>(q.cookies + (i << 2), cookie);
  const at = load<u16>(q.available, 2);
  store<u16>(q.available + 4 + ((at & (q.size - 1)) << 1), <u16>i);
  barrier();
  store<u16>(q.available, at + 1, 2);
}

/** Asks the device for interrupts when it has used buffers, or tells it that none are wanted. */
export function queueInterrupts(q: Queue, wanted: bool): void {
  store<u16>(q.available, wanted ? 0 : 1);
}

/** Whether the device wants to be told of new buffers. */
export function queueWantsNotice(q: Queue): bool {
  barrier();
  return (load<u16>(q.used) & 1) == 0;
}

/** Bytes the device wrote into the buffer that queueTake returned. */
export let takenBytes: u32 = 0;

/** The cookie of a buffer the device is done with, or -1; its length in takenBytes. */
export function queueTake(q: Queue): i64 {
  barrier();
  while (<u16>q.taken != load<u16>(q.used, 2)) {
    const entry = q.used + 4 + ((q.taken & (q.size - 1)) << 3);
    q.taken++;
    const i = load<u32>(entry);
    if (i >= q.size) continue;
    const d = q.descriptors + i * 16;
    takenBytes = min<u32>(load<u32>(entry, 4), load<u32>(d, 8));
    giveBack(q, i);
    return load<u32>(q.cookies + (i << 2));
  }
  return -1;
}

/** Frees a buffer's descriptors: all of its chain. */
function giveBack(q: Queue, first: u32): void {
  let d = q.descriptors + first * 16;
  q.freeCount++;
  // The links are ours: the device only reads descriptors, and `next` holds those of a chain as it did those of free ones.
  while ((load<u16>(d, 12) & NEXT) != 0) {
    d = q.descriptors + <usize>load<u16>(d, 14) * 16;
    q.freeCount++;
  }
  store<u16>(d, <u16>q.free, 14);
  q.free = first;
}
