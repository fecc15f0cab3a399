// Deferred kernel work: functions that run before the kernel next returns to user mode or idles. For kernel activities that wait like
// threads do but are none: the control channel, a terminal's driver. A Work is embedded in its owner.

import { kernelAccount, payer, setPayer } from "../mm/account";
import { attend, attended, Attention } from "./attention";
import { setTimerHandler, TimerKind } from "../time/timer";
import { setWaker, Waiter, WaiterKind } from "./wait";

@unmanaged
export class WorkItem {
  next: WorkItem | null;
  /** Function index: f(argument). */
  run: u32;
  argument: usize;
  scheduled: bool;
  pad0: u8;
  pad1: u16;
}
export const WORK_ITEM_BYTES: u32 = 16;

let first: WorkItem | null = null;
let last: WorkItem | null = null;

type WorkFunction = (argument: usize) => void;

/** Readies an item; `argument` is what its function gets. */
export function workInit(item: WorkItem, run: WorkFunction, argument: usize): void {
  item.run = run.index;
  item.argument = argument;
  item.scheduled = false;
}

/** Makes the item's function run soon; once, however often it is scheduled before it runs. */
export function workSchedule(item: WorkItem): void {
  if (item.scheduled) return;
  item.scheduled = true;
  item.next = null;
  const tail = last;
  if (tail) tail.next = item;
  else first = item;
  last = item;
  attend(Attention.Work);
}

/** Takes an item back before its owner goes. */
export function workCancel(item: WorkItem): void {
  if (!item.scheduled) return;
  item.scheduled = false;
  let at = first;
  let before: WorkItem | null = null;
  while (at && at != item) {
    before = at;
    at = at.next;
  }
  if (before) before.next = item.next;
  else first = item.next;
  if (last == item) last = before;
}

/** Runs what is scheduled, and what that schedules. The kernel pays for what it makes, not the container whose thread happens to run. */
export function workRun(): void {
  const before = payer; // whose thread runs, so its account stays
  setPayer(kernelAccount);
  while (first) {
    const item = first!;
    first = item.next;
    if (!first) last = null;
    item.scheduled = false;
    call_indirect<void>(item.run, item.argument);
  }
  setPayer(before);
  attended(Attention.Work);
}

function wakeWork(owner: usize, waiter: Waiter): void {
  workSchedule(changetype<WorkItem>(owner));
}

/** A timer of TimerKind.Work has an item as its owner. */
function timerWork(owner: usize): void {
  workSchedule(changetype<WorkItem>(owner));
}

export function workSystemInit(): void {
  setWaker(WaiterKind.Work, wakeWork);
  setTimerHandler(TimerKind.Work, timerWork);
}
