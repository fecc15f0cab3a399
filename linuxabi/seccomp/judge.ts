// What happens to a system call of a thread with filters (seccomp(2)): each filter gives its verdict, the strictest holds, and it is carried out here.
// Filters are pure, so what they say to a number whatever the arguments are is found by running them on number and architecture alone, and kept
// in the newest filter's table (kernel/task/filter.ts).

import { Errno } from "../../kernel/errno";
import { callName, CALL_NAME_BYTES } from "../../kernel/container/callnames";
import { logBytes, logEnd, logHex, logNumber, logStart, logText } from "../../kernel/log/log";
import { GONE, PASSED, Result } from "../../kernel/result";
import { Filter, FILTER_NUMBERS, filterBody, FilterKind, filterPasses, filterTable, Pass } from "../../kernel/task/filter";
import { exitGroup, exitThread } from "../../kernel/task/lifecycle";
import { OperationKind } from "../../kernel/task/operation";
import { callArgument, profileVerdict } from "../../kernel/task/profile";
import { infoSetAddress, newInfo } from "../../kernel/task/siginfo";
import { fatalStatus, forceSignal, Signal } from "../../kernel/task/signal";
import { Thread } from "../../kernel/task/thread";
import { nowNs } from "../../kernel/time/clock";
import {
  AUDIT_ARCH_X86_64,
  SECCOMP_DATA_BYTES,
  SECCOMP_RET_ACTION_FULL,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_DATA,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_TRAP,
  SECCOMP_RET_USER_NOTIF,
  SYS_SECCOMP,
  X32_SYSCALL_BIT,
} from "../types/seccomp";
import { bpfRun } from "./bpf";
import { awaitAnswer, notify } from "./listener";

/** struct seccomp_data: nr, arch, instruction_pointer, args[6]. */
const data = memory.data(64, 8);
/** nr and arch: what a verdict for all arguments may depend on. */
const FIXED_BYTES: u32 = 8;
const ERRNO_MAX: u32 = 4095;
/** Lines of the log in each second, so that no container can fill it. */
const LINES_A_SECOND: u32 = 10;
let logSecond: u64 = 0;
let logLines: u32 = 0;
const nameSpace = memory.data(32, 8);

/** The filter that gave the verdict. */
let judge: Filter | null = null;

function fillData(t: Thread): void {
  store<u32>(data, <u32>t.call);
  store<u32>(data, AUDIT_ARCH_X86_64, 4);
  store<u64>(data, t.rip, 8);
  for (let i: u32 = 0; i < 6; i++) store<u64>(data + (i << 3), callArgument(t, i), 16);
}

/** A profile's verdict, with the x32 ABI's numbers apart (libseccomp's "bad architecture"). */
function profileJudges(f: Filter, t: Thread): u32 {
  const number = <u32>t.call;
  if (number < X32_SYSCALL_BIT || number == u32.MAX_VALUE) return profileVerdict(f, t, number);
  return f.allowsX32 ? profileVerdict(f, t, number & ~X32_SYSCALL_BIT) : SECCOMP_RET_KILL_THREAD;
}

/** The strictest verdict of all filters: the lowest action as a signed number, of equal ones the newest filter's. */
function verdictOf(t: Thread): u32 {
  let verdict: u32 = SECCOMP_RET_ALLOW;
  let f = t.filter;
  judge = f;
  while (f) {
    const one = f.kind == FilterKind.Program ? <u32>bpfRun(filterBody(f), data, SECCOMP_DATA_BYTES) : profileJudges(f, t);
    if (<i32>(one & SECCOMP_RET_ACTION_FULL) < <i32>(verdict & SECCOMP_RET_ACTION_FULL)) {
      verdict = one;
      judge = f;
    }
    f = f.previous;
  }
  return verdict;
}

