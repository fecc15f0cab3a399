import { Errno } from "../errno";
import { kernelAlloc } from "../mm/heap";
import { AddressSpace } from "../mm/space";
import { Vma, VMA_BYTES, VmaFlag } from "../mm/vma";
import { vmaFind, vmaInsert } from "../mm/vmatree";
import { Inode, INODE_BYTES } from "../vfs/inode";
import { BLOCKED } from "../result";
import { nowNs } from "../time/clock";
import { FUTEX_MATCH_ANY, futexRequeue, futexThreadEnds, futexWait, futexWake, futexWakeOperation } from "./futex";
import { FUTEX_WORD_BYTES, futexVectorGoOn, futexVectorInit, futexWaitsForVector, futexWaitVector, FutexWord } from "./futexvector";
import { releaseOperation } from "./operation";
import { Process } from "./process";
import { init, newProcess, newThread, startContainer } from "./testing";
import { NEVER, setCurrent, Thread, ThreadState, unpark, WakeReason } from "./thread";

let p: Process = changetype<Process>(0);
/** Two words of "user" memory. */
let a: u64 = 0;
let b: u64 = 0;

/** A new thread that runs futexWait(2) on `ua`, which holds 0. */
function waiterOn(ua: u64, bits: u32 = FUTEX_MATCH_ANY, shared: bool = false): Thread {
  const t = newThread(p);
  setCurrent(t);
  expect(futexWait(t, ua, 0, bits, shared, NEVER)).toBe(BLOCKED);
  setCurrent(p.leader);
  return t;
}

/** A new thread that waits for `a` and `b`, which hold 0; the call says that `b` holds `valueOfB`. */
function vectorWaiter(valueOfB: u32): Thread {
  futexVectorInit();
  const t = newThread(p);
  setCurrent(t);
  const words = kernelAlloc(2 * FUTEX_WORD_BYTES);
  changetype<FutexWord>(words).ua = a;
  changetype<FutexWord>(words + FUTEX_WORD_BYTES).ua = b;
  changetype<FutexWord>(words + FUTEX_WORD_BYTES).value = valueOfB;
  expect(futexWaitVector(t, words, 2, NEVER)).toBe(valueOfB == 0 ? BLOCKED : -Errno.EAGAIN);
  setCurrent(p.leader);
  return t;
}

/** Runs the call of a woken thread again. */
function again(t: Thread, ua: u64): i64 {
  setCurrent(t);
  const r = futexWait(t, ua, 0, FUTEX_MATCH_ANY, false, NEVER);
  setCurrent(p.leader);
  return r;
}

beforeEach(() => {
  startContainer();
  p = newProcess(init);
  const space = changetype<AddressSpace>(kernelAlloc(offsetof<AddressSpace>()));
  // All memory is one private mapping.
  const vma = changetype<Vma>(kernelAlloc(VMA_BYTES));
  vma.end = 1 << 32;
  vmaInsert(space, vma);
  p.space = space;
  setCurrent(p.leader);
  a = kernelAlloc(64);
  b = a + 32;
});

describe("waiting", () => {
  test("only while the word holds the value", () => {
    expect(futexWait(p.leader, a, 1, FUTEX_MATCH_ANY, false, NEVER)).toBe(-Errno.EAGAIN);
    expect(futexWait(p.leader, a + 1, 0, FUTEX_MATCH_ANY, false, NEVER)).toBe(-Errno.EINVAL);
    expect(futexWait(p.leader, a, 0, 0, false, NEVER)).toBe(-Errno.EINVAL);
    expect(futexWait(p.leader, 0xffff_8000_0000_0000, 0, FUTEX_MATCH_ANY, false, NEVER)).toBe(-Errno.EFAULT);
  });

  test("a wake-up makes the call succeed, whatever the word holds by then", () => {
    const t = waiterOn(a);
    store<u32>(<usize>a, 5);
    expect(futexWake(p.leader, a, 1, FUTEX_MATCH_ANY, false)).toBe(1);
    expect(t.state).toBe(ThreadState.Runnable);
    expect(again(t, a)).toBe(0);
  });

  test("a deadline that has passed is ETIMEDOUT; a spurious wake-up waits on", () => {
    const t = waiterOn(a);
    unpark(t, WakeReason.Event);
    expect(again(t, a)).toBe(BLOCKED);
    expect(futexWake(p.leader, a, 9, FUTEX_MATCH_ANY, false)).toBe(1);
    const late = newThread(p);
    setCurrent(late);
    const deadline = nowNs() + 1_000_000;
    expect(futexWait(late, a, 0, FUTEX_MATCH_ANY, false, deadline)).toBe(BLOCKED);
    while (nowNs() < deadline) {}
    unpark(late, WakeReason.Timeout);
    expect(futexWait(late, a, 0, FUTEX_MATCH_ANY, false, deadline)).toBe(-Errno.ETIMEDOUT);
  });
});

