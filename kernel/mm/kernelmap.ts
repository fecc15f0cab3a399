// The kernel's own page tables: exact replacements for those that shim/boot.S started with. Nothing is both writable and executable, in
// any of the mappings; page 0 of the linear window is unmapped, so that a null reference traps; the page under the kernel stack too.
// Every address space shares the tables below the two top-level entries made here.

import { kernelAccount } from "./account";
import { dataBytes, dataStart, imageEnd, imageRodataEnd, imageStart, imageTextEnd, loadCr3, stackGuard } from "../../shim/isa";
import { ramRanges, rangeEnd } from "../boot/memorymap";
import { PAGE_SIZE } from "./frame";
import { PTE_ADDRESS, PTE_GLOBAL, PTE_LARGE, PTE_NO_EXECUTE, PTE_PRESENT, PTE_WRITE, slotOf, tableNew } from "./pagetable";

const LINEAR_BASE: u64 = 0xffff_ffff_8000_0000;
const IMAGE_BASE: u64 = 0xffff_ffff_c000_0000;
const DATA_BASE: u64 = 0xffff_ffff_d000_0000;
const PHYSICAL_BASE: u64 = 0xffff_8080_0000_0000;
const LARGE_BYTES: u64 = 0x20_0000;
const GIB: u64 = 0x4000_0000;

const READ_WRITE: u64 = PTE_PRESENT | PTE_WRITE | PTE_GLOBAL | PTE_NO_EXECUTE;
const READ_ONLY: u64 = PTE_PRESENT | PTE_GLOBAL | PTE_NO_EXECUTE;
const EXECUTE: u64 = PTE_PRESENT | PTE_GLOBAL;

let root: usize = 0;
let failed = false;

/** The next table down from `slot`, made if need be; 0 when memory is short. */
function descend(slot: usize): usize {
  const entry = load<u64>(slot);
  if (entry & PTE_PRESENT) return <usize>(entry & PTE_ADDRESS);
  const table = tableNew(kernelAccount);
  if (table == 0) failed = true;
  else store<u64>(slot, (<u64>table) | PTE_PRESENT | PTE_WRITE);
  return table;
}

function tableAt(va: u64, level: u32): usize {
  let table = root;
  for (let l: u32 = 3; l > level && table != 0; l--) table = descend(slotOf(table, va, l));
  return table;
}

function mapPage(va: u64, pa: u64, bits: u64): void {
  const table = tableAt(va, 0);
  if (table != 0) store<u64>(slotOf(table, va, 0), pa | bits);
}

function mapLarge(va: u64, pa: u64, bits: u64): void {
  const table = tableAt(va, 1);
  if (table != 0) store<u64>(slotOf(table, va, 1), pa | bits | PTE_LARGE);
}

/** Maps [0, end) at `base` readable and writable, but the kernel's code and constants read-only; `skipNull` leaves page 0 out. */
function mapRam(base: u64, end: u64, skipNull: bool): void {
  for (let pa: u64 = 0; pa < end; pa += LARGE_BYTES) {
    const holdsImage = pa < imageRodataEnd() && pa + LARGE_BYTES > imageStart();
    if (!holdsImage && !(skipNull && pa == 0)) {
      mapLarge(base + pa, pa, READ_WRITE);
      continue;
    }
    for (let p = pa; p < pa + LARGE_BYTES; p += PAGE_SIZE) {
      if (skipNull && p == 0) continue;
      mapPage(base + p, p, p >= imageStart() && p < imageRodataEnd() ? READ_ONLY : READ_WRITE);
    }
  }
}

/** Builds the tables and switches to them; false when memory is short. */
export function kernelMapInit(): bool {
  root = tableNew(kernelAccount);
  if (root == 0) return false;
  let end: u64 = 4 * GIB;
  for (let i: u32 = 0; i < ramRanges(); i++) end = max(end, rangeEnd(i));
  mapRam(PHYSICAL_BASE, end, false);
  mapRam(LINEAR_BASE, GIB, true);
  for (let pa = imageStart(); pa < imageEnd(); pa += PAGE_SIZE) {
    if (pa >= dataStart() && pa < dataStart() + dataBytes()) continue;
    if (pa == stackGuard()) continue;
    mapPage(IMAGE_BASE + pa, pa, pa < imageTextEnd() ? EXECUTE : pa < imageRodataEnd() ? READ_ONLY : READ_WRITE);
  }
  for (let offset: u64 = 0; offset < dataBytes(); offset += PAGE_SIZE) mapPage(DATA_BASE + offset, dataStart() + offset, READ_WRITE);
  if (failed) return false;
  loadCr3(root);
  return true;
}

/** The tables that show no user memory: what the CPU uses while it idles, and where new address spaces get the kernel's half from. */
export function kernelRoot(): usize {
  return root;
}

/** Walks a whole tree of tables; returns the number of present leaves that are writable and executable at once (0, or a bug). */
export function countWritableExecutable(table: usize, level: u32): u32 {
  let found: u32 = 0;
  for (let i: usize = 0; i < 512; i++) {
    const entry = load<u64>(table + (i << 3));
    if (!(entry & PTE_PRESENT)) continue;
    if (level == 0 || entry & PTE_LARGE) found += entry & PTE_WRITE && !(entry & PTE_NO_EXECUTE) ? 1 : 0;
    else found += countWritableExecutable(<usize>(entry & PTE_ADDRESS), level - 1);
  }
  return found;
}
