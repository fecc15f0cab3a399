// The kernel heap: slabs of one page for small objects, runs of frames for large ones, both from low memory. It grows and shrinks
// with use, never fragments by size, and running out is a 0 that the caller turns into ENOMEM. There is no garbage collector
// anywhere in the kernel (docs/adr/0004-no-collector.md). Design: Bonwick, "The Slab Allocator" (USENIX 1994), on size classes.
// At its end a slab has a number for each object: the account that pays for it (account.ts).

import { Account, accountOf, accountRoom, accountsInit, accountSubtract, heapBytesOfAll, machineShort, payer } from "./account";
import { FrameInfo, FrameKind, PAGE_SHIFT, PAGE_SIZE, frameAllocLow, frameFree, frameInfo, framesFree } from "./frame";

const CLASSES: u32 = 17;
const CLASS_LIMIT: u32 = 2032;
/** Object sizes of the classes. */
const sizes = memory.data<u16>([16, 32, 48, 64, 80, 96, 128, 144, 192, 256, 384, 512, 672, 816, 832, 1360, 2032]);
/** Size class by (size + 15) / 16. */
const classBySize = memory.data(128, 8);
/** Per class: frame number of the first slab with a free object. */
const partialHeads = memory.data(17 * 4, 8);
/** Per class: one empty slab is kept, so that a single object that comes and goes does not take and give a frame each time. */
const emptySlabs = memory.data(17 * 4, 8);

let objectsUsed: u32 = 0;
/** Pages in slabs and runs. */
let pagesHeld: u32 = 0;

/** Where the account's number of object `i` of a slab stands. */
@inline
function ownerSlot(page: usize, i: u32): usize {
  return page + (PAGE_SIZE - 2) - (i << 1);
}

