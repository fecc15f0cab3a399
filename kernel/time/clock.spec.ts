import { clockScale, clockStart, nowNs, setClockListener, setWallNs, tscFrequencyHz, wallNs, wallOffset } from "./clock";
import { advance } from "./testing";

/** What reading the simulated clock takes, in ticks. */
const READ: u64 = 1000;
const YEAR_SECONDS: u64 = 31_556_952;

/** Nanoseconds that the clock, started at `hz`, is off after `seconds`. */
function error(hz: u64, seconds: u64): i64 {
  clockStart(hz);
  advance(hz * seconds - READ);
  return <i64>(nowNs() - seconds * 1_000_000_000);
}

let told = 0;
let toldScale: u64 = 0;

describe("the clock", () => {
  test("before it is calibrated a tick is a nanosecond", () => {
    const a = nowNs();
    advance(5_000_000);
    expect(nowNs() - a).toBe(5_000_000 + READ);
  });

  test("is exact to a few nanoseconds after a minute, a year and forty, at any frequency", () => {
    const frequencies = memory.data<u64>([
      100_000_000, 999_999_937, 1_000_000_000, 1_593_750_000, 2_399_999_983, 2_611_198_321, 3_700_000_001, 5_800_000_123,
    ]);
    for (let i = 0; i < 8; i++) {
      const hz = load<u64>(frequencies + i * 8);
      expect(error(hz, 60)).toBeGreaterThanOrEqual(-1);
      expect(error(hz, 60)).toBeLessThanOrEqual(0);
      expect(error(hz, YEAR_SECONDS)).toBeGreaterThanOrEqual(-2);
      expect(error(hz, YEAR_SECONDS)).toBeLessThanOrEqual(0);
      expect(error(hz, 40 * YEAR_SECONDS)).toBeGreaterThanOrEqual(-10);
      expect(error(hz, 40 * YEAR_SECONDS)).toBeLessThanOrEqual(0);
      expect(tscFrequencyHz()).toBe(hz);
    }
  });

  test("starts at zero and never goes back, where the product outgrows 64 bits neither", () => {
    const hz: u64 = 2_611_198_321;
    clockStart(hz);
    expect(nowNs()).toBeLessThan(1000);
    let last = nowNs();
    let back = 0;
    for (let i = 0; i < 5000; i++) {
      advance(i % 7 == 0 ? 0x0123_4567_89ab : <u64>i);
      const now = nowNs();
      if (now < last) back++;
      last = now;
    }
    expect(back).toBe(0);
  });

  test("wall time is what it was set to, and goes on with monotonic time", () => {
    clockStart(2_000_000_000);
    setWallNs(1_800_000_000_000_000_000);
    advance(2_000_000_000);
    const offset = wallOffset();
    const wall = wallNs();
    expect(wall - 1_800_000_000_000_000_000).toBe(1_000_000_500);
    expect(wallNs() - nowNs()).toBeGreaterThanOrEqual(offset - 1000);
    setWallNs(5);
    expect(wallNs()).toBe(505);
    expect(nowNs()).toBeLessThan(2_000_000_000, "monotonic time is not set");
  });

  test("tells its listener at once, and when it is set or started", () => {
    setClockListener(() => {
      told++;
      toldScale = clockScale();
    });
    expect(told).toBe(1);
    setWallNs(7);
    expect(told).toBe(2);
    clockStart(500_000_000);
    expect(told).toBe(3);
    expect(toldScale).toBe((<u64>2) << 60);
  });
});
