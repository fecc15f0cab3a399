// Who pays for memory: an account per container. Frames name their account (FrameInfo), objects of the heap theirs by a number (heap.ts), so that
// whoever frees them gives back to who paid. An account outlives its container until the last byte has come back. What is charged
// to whom, and what reclaim means: docs/adr/0012-memory-accounts.md.

import { PAGE_SIZE } from "./frame";
import { kernelAlloc, kernelFree } from "./heap";

/** What a frame is charged for; the heap's objects are what of an account's bytes is left. */
export const enum Charge {
  Anonymous = 0,
  /** Pages of files in memory: tmpfs, shared memory, the container's own copies of what lies in the boot archive. */
  File = 1,
  PageTable = 2,
  Pipe = 3,
  Socket = 4,
}
const CHARGES: u32 = 5;

/** What reclaim has to do with an account: kernel/mm/reclaim.ts. */
export const enum ReclaimState {
  None = 0,
  /** It is scheduled. */
  Wanted = 1,
  /** It ran and found nothing. */
  Exhausted = 2,
}

@unmanaged
export class Account {
  /** All that is charged. */
  bytes: u64;
  /** Charging beyond this takes the slow way (accountRoom): the limit, or less while there is something to reclaim first. */
  mark: u64;
  /** memory.max; u64.MAX_VALUE: none. */
  limit: u64;
  /** Most bytes ever charged, noticed with each frame. */
  peak: u64;
  anonymous: u64;
  file: u64;
  pageTable: u64;
  pipe: u64;
  socket: u64;
  /** memory.events: how often the limit stood in the way, nobody could be spared, somebody was killed. */
  limitHits: u32;
  shortages: u32;
  kills: u32;
  /** ReclaimState. */
  reclaim: u32;
  /** Its place in the table of accounts. */
  id: u32;
  /** Its container has gone. */
  closed: bool;
  pad0: u8;
  pad1: u16;
}
const ACCOUNT_BYTES: u32 = (offsetof<Account>() + 7) & ~7;
/** A part of the limit (1/2^n) that is left when reclaim begins beside the program's work. */
const EARLY_SHIFT: u64 = 5;

const kernelOwn = memory.data(128, 16);
/** Pays for what no container asked for. Has number 0 and no limit. */
export let kernelAccount: Account = changetype<Account>(0);
/** Pays for the kernel's objects that are made now: that of the current thread's container. */
export let payer: Account = changetype<Account>(0);

/** By number: an account, or (next free number << 1 | 1). */
let table: usize = 0;
let capacity: u32 = 0;
const NONE: u32 = u32.MAX_VALUE >> 1;
let firstFree: u32 = NONE;
const firstTable = memory.data(16 * 4, 16);
/** Slabs have 16 bits for a number. */
const ACCOUNTS_MAX: u32 = 65536;

let reclaimWanted: u32 = 0;

/** Registers what schedules reclaim for an account (kernel/mm/reclaim.ts). */
export function setReclaimWanted(f: (account: Account) => void): void {
  reclaimWanted = f.index;
}

/** To be called before the first allocation. */
export function accountsInit(): void {
  memory.fill(kernelOwn, 0, ACCOUNT_BYTES);
  kernelAccount = changetype<Account>(kernelOwn);
  kernelAccount.limit = u64.MAX_VALUE;
  kernelAccount.mark = u64.MAX_VALUE;
  payer = kernelAccount;
  table = firstTable;
  capacity = 16;
  firstFree = NONE;
  store<u32>(table, <u32>kernelOwn);
  freeNumbers(1);
}

/** Links the numbers from `from` on as free ones. */
function freeNumbers(from: u32): void {
  for (let id = capacity - 1; id >= from; id--) {
    store<u32>(table + (id << 2), (firstFree << 1) | 1);
    firstFree = id;
  }
}

/** Whose number that is. */
@inline
export function accountOf(id: u32): Account {
  return changetype<Account>(<usize>load<u32>(table + (id << 2)));
}

/** From now on `account` pays for the kernel's objects. */
@inline
export function setPayer(account: Account): void {
  payer = account;
}

