import { random, seed } from "../lib/testing";
import { frameFailAfter, framesFree } from "./frame";
import { heapBytesHeld, heapBytesUsed, heapObjectsUsed, kernelAlloc, kernelFree } from "./heap";
import { useTestMemory } from "./testing";

/** What the heap leaves to others (heap.ts). */
const RESERVE: u32 = 128;

/** The first byte of [p, p + bytes) that is not `value`, or -1. */
function firstOther(p: usize, bytes: u32, value: u8): i32 {
  for (let i: u32 = 0; i < bytes; i++) if (load<u8>(p + i) != value) return i;
  return -1;
}

/** What an object of `size` bytes takes. */
function taken(size: u32): u64 {
  const before = heapBytesUsed();
  const p = kernelAlloc(size);
  const bytes = heapBytesUsed() - before;
  kernelFree(p);
  return bytes;
}

describe("the kernel heap", () => {
  beforeEach(() => {
    useTestMemory(2048);
  });

  test("rounds up to its classes", () => {
    expect(taken(0)).toBe(16);
    expect(taken(1)).toBe(16);
    expect(taken(16)).toBe(16);
    expect(taken(17)).toBe(32);
    expect(taken(33)).toBe(48);
    expect(taken(97)).toBe(128);
    expect(taken(513)).toBe(672);
    expect(taken(817)).toBe(832);
    expect(taken(1361)).toBe(2032);
    expect(taken(2032)).toBe(2032);
    expect(taken(2033)).toBe(4096);
    expect(taken(4096)).toBe(4096);
    expect(taken(4097)).toBe(8192);
    expect(taken(1 << 20)).toBe(1 << 20);
    expect(heapBytesUsed()).toBe(0);
  });

  test("every size: aligned, zeroed though dirty before, its neighbours untouched", () => {
    let misaligned = 0;
    let dirty = 0;
    let overrun = 0;
    for (let size: u32 = 1; size <= 5000; size += 7) {
      const a = kernelAlloc(size);
      const b = kernelAlloc(size);
      if ((a | b) & (size > 2032 ? 4095 : 15)) misaligned++;
      if (firstOther(a, size, 0) >= 0 || firstOther(b, size, 0) >= 0) dirty++;
      memory.fill(a, 0xaa, size);
      memory.fill(b, 0xbb, size);
      if (firstOther(a, size, 0xaa) >= 0) overrun++;
      kernelFree(a);
      kernelFree(b);
    }
    expect(misaligned).toBe(0, "alignment");
    expect(dirty).toBe(0, "zeroing");
    expect(overrun).toBe(0, "separate objects");
  });

  test("the object freed last is given first", () => {
    const a = kernelAlloc(100);
    const b = kernelAlloc(100);
    kernelFree(a);
    kernelFree(b);
    expect(kernelAlloc(100)).toBe(b);
    expect(kernelAlloc(100)).toBe(a);
  });

  test("keeps one empty slab of a class and gives the others back", () => {
    const frames = framesFree();
    const list = memory.data(64 * 4);
    // 2,032 bytes: two objects a slab.
    for (let i: u32 = 0; i < 64; i++) store<u32>(list + i * 4, <u32>kernelAlloc(2032));
    expect(framesFree()).toBe(frames - 32);
    expect(heapBytesHeld()).toBe(32 * 4096);
    for (let i: u32 = 0; i < 64; i++) kernelFree(load<u32>(list + i * 4));
    expect(framesFree()).toBe(frames - 1);
    expect(heapBytesHeld()).toBe(4096);
    // The kept one serves what comes next.
    const p = kernelAlloc(2032);
    expect(framesFree()).toBe(frames - 1);
    kernelFree(p);
    expect(heapObjectsUsed()).toBe(0);
  });

  test("large objects are whole runs, and go back at once", () => {
    const frames = framesFree();
    const p = kernelAlloc(3 * 4096);
    expect(framesFree()).toBe(frames - 4);
    expect(heapBytesHeld()).toBe(4 * 4096);
    expect(heapObjectsUsed()).toBe(1);
    kernelFree(p);
    expect(framesFree()).toBe(frames);
    expect(heapBytesHeld()).toBe(0);
    expect(kernelAlloc((4 << 20) + 1)).toBe(0, "larger than the largest run");
    expect(kernelAlloc(u32.MAX_VALUE)).toBe(0);
  });

  test("freeing nothing is allowed, freeing what is not of the heap is not", () => {
    kernelFree(0);
    expect(() => {
      kernelFree(1 << 27);
    }).toThrow();
  });

  test("leaves a reserve of frames to others", () => {
    while (kernelAlloc(4096) != 0) {}
    expect(framesFree()).toBe(RESERVE);
    while (kernelAlloc(16) != 0) {}
    expect(framesFree()).toBe(RESERVE - 1, "one slab, taken with exactly the reserve there");
    expect(kernelAlloc(16)).toBe(0);
  });

  test("running out is a zero, and nothing is counted", () => {
    frameFailAfter(0);
    expect(kernelAlloc(16)).toBe(0);
    expect(kernelAlloc(10_000)).toBe(0);
    frameFailAfter(-1);
    expect(heapBytesUsed()).toBe(0);
    expect(heapBytesHeld()).toBe(0);
    expect(heapObjectsUsed()).toBe(0);
  });

  test("twenty thousand random steps keep every object's content and come out even", () => {
    seed(7);
    const frames = framesFree();
    const objects = heap.alloc(1024 * 8);
    let live: u32 = 0;
    let wrong = 0;
    for (let step: u32 = 0; step < 20_000; step++) {
      if (live < 1024 && random(100) < ((step >> 12) & 1 ? <u32>35 : <u32>65)) {
        const size = 4 + random(random(8) == 0 ? 9000 : 600);
        const p = kernelAlloc(size);
        if (p == 0) continue;
        if (firstOther(p, size, 0) >= 0) wrong++;
        memory.fill(p, <u8>(p >> 4), size);
        store<u32>(objects + live * 8, <u32>p);
        store<u32>(objects + live * 8, size, 4);
        live++;
      } else if (live != 0) {
        const i = random(live);
        const p = <usize>load<u32>(objects + i * 8);
        if (firstOther(p, load<u32>(objects + i * 8, 4), <u8>(p >> 4)) >= 0) wrong++;
        kernelFree(p);
        store<u64>(objects + i * 8, load<u64>(objects + --live * 8));
      }
      if (heapObjectsUsed() != live) wrong++;
    }
    expect(wrong).toBe(0);
    while (live-- != 0) kernelFree(load<u32>(objects + live * 8));
    heap.free(objects);
    expect(heapBytesUsed()).toBe(0);
    expect(heapBytesHeld()).toBeLessThanOrEqual(17 * 4096);
    expect(framesFree()).toBe(frames - <u32>(heapBytesHeld() >> 12));
  });
});
