// timerfd_create(2), timerfd_settime(2), timerfd_gettime(2).

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { OpenFlag } from "../../kernel/vfs/flags";
import { File, FileKind } from "../../kernel/vfs/inode";
import { timerFileIntervalNs, timerFileLeftNs, timerFileNew, timerFileSet } from "../../kernel/vfs/timerfd";
import { ClockId } from "../types/time";
import { installFile, isNone, openFile } from "./descriptor";
import { timeNs, timespecIn, timespecOut } from "./timespec";

const TFD_TIMER_ABSTIME: u32 = 1;
const TFD_TIMER_CANCEL_ON_SET: u32 = 2;

export function sysTimerfdCreate(t: Thread, clock: i32, flags: u32): Result {
  if ((flags & ~(OpenFlag.CloseOnExec | OpenFlag.NonBlock)) != 0) return -Errno.EINVAL;
  let isWall = false;
  switch (clock) {
    case ClockId.CLOCK_REALTIME_ALARM:
    case ClockId.CLOCK_BOOTTIME_ALARM:
      if (!capable(t.credentials, Capability.WakeAlarm)) return -Errno.EPERM;
      isWall = clock == ClockId.CLOCK_REALTIME_ALARM;
      break;
    case ClockId.CLOCK_REALTIME:
      isWall = true;
      break;
    case ClockId.CLOCK_MONOTONIC:
    case ClockId.CLOCK_BOOTTIME:
      break;
    default:
      return -Errno.EINVAL;
  }
  return installFile(t, timerFileNew(isWall, clock, flags & OpenFlag.NonBlock), flags);
}

/** Writes struct itimerspec: the period, and the time to the next expiration. */
function settingOut(file: File, ua: u64): Result {
  const leftNs = timerFileLeftNs(file);
  const r = timespecOut(ua, timerFileIntervalNs(file));
  return r < 0 ? r : timespecOut(ua + 16, leftNs);
}

export function sysTimerfdSettime(t: Thread, fd: i32, flags: u32, value: u64, old: u64): Result {
  let r = timespecIn(value);
  if (r < 0) return r;
  const intervalNs = timeNs;
  r = timespecIn(value + 16);
  if (r < 0) return r;
  const valueNs = timeNs;
  if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) != 0) return -Errno.EINVAL;
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind != FileKind.TimerFd) return -Errno.EINVAL;
  if (old != 0) {
    r = settingOut(file, old);
    if (r < 0) return r;
  }
  timerFileSet(file, valueNs, intervalNs, (flags & TFD_TIMER_ABSTIME) != 0, flags);
  return 0;
}

export function sysTimerfdGettime(t: Thread, fd: i32, value: u64): Result {
  const file = openFile(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  return file.kind == FileKind.TimerFd ? settingOut(file, value) : -Errno.EINVAL;
}
