import { Container } from "../container/container";
import { random, seed } from "../lib/testing";
import { testContainer } from "../mm/testing";
import { nowNs } from "../time/clock";
import { advance } from "../time/testing";
import { timerDestroy } from "../time/timer";
import { attention, Attention } from "./attention";
import { processNew, setContainerCount, threadNew } from "./lifecycle";
import { Process } from "./process";
import {
  dequeue,
  enqueue,
  forgetThread,
  requestReschedule,
  requeueCurrent,
  runnableThreads,
  shouldYield,
  sliceEndNs,
  SLICE_NS,
  switchToNext,
  yieldCurrent,
} from "./scheduler";
import { container, init, newCredentials, startContainer } from "./testing";
import { current, setCurrent, Thread, ThreadState } from "./thread";

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const STEP: u64 = 100_000;

let other: Container = changetype<Container>(0);
let otherInit: Process = changetype<Process>(0);
/** Every thread of a test, so that the next one starts with empty queues. */
const threads = memory.data(64 * 4);
let threadCount: u32 = 0;

function threadAt(i: u32): Thread {
  return changetype<Thread>(<usize>load<u32>(threads + i * 4));
}

/** A new thread of `p`, runnable unless it `sleeps`. */
function newThread(p: Process, sleeps: bool = false): Thread {
  const t = threadNew(p, p.leader.credentials)!;
  store<u32>(threads + threadCount++ * 4, <u32>changetype<usize>(t));
  t.state = sleeps ? ThreadState.Blocked : ThreadState.Runnable;
  if (!sleeps) enqueue(t);
  return t;
}

function wakeUp(t: Thread): void {
  t.state = ThreadState.Runnable;
  enqueue(t);
}

/** The running thread parks. */
function sleep(): void {
  current.state = ThreadState.Blocked;
  switchToNext();
}

/** The CPU's way through kernel/run.ts when its thread does nothing but compute: for `ns`, in small steps. */
function run(ns: u64): void {
  const end = nowNs() + ns;
  for (let now = nowNs(); now < end; now = nowNs()) {
    if (!current) switchToNext();
    advance(STEP);
    settle();
  }
}

/** The way back to user mode: whoever should have the CPU gets it. The timer's interrupt is not late. */
function settle(): void {
  if (!current) switchToNext();
  if (sliceEndNs != 0 && nowNs() >= sliceEndNs) requestReschedule();
  if (!current || !(attention & Attention.Reschedule) || !shouldYield(nowNs())) return;
  requeueCurrent();
  switchToNext();
}

/** `part` in thousandths of `whole`. */
function share(part: u64, whole: u64): u32 {
  return <u32>((part * 1000) / whole);
}

function expectAbout(value: u32, wanted: u32, tolerance: u32, what: string): void {
  expect(value).toBeGreaterThanOrEqual(wanted - tolerance, what);
  expect(value).toBeLessThanOrEqual(wanted + tolerance, what);
}

beforeEach(() => {
  startContainer();
  setContainerCount(2);
  other = testContainer();
  other.weight = 100;
  otherInit = processNew(other, null, newCredentials(0))!;
  threadCount = 0;
});

afterEach(() => {
  for (let i: u32 = 0; i < threadCount; i++) {
    dequeue(threadAt(i));
    forgetThread(threadAt(i));
    timerDestroy(threadAt(i).timer);
  }
  // The room for timers outlives a test's heap: it must not have to grow.
  timerDestroy(init.leader.timer);
  timerDestroy(otherInit.leader.timer);
  setCurrent(changetype<Thread>(0));
  expect(runnableThreads()).toBe(0);
});

