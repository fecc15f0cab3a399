// Address spaces asleep: what a space that nobody has run in for a while can do without. Pages of files that the file has too, pages that the program
// declared free (MADV_FREE) and zeros that were only read leave its page tables, and tables that are empty then are freed; a fault brings all back. So an idle container takes little more than what it has
// written. A space that a thread runs in is noted (spaceAwake); while any is, a tick a second makes them older, and none does otherwise.

import { current } from "../task/thread";
import { nowNs } from "../time/clock";
import { Timer, TIMER_BYTES, timerCancel, timerInit, TimerKind, timerSet } from "../time/timer";
import { WORK_ITEM_BYTES, workInit, WorkItem } from "../task/work";
import { PTE_ADDRESS, PTE_DIRTY, tableFree } from "./pagetable";
import { AddressSpace, isGroupEmpty, spaceFlush, unmapPages } from "./space";
import { USER_END } from "./user";
import { VmaFlag } from "./vma";

/** How old a space gets, in ticks without a run. */
export const enum SpaceAge {
  /** Trimmed, and in no list. */
  Asleep = 0,
  Ran = 1,
  Rested = 2,
  /** To be trimmed. */
  Due = 3,
}

const TICK_NS: u64 = 1_000_000_000;
/** So many spaces are trimmed at once, and then others may run: a machine with many containers has no long pause. */
const AT_ONCE: u32 = 16;
const PAUSE_NS: u64 = 10_000_000;

let first: AddressSpace | null = null;
const timer = changetype<Timer>(memory.data(TIMER_BYTES, 8));
const work = changetype<WorkItem>(memory.data(WORK_ITEM_BYTES, 8));
/** When the next tick is; between two, `timer` may serve a pause. */
let tickNs: u64 = 0;

/** Readies the ticks; false when memory is short. */
export function trimInit(): bool {
  workInit(work, trimWork, 0);
  return timerInit(timer, TimerKind.Work, changetype<usize>(work));
}

/** A thread runs in `space`, which was not known to have run. */
export function spaceAwake(space: AddressSpace): void {
  if (space.age == SpaceAge.Asleep) {
    const next = first;
    space.awakeNext = next;
    space.awakePrev = null;
    if (next) next.awakePrev = space;
    else {
      tickNs = nowNs() + TICK_NS;
      timerSet(timer, tickNs);
    }
    first = space;
  }
  space.age = SpaceAge.Ran;
}

/** The space sleeps, or ends. */
export function spaceAsleep(space: AddressSpace): void {
  if (space.age == SpaceAge.Asleep) return;
  const next = space.awakeNext;
  const prev = space.awakePrev;
  if (next) next.awakePrev = prev;
  if (prev) prev.awakeNext = next;
  else first = next;
  space.age = SpaceAge.Asleep;
  if (!first) timerCancel(timer);
}

function age(): void {
  const running = current ? current.process.space : null;
  let space = first;
  while (space) {
    space.age = space == running ? SpaceAge.Ran : min<u32>(space.age + 1, SpaceAge.Due);
    space = space.awakeNext;
  }
}

function trimWork(argument: usize): void {
  const now = nowNs();
  if (now >= tickNs) {
    age();
    tickNs = now + TICK_NS;
  }
  let count: u32 = 0;
  let space = first;
  while (space && count < AT_ONCE) {
    const next = space.awakeNext;
    if (space.age == SpaceAge.Due) {
      spaceAsleep(space);
      spaceTrim(space);
      count++;
    }
    space = next;
  }
  if (first) timerSet(timer, count < AT_ONCE ? tickNs : now + PAUSE_NS);
}

/** Takes out of the tables what a fault can bring back, and frees what tables are empty then. Locked mappings stay (mlock(2)). */
export function spaceTrim(space: AddressSpace): void {
  let vma = space.first;
  while (vma) {
    // The kernel marks a private page dirty when it makes it; MADV_FREE takes the mark away, and the CPU sets it again on writing.
    const keep = (vma.flags & VmaFlag.Shared) != 0 ? 0 : PTE_DIRTY;
    if ((vma.flags & VmaFlag.Locked) == 0) unmapPages(space, vma.start, vma.end, keep);
    vma = vma.next;
  }
  if (pruneTables(space.root, 3, 256)) spaceFlush(space, 0, USER_END);
}

/** Frees the tables without entries under the first `slots` slots of `table`; true when there were any. */
function pruneTables(table: usize, level: u32, slots: u32): bool {
  let any = false;
  const end = table + (slots << 3);
  for (let slot = table; slot < end; slot += 8) {
    const entry = load<u64>(slot);
    if (entry == 0) continue;
    const below = <usize>(entry & PTE_ADDRESS);
    if (level > 1 && pruneTables(below, level - 1, 512)) any = true;
    if (!isEmpty(below)) continue;
    store<u64>(slot, 0);
    tableFree(below);
    any = true;
  }
  return any;
}

function isEmpty(table: usize): bool {
  const end = table + (512 << 3);
  for (let group = table; group < end; group += 64) if (!isGroupEmpty(group)) return false;
  return true;
}
