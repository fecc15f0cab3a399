// For specs: a few processes for terminals to control. One of them calls; signals that arrive are noted as text.

import { Errno } from "../errno";
import { heapObjectsUsed } from "../mm/heap";
import { useTestMemory } from "../mm/testing";
import { Result } from "../result";
import { setWaker, Waiter, WaiterKind, WaitQueue, waitOn, stopWaiting, WAITER_BYTES } from "../task/wait";
import { Caller, setJobControl } from "./jobcontrol";
import { visible } from "./ldisc/testing";
import { Pty, ptyRead, ptyReadDone, ptyWrite } from "./pty";
import { Tty, ttyRead, ttyReadDone, ttyWrite } from "./tty";

/** The calling process. */
export let group: u32 = 0;
export let session: u32 = 0;
export let isLeader: bool = false;
export let isAdministrator: bool = false;
export let ignoresSignals: bool = false;
export let isOrphaned: bool = false;
/** The controlling terminal of every process of the test. */
export let terminal: usize = 0;
/** Signals sent and sessions detached since the last look. */
let events: string = "";
let wakes: u32 = 0;

const scratch = memory.data(8192, 16);
const waiters = memory.data(64, 8);
let ready = false;
let objectsBefore: u32 = 0;

function describe_(caller: Caller): void {
  caller.container = 7;
  caller.group = group;
  caller.session = session;
  caller.terminal = terminal;
  caller.isSessionLeader = isLeader;
  caller.isAdministrator = isAdministrator;
}

function ignores(signal: u32): bool {
  return ignoresSignals;
}

function orphaned(): bool {
  return isOrphaned;
}

function signalGroup(container: usize, to: u32, signal: u32): void {
  assert(container == 7, "numbers of another container");
  events += "signal " + signal.toString() + " to " + to.toString() + "; ";
}

/** Groups 10 to 19 are of session 10, 20 to 29 of session 20; there are no others. */
function groupSession(container: usize, number: u32): u32 {
  return number >= 10 && number < 30 ? number - (number % 10) : 0;
}

function attach(to: usize): void {
  terminal = to;
}

function detach(container: usize, from: u32, tty: usize, hungUp: bool, foreground: u32): void {
  if (terminal == tty) terminal = 0;
  events += (hungUp ? "hang up " : "detach ") + from.toString() + (hungUp ? " foreground " + foreground.toString() : "") + "; ";
}

function countWake(owner: usize, waiter: Waiter): void {
  wakes |= (<u32>1) << (<u32>owner);
}

/** Starts a test: the leader of session 10, group 10, calls. */
export function begin(): void {
  if (!ready) useTestMemory(512);
  ready = true;
  setJobControl(describe_, ignores, orphaned, signalGroup, groupSession, attach, detach);
  setWaker(WaiterKind.Work, countWake);
  objectsBefore = heapObjectsUsed();
  events = "";
  wakes = 0;
  terminal = 0;
  callAs(10, 10);
  isAdministrator = false;
  ignoresSignals = false;
  isOrphaned = false;
}

/** Ends it: everything must be back on the heap. */
export function end(): void {
  expect(heapObjectsUsed()).toBe(objectsBefore, "heap objects left behind");
}

/** Lets a process of that group and session call. */
export function callAs(callerGroup: u32, callerSession: u32): void {
  group = callerGroup;
  session = callerSession;
  isLeader = callerGroup == callerSession;
}

export function becomeAdministrator(yes: bool): void {
  isAdministrator = yes;
}

export function ignoreSignals(yes: bool): void {
  ignoresSignals = yes;
}

export function becomeOrphaned(yes: bool): void {
  isOrphaned = yes;
}

export function loseTerminal(): void {
  terminal = 0;
}

/** What happened to processes since the last look. */
export function happened(): string {
  const text = events;
  events = "";
  return text;
}

/** Watches a queue as number `n` (0 to 2). */
export function watch(n: u32, queue: WaitQueue): void {
  const waiter = changetype<Waiter>(waiters + n * WAITER_BYTES);
  waiter.owner = n;
  waiter.kind = <u8>WaiterKind.Work;
  waitOn(queue, waiter);
}

export function unwatch(n: u32): void {
  stopWaiting(changetype<Waiter>(waiters + n * WAITER_BYTES));
}

/** True when queue number `n` has been woken since the last look. */
export function woken(n: u32): bool {
  const yes = (wakes & ((<u32>1) << n)) != 0;
  wakes &= ~((<u32>1) << n);
  return yes;
}

function putText(text: string): u32 {
  assert(text.length <= 8192, "text too long for the test");
  for (let i = 0; i < text.length; i++) store<u8>(scratch + i, <u8>text.charCodeAt(i));
  return text.length;
}

/** What a read of the terminal gives, or the error as "-5". */
export function readTty(tty: Tty, generation: u32, count: u32 = 100): string {
  const r: Result = ttyRead(tty, generation, scratch, count, 0, 0, false);
  if (r < 0) return r.toString();
  ttyReadDone(tty, 0);
  return visible(scratch, <u32>r);
}

export function writeTty(tty: Tty, generation: u32, text: string): Result {
  const n = putText(text);
  return ttyWrite(tty, generation, scratch, n);
}

/** What a read of the master gives, or the error. */
export function readMaster(pty: Pty, count: u32 = 8192): string {
  const r = ptyRead(pty, scratch, count);
  if (r < 0) return r.toString();
  ptyReadDone(pty);
  return visible(scratch, <u32>r);
}

export function writeMaster(pty: Pty, text: string): Result {
  const n = putText(text);
  return ptyWrite(pty, scratch, n, 0);
}

/** The scratch bytes, for drivers of tests. */
export function bytesOf(text: string): usize {
  putText(text);
  return scratch;
}

/** -EAGAIN and friends as text. */
export const AGAIN: string = (-Errno.EAGAIN).toString();
