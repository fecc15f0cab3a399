// A byte ring: bytes go in at the head and come out at the tail, both free-running counters. The capacity is a power of two. Used for the
// output of a terminal and for input that the line discipline has no room for yet.

import { kernelAlloc, kernelFree } from "../mm/heap";

@unmanaged
export class ByteRing {
  data: usize;
  capacity: u32;
  head: u32;
  tail: u32;
}

/** An empty ring of `capacity` bytes (a power of two); null when out of memory. Release it with ringFree. */
export function ringNew(capacity: u32): ByteRing | null {
  assert((capacity & (capacity - 1)) == 0, "a ring's capacity is a power of two");
  const p = kernelAlloc(offsetof<ByteRing>());
  if (p == 0) return null;
  const ring = changetype<ByteRing>(p);
  ring.data = kernelAlloc(capacity);
  if (ring.data == 0) {
    kernelFree(p);
    return null;
  }
  ring.capacity = capacity;
  return ring;
}

export function ringFree(ring: ByteRing): void {
  kernelFree(ring.data);
  kernelFree(changetype<usize>(ring));
}

/** Bytes in the ring. */
@inline
export function ringUsed(ring: ByteRing): u32 {
  return ring.head - ring.tail;
}

/** Bytes that still fit. */
@inline
export function ringRoom(ring: ByteRing): u32 {
  return ring.capacity - (ring.head - ring.tail);
}

/** Adds one byte; the caller has made sure that there is room. */
@inline
export function ringPut(ring: ByteRing, c: u8): void {
  store<u8>(ring.data + (ring.head & (ring.capacity - 1)), c);
  ring.head++;
}

/** Adds as many of the `n` bytes at `source` as fit; returns how many. */
export function ringWrite(ring: ByteRing, source: usize, n: u32): u32 {
  n = min(n, ringRoom(ring));
  const at = ring.head & (ring.capacity - 1);
  const first = min(n, ring.capacity - at);
  memory.copy(ring.data + at, source, first);
  memory.copy(ring.data, source + first, n - first);
  ring.head += n;
  return n;
}

/** Copies up to `n` of the oldest bytes to `destination` and leaves them in the ring; returns how many. */
export function ringPeek(ring: ByteRing, destination: usize, n: u32): u32 {
  n = min(n, ringUsed(ring));
  const at = ring.tail & (ring.capacity - 1);
  const first = min(n, ring.capacity - at);
  memory.copy(destination, ring.data + at, first);
  memory.copy(destination + first, ring.data, n - first);
  return n;
}

/** Forgets the `n` oldest bytes, which must be there. */
export function ringDrop(ring: ByteRing, n: u32): void {
  assert(n <= ringUsed(ring), "more dropped than the ring holds");
  ring.tail += n;
}

/** Moves up to `n` of the oldest bytes to `destination`; returns how many. */
export function ringRead(ring: ByteRing, destination: usize, n: u32): u32 {
  n = ringPeek(ring, destination, n);
  ring.tail += n;
  return n;
}

/** Forgets all but the `kept` oldest bytes. */
export function ringTruncate(ring: ByteRing, kept: u32): void {
  if (ringUsed(ring) > kept) ring.head = ring.tail + kept;
}
