// The local APIC (Intel SDM 3A, chapter 11), by MSRs (x2APIC) when the CPU has them, else by its registers in memory: it ends interrupts and
// its one-shot timer wakes the kernel. The old 8259 controllers are masked.

import { cpuid, mmioRead32, mmioWrite32, out8, rdmsr, rdtsc, wrmsr } from "../../shim/isa";
import { setPlatform, SPURIOUS_VECTOR, TIMER_VECTOR } from "../../kernel/interrupt";
import { nowNs, tscFrequencyHz } from "../../kernel/time/clock";

const MSR_APIC_BASE: u32 = 0x1b;
const MSR_X2APIC: u32 = 0x800;
const MSR_TSC_DEADLINE: u32 = 0x6e0;

const enum Register {
  Id = 0x20,
  EndOfInterrupt = 0xb0,
  Spurious = 0xf0,
  TimerVector = 0x320,
  TimerInitial = 0x380,
  TimerCurrent = 0x390,
  TimerDivide = 0x3e0,
}

let x2apic = false;
let tscDeadline = false;
let base: u64 = 0;
/** Timer ticks per nanosecond * 2^32. */
let ticksPerNs: u64 = 0;

function read(register: u32): u32 {
  return x2apic ? <u32>rdmsr(MSR_X2APIC + (register >> 4)) : mmioRead32(base + register);
}

function write(register: u32, value: u32): void {
  if (x2apic) wrmsr(MSR_X2APIC + (register >> 4), value);
  else mmioWrite32(base + register, value);
}

/** APIC id of this CPU. */
export function apicId(): u32 {
  return x2apic ? read(Register.Id) : read(Register.Id) >> 24;
}

function endInterrupt(): void {
  write(Register.EndOfInterrupt, 0);
}

function arm(deadlineNs: u64): void {
  const now = nowNs();
  const wait = deadlineNs > now ? deadlineNs - now : 0;
  // At most four seconds at a time: the timer has 32 bits, and an early interrupt does no harm.
  const capped = min<u64>(wait, 4_000_000_000);
  if (tscDeadline) {
    wrmsr(MSR_TSC_DEADLINE, rdtsc() + (capped * (tscFrequencyHz() / 1000)) / 1_000_000 + 1);
    return;
  }
  const ticks = (capped * ticksPerNs) >> 32;
  write(Register.TimerInitial, <u32>min<u64>(ticks + 1, u32.MAX_VALUE));
}

/** Switches the APIC on and masks the 8259s. */
export function apicInit(): void {
  out8(0x21, 0xff);
  out8(0xa1, 0xff);
  let value = rdmsr(MSR_APIC_BASE);
  x2apic = ((cpuid(1, 0, 2) >> 21) & 1) != 0;
  tscDeadline = ((cpuid(1, 0, 2) >> 24) & 1) != 0;
  value |= 1 << 11;
  if (x2apic) value |= 1 << 10;
  wrmsr(MSR_APIC_BASE, value);
  base = value & 0xf_ffff_f000;
  write(Register.Spurious, 0x100 | SPURIOUS_VECTOR);
  write(Register.TimerDivide, 0xb); // by 1
  write(Register.TimerVector, TIMER_VECTOR | (tscDeadline ? 1 << 18 : 0));
  setPlatform(endInterrupt, arm);
}

/** Starts the timer counting down from its maximum, for calibration: pair with apicTicks. */
export function apicStartCount(): void {
  write(Register.TimerVector, TIMER_VECTOR | (1 << 16));
  write(Register.TimerInitial, u32.MAX_VALUE);
}

/** Ticks since apicStartCount. */
export function apicTicks(): u32 {
  return u32.MAX_VALUE - read(Register.TimerCurrent);
}

/** Ends calibration: the timer runs at `hz`. */
export function apicSetFrequency(hz: u64): void {
  write(Register.TimerInitial, 0);
  write(Register.TimerVector, TIMER_VECTOR | (tscDeadline ? 1 << 18 : 0));
  ticksPerNs = (hz << 32) / 1_000_000_000;
}
