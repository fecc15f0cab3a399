// What signals, timers and futexes register with the rest of the kernel; once, at boot.

import { futexThreadEnds } from "../kernel/task/futex";
import { intervalTimerFired, processTimersEnd } from "../kernel/task/itimer";
import { setProcessEndingHook, setThreadEndingHook } from "../kernel/task/lifecycle";
import { pidFileInit } from "../kernel/task/pidfd";
import { signalFileInit } from "../kernel/task/signalfd";
import { setTimerHandler, TimerKind } from "../kernel/time/timer";

export function signalsInit(): void {
  setTimerHandler(TimerKind.Interval, intervalTimerFired);
  setProcessEndingHook(processTimersEnd);
  setThreadEndingHook(futexThreadEnds);
  signalFileInit();
  pidFileInit();
}
