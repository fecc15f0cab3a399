// What a loader for PVH told (include/xen/interface/hvm/start_info.h of the Xen project): QEMU -kernel, and our own UEFI loader
// (shim/uefi/). hvm_start_info, its module list and memory map lie in low memory, in ranges the map calls RAM.

import { setCommandLine } from "./commandline";
import { addRam, setAcpiRoot } from "./memorymap";
import { addModule } from "./modules";

export const PVH_MAGIC: u32 = 0x336ec578;
const MEMORY_RAM: u32 = 1;
const MODULE_BYTES: u32 = 32;
const ENTRY_BYTES: u32 = 24;
/** More of them cannot be right. */
const COUNT_MAX: u32 = 4096;

/** Reads hvm_start_info at `info`. */
export function readPvh(info: usize): void {
  const modules = min(load<u32>(info, 12), COUNT_MAX);
  const list = <usize>load<u64>(info, 16);
  for (let i: u32 = 0; i < modules; i++) {
    const module = list + i * MODULE_BYTES;
    addModule(load<u64>(module), load<u64>(module, 8), <usize>load<u64>(module, 16));
  }
  const line = <usize>load<u64>(info, 24);
  if (line != 0) setCommandLine(line);
  setAcpiRoot(load<u64>(info, 32));
  const map = <usize>load<u64>(info, 40);
  const entries = min(load<u32>(info, 48), COUNT_MAX);
  for (let i: u32 = 0; i < entries; i++) {
    const entry = map + i * ENTRY_BYTES;
    if (load<u32>(entry, 16) == MEMORY_RAM) addRam(load<u64>(entry), load<u64>(entry, 8));
  }
}
