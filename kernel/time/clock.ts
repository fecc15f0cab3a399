// Clocks. Monotonic time is the TSC scaled to nanoseconds since boot; wall time is that plus an offset read from the RTC at boot.
// The scale is a 64.64 fixed-point number: ns = ticks * scale >> 64 after a shift, exact enough for decades (Intel SDM 3B 18.17).

import { multiplyHigh, rdtsc } from "../../shim/isa";

let tscStart: u64 = 0;
/** Nanoseconds per tick * 2^60. */
let scale: u64 = (<u64>1) << 60;
let frequencyHz: u64 = 1_000_000_000;
let wallOffsetNs: u64 = 0;
/** False until the TSC is calibrated: nanoseconds are ticks then. */
let calibrated = false;

type Listener = () => void;
let listener: u32 = 0;

/** Registers what is to know when the clock is started or set; told at once, too. */
export function setClockListener(f: Listener): void {
  listener = f.index;
  f();
}

/** What nowNs computes with: the TSC's value that is time 0, and nanoseconds per tick * 2^60. */
export function clockStartTicks(): u64 {
  return tscStart;
}
export function clockScale(): u64 {
  return scale;
}

/** Nanoseconds since boot; never goes back. */
export function nowNs(): u64 {
  const ticks = rdtsc() - tscStart;
  if (!calibrated) return ticks;
  return (multiplyHigh(ticks, scale) << 4) | ((ticks * scale) >> 60);
}

/** Starts monotonic time: the TSC runs at `hz`. */
export function clockStart(hz: u64): void {
  tscStart = rdtsc();
  frequencyHz = hz;
  // 1e9 / hz * 2^60, in two steps so that nothing overflows.
  const whole = 1_000_000_000 / hz;
  let rest = 1_000_000_000 % hz;
  let fraction: u64 = 0;
  for (let i = 0; i < 60; i++) {
    rest <<= 1;
    fraction <<= 1;
    if (rest >= hz) {
      rest -= hz;
      fraction |= 1;
    }
  }
  scale = (whole << 60) | fraction;
  calibrated = hz != 1_000_000_000;
  if (listener != 0) call_indirect<void>(listener);
}

export function tscFrequencyHz(): u64 {
  return frequencyHz;
}

/** Nanoseconds of wall time since 1970 (UTC). */
export function wallNs(): u64 {
  return nowNs() + wallOffsetNs;
}

/** Sets the wall clock: `ns` since 1970 is now. */
export function setWallNs(ns: u64): void {
  wallOffsetNs = ns - nowNs();
  if (listener != 0) call_indirect<void>(listener);
}

export function wallOffset(): u64 {
  return wallOffsetNs;
}
