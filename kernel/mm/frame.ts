// Physical frames: who uses each 4 KiB frame of RAM. A binary buddy allocator (Knuth, TAOCP 1, 2.5) for runs of 2^order frames in
// two zones, with a short stack of single frames in front of it, since nearly all requests are for one.
//   low   below 1 GiB: the linear window shows these frames at their physical address, so the kernel's own objects live here
//   high  everything else: pages of user programs and files, reached through the shim
// A frame is named by its frame number (physical address / 4096); 0 means "none". Frames handed out are not cleared.
// A single frame that somebody pays for (account.ts) names the account.

import { Account, accountAdd, accountTakeOff, accountTakesFrame } from "./account";

export const PAGE_SIZE: u32 = 4096;
export const PAGE_SHIFT: u32 = 12;
/** Frames from this number on are outside the linear window. */
export const LOW_FRAMES: u32 = 1 << 18;
export const MAX_ORDER: u32 = 10;

/** What a frame is used for. */
export const enum FrameKind {
  Reserved = 0, // not RAM, or taken at boot: never freed
  Free = 1, // head of a free run
  Stacked = 2, // single free frame on the stack in front of the buddy lists
  Used = 3,
  Slab = 4, // kernel/mm/heap.ts
  Run = 5, // kernel/mm/heap.ts: one allocation of 2^order frames
}

/** One per frame, in an array indexed by frame number. */
@unmanaged
export class FrameInfo {
  /** References held by page tables, page caches and others; for a slab, objects in use. */
  refs: u32;
  /** Neighbours in a list of free runs or slabs. Of a used frame: the Account that pays, or 0, and the Charge. */
  next: u32;
  prev: u32;
  kind: u8;
  /** Order of a free run or an allocated one; size class of a slab. */
  order: u8;
  /** Slab: first free object's index, plus one. */
  freeIndex: u16;
}
const INFO_SHIFT: u32 = 4;
if (offsetof<FrameInfo>() != 16) ERROR("FrameInfo is 16 bytes");

const STACK_LIMIT: u32 = 1024;

/** Free-list heads: [zone][order], frame numbers. */
const freeHeads = memory.data(2 * 11 * 4, 8);
const stackHeads = memory.data(2 * 4, 8);
const stackDepths = memory.data(2 * 4, 8);

let infoBase: usize = 0;
let infoEnd: u32 = 0;
let freeCount: u32 = 0;
let usableCount: u32 = 0;
/** The least of freeCount so far, noticed whenever a run is taken: right but for the single frames stacked meanwhile (STACK_LIMIT a zone). */
let leastFree: u32 = 0;
/** Frames of the high zone: on a small machine nobody need look there. */
let highCount: u32 = 0;
/** Tests make the allocator fail: the number of allocations still granted, or -1 for no limit. */
let failAfter: i32 = -1;

@inline
export function frameInfo(frame: u32): FrameInfo {
  return changetype<FrameInfo>(infoBase + ((<usize>frame) << INFO_SHIFT));
}

@inline
function zoneOf(frame: u32): u32 {
  return frame >= LOW_FRAMES ? 1 : 0;
}

@inline
function headSlot(zone: u32, order: u32): usize {
  return freeHeads + ((zone * 11 + order) << 2);
}

/** Bytes that frameInit needs at `base` to describe frames [0, frames). */
export function frameInfoBytes(frames: u32): u32 {
  return frames << INFO_SHIFT;
}

/** Takes `base`, zeroed memory of frameInfoBytes(frames), as the frame array; every frame starts out reserved. */
export function frameInit(base: usize, frames: u32): void {
  infoBase = base;
  infoEnd = frames;
  freeCount = 0;
  usableCount = 0;
  highCount = 0;
  memory.fill(freeHeads, 0, 2 * 11 * 4);
  memory.fill(stackHeads, 0, 8);
  memory.fill(stackDepths, 0, 8);
}

/** Hands frames [from, to) to the allocator. */
export function frameAddRange(from: u32, to: u32): void {
  if (to > infoEnd) to = infoEnd;
  for (let f = max<u32>(from, 1); f < to; f++) {
    frameInfo(f).kind = <u8>FrameKind.Used;
    usableCount++;
    highCount += zoneOf(f);
    freeRun(f, 0);
  }
  leastFree = freeCount;
}

function pushRun(frame: u32, order: u32): void {
  const slot = headSlot(zoneOf(frame), order);
  const head = load<u32>(slot);
  const info = frameInfo(frame);
  info.kind = <u8>FrameKind.Free;
  info.order = <u8>order;
  info.next = head;
  info.prev = 0;
  if (head != 0) frameInfo(head).prev = frame;
  store<u32>(slot, frame);
}

function unlinkRun(frame: u32, order: u32): void {
  const info = frameInfo(frame);
  if (info.prev != 0) frameInfo(info.prev).next = info.next;
  else store<u32>(headSlot(zoneOf(frame), order), info.next);
  if (info.next != 0) frameInfo(info.next).prev = info.prev;
}

function freeRun(frame: u32, order: u32): void {
  freeCount += 1 << order;
  while (order < MAX_ORDER) {
    const buddy = frame ^ (1 << order);
    if (buddy + (1 << order) > infoEnd || buddy == 0) break;
    const info = frameInfo(buddy);
    if (info.kind != FrameKind.Free || info.order != <u8>order || zoneOf(buddy) != zoneOf(frame)) break;
    unlinkRun(buddy, order);
    info.kind = <u8>FrameKind.Used;
    frame &= ~(1 << order);
    order++;
  }
  pushRun(frame, order);
}

