// How fast the TSC and the APIC timer run: measured against a clock of known frequency, the HPET when there is one, else the PIT. Another VM
// on the machine can stretch a measurement, so several short ones are taken and those that agree decide.

import { cpuid, in8, mmioRead32, mmioWrite32, out8, rdtsc } from "../../shim/isa";
import { apicSetFrequency, apicStartCount, apicTicks } from "./apic";
import { clockStart } from "../../kernel/time/clock";

const HPET_BASE: u64 = 0xfed0_0000;
const HPET_PERIOD: u64 = HPET_BASE + 4;
const HPET_CONFIGURATION: u64 = HPET_BASE + 0x10;
const HPET_COUNTER: u64 = HPET_BASE + 0xf0;
const PIT_HZ: u64 = 1_193_182;
const TRIES: u32 = 7;
/** First try with windows so short that they cost nothing; they decide if they agree to a thousandth. */
const SHORT_WINDOW_NS: u64 = 100_000;
const LONG_WINDOW_NS: u64 = 2_000_000;

/** Femtoseconds per HPET tick; 0 when there is none (10 MHz at least, says its specification). */
let hpetPeriodFs: u64 = 0;
const tscRates = memory.data(7 * 8, 8);
const apicRates = memory.data(7 * 8, 8);

function hpetProbe(): void {
  const period = mmioRead32(HPET_PERIOD);
  if (period < 100_000 || period > 100_000_000) return;
  hpetPeriodFs = period;
  mmioWrite32(HPET_CONFIGURATION, mmioRead32(HPET_CONFIGURATION) | 1);
}

/** A reading of the reference clock. PIT channel 0 counts down from 65536 over and over (mode 2). */
function reference(): u32 {
  if (hpetPeriodFs != 0) return mmioRead32(HPET_COUNTER);
  out8(0x43, 0);
  const low = in8(0x40);
  return 0xffff - (low | (in8(0x40) << 8));
}

/** Nanoseconds between two readings, the second at most one turn of the counter later. */
function elapsedNs(from: u32, to: u32): u64 {
  if (hpetPeriodFs != 0) return (<u64>(to - from) * hpetPeriodFs) / 1_000_000;
  return (<u64>((to - from) & 0xffff) * 1_000_000_000) / PIT_HZ;
}

function measure(slot: usize, windowNs: u64): void {
  const from = reference();
  const tsc = rdtsc();
  const apic = apicTicks();
  let ns: u64 = 0;
  let guard: u32 = 0;
  do ns = elapsedNs(from, reference());
  while (ns < windowNs && ++guard < 10_000_000);
  const tscTicks = rdtsc() - tsc;
  const apicCount = apicTicks() - apic;
  ns = max<u64>(ns, 1);
  store<u64>(tscRates + slot, (tscTicks * 1_000_000) / ns);
  store<u64>(apicRates + slot, (<u64>apicCount * 1_000_000) / ns);
}

/** The median of the tries, in kHz: half of them may be wrong. */
function median(rates: usize): u64 {
  for (let i: u32 = 1; i < TRIES; i++) {
    const value = load<u64>(rates + (i << 3));
    let at = i;
    for (; at > 0 && load<u64>(rates + ((at - 1) << 3)) > value; at--) store<u64>(rates + (at << 3), load<u64>(rates + ((at - 1) << 3)));
    store<u64>(rates + (at << 3), value);
  }
  return load<u64>(rates + ((TRIES / 2) << 3));
}

/** True when the middle five of the seven tries lie within a thousandth; sorts them. */
function agree(rates: usize): bool {
  const middle = median(rates);
  const low = load<u64>(rates + 8);
  const high = load<u64>(rates + ((TRIES - 2) << 3));
  return (high - low) * 1000 <= middle;
}

/** TSC frequency in Hz as CPUID leaf 15H tells it exactly; 0 when it does not. */
function tscHzByCpuid(): u64 {
  if (cpuid(0, 0, 0) < 0x15) return 0;
  const denominator = cpuid(0x15, 0, 0);
  const numerator = cpuid(0x15, 0, 1);
  const crystal = cpuid(0x15, 0, 2);
  return denominator == 0 || numerator == 0 || crystal == 0 ? 0 : (<u64>crystal * numerator) / denominator;
}

/** Measures and starts the clock. */
export function calibrate(): void {
  hpetProbe();
  if (hpetPeriodFs == 0) {
    out8(0x43, 0x34);
    out8(0x40, 0);
    out8(0x40, 0);
  }
  apicStartCount();
  // The PIT's tick is too coarse for short windows.
  let agreed = false;
  if (hpetPeriodFs != 0) {
    for (let i: u32 = 0; i < TRIES; i++) measure(i << 3, SHORT_WINDOW_NS);
    agreed = agree(tscRates) && agree(apicRates);
  }
  if (!agreed) for (let i: u32 = 0; i < TRIES; i++) measure(i << 3, LONG_WINDOW_NS);
  const exact = tscHzByCpuid();
  const measured = median(tscRates) * 1000;
  clockStart(exact != 0 ? exact : roundGigahertz(measured));
  apicSetFrequency(median(apicRates) * 1000);
  in8(0x80); // lets the last command settle
}

/** QEMU's instruction-counting clock runs at exactly 1 GHz: a measurement within 0.05 % of that means it. */
function roundGigahertz(hz: u64): u64 {
  return hz > 999_500_000 && hz < 1_000_500_000 ? 1_000_000_000 : hz;
}
