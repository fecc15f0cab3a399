// Clock ids of clock_gettime(2) and what they stand for. A negative id names the CPU clock of a process or thread (clock_getcpuclockid(3)):
// ~pid in the upper bits, bit 2 for a thread, bits 0 and 1 for the kind of CPU time.

import { ClockKind } from "../kernel/task/itimer";
import { processFind, threadFind } from "../kernel/task/pids";
import { Process } from "../kernel/task/process";
import { processCpuNs, threadCpuNs } from "../kernel/task/stop";
import { Thread } from "../kernel/task/thread";
import { nowNs, wallNs } from "../kernel/time/clock";
import { ClockId } from "./types/time";

/** What clockResolve found: kind and, for CPU clocks, whose. */
export let clockKind: u32 = ClockKind.Monotonic;
export let clockThread: Thread | null = null;
export let clockProcess: Process | null = null;

/** Resolves `id` for the calling thread; false when there is no such clock. */
export function clockResolve(t: Thread, id: i32): bool {
  clockThread = null;
  clockProcess = null;
  if (id < 0) return resolveCpuClock(t, id);
  switch (id) {
    case ClockId.CLOCK_REALTIME:
    case ClockId.CLOCK_REALTIME_COARSE:
    case ClockId.CLOCK_TAI:
      clockKind = ClockKind.Wall;
      return true;
    case ClockId.CLOCK_MONOTONIC:
    case ClockId.CLOCK_MONOTONIC_RAW:
    case ClockId.CLOCK_MONOTONIC_COARSE:
    case ClockId.CLOCK_BOOTTIME:
      clockKind = ClockKind.Monotonic;
      return true;
    case ClockId.CLOCK_PROCESS_CPUTIME_ID:
      clockKind = ClockKind.ProcessCpu;
      clockProcess = t.process;
      return true;
    case ClockId.CLOCK_THREAD_CPUTIME_ID:
      clockKind = ClockKind.ThreadCpu;
      clockThread = t;
      return true;
    default:
      return false;
  }
}

function resolveCpuClock(t: Thread, id: i32): bool {
  if ((id & 3) == 3) return false; // a clock named by a descriptor
  const number = <u32>~(id >> 3);
  const c = t.process.container;
  if ((id & 4) != 0) {
    const thread = number == 0 ? t : threadFind(c, number);
    if (!thread || thread.process != t.process) return false;
    clockKind = ClockKind.ThreadCpu;
    clockThread = thread;
    return true;
  }
  clockKind = ClockKind.ProcessCpu;
  clockProcess = number == 0 ? t.process : processFind(c, number);
  return clockProcess != null;
}

/** Time of the clock that clockResolve found. */
export function clockResolvedNs(): u64 {
  switch (clockKind) {
    case ClockKind.Wall:
      return wallNs();
    case ClockKind.ProcessCpu:
      return processCpuNs(clockProcess!);
    case ClockKind.ThreadCpu:
      return threadCpuNs(clockThread!, nowNs());
    default:
      return nowNs();
  }
}

/** True when timers and sleeps can use the clock: not its raw and coarse variants. */
export function clockHasTimers(id: i32): bool {
  return id != ClockId.CLOCK_MONOTONIC_RAW && id != ClockId.CLOCK_MONOTONIC_COARSE && id != ClockId.CLOCK_REALTIME_COARSE;
}
