// The clock page of the vDSO (vdso(7)): what linuxabi/vdso/vdso.c computes the time with. The kernel writes it whenever its clock changes; user mode
// reads it under a sequence number, which is odd while it changes. One page for all: it tells nothing of a container.

import { barrier, cpuid } from "../shim/isa";
import { vdsoInit } from "../kernel/program/vdso";
import { clockScale, clockStartTicks, setClockListener, wallOffset } from "../kernel/time/clock";
import { ClockId } from "./types/time";

/** struct clock_page of vdso.c; 12 offsets by clock id follow. */
@unmanaged
class ClockPage {
  sequence: u32;
  oneProcessor: u32;
  startTicks: u64;
  scale: u64;
}
if (offsetof<ClockPage>() != 24) ERROR("struct clock_page of vdso.c");

let page: usize = 0;

/** Makes the vDSO; false when memory is short. */
export function vdsoStart(): bool {
  page = vdsoInit();
  if (page == 0) return false;
  const p = changetype<ClockPage>(page);
  p.sequence = 1; // odd: make the call
  p.oneProcessor = 1;
  if (ticksAreTime()) setClockListener(publish);
  return true;
}

/**
 * True when the TSC runs at one rate for ever (Intel SDM 3B, 18.17.1), or a hypervisor provides it, which has no deep sleep and no other frequency
 * behind our back. Otherwise only the kernel may say what the time is.
 */
function ticksAreTime(): bool {
  if (cpuid(1, 0, 2) >> 31) return true;
  return cpuid(0x8000_0000, 0, 0) >= 0x8000_0007 && ((cpuid(0x8000_0007, 0, 3) >> 8) & 1) != 0;
}

function publish(): void {
  const p = changetype<ClockPage>(page);
  p.sequence |= 1;
  barrier();
  p.startTicks = clockStartTicks();
  p.scale = clockScale();
  setOffset(ClockId.CLOCK_REALTIME);
  setOffset(ClockId.CLOCK_REALTIME_COARSE);
  setOffset(ClockId.CLOCK_TAI);
  barrier();
  p.sequence++;
}

/** A clock of the wall's. */
function setOffset(clock: u32): void {
  store<u64>(page + offsetof<ClockPage>() + (clock << 3), wallOffset());
}
