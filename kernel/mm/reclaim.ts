// Reclaim: getting memory back that can be had again without asking anybody, before a program is killed or refused (docs/adr/0012-memory-accounts.md).
// Whoever keeps such memory registers a reclaimer. Reclaim runs between calls (kernel/task/work.ts), when no handler holds on to
// what a reclaimer might free; who needs the memory parks meanwhile.

import { Container, firstContainer } from "../container/container";
import { nowNs } from "../time/clock";
import { workInit, WorkItem, WORK_ITEM_BYTES, workSchedule } from "../task/work";
import { Account, accountRemark, kernelAccount, ReclaimState, setReclaimWanted } from "./account";
import { framesFree, PAGE_SIZE } from "./frame";
import { heapTrim } from "./heap";
import { tablesRelease } from "./pagetable";

/** Gives up what belongs to a container (null: to nobody). reclaimedEnough says when it may stop. */
export type Reclaimer = (c: Container | null) => void;

const RECLAIMERS_MAX: u32 = 8;
const reclaimers = memory.data(32, 4);
let reclaimerCount: u32 = 0;

const workItem = changetype<WorkItem>(memory.data(WORK_ITEM_BYTES, 8));

/** Frames that reclaim aims at for the machine; for a container it is a 32nd of its limit, but not less than that. */
const TARGET_FRAMES: u32 = 256;
const TARGET_FRAMES_MIN: u32 = 32;
/** Getting less than this is no progress: the next shortage is for the killer (kernel/task/oom.ts). */
const PROGRESS_FRAMES: u64 = 8;
/** How long it is not tried again after that. */
const EXHAUSTED_NS: u64 = 10_000_000;
let exhaustedUntilNs: u64 = 0;

/** Registers a reclaimer; those that cost least to undo first. */
export function reclaimerAdd(f: Reclaimer): void {
  assert(reclaimerCount < RECLAIMERS_MAX, "too many reclaimers");
  store<u32>(reclaimers + (reclaimerCount++ << 2), f.index);
}

/** Whose memory is reclaimed now (kernelAccount: everybody's), and what it is to come down to, in bytes; for the machine, the free frames wanted. */
let target: Account = changetype<Account>(0);
let targetBytes: u64 = 0;
let targetFree: u32 = 0;

/** For reclaimers: may they stop? */
export function reclaimedEnough(): bool {
  if (changetype<usize>(target) == 0) return false;
  return target == kernelAccount ? framesFree() >= targetFree : target.bytes <= targetBytes;
}

/**
 * Reclaims about `frames` frames of what `account` pays for (kernelAccount: of anybody's): how many bytes it got. Only between calls: use
 * reclaimSoon in a handler.
 */
export function reclaim(account: Account, frames: u32): u64 {
  target = account;
  const wanted = <u64>frames * PAGE_SIZE;
  targetBytes = account.bytes > wanted ? account.bytes - wanted : 0;
  const freeBefore = framesFree();
  const bytesBefore = account.bytes;
  targetFree = freeBefore + frames;
  if (account == kernelAccount) {
    tablesRelease();
    heapTrim();
  }
  for (let i: u32 = 0; i < reclaimerCount && !reclaimedEnough(); i++) {
    const f = load<u32>(reclaimers + (i << 2));
    let c = firstContainer;
    while (c && !reclaimedEnough()) {
      if (account == kernelAccount || c.account == account) call_indirect<void>(f, c);
      c = c.next;
    }
    if (account == kernelAccount && !reclaimedEnough()) call_indirect<void>(f, changetype<Container | null>(0));
  }
  if (account == kernelAccount) {
    heapTrim();
    return <u64>max<i32>(<i32>(framesFree() - freeBefore), 0) * PAGE_SIZE;
  }
  return bytesBefore - min(account.bytes, bytesBefore);
}

/** Schedules reclaim for `account` (kernelAccount: the machine is short). False: it has just been tried in vain. */
export function reclaimSoon(account: Account): bool {
  if (account.reclaim == ReclaimState.Exhausted) {
    if (nowNs() < exhaustedUntilNs) return false;
  }
  account.reclaim = ReclaimState.Wanted;
  workSchedule(workItem);
  return true;
}

function wanted(account: Account): void {
  reclaimSoon(account);
}

function framesFor(account: Account): u32 {
  if (account == kernelAccount) return TARGET_FRAMES;
  return max<u32>(<u32>min<u64>(account.limit >> 17, u32.MAX_VALUE), TARGET_FRAMES_MIN);
}

function serve(account: Account): void {
  if (account.reclaim != ReclaimState.Wanted) return;
  const got = reclaim(account, framesFor(account));
  account.reclaim = ReclaimState.None;
  if (got < PROGRESS_FRAMES * PAGE_SIZE) {
    account.reclaim = ReclaimState.Exhausted;
    exhaustedUntilNs = nowNs() + EXHAUSTED_NS;
  }
  accountRemark(account);
}

/** The deferred work: reclaims for every account that wants it. */
function serveAll(argument: usize): void {
  serve(kernelAccount);
  let c = firstContainer;
  while (c) {
    serve(c.account);
    c = c.next;
  }
}

/** To be called once at start-up. */
export function reclaimInit(): void {
  workInit(workItem, serveAll, 0);
  setReclaimWanted(wanted);
}
