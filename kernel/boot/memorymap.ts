// RAM at boot: the ranges that the loader told of become the frame allocator's, but for what is in use already: the kernel's image, the
// modules, and the array that describes the frames.

import { imageEnd, imageStart, physicalCopyPage } from "../../shim/isa";
import { frameAddRange, frameInfoBytes, frameInit, LOW_FRAMES, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { moduleBytes, moduleCount, moduleStart, moveModule } from "./modules";

const RANGES_MAX: u32 = 64;
/** More RAM than 128 GiB is left alone: its frames' descriptions would not fit below 1 GiB, where the kernel's own objects live. */
const FRAMES_MAX: u64 = 1 << 25;
/** Below this: real-mode vectors, the BIOS data area, and later the trampoline of the other CPUs. */
const LOWEST_FRAME: u32 = 16;
const LOW_END: u64 = (<u64>LOW_FRAMES) << PAGE_SHIFT;

/** RAM ranges as pairs of u64: start, end; whole frames. */
const ranges = memory.data(64 * 16, 16);
let rangeCount: u32 = 0;
/** What is in use, in the same form: the image, the array, and as many modules as there may be. */
const holes = memory.data(66 * 16, 16);
let holeCount: u32 = 0;

/** Physical address of the ACPI root pointer, 0 if the loader does not tell. */
export let acpiRoot: u64 = 0;
/** One past the highest RAM frame that is used. */
export let lastFrame: u32 = 0;

export function setAcpiRoot(pa: u64): void {
  acpiRoot = pa;
}

@inline
function upToPage(pa: u64): u64 {
  return (pa + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1);
}

@inline
function downToPage(pa: u64): u64 {
  return pa & ~(<u64>PAGE_SIZE - 1);
}

/** There is RAM in [start, start + bytes); parts of frames do not count. */
export function addRam(start: u64, bytes: u64): void {
  const from = upToPage(start);
  const to = downToPage(start + bytes);
  if (to <= from || rangeCount == RANGES_MAX) return;
  store<u64>(ranges + rangeCount * 16, from);
  store<u64>(ranges + rangeCount * 16, to, 8);
  rangeCount++;
  lastFrame = max(lastFrame, <u32>min<u64>(to >> PAGE_SHIFT, FRAMES_MAX));
}

/** RAM range `i`: its first frame and, by rangeEnd, one past its last; for the kernel's map of physical memory. */
export function rangeStart(i: u32): u64 {
  return load<u64>(ranges + i * 16);
}
export function rangeEnd(i: u32): u64 {
  return load<u64>(ranges + i * 16, 8);
}
export function ramRanges(): u32 {
  return rangeCount;
}

@inline
function holeStart(i: u32): u64 {
  return load<u64>(holes + i * 16);
}
@inline
function holeEnd(i: u32): u64 {
  return load<u64>(holes + i * 16, 8);
}

/** [start, end) is in use. */
function addHole(start: u64, end: u64): void {
  store<u64>(holes + holeCount * 16, downToPage(start));
  store<u64>(holes + holeCount * 16, upToPage(end), 8);
  holeCount++;
}

/** The hole that reaches into [from, to) first; -1 when none does. */
function firstHole(from: u64, to: u64): i32 {
  let found = -1;
  for (let i: u32 = 0; i < holeCount; i++)
    if (holeEnd(i) > from && holeStart(i) < to && (found < 0 || holeStart(i) < holeStart(found))) found = i;
  return found;
}

/** Gives [from, to) to the frame allocator, but for the holes. */
function addWithoutHoles(from: u64, to: u64): void {
  while (from < to) {
    const hole = firstHole(from, to);
    const end = hole < 0 ? to : holeStart(hole);
    if (end > from) frameAddRange(<u32>(from >> PAGE_SHIFT), <u32>(end >> PAGE_SHIFT));
    from = hole < 0 ? to : holeEnd(hole);
  }
}

/** A place in low RAM behind the image, clear of all holes; 0 if there is none. */
function placeLow(bytes: u64): u64 {
  for (let i: u32 = 0; i < rangeCount; i++) {
    let start = max(rangeStart(i), upToPage(imageEnd()));
    const end = min(rangeEnd(i), LOW_END);
    for (let hole = firstHole(start, start + bytes); hole >= 0; hole = firstHole(start, start + bytes)) start = holeEnd(hole);
    if (start + bytes <= end) return start;
  }
  return 0;
}

/**
 * Brings the boot archive, the first module, down from above 1 GiB to where the linear window shows it, so that its files can be used in
 * place; one for which there is no room is given up.
 */
function lowerArchive(): void {
  if (moduleCount() == 0 || moduleStart(0) + moduleBytes(0) <= LOW_END) return;
  const from = moduleStart(0);
  const pages = upToPage(moduleBytes(0)) >> PAGE_SHIFT;
  const to = placeLow(pages << PAGE_SHIFT);
  for (let i: u64 = 0; i < pages && to != 0; i++) physicalCopyPage(to + (i << PAGE_SHIFT), from + (i << PAGE_SHIFT));
  moveModule(0, to);
}

/** What is in use, but for the array. */
function findHoles(): void {
  holeCount = 0;
  addHole(imageStart(), imageEnd());
  for (let i: u32 = 0; i < moduleCount(); i++) addHole(moduleStart(i), moduleStart(i) + moduleBytes(i));
}

/** Makes the frame allocator own all RAM but the kernel image, the modules and its own array; false when RAM does not suffice. */
export function initFrames(): bool {
  findHoles();
  lowerArchive();
  findHoles();
  const bytes = frameInfoBytes(lastFrame);
  const array = placeLow(bytes);
  if (array == 0) return false;
  addHole(array, array + bytes);
  memory.fill(<usize>array, 0, bytes);
  frameInit(<usize>array, lastFrame);
  for (let i: u32 = 0; i < rangeCount; i++) addWithoutHoles(max(rangeStart(i), (<u64>LOWEST_FRAME) << PAGE_SHIFT), rangeEnd(i));
  return true;
}
