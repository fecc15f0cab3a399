// Page tables: the hardware's four-level tree (Intel SDM 3A 4.5). Tables lie in low memory, so that AssemblyScript edits them with plain
// loads and stores. A leaf entry of a user page that is not zero owns one reference to its frame; it lacks the present bit while the
// mapping allows no access (PROT_NONE), so that the page comes back with the access.

import { Errno } from "../errno";
import { Result } from "../result";
import { Account, accountTakesFrame, Charge } from "./account";
import { frameAllocLow, frameCharge, frameFree, frameInfo, frameUncharge, PAGE_SHIFT, PAGE_SIZE } from "./frame";

export const PTE_PRESENT: u64 = 1;
export const PTE_WRITE: u64 = 2;
export const PTE_USER: u64 = 4;
export const PTE_ACCESSED: u64 = 0x20;
export const PTE_DIRTY: u64 = 0x40;
export const PTE_LARGE: u64 = 0x80;
export const PTE_GLOBAL: u64 = 0x100;
export const PTE_NO_EXECUTE: u64 = (<u64>1) << 63;
export const PTE_ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/** Frame number of a present entry. */
@inline
export function pteFrame(entry: u64): u32 {
  return <u32>((entry & PTE_ADDRESS) >> PAGE_SHIFT);
}

/** Tables that are free and all zero, linked through their first word: whoever frees a table has cleared it slot by slot anyway. */
let pool: usize = 0;
let poolCount: u32 = 0;
const POOL_LIMIT: u32 = 64;

/** A zeroed table page that `account` pays for; 0 when memory is short or its limit is reached. */
export function tableNew(account: Account): usize {
  if (!accountTakesFrame(account)) return 0;
  let table = pool;
  if (table != 0) {
    pool = <usize>load<u64>(table);
    poolCount--;
    store<u64>(table, 0);
  } else {
    table = frameAllocLow(0);
    if (table == 0) return 0;
    memory.fill(table, 0, PAGE_SIZE);
  }
  frameCharge(<u32>(table >> PAGE_SHIFT), account, Charge.PageTable);
  return table;
}

/** Gives a table back whose slots are all zero. */
export function tableFree(table: usize): void {
  lastRoot = 0;
  if (poolCount >= POOL_LIMIT) {
    frameFree(<u32>(table >> PAGE_SHIFT), 0);
    return;
  }
  frameUncharge(frameInfo(<u32>(table >> PAGE_SHIFT)));
  store<u64>(table, pool);
  pool = table;
  poolCount++;
}

/** Tables kept for reuse: free memory, though not the frame allocator's. */
export function tablesPooled(): u32 {
  return poolCount;
}

/** Gives the pool back to the frame allocator: memory is short, or a test counts. How many frames that were. */
export function tablesRelease(): u32 {
  const n = poolCount;
  while (pool != 0) {
    const table = pool;
    pool = <usize>load<u64>(table);
    frameFree(<u32>(table >> PAGE_SHIFT), 0);
  }
  poolCount = 0;
  return n;
}

/** Linear address of the slot of `va` in `table` at `level` (3: PML4 .. 0: page table). */
@inline
export function slotOf(table: usize, va: u64, level: u32): usize {
  return table + ((<usize>((va >> (12 + 9 * <u64>level)) & 511)) << 3);
}

/** The leaf slot of `va`, or 0 when a table on the way is missing. */
export function findSlot(root: usize, va: u64): usize {
  let table = root;
  for (let level: u32 = 3; level != 0; level--) {
    const entry = load<u64>(slotOf(table, va, level));
    if (!(entry & PTE_PRESENT)) return 0;
    table = <usize>(entry & PTE_ADDRESS);
  }
  return slotOf(table, va, 0);
}

/** Who pays for the tables under `root`. */
@inline
function tablePayer(root: usize): Account {
  return changetype<Account>(<usize>frameInfo(<u32>(root >> PAGE_SHIFT)).next);
}

/**
 * The leaf slot of `va`, making the tables on the way, for which pays who pays for `root`: a linear address, or -ENOMEM (tables made so far
 * stay, empty).
 */
export function makeSlot(root: usize, va: u64): Result {
  if (root == lastRoot && <u32>(va >> 21) == lastRegion) return <Result>slotOf(lastTable, va, 0);
  return makeTables(root, va);
}

/** Where makeSlot was last: the root, the 2 MiB, and their page table. Faults come in neighbourhoods. */
let lastRoot: usize = 0;
let lastRegion: u32 = 0;
let lastTable: usize = 0;

/** makeSlot from the root on. */
function makeTables(root: usize, va: u64): Result {
  let table = root;
  for (let level: u32 = 3; level != 0; level--) {
    const slot = slotOf(table, va, level);
    const entry = load<u64>(slot);
    if (entry & PTE_PRESENT) {
      table = <usize>(entry & PTE_ADDRESS);
      continue;
    }
    const made = tableNew(tablePayer(root));
    if (made == 0) return -Errno.ENOMEM;
    store<u64>(slot, (<u64>made) | PTE_PRESENT | PTE_WRITE | PTE_USER);
    table = made;
  }
  lastRoot = root;
  lastRegion = <u32>(va >> 21);
  lastTable = table;
  return <Result>slotOf(table, va, 0);
}

/** Gives back the page table of `va`, which is there and has no entry any more. The TLB must forget it. */
export function dropTable(root: usize, va: u64): void {
  let table = root;
  for (let level: u32 = 3; level != 1; level--) table = <usize>(load<u64>(slotOf(table, va, level)) & PTE_ADDRESS);
  const slot = slotOf(table, va, 1);
  const below = <usize>(load<u64>(slot) & PTE_ADDRESS);
  store<u64>(slot, 0);
  tableFree(below);
}
