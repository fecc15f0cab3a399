// The kernel heap: slabs of one page for small objects, runs of frames for large ones, both from low memory. It grows and shrinks
// with use, never fragments by size, and running out is a 0 that the caller turns into ENOMEM. There is no garbage collector
// anywhere in the kernel (docs/adr/0004-no-collector.md). Design: Bonwick, "The Slab Allocator" (USENIX 1994), on size classes.

import { FrameInfo, FrameKind, PAGE_SHIFT, PAGE_SIZE, frameAllocLow, frameFree, frameInfo, framesFree } from "./frame";

const CLASSES: u32 = 17;
const CLASS_LIMIT: u32 = 2048;
/** Object sizes of the classes. */
const sizes = memory.data<u16>([16, 32, 48, 64, 80, 96, 128, 144, 192, 256, 384, 512, 672, 816, 832, 1360, 2048]);
/** Size class by (size + 15) / 16. */
const classBySize = memory.data(129, 8);
/** Per class: frame number of the first slab with a free object. */
const partialHeads = memory.data(17 * 4, 8);
/** Per class: one empty slab is kept, so that a single object that comes and goes does not take and give a frame each time. */
const emptySlabs = memory.data(17 * 4, 8);

let bytesUsed: u64 = 0;
let objectsUsed: u32 = 0;
/** Pages in slabs and runs. */
let pagesHeld: u32 = 0;

/** Must run once before the first allocation. */
export function heapInit(): void {
  let c: u32 = 0;
  for (let units: u32 = 0; units <= CLASS_LIMIT / 16; units++) {
    while (load<u16>(sizes + (c << 1)) < <u16>(units << 4)) c++;
    store<u8>(classBySize + units, <u8>c);
  }
  memory.fill(partialHeads, 0, CLASSES * 4);
  memory.fill(emptySlabs, 0, CLASSES * 4);
  bytesUsed = 0;
  objectsUsed = 0;
  pagesHeld = 0;
}

function linkPartial(c: u32, frame: u32, info: FrameInfo): void {
  const head = load<u32>(partialHeads + (c << 2));
  info.next = head;
  info.prev = 0;
  if (head != 0) frameInfo(head).prev = frame;
  store<u32>(partialHeads + (c << 2), frame);
}

function unlinkPartial(c: u32, info: FrameInfo): void {
  if (info.prev != 0) frameInfo(info.prev).next = info.next;
  else store<u32>(partialHeads + (c << 2), info.next);
  if (info.next != 0) frameInfo(info.next).prev = info.prev;
}

/**
 * Frames that the heap leaves to page tables and user pages (KERNEL_RESERVE of fault.ts): what containers make the kernel keep runs into
 * ENOMEM while their programs can still run and clean up.
 */
const RESERVE: u32 = 128;

function newSlab(c: u32): u32 {
  if (framesFree() < RESERVE) return 0;
  const page = frameAllocLow(0);
  if (page == 0) return 0;
  pagesHeld++;
  const size = <u32>load<u16>(sizes + (c << 1));
  const count = PAGE_SIZE / size;
  // Each free object holds the index of the next one, plus one.
  for (let i: u32 = 0; i < count; i++) store<u16>(page + i * size, i + 1 < count ? <u16>(i + 2) : 0);
  const frame = <u32>(page >> PAGE_SHIFT);
  const info = frameInfo(frame);
  info.kind = <u8>FrameKind.Slab;
  info.order = <u8>c;
  info.refs = 0;
  info.freeIndex = 1;
  linkPartial(c, frame, info);
  return frame;
}

/** `size` bytes of zeroed memory, 16-byte aligned (page-aligned from 2,049 bytes on); 0 when memory is short. */
export function kernelAlloc(size: u32): usize {
  if (size > CLASS_LIMIT) return allocRun(size);
  const c = <u32>load<u8>(classBySize + ((size + 15) >> 4));
  let frame = load<u32>(partialHeads + (c << 2));
  if (frame == 0) {
    frame = newSlab(c);
    if (frame == 0) return 0;
  }
  const info = frameInfo(frame);
  const bytes = <u32>load<u16>(sizes + (c << 1));
  const object = ((<usize>frame) << PAGE_SHIFT) + <usize>(info.freeIndex - 1) * bytes;
  info.freeIndex = load<u16>(object);
  if (info.refs++ == 0 && load<u32>(emptySlabs + (c << 2)) == frame) store<u32>(emptySlabs + (c << 2), 0);
  if (info.freeIndex == 0) unlinkPartial(c, info);
  bytesUsed += bytes;
  objectsUsed++;
  memory.fill(object, 0, bytes);
  return object;
}

function allocRun(size: u32): usize {
  let order: u32 = 0;
  while (PAGE_SIZE << order < size) if (++order > 10) return 0;
  if (framesFree() < RESERVE + (1 << order)) return 0;
  const page = frameAllocLow(order);
  if (page == 0) return 0;
  const info = frameInfo(<u32>(page >> PAGE_SHIFT));
  info.kind = <u8>FrameKind.Run;
  info.order = <u8>order;
  bytesUsed += PAGE_SIZE << order;
  pagesHeld += 1 << order;
  objectsUsed++;
  memory.fill(page, 0, PAGE_SIZE << order);
  return page;
}

/** Gives back what kernelAlloc returned; 0 is ignored. */
export function kernelFree(p: usize): void {
  if (p == 0) return;
  const frame = <u32>(p >> PAGE_SHIFT);
  const info = frameInfo(frame);
  objectsUsed--;
  if (info.kind == FrameKind.Run) {
    bytesUsed -= PAGE_SIZE << info.order;
    pagesHeld -= 1 << info.order;
    frameFree(frame, info.order);
    return;
  }
  assert(info.kind == FrameKind.Slab, "kernelFree of a pointer that is not from the heap");
  const c = <u32>info.order;
  const size = <u32>load<u16>(sizes + (c << 1));
  bytesUsed -= size;
  if (info.freeIndex == 0) linkPartial(c, frame, info);
  store<u16>(p, info.freeIndex);
  info.freeIndex = <u16>(<u32>(p & (PAGE_SIZE - 1)) / size) + 1;
  if (--info.refs != 0) return;
  if (load<u32>(emptySlabs + (c << 2)) == 0) {
    store<u32>(emptySlabs + (c << 2), frame);
    return;
  }
  unlinkPartial(c, info);
  pagesHeld--;
  frameFree(frame, 0);
}

/** Frames of the empty slabs that are kept: free memory, though not the frame allocator's. */
export function heapFramesKept(): u32 {
  let n: u32 = 0;
  for (let c: u32 = 0; c < CLASSES; c++) n += load<u32>(emptySlabs + (c << 2)) != 0 ? 1 : 0;
  return n;
}

/** Bytes in live objects, rounded up to their size classes. */
export function heapBytesUsed(): u64 {
  return bytesUsed;
}

/** Bytes of the pages that the heap has taken. */
export function heapBytesHeld(): u64 {
  return (<u64>pagesHeld) << PAGE_SHIFT;
}

export function heapObjectsUsed(): u32 {
  return objectsUsed;
}
