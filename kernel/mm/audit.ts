// A look at the page tables as the CPU sees them, for tests: no page may be writable and executable at once, but for those of a program that
// asked for such a mapping, and every address space shows the kernel's half and nothing else above it (docs/control-protocol.md, STATS).

import { countWritableExecutable, kernelRoot } from "./kernelmap";
import { PAGE_SIZE } from "./frame";
import { PTE_ADDRESS, PTE_NO_EXECUTE, PTE_PRESENT, PTE_WRITE } from "./pagetable";
import { AddressSpace } from "./space";
import { VmaFlag } from "./vma";
import { vmaFind } from "./vmatree";

const KERNEL_SLOTS: u32 = 256;
const BOTH: u32 = VmaFlag.Write | VmaFlag.Execute;

/** Pages of the kernel's own half that are writable and executable: 0, or a bug. */
export function auditKernel(): u32 {
  return countWritableExecutable(kernelRoot(), 3);
}

/** Bugs in the tables of one space: entries of the kernel's half that are not the kernel's, and pages with more rights than their mapping. */
export function auditSpace(space: AddressSpace): u32 {
  let found: u32 = 0;
  for (let i: usize = KERNEL_SLOTS; i < 2 * KERNEL_SLOTS; i++) {
    if (load<u64>(space.root + (i << 3)) != load<u64>(kernelRoot() + (i << 3))) found++;
  }
  return found + auditTable(space, space.root, 3, KERNEL_SLOTS, 0);
}

/** Writable and executable pages under the first `slots` entries of `table`, which shows addresses from `start` on, without a mapping for both. */
function auditTable(space: AddressSpace, table: usize, level: u32, slots: u32, start: u64): u32 {
  let found: u32 = 0;
  for (let i: u32 = 0; i < slots; i++) {
    const entry = load<u64>(table + ((<usize>i) << 3));
    if (!(entry & PTE_PRESENT)) continue;
    const va = start + ((<u64>i * PAGE_SIZE) << (9 * <u64>level));
    if (level != 0) found += auditTable(space, <usize>(entry & PTE_ADDRESS), level - 1, 512, va);
    else if (entry & PTE_WRITE && !(entry & PTE_NO_EXECUTE)) {
      const vma = vmaFind(space, va);
      if (!vma || (vma.flags & BOTH) != BOTH) found++;
    }
  }
  return found;
}