describe("waking", () => {
  test("in order of arrival, as many as asked", () => {
    const first = waiterOn(a);
    const second = waiterOn(a);
    const third = waiterOn(a);
    expect(futexWake(p.leader, a, 2, FUTEX_MATCH_ANY, false)).toBe(2);
    expect(first.state).toBe(ThreadState.Runnable);
    expect(second.state).toBe(ThreadState.Runnable);
    expect(third.state).toBe(ThreadState.Blocked);
    expect(futexWake(p.leader, b, 9, FUTEX_MATCH_ANY, false)).toBe(0);
  });

  test("only waiters with a common bit", () => {
    const odd = waiterOn(a, 1);
    const even = waiterOn(a, 2);
    expect(futexWake(p.leader, a, 9, 2, false)).toBe(1);
    expect(odd.state).toBe(ThreadState.Blocked);
    expect(even.state).toBe(ThreadState.Runnable);
  });
});

test("a shared word is known by its file and place, wherever it is mapped", () => {
  const vma = vmaFind(p.space!, a)!;
  vma.flags = VmaFlag.Shared;
  vma.inode = changetype<Inode>(kernelAlloc(INODE_BYTES));
  const other = newProcess(init);
  const space = changetype<AddressSpace>(kernelAlloc(offsetof<AddressSpace>()));
  const elsewhere = changetype<Vma>(kernelAlloc(VMA_BYTES));
  elsewhere.start = vma.start;
  elsewhere.end = vma.end;
  elsewhere.flags = vma.flags;
  elsewhere.inode = vma.inode;
  elsewhere.pageOffset = 1;
  vmaInsert(space, elsewhere);
  other.space = space;
  const t = newThread(p);
  setCurrent(t);
  expect(futexWait(t, a, 0, FUTEX_MATCH_ANY, true, NEVER)).toBe(BLOCKED);
  expect(futexWake(other.leader, a, 1, FUTEX_MATCH_ANY, true)).toBe(0);
  expect(futexWake(other.leader, a - 4096, 1, FUTEX_MATCH_ANY, true)).toBe(1);
});

describe("requeueing", () => {
  test("wakes some and moves the others, who are woken by the other word", () => {
    const first = waiterOn(a);
    const second = waiterOn(a);
    const third = waiterOn(a);
    expect(futexRequeue(p.leader, a, b, 1, 1, true, 0, false, false)).toBe(2);
    expect(first.state).toBe(ThreadState.Runnable);
    expect(futexWake(p.leader, b, 9, FUTEX_MATCH_ANY, false)).toBe(1);
    expect(second.state).toBe(ThreadState.Runnable);
    expect(third.state).toBe(ThreadState.Blocked);
  });

  test("only if the word still holds the expected value", () => {
    expect(futexRequeue(p.leader, a, b, 1, 1, true, 1, false, false)).toBe(-Errno.EAGAIN);
    expect(futexRequeue(p.leader, a, b, -1, 1, false, 0, false, false)).toBe(-Errno.EINVAL);
  });
});

