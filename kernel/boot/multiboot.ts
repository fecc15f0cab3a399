// What a loader for Multiboot2 told (Multiboot2 Specification 2.0, 3.6): GRUB on machines with a BIOS. A list of tags, each padded
// to 8 bytes. The copy of ACPI's root pointer among them would not outlive this; a BIOS leaves the pointer where drivers/platform/power.ts finds it.

import { setCommandLine } from "./commandline";
import { setFramebuffer } from "./framebuffer";
import { addRam } from "./memorymap";
import { addModule } from "./modules";

/** In EAX at entry. */
export const MULTIBOOT_MAGIC: u32 = 0x36d76289;
const MEMORY_RAM: u32 = 1;
const FRAMEBUFFER_RGB: u8 = 1;

const enum Tag {
  End = 0,
  CommandLine = 1,
  Module = 3,
  MemoryMap = 6,
  Framebuffer = 8,
}

/** Reads the boot information at `info`. */
export function readMultiboot(info: usize): void {
  const end = info + load<u32>(info);
  let tag = info + 8;
  while (tag + 8 <= end) {
    const bytes = load<u32>(tag, 4);
    if (load<u32>(tag) == Tag.End || bytes < 8) return;
    readTag(tag, bytes);
    tag += (bytes + 7) & ~7;
  }
}

function readTag(tag: usize, bytes: u32): void {
  switch (load<u32>(tag)) {
    case Tag.CommandLine:
      setCommandLine(tag + 8);
      break;
    case Tag.Module: {
      const start = load<u32>(tag, 8);
      addModule(start, load<u32>(tag, 12) - start, tag + 16);
      break;
    }
    case Tag.MemoryMap: {
      const step = max<u32>(load<u32>(tag, 8), 24);
      for (let entry = tag + 16; entry + 24 <= tag + bytes; entry += step)
        if (load<u32>(entry, 16) == MEMORY_RAM) addRam(load<u64>(entry), load<u64>(entry, 8));
      break;
    }
    case Tag.Framebuffer:
      if (load<u8>(tag, 29) == FRAMEBUFFER_RGB)
        setFramebuffer(
          load<u64>(tag, 8),
          load<u32>(tag, 20),
          load<u32>(tag, 24),
          load<u32>(tag, 16),
          load<u8>(tag, 28),
          load<u8>(tag, 32),
          load<u8>(tag, 34),
          load<u8>(tag, 36),
        );
      break;
  }
}