/** Room for twice as many accounts; false when memory is short. */
function growTable(): bool {
  if (capacity >= ACCOUNTS_MAX) return false;
  const p = kernelAlloc(capacity * 8);
  if (p == 0) return false;
  memory.copy(p, table, capacity << 2);
  const old = table;
  table = p;
  if (old != firstTable) kernelFree(old); // which looks into the table
  capacity *= 2;
  freeNumbers(capacity / 2);
  return true;
}

/** A new account without a limit; null when memory is short. */
export function accountNew(): Account | null {
  if (firstFree == NONE && !growTable()) return null;
  const p = kernelAlloc(ACCOUNT_BYTES);
  if (p == 0) return null;
  const account = changetype<Account>(p);
  const id = firstFree;
  firstFree = load<u32>(table + (id << 2)) >> 1;
  store<u32>(table + (id << 2), <u32>p);
  account.id = id;
  account.limit = u64.MAX_VALUE;
  account.mark = u64.MAX_VALUE;
  return account;
}

/** Its container has gone; the account goes with the last byte that is charged to it. */
export function accountClose(account: Account): void {
  account.closed = true;
  if (payer == account) payer = kernelAccount;
  if (account.bytes == 0) emptied(account);
}

function emptied(account: Account): void {
  if (!account.closed) return;
  const id = account.id;
  store<u32>(table + (id << 2), (firstFree << 1) | 1);
  firstFree = id;
  kernelFree(changetype<usize>(account));
}

/** memory.max; u64.MAX_VALUE for none. */
export function accountLimit(account: Account, bytes: u64): void {
  account.limit = bytes;
  accountRemark(account);
}

/** Sets the mark anew, after reclaim or a change of the limit: below the limit if there is that much room. */
export function accountRemark(account: Account): void {
  const limit = account.limit;
  const early = limit - (limit >> EARLY_SHIFT);
  account.mark = limit == u64.MAX_VALUE || account.bytes >= early ? limit : early;
}

/** May `bytes` more be charged? Asked beyond the mark; schedules reclaim. */
export function accountRoom(account: Account, bytes: u64): bool {
  if (reclaimWanted != 0 && account.reclaim != ReclaimState.Wanted) call_indirect<void>(reclaimWanted, account);
  account.mark = account.limit;
  if (account.bytes + bytes <= account.limit) return true;
  account.limitHits++;
  return false;
}

/** True when a frame may be charged; else it would go beyond the limit. */
@inline
export function accountTakesFrame(account: Account): bool {
  return account.bytes + PAGE_SIZE <= account.mark || accountRoom(account, PAGE_SIZE);
}

@inline
function chargeSlot(account: Account, kind: u32): usize {
  return changetype<usize>(account) + offsetof<Account>("anonymous") + (kind << 3);
}

/** Adds a frame. */
@inline
export function accountAdd(account: Account, kind: u32): void {
  const bytes = account.bytes + PAGE_SIZE;
  account.bytes = bytes;
  if (bytes > account.peak) account.peak = bytes;
  const slot = chargeSlot(account, kind);
  store<u64>(slot, load<u64>(slot) + PAGE_SIZE);
}

/** Takes a frame off. */
@inline
export function accountTakeOff(account: Account, kind: u32): void {
  const slot = chargeSlot(account, kind);
  store<u64>(slot, load<u64>(slot) - PAGE_SIZE);
  accountSubtract(account, PAGE_SIZE);
}

/** Takes bytes of the heap off. */
export function accountSubtract(account: Account, bytes: u64): void {
  const left = account.bytes - bytes;
  account.bytes = left;
  if (left == 0) emptied(account);
}

/** Bytes of the heap's objects. */
export function accountHeapBytes(account: Account): u64 {
  let frames: u64 = 0;
  for (let kind: u32 = 0; kind < CHARGES; kind++) frames += load<u64>(chargeSlot(account, kind));
  return account.bytes - frames;
}

/** Bytes of all objects of the heap. */
export function heapBytesOfAll(): u64 {
  let bytes: u64 = 0;
  for (let id: u32 = 0; id < capacity; id++) {
    const p = load<u32>(table + (id << 2));
    if (!(p & 1)) bytes += accountHeapBytes(changetype<Account>(<usize>p));
  }
  return bytes;
}

/** The machine is running out of frames: schedules reclaim. */
export function machineShort(): void {
  if (reclaimWanted != 0 && kernelAccount.reclaim != ReclaimState.Wanted) call_indirect<void>(reclaimWanted, kernelAccount);
}
