import { random, seed } from "../lib/testing";
import { setPlatform, timerFired } from "../interrupt";
import { framesFree, frameFailAfter } from "../mm/frame";
import { kernelAlloc } from "../mm/heap";
import { useTestMemory } from "../mm/testing";
import {
  setTimerHandler,
  Timer,
  timerCancel,
  timerDestroy,
  timerInit,
  TimerKind,
  timerNextNs,
  timerRun,
  timerSet,
  TIMER_BYTES,
} from "./timer";

const MANY: u32 = 1000;
let timers: usize = 0;
/** Owners in the order in which they fired. */
const fired = memory.data(4096 * 4);
let firedCount: u32 = 0;
let armedNs: u64 = 0;
let again: u64 = 0;

function timer(i: u32): Timer {
  return changetype<Timer>(timers + i * TIMER_BYTES);
}

function onFire(owner: usize): void {
  store<u32>(fired + firedCount++ * 4, <u32>owner);
}

/** An interval timer: sets itself again while `again` is not over. */
function onInterval(owner: usize): void {
  onFire(owner);
  const t = timer(<u32>owner);
  if (t.deadlineNs + 10 <= again) timerSet(t, t.deadlineNs + 10);
}

function firedAt(i: u32): u32 {
  return load<u32>(fired + i * 4);
}

function ended(): void {}

function arm(deadlineNs: u64): void {
  armedNs = deadlineNs;
}

describe("timers", () => {
  beforeEach(() => {
    if (timers == 0) {
      useTestMemory(1024);
      timers = kernelAlloc(MANY * TIMER_BYTES);
      setTimerHandler(TimerKind.Work, onFire);
      setTimerHandler(TimerKind.Interval, onInterval);
    }
    firedCount = 0;
    for (let i: u32 = 0; i < MANY; i++) timerInit(timer(i), i == 0 ? TimerKind.Interval : TimerKind.Work, i);
  });
  afterEach(() => {
    for (let i: u32 = 0; i < MANY; i++) timerDestroy(timer(i));
  });

  test("fire in the order of their deadlines, each once and not too early", () => {
    timerSet(timer(1), 300);
    timerSet(timer(2), 100);
    timerSet(timer(3), 200);
    expect(timerNextNs()).toBe(100);
    timerRun(99);
    expect(firedCount).toBe(0);
    timerRun(200);
    expect(firedCount).toBe(2);
    expect(firedAt(0)).toBe(2);
    expect(firedAt(1)).toBe(3);
    timerRun(u64.MAX_VALUE);
    expect(firedCount).toBe(3);
    expect(timerNextNs()).toBe(u64.MAX_VALUE);
  });

  test("one that is cancelled does not fire; cancelling twice does nothing", () => {
    timerSet(timer(1), 100);
    timerSet(timer(2), 200);
    timerCancel(timer(1));
    timerCancel(timer(1));
    expect(timerNextNs()).toBe(200);
    timerRun(1000);
    expect(firedCount).toBe(1);
    expect(firedAt(0)).toBe(2);
  });

  test("one that is set again moves, both ways", () => {
    timerSet(timer(1), 100);
    timerSet(timer(2), 200);
    timerSet(timer(1), 300);
    timerSet(timer(2), 50);
    timerRun(100);
    expect(firedCount).toBe(1);
    expect(firedAt(0)).toBe(2);
    timerRun(300);
    expect(firedAt(1)).toBe(1);
  });

  test("one that sets itself again from its handler fires as often as is due", () => {
    again = 95;
    timerSet(timer(0), 10);
    timerRun(54);
    expect(firedCount).toBe(5);
    timerRun(1000);
    expect(firedCount).toBe(9);
  });

  test("the hardware is armed for the first alone", () => {
    setPlatform(ended, arm);
    timerFired();
    timerSet(timer(1), 500);
    expect(armedNs).toBe(500);
    timerSet(timer(2), 900);
    expect(armedNs).toBe(500);
    timerSet(timer(3), 100);
    expect(armedNs).toBe(100);
  });

  test("a thousand, with random changes: order, and none is lost or fires twice", () => {
    seed(3);
    const deadlines = memory.data(1000 * 8);
    memory.fill(deadlines, 0, MANY * 8);
    for (let step: u32 = 0; step < 20_000; step++) {
      const i = 1 + random(MANY - 1);
      if (random(3) == 0) {
        timerCancel(timer(i));
        store<u64>(deadlines + i * 8, 0);
      } else {
        const deadline: u64 = 1 + random(5000);
        timerSet(timer(i), deadline);
        store<u64>(deadlines + i * 8, deadline);
      }
    }
    let due: u32 = 0;
    for (let i: u32 = 1; i < MANY; i++) if (load<u64>(deadlines + i * 8) != 0) due++;
    let now: u64 = 0;
    let previous: u64 = 0;
    let wrong = 0;
    while (timerNextNs() != u64.MAX_VALUE) {
      const before = firedCount;
      now += 1 + random(40);
      timerRun(now);
      for (let f = before; f < firedCount; f++) {
        const deadline = load<u64>(deadlines + firedAt(f) * 8);
        if (deadline == 0 || deadline > now || deadline < previous) wrong++;
        previous = deadline;
        store<u64>(deadlines + firedAt(f) * 8, 0);
      }
      if (timerNextNs() <= now) wrong++;
    }
    expect(wrong).toBe(0);
    expect(firedCount).toBe(due);
  });

  test("setting needs no memory: room was made when the timers were", () => {
    frameFailAfter(0);
    const frames = framesFree();
    for (let i: u32 = 0; i < MANY; i++) timerSet(timer(i), 1 + i);
    again = 0;
    timerRun(MANY);
    frameFailAfter(-1);
    expect(firedCount).toBe(MANY);
    expect(framesFree()).toBe(frames);
  });

  test("a timer too many, when memory is short, is refused and the others stand", () => {
    timerSet(timer(5), 77);
    const more = kernelAlloc(2000 * TIMER_BYTES);
    frameFailAfter(0);
    let made: u32 = 0;
    while (made < 2000 && timerInit(changetype<Timer>(more + made * TIMER_BYTES), TimerKind.Work, made)) made++;
    frameFailAfter(-1);
    expect(made).toBeLessThan(2000);
    expect(timerNextNs()).toBe(77);
    for (let i: u32 = 0; i < made; i++) timerDestroy(changetype<Timer>(more + i * TIMER_BYTES));
  });
});