describe("shares", () => {
  test("two containers get half each, however many threads they have", () => {
    const alone = newThread(init);
    for (let i = 0; i < 3; i++) newThread(otherInit);
    run(2 * SECOND);
    const all = container.cpuNs + other.cpuNs;
    expectAbout(share(container.cpuNs, all), 500, 5, "the container with one thread");
    expect(alone.cpuNs).toBe(container.cpuNs);
    for (let i: u32 = 1; i < 4; i++) expectAbout(share(threadAt(i).cpuNs, other.cpuNs), 333, 10, "one of three");
  });

  test("weights divide the CPU among containers", () => {
    other.weight = 300;
    newThread(init);
    newThread(otherInit);
    newThread(otherInit);
    run(2 * SECOND);
    expectAbout(share(other.cpuNs, container.cpuNs + other.cpuNs), 750, 8, "three quarters");
  });

  test("nice values divide it within a container: five steps are a factor of three", () => {
    const a = newThread(init);
    const b = newThread(init);
    b.nice = 5;
    run(2 * SECOND);
    expectAbout(share(a.cpuNs, a.cpuNs + b.cpuNs), (1024 * 1000) / (1024 + 335), 10, "nice 0 against nice 5");
  });

  test("nice values of one container do not weigh on another", () => {
    const a = newThread(init);
    a.nice = -20;
    newThread(otherInit).nice = 19;
    run(SECOND);
    expectAbout(share(container.cpuNs, container.cpuNs + other.cpuNs), 500, 8, "half");
  });

  test("nobody starves", () => {
    for (let i = 0; i < 10; i++) newThread(init);
    const last = newThread(init);
    last.nice = 19;
    run(4 * SECOND);
    expect(last.cpuNs).toBeGreaterThan(0);
    for (let i: u32 = 0; i < 10; i++) expectAbout(share(threadAt(i).cpuNs, container.cpuNs), 100, 6, "a tenth");
  });

  test("what threads and containers used adds up", () => {
    const start = nowNs();
    for (let i = 0; i < 4; i++) newThread(i & 1 ? init : otherInit);
    switchToNext();
    run(SECOND / 10);
    sleep();
    let sum: u64 = 0;
    for (let i: u32 = 0; i < 4; i++) sum += threadAt(i).cpuNs;
    expect(sum).toBe(container.cpuNs + other.cpuNs);
    expect(nowNs() - start - sum).toBeLessThan(10_000);
  });
});

describe("the newcomer, who waits beside the queues", () => {
  test("runs next when the other sleeps, and is woken in its turn", () => {
    const a = newThread(init);
    switchToNext();
    const b = newThread(init, true);
    for (let i = 0; i < 100; i++) {
      wakeUp(b);
      expect(runnableThreads()).toBe(1);
      expect(attention & Attention.Reschedule).toBe(0, "nothing to look at before its slice");
      advance(STEP);
      sleep();
      expect(current == b).toBe(true);
      wakeUp(a);
      advance(STEP);
      sleep();
      expect(current == a).toBe(true);
    }
    expectAbout(share(a.cpuNs, a.cpuNs + b.cpuNs), 500, 5, "each is charged for its own time");
  });

  test("does not keep a third out, in its container or another", () => {
    const a = newThread(init);
    switchToNext();
    const b = newThread(init, true);
    wakeUp(b);
    const c = newThread(otherInit);
    expect(runnableThreads()).toBe(2);
    run(SECOND);
    expectAbout(share(c.cpuNs, a.cpuNs + b.cpuNs + c.cpuNs), 500, 10, "the other container's half");
    expectAbout(share(b.cpuNs, a.cpuNs + b.cpuNs), 500, 20, "b's half of the rest");
  });

  test("gets the CPU at once from one whose slice is long over", () => {
    newThread(init);
    run(SECOND);
    const b = newThread(init);
    settle();
    expect(current == b).toBe(true);
  });

  test("can be taken back", () => {
    newThread(init);
    switchToNext();
    const b = newThread(init);
    dequeue(b);
    expect(b.queueIndex).toBe(0);
    expect(runnableThreads()).toBe(0);
    sleep();
    expect(current == null).toBe(true);
  });
});

describe("whoever ran alone", () => {
  test("keeps its half when another container comes: nothing is owed for a time without rivals", () => {
    newThread(init);
    run(5 * SECOND);
    newThread(otherInit);
    settle();
    const before = container.cpuNs;
    run(SECOND / 5);
    expectAbout(share(container.cpuNs - before, container.cpuNs - before + other.cpuNs), 500, 30, "half");
  });

  test("keeps its half when another thread of the container comes", () => {
    const a = newThread(init);
    run(5 * SECOND);
    const b = newThread(init);
    settle();
    const before = a.cpuNs;
    run(SECOND / 5);
    expectAbout(share(a.cpuNs - before, a.cpuNs - before + b.cpuNs), 500, 30, "half");
  });

  test("keeps it also when it slept before the other came", () => {
    const a = newThread(init);
    run(5 * SECOND);
    sleep();
    expect(current == null).toBe(true, "the CPU idles");
    const b = newThread(otherInit);
    const c = newThread(init);
    wakeUp(a);
    const before = container.cpuNs;
    run(SECOND / 5);
    expectAbout(share(b.cpuNs, b.cpuNs + container.cpuNs - before), 500, 30, "the other container's half");
    expectAbout(share(c.cpuNs, container.cpuNs - before), 500, 60, "the new thread's half of the rest");
  });
});

