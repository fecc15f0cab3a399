// What the boot loader told: RAM, the boot archive, the command line. PVH (include/xen/interface/hvm/start_info.h of the Xen project):
// hvm_start_info, its module list and memory map lie in low memory, in ranges the map calls RAM; what we need of them is copied
// before the frame allocator gets those ranges.

import { bootInfo, imageEnd, imageStart, physicalCopyPage } from "../../shim/isa";
import { frameAddRange, frameInfoBytes, frameInit, LOW_FRAMES, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";

const START_INFO_MAGIC: u32 = 0x336ec578;
const MEMORY_RAM: u32 = 1;
const RANGES_MAX: u32 = 64;
/** More RAM than 128 GiB is left alone: its frames' descriptions would not fit below 1 GiB, where the kernel's own objects live. */
const FRAMES_MAX: u64 = 1 << 25;
/** Below this: real-mode vectors, the BIOS data area, and later the trampoline of the other CPUs. */
const LOWEST_FRAME: u32 = 16;

/** RAM ranges as pairs of u64: start, end; whole frames. */
const ranges = memory.data(64 * 16, 16);
let rangeCount: u32 = 0;

const COMMAND_LINE_MAX: u32 = 2048;
export const commandLine = memory.data(2048, 16);
export let commandLineLength: u32 = 0;

/** Physical range of the boot archive; bytes is 0 when there is none. */
export let archiveStart: u64 = 0;
export let archiveBytes: u64 = 0;
/** Physical address of the ACPI root pointer, 0 if the loader does not tell. */
export let acpiRoot: u64 = 0;
/** One past the highest RAM frame that is used. */
export let lastFrame: u32 = 0;

/** Reads the loader's structures; false when they are not PVH's. */
export function readBootInfo(): bool {
  const info = bootInfo();
  if (load<u32>(info) != START_INFO_MAGIC) return false;
  const modules = load<u32>(info, 12);
  if (modules != 0) {
    const module = <usize>load<u64>(info, 16);
    archiveStart = load<u64>(module);
    archiveBytes = load<u64>(module, 8);
  }
  const line = <usize>load<u64>(info, 24);
  if (line != 0)
    while (commandLineLength < COMMAND_LINE_MAX - 1 && load<u8>(line + commandLineLength) != 0) {
      store<u8>(commandLine + commandLineLength, load<u8>(line + commandLineLength));
      commandLineLength++;
    }
  acpiRoot = load<u64>(info, 32);
  const map = <usize>load<u64>(info, 40);
  const entries = load<u32>(info, 48);
  for (let i: u32 = 0; i < entries && rangeCount < RANGES_MAX; i++) {
    const entry = map + i * 24;
    if (load<u32>(entry, 16) != MEMORY_RAM) continue;
    const start = (load<u64>(entry) + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1);
    const end = (load<u64>(entry) + load<u64>(entry, 8)) & ~(<u64>PAGE_SIZE - 1);
    if (end <= start) continue;
    store<u64>(ranges + rangeCount * 16, start);
    store<u64>(ranges + rangeCount * 16, end, 8);
    rangeCount++;
    lastFrame = max(lastFrame, <u32>min<u64>(end >> PAGE_SHIFT, FRAMES_MAX));
  }
  return rangeCount != 0;
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

/** Adds [from, to) to the allocator except for the parts taken by the image, the archive and the frame array, in that order. */
function addExcept(from: u64, to: u64, hole: u32, arrayStart: u64, arrayEnd: u64): void {
  if (from >= to) return;
  if (hole == 3) {
    frameAddRange(<u32>(from >> PAGE_SHIFT), <u32>(to >> PAGE_SHIFT));
    return;
  }
  const start = hole == 0 ? imageStart() : hole == 1 ? archiveStart : arrayStart;
  const end = hole == 0 ? imageEnd() : hole == 1 ? archiveStart + archiveBytes : arrayEnd;
  const first = max(from, start & ~(<u64>PAGE_SIZE - 1));
  const last = min(to, (end + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1));
  if (start == end || first >= last) {
    addExcept(from, to, hole + 1, arrayStart, arrayEnd);
    return;
  }
  addExcept(from, first, hole + 1, arrayStart, arrayEnd);
  addExcept(last, to, hole + 1, arrayStart, arrayEnd);
}

/** A place in low RAM behind the image, clear of the archive: for the frame array, or for the archive itself. 0 if there is none. */
function placeLow(bytes: u64): u64 {
  const archiveEnd = archiveStart + archiveBytes;
  for (let i: u32 = 0; i < rangeCount; i++) {
    let start = max(rangeStart(i), (imageEnd() + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1));
    const end = min(rangeEnd(i), (<u64>LOW_FRAMES) << PAGE_SHIFT);
    if (archiveBytes != 0 && start < archiveEnd && archiveStart < start + bytes)
      start = (archiveEnd + PAGE_SIZE - 1) & ~(<u64>PAGE_SIZE - 1);
    if (start + bytes <= end && !(archiveBytes != 0 && start < archiveEnd && archiveStart < start + bytes)) return start;
  }
  return 0;
}

/**
 * Brings an archive that the loader has put above 1 GiB down to where the linear window shows it, so that its files can be used in place; an
 * archive for which there is no room is given up (archiveBytes 0).
 */
function lowerArchive(): void {
  if (archiveStart + archiveBytes <= (<u64>LOW_FRAMES) << PAGE_SHIFT) return;
  const pages = (archiveBytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
  const to = placeLow(pages << PAGE_SHIFT);
  if (to == 0) archiveBytes = 0;
  for (let i: u64 = 0; i < pages && to != 0; i++) physicalCopyPage(to + (i << PAGE_SHIFT), archiveStart + (i << PAGE_SHIFT));
  archiveStart = to;
}

/** Makes the frame allocator own all RAM but the kernel image, the boot archive and its own array; false when RAM does not suffice. */
export function initFrames(): bool {
  lowerArchive();
  const bytes = frameInfoBytes(lastFrame);
  const array = placeLow(bytes);
  if (array == 0) return false;
  memory.fill(<usize>array, 0, bytes);
  frameInit(<usize>array, lastFrame);
  for (let i: u32 = 0; i < rangeCount; i++)
    addExcept(max(rangeStart(i), (<u64>LOWEST_FRAME) << PAGE_SHIFT), rangeEnd(i), 0, array, array + bytes);
  return true;
}
