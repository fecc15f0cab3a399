import {
  Account,
  accountClose,
  accountHeapBytes,
  accountLimit,
  accountNew,
  accountOf,
  Charge,
  kernelAccount,
  payer,
  setPayer,
} from "./account";
import { frameAlloc, frameAllocFor, frameRelease, framesFree, frameRetain } from "./frame";
import { heapBytesUsed, heapObjectsUsed, kernelAlloc, kernelFree } from "./heap";
import { interruptRun, setHandler } from "../interrupt";
import { random, seed } from "../lib/testing";
import { useTestMemory } from "./testing";

const PAGE: u64 = 4096;
let fromInterrupt: usize = 0;
let one: Account = changetype<Account>(0);
let other: Account = changetype<Account>(0);

beforeEach(() => {
  useTestMemory(1024);
  one = accountNew()!;
  other = accountNew()!;
});

describe("frames", () => {
  test("are paid for by who asked, until the last reference goes", () => {
    const a = frameAllocFor(one, Charge.Anonymous);
    const b = frameAllocFor(one, Charge.File);
    frameRelease(frameAlloc());
    expect(one.bytes).toBe(2 * PAGE);
    expect(one.anonymous).toBe(PAGE);
    expect(one.file).toBe(PAGE);
    frameRetain(a);
    frameRelease(a);
    expect(one.anonymous).toBe(PAGE, "somebody still holds it");
    frameRelease(a);
    frameRelease(b);
    expect(one.bytes).toBe(0);
    expect(one.peak).toBe(2 * PAGE);
    expect(other.bytes).toBe(0);
  });

  test("are refused beyond the limit, which is noticed", () => {
    const frames = framesFree();
    accountLimit(one, 3 * PAGE);
    const a = frameAllocFor(one, Charge.Pipe);
    frameAllocFor(one, Charge.Socket);
    frameAllocFor(one, Charge.PageTable);
    expect(frameAllocFor(one, Charge.Anonymous)).toBe(0);
    expect(one.limitHits).toBe(1);
    expect(framesFree()).toBe(frames - 3);
    frameRelease(a);
    expect(frameAllocFor(one, Charge.Anonymous)).not.toBe(0);
    accountLimit(one, u64.MAX_VALUE);
    expect(frameAllocFor(one, Charge.Anonymous)).not.toBe(0);
    expect(one.limitHits).toBe(1);
  });
});

describe("objects of the heap", () => {
  test("go back to who paid, whoever pays when they are freed", () => {
    setPayer(one);
    const small = kernelAlloc(100);
    const large = kernelAlloc(9000);
    setPayer(other);
    const second = kernelAlloc(100);
    expect(accountHeapBytes(one)).toBe(128 + 4 * PAGE);
    expect(accountHeapBytes(other)).toBe(128);
    kernelFree(small);
    kernelFree(large);
    expect(one.bytes).toBe(0);
    kernelFree(second);
    expect(other.bytes).toBe(0);
    setPayer(kernelAccount);
  });

  test("are refused beyond the limit", () => {
    accountLimit(one, 2 * PAGE);
    setPayer(one);
    expect(kernelAlloc(2 * 4096 + 1)).toBe(0);
    let n: u32 = 0;
    while (kernelAlloc(256) != 0) n++;
    setPayer(kernelAccount);
    expect(n).toBe(32);
    expect(one.limitHits).toBe(2);
    expect(kernelAlloc(256)).not.toBe(0, "for somebody else");
  });

  test("random ones of several payers come out even", () => {
    seed(3);
    const live = memory.data(512 * 8);
    const paid = memory.data(4 * 8);
    memory.fill(live, 0, 512 * 8);
    memory.fill(paid, 0, 4 * 8);
    const accounts = memory.data(4 * 4);
    for (let i: u32 = 0; i < 4; i++) store<u32>(accounts + i * 4, <u32>changetype<usize>(accountNew()));
    const before = heapBytesUsed();
    let wrong = 0;
    for (let step: u32 = 0; step < 20_000; step++) {
      const slot = live + random(512) * 8;
      const owner = random(4);
      if (load<u32>(slot) != 0) {
        kernelFree(load<u32>(slot));
        store<u32>(slot, 0);
      } else {
        setPayer(changetype<Account>(<usize>load<u32>(accounts + owner * 4)));
        store<u32>(slot, <u32>kernelAlloc(1 + random(random(10) == 0 ? 5000 : 700)));
      }
      let all: u64 = 0;
      for (let i: u32 = 0; i < 4; i++) all += changetype<Account>(<usize>load<u32>(accounts + i * 4)).bytes;
      if (all != heapBytesUsed() - before) wrong++;
    }
    for (let i: u32 = 0; i < 512; i++) kernelFree(load<u32>(live + i * 8));
    for (let i: u32 = 0; i < 4; i++) if (changetype<Account>(<usize>load<u32>(accounts + i * 4)).bytes != 0) wrong++;
    setPayer(kernelAccount);
    expect(wrong).toBe(0);
  });
});

describe("an account", () => {
  test("outlives its container until all has come back", () => {
    const objects = heapObjectsUsed();
    const a = accountNew()!;
    const id = a.id;
    setPayer(a);
    const p = kernelAlloc(40);
    const frame = frameAllocFor(a, Charge.File);
    accountClose(a);
    expect(payer == kernelAccount).toBe(true, "nobody pays by it any more");
    kernelFree(p);
    expect(accountOf(id) == a).toBe(true);
    frameRelease(frame);
    expect(heapObjectsUsed()).toBe(objects);
    expect(accountNew()!.id).toBe(id, "its number is free again");
  });

  test("does not pay for what an interrupt makes", () => {
    setHandler(
      40,
      (argument: usize) => {
        fromInterrupt = kernelAlloc(40);
      },
      0,
    );
    setPayer(one);
    interruptRun(40);
    expect(payer == one).toBe(true, "it pays again");
    expect(accountHeapBytes(one)).toBe(0);
    setPayer(kernelAccount);
    kernelFree(fromInterrupt);
  });

  test("thousands have numbers of their own", () => {
    const objects = heapObjectsUsed();
    const first = accountNew()!;
    let wrong = 0;
    for (let i: u32 = 0; i < 3000; i++) {
      const a = accountNew()!;
      if (accountOf(a.id) != a || a.id <= first.id) wrong++;
      if (i % 3 == 0) accountClose(a);
    }
    expect(wrong).toBe(0, "numbers");
    expect(accountOf(first.id) == first).toBe(true, "the first");
    expect(heapObjectsUsed() - objects).toBe(1 + 2000 + 1, "the accounts and their table");
  });
});