function takeRun(zone: u32, order: u32): u32 {
  for (let o = order; o <= MAX_ORDER; o++) {
    const frame = load<u32>(headSlot(zone, o));
    if (frame == 0) continue;
    unlinkRun(frame, o);
    while (o > order) {
      o--;
      pushRun(frame + (1 << o), o);
    }
    freeCount -= 1 << order;
    if (freeCount < leastFree) leastFree = freeCount;
    const info = frameInfo(frame);
    info.kind = <u8>FrameKind.Used;
    info.order = <u8>order;
    info.refs = 1;
    info.next = 0;
    return frame;
  }
  return 0;
}

/** Returns the stacked frames of `zone` to the buddy lists, where they can join into runs. */
function drainStack(zone: u32): void {
  let frame = load<u32>(stackHeads + (zone << 2));
  store<u32>(stackHeads + (zone << 2), 0);
  store<u32>(stackDepths + (zone << 2), 0);
  while (frame != 0) {
    const next = frameInfo(frame).next;
    freeCount--;
    frameInfo(frame).kind = <u8>FrameKind.Used;
    freeRun(frame, 0);
    frame = next;
  }
}

function takeSingle(zone: u32): u32 {
  const frame = load<u32>(stackHeads + (zone << 2));
  if (frame == 0) return takeRun(zone, 0);
  const info = frameInfo(frame);
  store<u32>(stackHeads + (zone << 2), info.next);
  store<u32>(stackDepths + (zone << 2), load<u32>(stackDepths + (zone << 2)) - 1);
  freeCount--;
  info.kind = <u8>FrameKind.Used;
  info.order = 0;
  info.refs = 1;
  info.next = 0;
  return frame;
}

function mayFail(): bool {
  if (failAfter < 0) return false;
  if (failAfter == 0) return true;
  failAfter--;
  return false;
}

/** One frame for a user or file page, from high memory when there is some; refs is 1. 0 when none is left. */
export function frameAlloc(): u32 {
  if (mayFail()) return 0;
  const frame = highCount != 0 ? takeSingle(1) : 0;
  return frame != 0 ? frame : takeSingle(0);
}

/** frameAlloc of a frame that `account` pays for; 0 also when its limit is reached. */
export function frameAllocFor(account: Account, kind: u32): u32 {
  if (!accountTakesFrame(account)) return 0;
  const frame = frameAlloc();
  if (frame != 0) frameCharge(frame, account, kind);
  return frame;
}

/** Lets `account` pay for a frame that nobody pays for. */
@inline
export function frameCharge(frame: u32, account: Account, kind: u32): void {
  const info = frameInfo(frame);
  info.next = <u32>changetype<usize>(account);
  info.prev = kind;
  accountAdd(account, kind);
}

/** Nobody pays for the frame any more. */
@inline
export function frameUncharge(info: FrameInfo): void {
  const account = <usize>info.next;
  if (account == 0) return;
  info.next = 0;
  accountTakeOff(changetype<Account>(account), info.prev);
}

/** 2^order frames below 1 GiB; returns their linear address, or 0 when none are left. refs of the first is 1. */
export function frameAllocLow(order: u32): usize {
  if (mayFail()) return 0;
  let frame = order == 0 ? takeSingle(0) : takeRun(0, order);
  if (frame == 0 && order != 0) {
    drainStack(0);
    frame = takeRun(0, order);
  }
  return (<usize>frame) << PAGE_SHIFT;
}

/** Gives back 2^order frames, whatever their reference count. Nobody pays for them any more. */
export function frameFree(frame: u32, order: u32): void {
  const info = frameInfo(frame);
  assert(<i32>info.kind >= FrameKind.Used, "a free or reserved frame was freed");
  if (info.kind == FrameKind.Used) frameUncharge(info);
  info.refs = 0;
  const zone = zoneOf(frame);
  if (order != 0 || load<u32>(stackDepths + (zone << 2)) >= STACK_LIMIT) {
    info.kind = <u8>FrameKind.Used;
    freeRun(frame, order);
    return;
  }
  info.kind = <u8>FrameKind.Stacked;
  info.next = load<u32>(stackHeads + (zone << 2));
  store<u32>(stackHeads + (zone << 2), frame);
  store<u32>(stackDepths + (zone << 2), load<u32>(stackDepths + (zone << 2)) + 1);
  freeCount++;
}

/** Adds a reference to a single frame. */
@inline
export function frameRetain(frame: u32): void {
  frameInfo(frame).refs++;
}

/** Drops a reference to a single frame; the last one frees it. A reserved frame (boot data) only counts. */
export function frameRelease(frame: u32): void {
  const info = frameInfo(frame);
  assert(info.refs != 0, "frame released too often");
  if (--info.refs == 0 && info.kind != FrameKind.Reserved) frameFree(frame, 0);
}

/** Frames that are free now. */
export function framesFree(): u32 {
  return freeCount;
}

/** The fewest frames that have ever been free: what the machine has used at most is framesUsable less that. */
export function framesLeastFree(): u32 {
  return min(leastFree, freeCount);
}

/** Frames the allocator was given in all. */
export function framesUsable(): u32 {
  return usableCount;
}

/** One past the highest frame number described. */
export function framesEnd(): u32 {
  return infoEnd;
}

/** For tests: grant `n` more allocations, then fail each one; -1 lifts the limit. */
export function frameFailAfter(n: i32): void {
  failAfter = n;
}