/** Finds out what the filters say to every call of the number that is in `data`, and keeps it. */
function learn(top: Filter, number: u32): void {
  let pass = Pass.Always;
  let f: Filter | null = top;
  while (f && pass == Pass.Always) {
    const always =
      f.kind == FilterKind.Program
        ? bpfRun(filterBody(f), data, FIXED_BYTES) == SECCOMP_RET_ALLOW
        : load<u8>(filterTable(f) + number) == Pass.Always;
    if (!always) pass = Pass.Look;
    f = f.previous;
  }
  store<u8>(filterTable(top) + number, <u8>pass);
}

/** Judges the call that `t`, which has a filter, is about to make: PASSED, or its result without it (GONE: the registers are as they shall be). */
export function judgeCall(t: Thread): Result {
  if (t.opKind == OperationKind.Notification) return awaitAnswer(t);
  const top = t.filter!;
  if (top.kind == FilterKind.Strict) {
    if (filterPasses(t)) return PASSED;
    tell(t, SECCOMP_RET_KILL_THREAD);
    exitThread(Signal.KILL);
    return GONE;
  }
  fillData(t);
  const number = <u32>t.call;
  if (number < FILTER_NUMBERS && load<u8>(filterTable(top) + number) == Pass.Unknown) learn(top, number);
  if (filterPasses(t)) return PASSED;
  return carryOut(t, verdictOf(t));
}

function carryOut(t: Thread, verdict: u32): Result {
  const action = verdict & SECCOMP_RET_ACTION_FULL;
  const detail = verdict & SECCOMP_RET_DATA;
  switch (action) {
    case SECCOMP_RET_ALLOW:
      return PASSED;
    case SECCOMP_RET_LOG:
      tell(t, verdict);
      return PASSED;
  }
  if (judge!.logs) tell(t, verdict);
  switch (action) {
    case SECCOMP_RET_ERRNO:
      return -(<Result>min(detail, ERRNO_MAX));
    case SECCOMP_RET_TRAP:
      sendCallSignal(t, SYS_SECCOMP, detail);
      return GONE;
    case SECCOMP_RET_USER_NOTIF:
      return notify(t, judge!, data);
    case SECCOMP_RET_TRACE: // nobody can trace
      return -Errno.ENOSYS;
  }
  if (!judge!.logs) tell(t, verdict);
  kill(t, action);
  return GONE;
}

/** SIGSYS with this si_code that tells of the call; the registers are those from before it. */
export function sendCallSignal(t: Thread, code: i32, detail: u32): void {
  t.rax = t.call;
  const info = newInfo(Signal.SYS, code);
  info.forced = true;
  info.error = <i32>detail;
  infoSetAddress(info, t.rip);
  info.value = (t.call & 0xffff_ffff) | ((<u64>AUDIT_ARCH_X86_64) << 32);
  forceSignal(t, info);
}

/** KILL_THREAD spares the other threads; any other action, also an unknown one, ends the process as SIGSYS does. */
function kill(t: Thread, action: u32): void {
  const p = t.process;
  if (action == SECCOMP_RET_KILL_THREAD && p.threadCount > 1) exitThread(Signal.SYS);
  else exitGroup(p, fatalStatus(p, Signal.SYS));
}

/** A line in the kernel's log. */
function tell(t: Thread, verdict: u32): void {
  const second = nowNs() / 1_000_000_000;
  if (second != logSecond) {
    logSecond = second;
    logLines = 0;
  }
  if (++logLines > LINES_A_SECOND) return;
  const number = <u32>t.call;
  logStart("seccomp");
  logText("container ");
  const c = t.process.container;
  logBytes(c.id, c.idLength);
  logText(", pid ");
  logNumber(t.process.pid);
  logText(", call ");
  logNumber(number);
  logText(" ");
  logBytes(nameSpace, callName(number, nameSpace));
  logText(", ");
  const action = verdict & SECCOMP_RET_ACTION_FULL;
  if (action == SECCOMP_RET_LOG) logText("allowed");
  else if (action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD) logText("killed");
  else logHex(verdict);
  logEnd();
}
if (CALL_NAME_BYTES > 32) ERROR("nameSpace takes a name");