describe("sleepers", () => {
  test("a thread that wakes is served soon, also with hogs in its container and another", () => {
    const t = newThread(init, true);
    for (let i = 0; i < 3; i++) newThread(init);
    for (let i = 0; i < 2; i++) newThread(otherInit);
    run(SECOND / 10);
    let worst: u64 = 0;
    let sum: u64 = 0;
    for (let round = 0; round < 50; round++) {
      run(20 * MILLISECOND);
      wakeUp(t);
      const woken = nowNs();
      settle();
      while (current != t) run(STEP);
      const late = nowNs() - woken;
      worst = max(worst, late);
      sum += late;
      advance(STEP);
      sleep();
    }
    expect(worst).toBeLessThanOrEqual(4 * SLICE_NS, "at worst");
    expect(sum / 50).toBeLessThanOrEqual(2 * SLICE_NS, "on average");
  });

  test("sleeping gains no credit", () => {
    const a = newThread(init);
    const b = newThread(init, true);
    const c = newThread(otherInit);
    run(5 * SECOND);
    wakeUp(b);
    const before = a.cpuNs;
    run(SECOND / 5);
    expectAbout(share(b.cpuNs, b.cpuNs + a.cpuNs - before), 500, 60, "half of its container's");
    expect(c.cpuNs).toBeGreaterThan((SECOND * 5) / 2);
  });

  test("nor does a whole container that slept", () => {
    newThread(init);
    newThread(init);
    run(3 * SECOND);
    const before = container.cpuNs;
    newThread(otherInit);
    run(SECOND / 5);
    expectAbout(share(other.cpuNs, other.cpuNs + container.cpuNs - before), 500, 40, "half");
  });
});

describe("the queue", () => {
  test("idles when it is empty", () => {
    switchToNext();
    expect(current == null).toBe(true);
    expect(sliceEndNs).toBe(0);
    const t = newThread(init);
    expect(attention & Attention.Reschedule).toBe(Attention.Reschedule);
    switchToNext();
    expect(current == t).toBe(true);
    expect(t.state).toBe(ThreadState.Running);
    expect(sliceEndNs).toBe(0, "nobody else wants the CPU");
    expect(shouldYield(nowNs())).toBe(false);
  });

  test("dequeue takes out a thread from anywhere; twice does nothing", () => {
    for (let i = 0; i < 8; i++) newThread(i < 6 ? init : otherInit);
    dequeue(threadAt(2));
    dequeue(threadAt(2));
    dequeue(threadAt(6));
    dequeue(threadAt(7));
    expect(runnableThreads()).toBe(5);
    expect(other.queueIndex).toBe(0);
    run(SECOND / 5);
    expect(threadAt(2).cpuNs + threadAt(6).cpuNs + threadAt(7).cpuNs).toBe(0);
    for (let i: u32 = 0; i < 6; i++) if (i != 2) expectAbout(share(threadAt(i).cpuNs, container.cpuNs), 200, 25, "a fifth");
  });

  test("sched_yield lets every other thread of the container go first", () => {
    const t = newThread(init);
    switchToNext();
    newThread(init);
    newThread(init);
    yieldCurrent();
    settle();
    const first = current;
    expect(first == t).toBe(false);
    yieldCurrent();
    settle();
    expect(current == t || current == first).toBe(false);
    yieldCurrent();
    settle();
    expect(runnableThreads()).toBe(2);
  });

  test("random wake-ups, sleeps and stops: who runs is who is furthest behind, and none is lost", () => {
    seed(11);
    for (let i = 0; i < 40; i++) newThread(i & 1 ? init : otherInit).nice = i % 7;
    let wrong = 0;
    for (let step = 0; step < 20_000; step++) {
      const t = threadAt(random(40));
      const what = random(4);
      if (what == 0 && t.state == ThreadState.Blocked) wakeUp(t);
      else if (what == 1 && t.state == ThreadState.Runnable) {
        dequeue(t);
        t.state = ThreadState.Blocked;
      } else if (what == 2 && current) {
        if (random(3) == 0) sleep();
        else {
          requeueCurrent();
          switchToNext();
        }
        if (current) wrong += behind(current);
      } else {
        advance(random(3_000_000));
        settle();
      }
      let runnable: u32 = 0;
      for (let i: u32 = 0; i < 40; i++) if (threadAt(i).state == ThreadState.Runnable) runnable++;
      if (runnable != runnableThreads()) wrong++;
    }
    expect(wrong).toBe(0);
  });
});

/** Number of runnable threads of the container of `t` with less virtual time than it. */
function behind(t: Thread): i32 {
  let n = 0;
  for (let i: u32 = 0; i < threadCount; i++) {
    const one = threadAt(i);
    if (one.state == ThreadState.Runnable && one.process.container == t.process.container && one.virtualNs < t.virtualNs) n++;
  }
  return n;
}
