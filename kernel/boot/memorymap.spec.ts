import { frameAlloc, frameAllocLow, frameInfo, frameInfoBytes, FrameKind, framesEnd, framesFree } from "../mm/frame";
import { bytesEqualLiteral, putLiteral } from "../lib/bytes";
import { commandLine, commandLineLength } from "./commandline";
import { readBootInfo } from "./loader";
import { acpiRoot, initFrames, lastFrame, ramRanges, rangeEnd, rangeStart } from "./memorymap";
import { moduleBytes, moduleCount, moduleName, moduleNameLength, moduleStart } from "./modules";
import { setBoot } from "./testing";

const MIB: u64 = 1 << 20;
const MAGIC: u32 = 0x336ec578;

const info = memory.data(56, 8);
const modules = memory.data(64, 8);
const path = memory.data(32, 8);
const map = memory.data(16 * 24, 8);
const line = memory.data(4096, 8);
let entries: u32 = 0;

function add(start: u64, bytes: u64, type: u32): void {
  const at = map + entries++ * 24;
  store<u64>(at, start);
  store<u64>(at, bytes, 8);
  store<u32>(at, type, 16);
}

// What a loader told is read once: so one machine for the whole file. It has 24 MiB of RAM with a hole, a kernel and an archive.
describe("the memory map", () => {
  test("is not read from what is no PVH information", () => {
    store<u32>(info, 0x2badb002);
    setBoot(info, 0, 0);
    expect(readBootInfo()).toBe(false);
    expect(ramRanges()).toBe(0);
  });

  test("takes whole frames of RAM, the modules, the command line and the ACPI root", () => {
    store<u32>(info, MAGIC);
    store<u32>(info, 2, 12);
    store<u64>(info, <u64>modules, 16);
    store<u64>(modules, 40 * MIB + 512);
    store<u64>(modules, 5000, 8);
    store<u64>(modules, 46 * MIB, 32);
    store<u64>(modules, 1, 40);
    store<u64>(modules, <u64>path, 48);
    store<u8>(path + putLiteral(path, "/containers/web.tar"), 0);
    store<u64>(info, <u64>line, 24);
    const length = putLiteral(line, "console=ttyS0 quiet");
    store<u8>(line + length, 0);
    store<u64>(info, 0xf5a10, 32);
    store<u64>(info, <u64>map, 40);
    add(0, 0x9fc00, 1); // ends within a frame
    add(0x9fc00, 0x400, 2);
    add(32 * MIB + 100, 16 * MIB - 100, 1); // starts within one
    add(48 * MIB, 8 * MIB, 3); // ACPI tables
    add(64 * MIB, 100, 1); // less than a frame
    add(64 * MIB, 8 * MIB, 1);
    store<u32>(info, entries, 48);
    expect(readBootInfo()).toBe(true);
    expect(ramRanges()).toBe(3);
    expect(rangeStart(0)).toBe(0);
    expect(rangeEnd(0)).toBe(0x9f000);
    expect(rangeStart(1)).toBe(32 * MIB + 4096);
    expect(rangeEnd(1)).toBe(48 * MIB);
    expect(lastFrame).toBe(<u32>((72 * MIB) >> 12));
    expect(moduleCount()).toBe(2);
    expect(moduleStart(0)).toBe(40 * MIB + 512);
    expect(moduleBytes(0)).toBe(5000);
    expect(moduleNameLength(0)).toBe(0);
    expect(moduleStart(1)).toBe(46 * MIB);
    expect(bytesEqualLiteral(moduleName(1), moduleNameLength(1), "web.tar")).toBe(true);
    expect(acpiRoot).toBe(0xf5a10);
    expect(commandLineLength).toBe(length);
    expect(bytesEqualLiteral(commandLine, commandLineLength, "console=ttyS0 quiet")).toBe(true);
  });

  test("gives all RAM to the allocator but the kernel, the modules, the lowest frames and the array itself", () => {
    heap.free(heap.alloc(1)); // the test runner's allocator first; then memory up to the machine's last byte
    const have = memory.size();
    if (have < 72 * 16) memory.grow(72 * 16 - have);
    setBoot(info, 32 * MIB + 4096, 33 * MIB + 10);
    expect(initFrames()).toBe(true);
    const last = lastFrame;
    expect(framesEnd()).toBe(last);
    expect(frameInfo(15).kind).toBe(<u8>FrameKind.Reserved);
    expect(frameInfo(16).kind).not.toBe(<u8>FrameKind.Reserved);
    expect(frameInfo(0x9f).kind).toBe(<u8>FrameKind.Reserved);
    const archive = <u32>((40 * MIB) >> 12);
    for (let f = archive; f < archive + 2; f++) expect(frameInfo(f).kind).toBe(<u8>FrameKind.Reserved);
    expect(frameInfo(archive - 1).kind).not.toBe(<u8>FrameKind.Reserved);
    expect(frameInfo(archive + 2).kind).not.toBe(<u8>FrameKind.Reserved);
    expect(frameInfo(<u32>((46 * MIB) >> 12)).kind).toBe(<u8>FrameKind.Reserved);
    for (let f = <u32>((48 * MIB) >> 12); f < <u32>((64 * MIB) >> 12); f++) expect(frameInfo(f).kind).toBe(<u8>FrameKind.Reserved);
    // 16 MiB - 1 page + 8 MiB + 0x9f - 16 low frames, less kernel (to 33 MiB and a bit), modules and array.
    const array = (frameInfoBytes(last) + 4095) >> 12;
    expect(framesFree()).toBe(4095 + 2048 + (0x9f - 16) - 256 - 2 - 1 - array);
    expect(frameAlloc()).not.toBe(0);
    expect(frameAllocLow(10)).not.toBe(0);
  });

  test("leaves RAM alone that cannot be described", () => {
    store<u64>(map, (<u64>1) << 40);
    store<u64>(map, (<u64>1) << 40, 8);
    store<u32>(info, 1, 48);
    expect(readBootInfo()).toBe(true);
    expect(lastFrame).toBe(1 << 25);
  });
});