/** Must run once before the first allocation. */
export function heapInit(): void {
  accountsInit();
  let c: u32 = 0;
  for (let units: u32 = 0; units <= CLASS_LIMIT / 16; units++) {
    while (load<u16>(sizes + (c << 1)) < <u16>(units << 4)) c++;
    store<u8>(classBySize + units, <u8>c);
  }
  memory.fill(partialHeads, 0, CLASSES * 4);
  memory.fill(emptySlabs, 0, CLASSES * 4);
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
  if (framesFree() < RESERVE * 2) machineShort();
  if (framesFree() < RESERVE) return 0;
  const page = frameAllocLow(0);
  if (page == 0) return 0;
  pagesHeld++;
  const size = <u32>load<u16>(sizes + (c << 1));
  const count = PAGE_SIZE / (size + 2);
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

/**
 * `size` bytes of zeroed memory, 16-byte aligned (page-aligned from 2,033 bytes on), that the payer pays for; 0 when memory is short or
 * its limit is reached.
 */
export function kernelAlloc(size: u32): usize {
  if (size > CLASS_LIMIT) return allocRun(size);
  const c = <u32>load<u8>(classBySize + ((size + 15) >> 4));
  const bytes = <u32>load<u16>(sizes + (c << 1));
  const account = payer;
  const charged = account.bytes + bytes;
  const frame = load<u32>(partialHeads + (c << 2));
  if (frame == 0 || charged > account.mark) return allocSlowly(c, bytes);
  account.bytes = charged;
  return take(c, bytes, frame, account.id);
}

/** kernelAlloc where there is no slab with room, or the payer has to be looked at. */
function allocSlowly(c: u32, bytes: u32): usize {
  const account = payer;
  if (account.bytes + bytes > account.mark && !accountRoom(account, bytes)) return 0;
  let frame = load<u32>(partialHeads + (c << 2));
  if (frame == 0) frame = newSlab(c);
  if (frame == 0) return 0;
  account.bytes += bytes;
  return take(c, bytes, frame, account.id);
}

/** Takes an object of a slab with room. */
@inline
function take(c: u32, bytes: u32, frame: u32, owner: u32): usize {
  const info = frameInfo(frame);
  const page = (<usize>frame) << PAGE_SHIFT;
  const index = <u32>info.freeIndex - 1;
  store<u16>(ownerSlot(page, index), <u16>owner);
  const object = page + index * bytes;
  const next = load<u16>(object);
  info.freeIndex = next;
  if (info.refs++ == 0 && load<u32>(emptySlabs + (c << 2)) == frame) store<u32>(emptySlabs + (c << 2), 0);
  objectsUsed++;
  memory.fill(object, 0, bytes);
  return next != 0 ? object : takenLast(c, info, object);
}

/** The slab that `object` was taken from has no other. */
function takenLast(c: u32, info: FrameInfo, object: usize): usize {
  unlinkPartial(c, info);
  return object;
}

function allocRun(size: u32): usize {
  let order: u32 = 0;
  while (PAGE_SIZE << order < size) if (++order > 10) return 0;
  if (framesFree() < RESERVE + (1 << order)) return 0;
  const account = payer;
  const bytes = PAGE_SIZE << order;
  if (account.bytes + bytes > account.mark && !accountRoom(account, bytes)) return 0;
  const page = frameAllocLow(order);
  if (page == 0) return 0;
  account.bytes += bytes;
  const info = frameInfo(<u32>(page >> PAGE_SHIFT));
  info.next = <u32>changetype<usize>(account);
  info.kind = <u8>FrameKind.Run;
  info.order = <u8>order;
  pagesHeld += 1 << order;
  objectsUsed++;
  memory.fill(page, 0, bytes);
  return page;
}

/** Gives back what kernelAlloc returned; 0 is ignored. */
export function kernelFree(p: usize): void {
  if (p == 0) return;
  const frame = <u32>(p >> PAGE_SHIFT);
  const info = frameInfo(frame);
  const free = info.freeIndex;
  if (info.kind != FrameKind.Slab || free == 0 || info.refs == 1) {
    freeSlowly(p, frame, info);
    return;
  }
  info.refs--;
  giveBack(p, info, free);
}

/** Puts an object into its slab; the payer gets its bytes back. */
@inline
function giveBack(p: usize, info: FrameInfo, free: u16): void {
  const size = <u32>load<u16>(sizes + ((<usize>info.order) << 1));
  store<u16>(p, free);
  const index = <u32>(p & (PAGE_SIZE - 1)) / size;
  info.freeIndex = <u16>index + 1;
  objectsUsed--;
  accountSubtract(accountOf(<u32>load<u16>(ownerSlot(p & ~(<usize>PAGE_SIZE - 1), index))), size);
}

/** kernelFree of a run, of an object in a full slab, and of the last one in a slab. */
function freeSlowly(p: usize, frame: u32, info: FrameInfo): void {
  if (info.kind == FrameKind.Run) {
    freeRun(frame, info);
    return;
  }
  assert(info.kind == FrameKind.Slab, "kernelFree of a pointer that is not from the heap");
  const c = <u32>info.order;
  if (info.freeIndex == 0) linkPartial(c, frame, info);
  giveBack(p, info, info.freeIndex);
  if (--info.refs != 0) return;
  if (load<u32>(emptySlabs + (c << 2)) == 0) {
    store<u32>(emptySlabs + (c << 2), frame);
    return;
  }
  unlinkPartial(c, info);
  pagesHeld--;
  frameFree(frame, 0);
}

function freeRun(frame: u32, info: FrameInfo): void {
  const account = changetype<Account>(<usize>info.next);
  const bytes = PAGE_SIZE << info.order;
  objectsUsed--;
  pagesHeld -= 1 << info.order;
  frameFree(frame, info.order);
  accountSubtract(account, bytes);
}

/** Gives the empty slabs that are kept to the frame allocator: how many. */
export function heapTrim(): u32 {
  let n: u32 = 0;
  for (let c: u32 = 0; c < CLASSES; c++) {
    const frame = load<u32>(emptySlabs + (c << 2));
    if (frame == 0) continue;
    store<u32>(emptySlabs + (c << 2), 0);
    unlinkPartial(c, frameInfo(frame));
    pagesHeld--;
    frameFree(frame, 0);
    n++;
  }
  return n;
}

/** Frames of the empty slabs that are kept: free memory, though not the frame allocator's. */
export function heapFramesKept(): u32 {
  let n: u32 = 0;
  for (let c: u32 = 0; c < CLASSES; c++) n += load<u32>(emptySlabs + (c << 2)) != 0 ? 1 : 0;
  return n;
}

/** Bytes in live objects, rounded up to their size classes. */
export function heapBytesUsed(): u64 {
  return heapBytesOfAll();
}

/** Bytes of the pages that the heap has taken. */
export function heapBytesHeld(): u64 {
  return (<u64>pagesHeld) << PAGE_SHIFT;
}

export function heapObjectsUsed(): u32 {
  return objectsUsed;
}