test("FUTEX_WAKE_OP changes the second word and wakes by its old value", () => {
  const first = waiterOn(a);
  const second = waiterOn(b);
  // *b += 5; also wake b if it held 1 before.
  expect(futexWakeOperation(p.leader, a, b, 1, 1, (1 << 28) | (0 << 24) | (5 << 12) | 1, false)).toBe(1);
  expect(load<u32>(<usize>b)).toBe(5);
  expect(first.state).toBe(ThreadState.Runnable);
  expect(second.state).toBe(ThreadState.Blocked);
  // *b |= 1 << 4; also wake b if it held more than 4 before.
  expect(futexWakeOperation(p.leader, a, b, 1, 1, 0xa000_0000 | (4 << 24) | (4 << 12) | 4, false)).toBe(1);
  expect(load<u32>(<usize>b)).toBe(5 | 16);
  expect(second.state).toBe(ThreadState.Runnable);
  expect(futexWakeOperation(p.leader, a, b, 1, 1, 7 << 28, false)).toBe(-Errno.ENOSYS);
});

test("a private word and one that is named as shared are not the same", () => {
  const t = waiterOn(a);
  expect(futexWake(p.leader, a, 1, FUTEX_MATCH_ANY, true)).toBe(0);
  expect(futexWake(p.leader, a, 1, FUTEX_MATCH_ANY, false)).toBe(1);
  expect(again(t, a)).toBe(0);
});

describe("waiting for several words", () => {
  test("ends with the one that is woken", () => {
    const t = vectorWaiter(0);
    expect(futexWaitsForVector(t)).toBe(true);
    expect(futexWake(p.leader, b, 9, FUTEX_MATCH_ANY, false)).toBe(1);
    expect(t.state).toBe(ThreadState.Runnable);
    expect(futexWake(p.leader, b, 9, FUTEX_MATCH_ANY, false)).toBe(0, "a wake-up is used up");
    expect(futexVectorGoOn(t, NEVER)).toBe(1);
    releaseOperation(t);
    expect(futexWake(p.leader, a, 9, FUTEX_MATCH_ANY, false)).toBe(0, "it has left the other queue");
  });

  test("leaves no waiter behind when a word has another value", () => {
    const t = vectorWaiter(1);
    expect(futexWaitsForVector(t)).toBe(false);
    expect(futexWake(p.leader, a, 9, FUTEX_MATCH_ANY, false)).toBe(0);
  });

  test("follows a word that is requeued", () => {
    const t = vectorWaiter(0);
    const c = b + 16;
    expect(futexRequeue(p.leader, a, c, 0, 1, false, 0, false, false)).toBe(1);
    expect(futexWake(p.leader, a, 9, FUTEX_MATCH_ANY, false)).toBe(0);
    expect(futexWake(p.leader, c, 9, FUTEX_MATCH_ANY, false)).toBe(1);
    setCurrent(t);
    expect(futexVectorGoOn(t, NEVER)).toBe(0);
    releaseOperation(t);
  });
});

describe("the end of a thread", () => {
  test("clears its tid word and wakes who joins it", () => {
    const t = newThread(p);
    const joiner = waiterOn(a, FUTEX_MATCH_ANY, true);
    t.clearTid = a;
    store<u32>(<usize>a, t.tid);
    setCurrent(t);
    futexThreadEnds(t);
    expect(load<u32>(<usize>a)).toBe(0);
    expect(joiner.state).toBe(ThreadState.Runnable);
  });

  test("marks the robust mutexes it held, and wakes a waiter", () => {
    const t = newThread(p);
    // A list head with one entry, whose word is 16 bytes behind it.
    const head = kernelAlloc(64);
    const entry = <u32>kernelAlloc(64);
    store<u64>(head, entry);
    store<u64>(head, 16, 8);
    store<u64>(entry, head);
    const word = <u64>entry + 16;
    const waiter = waiterOn(word, FUTEX_MATCH_ANY, true);
    store<u32>(<usize>word, t.tid | 0x8000_0000);
    t.robustList = head;
    setCurrent(t);
    futexThreadEnds(t);
    expect(load<u32>(<usize>word)).toBe(0xc000_0000);
    expect(waiter.state).toBe(ThreadState.Runnable);
  });

  test("leaves mutexes of others alone and survives a circular list", () => {
    const t = newThread(p);
    const head = kernelAlloc(64);
    const entry = kernelAlloc(64);
    store<u64>(head, entry);
    store<u64>(head, 16, 8);
    store<u64>(entry, entry);
    store<u32>(entry + 16, t.tid + 1);
    t.robustList = head;
    setCurrent(t);
    futexThreadEnds(t);
    expect(load<u32>(entry + 16)).toBe(t.tid + 1);
  });
});
