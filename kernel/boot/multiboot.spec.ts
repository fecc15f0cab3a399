import { bytesEqualLiteral, putLiteral } from "../lib/bytes";
import { commandLine, commandLineLength } from "./commandline";
import {
  framebufferAddress,
  framebufferBlue,
  framebufferPitch,
  framebufferPixelBytes,
  framebufferRed,
  framebufferWidth,
} from "./framebuffer";
import { readBootInfo } from "./loader";
import { ramRanges, rangeEnd } from "./memorymap";
import { moduleBytes, moduleCount, moduleName, moduleNameLength, moduleStart } from "./modules";
import { setBoot, setBootMagic } from "./testing";

const info = memory.data(512, 8);
let at: usize = 0;

function tag(type: u32, bytes: u32): usize {
  const p = at;
  store<u32>(p, type);
  store<u32>(p, bytes, 4);
  at += (bytes + 7) & ~7;
  return p;
}

describe("Multiboot2", () => {
  test("is known by EAX alone", () => {
    store<u32>(info, 16);
    setBoot(info, 0, 0);
    setBootMagic(0x2badb002);
    expect(readBootInfo()).toBe(false);
  });

  test("tells of memory, modules, the command line and a screen", () => {
    at = info + 8;
    const line = tag(1, 8 + 6);
    store<u8>(line + 8 + putLiteral(line + 8, "quiet"), 0);
    const module = tag(3, 16 + 19);
    store<u32>(module, 0x400000, 8);
    store<u32>(module, 0x400123, 12);
    store<u8>(module + 16 + putLiteral(module + 16, "/cyrius/system.tar"), 0);
    const map = tag(6, 16 + 2 * 24);
    store<u32>(map, 24, 8);
    store<u64>(map, 0x100000, 16);
    store<u64>(map, 0x700000, 24);
    store<u32>(map, 1, 32);
    store<u64>(map, 0x800000, 40);
    store<u64>(map, 0x100000, 48);
    store<u32>(map, 2, 56);
    const screen = tag(8, 38);
    store<u64>(screen, 0xfd000000, 8);
    store<u32>(screen, 1024 * 3, 16);
    store<u32>(screen, 1024, 20);
    store<u32>(screen, 768, 24);
    store<u8>(screen, 24, 28);
    store<u8>(screen, 1, 29);
    store<u8>(screen, 16, 32);
    store<u8>(screen, 8, 34);
    store<u8>(screen, 0, 36);
    tag(99, 12); // of a kind that is not known
    tag(0, 8);
    store<u32>(info, <u32>(at - info));
    setBootMagic(0x36d76289);
    expect(readBootInfo()).toBe(true);
    expect(ramRanges()).toBe(1);
    expect(rangeEnd(0)).toBe(0x800000);
    expect(moduleCount()).toBe(1);
    expect(moduleStart(0)).toBe(0x400000);
    expect(moduleBytes(0)).toBe(0x123);
    expect(bytesEqualLiteral(moduleName(0), moduleNameLength(0), "system.tar")).toBe(true);
    expect(bytesEqualLiteral(commandLine, commandLineLength, "quiet")).toBe(true);
    expect(framebufferAddress).toBe(0xfd000000);
    expect(framebufferWidth).toBe(1024);
    expect(framebufferPitch).toBe(3072);
    expect(framebufferPixelBytes).toBe(3);
    expect(framebufferRed).toBe(16);
    expect(framebufferBlue).toBe(0);
  });
});
