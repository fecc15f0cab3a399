// What signals, timers and futexes register with the rest of the kernel; once, at boot.

import { semaphoreUndosEnd } from "../kernel/ipc/semaphore";
import { Process } from "../kernel/task/process";
import { futexThreadEnds } from "../kernel/task/futex";
import { futexPiInit, futexPiThreadEnds } from "../kernel/task/futexpi";
import { futexVectorInit } from "../kernel/task/futexvector";
import { intervalTimerFired, processTimersEnd } from "../kernel/task/itimer";
import { setProcessEndingHook, setThreadEndingHook } from "../kernel/task/lifecycle";
import { pidFileInit } from "../kernel/task/pidfd";
import { Thread } from "../kernel/task/thread";
import { signalFileInit } from "../kernel/task/signalfd";
import { seccompNotifyInit } from "./sys/seccompnotify";
import { setTimerHandler, TimerKind } from "../kernel/time/timer";

function processEnds(process: Process): void {
  processTimersEnd(process);
  semaphoreUndosEnd(process);
}

function threadEnds(t: Thread): void {
  futexThreadEnds(t);
  if (t.piStates != 0) futexPiThreadEnds(t);
}

export function signalsInit(): void {
  setTimerHandler(TimerKind.Interval, intervalTimerFired);
  setProcessEndingHook(processEnds);
  setThreadEndingHook(threadEnds);
  signalFileInit();
  pidFileInit();
  seccompNotifyInit();
  futexVectorInit();
  futexPiInit();
}
