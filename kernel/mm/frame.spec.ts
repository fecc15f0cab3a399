import { random, seed } from "../lib/testing";
import {
  frameAddRange,
  frameAlloc,
  frameAllocLow,
  frameFailAfter,
  frameFree,
  frameInfo,
  frameInfoBytes,
  frameInit,
  FrameKind,
  frameRelease,
  frameRetain,
  framesEnd,
  framesFree,
  framesLeastFree,
  framesUsable,
  LOW_FRAMES,
  MAX_ORDER,
} from "./frame";

// The allocator never touches the frames, only their descriptions: so the frames of these specs need not exist.
const END: u32 = LOW_FRAMES + 4096;
let base: usize = 0;

/** An allocator without frames. */
function start(): void {
  if (base == 0) {
    heap.free(heap.alloc(1)); // the test runner's allocator first
    base = (<usize>memory.grow(<i32>(frameInfoBytes(END) >>> 16) + 1)) << 16;
  }
  memory.fill(base, 0, frameInfoBytes(END));
  frameInit(base, END);
}

@inline
function number(address: usize): u32 {
  return <u32>(address >> 12);
}

/** One byte per frame: what the oracle believes to be taken. */
const taken = memory.data(8192);

/** True when frames [frame, frame + count) were all free, as the oracle sees it; they are taken then. */
function claim(from: u32, frame: u32, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    if (load<u8>(taken + (frame - from) + i) != 0) return false;
    store<u8>(taken + (frame - from) + i, 1);
  }
  return true;
}

describe("frames: the buddy system", () => {
  beforeEach(start);

  test("a range given piece by piece joins into the largest runs", () => {
    frameAddRange(1024, 3072);
    expect(framesFree()).toBe(2048);
    expect(framesUsable()).toBe(2048);
    expect(framesEnd()).toBe(END);
    const a = number(frameAllocLow(MAX_ORDER));
    const b = number(frameAllocLow(MAX_ORDER));
    expect(a == 1024 || a == 2048).toBe(true);
    expect(a + b).toBe(1024 + 2048);
    expect(frameAllocLow(0)).toBe(0);
    expect(framesFree()).toBe(0);
  });

  test("the fewest frames that were ever free are remembered", () => {
    start();
    frameAddRange(16, 1040);
    expect(framesLeastFree()).toBe(1024);
    const a = number(frameAllocLow(4));
    const b = frameAlloc();
    expect(framesLeastFree()).toBe(1024 - 17);
    frameFree(a, 4);
    frameFree(b, 0);
    expect(framesFree()).toBe(1024);
    expect(framesLeastFree()).toBe(1024 - 17);
    const c = number(frameAllocLow(5));
    expect(framesLeastFree()).toBe(1024 - 32);
    frameFree(c, 5);
  });

  test("a run is split as far as needed, and aligned to its size", () => {
    frameAddRange(1024, 2048);
    for (let order: u32 = 0; order < MAX_ORDER; order++) {
      const frame = number(frameAllocLow(order));
      expect(frame & ((1 << order) - 1)).toBe(0);
      expect(frameInfo(frame).order).toBe(<u8>order);
      expect(frameInfo(frame).refs).toBe(1);
    }
    // 1 + 2 + .. + 512 of 1,024 are gone: one frame is left.
    expect(framesFree()).toBe(1);
    expect(frameAllocLow(1)).toBe(0);
    expect(frameAllocLow(0)).not.toBe(0);
  });

  test("runs join with their buddies only", () => {
    frameAddRange(1024, 1028);
    const first = number(frameAllocLow(2));
    expect(first).toBe(1024);
    frameFree(1025, 0);
    frameFree(1026, 0);
    // 1025 and 1026 are neighbours but no buddies, and a run of two may not be made of them.
    expect(frameAllocLow(1)).toBe(0);
    frameFree(1027, 0);
    expect(number(frameAllocLow(1))).toBe(1026);
  });

  test("a range beyond the described frames is cut, and frame 0 is never given", () => {
    frameAddRange(0, 4);
    frameAddRange(END - 2, END + 100);
    expect(framesUsable()).toBe(5);
    for (let i: u32 = 0; i < 5; i++) expect(frameAlloc()).not.toBe(0);
    expect(frameAlloc()).toBe(0);
  });

  test("holes stay reserved", () => {
    frameAddRange(1024, 1032);
    frameAddRange(1033, 1040);
    expect(frameInfo(1032).kind).toBe(<u8>FrameKind.Reserved);
    for (let i: u32 = 0; i < 15; i++) expect(frameAlloc()).not.toBe(1032);
    expect(frameAlloc()).toBe(0);
  });
});

describe("frames: zones", () => {
  beforeEach(start);

  test("user pages come from high memory first, then from low", () => {
    frameAddRange(LOW_FRAMES - 2, LOW_FRAMES + 2);
    expect(frameAlloc()).toBeGreaterThanOrEqual(LOW_FRAMES);
    expect(frameAlloc()).toBeGreaterThanOrEqual(LOW_FRAMES);
    expect(frameAlloc()).toBeLessThan(LOW_FRAMES);
    expect(frameAlloc()).toBeLessThan(LOW_FRAMES);
    expect(frameAlloc()).toBe(0);
  });

  test("the kernel's come from low memory alone", () => {
    frameAddRange(LOW_FRAMES, LOW_FRAMES + 64);
    expect(frameAllocLow(0)).toBe(0);
    expect(frameAllocLow(3)).toBe(0);
    expect(framesFree()).toBe(64);
  });

  test("runs do not join across the border", () => {
    frameAddRange(LOW_FRAMES - 1024, LOW_FRAMES + 1024);
    expect(number(frameAllocLow(MAX_ORDER))).toBe(LOW_FRAMES - 1024);
    expect(frameAllocLow(0)).toBe(0);
  });
});

describe("frames: the stack of single frames", () => {
  beforeEach(start);

  test("the frame freed last is given first", () => {
    frameAddRange(1024, 2048);
    const a = frameAlloc();
    const b = frameAlloc();
    frameFree(a, 0);
    frameFree(b, 0);
    expect(frameInfo(b).kind).toBe(<u8>FrameKind.Stacked);
    expect(frameAlloc()).toBe(b);
    expect(frameAlloc()).toBe(a);
  });

  test("a run that is only there when the stack is emptied is found", () => {
    frameAddRange(1024, 2048);
    for (let i: u32 = 0; i < 1024; i++) frameAlloc();
    for (let f: u32 = 1024; f < 2048; f++) frameFree(f, 0);
    expect(framesFree()).toBe(1024);
    expect(number(frameAllocLow(MAX_ORDER))).toBe(1024);
    expect(framesFree()).toBe(0);
  });

  test("takes so many frames and no more: the rest joins at once", () => {
    frameAddRange(1024, 4096);
    for (let i: u32 = 0; i < 3072; i++) frameAlloc();
    for (let f: u32 = 1024; f < 4096; f++) frameFree(f, 0);
    let stacked: u32 = 0;
    for (let f: u32 = 1024; f < 4096; f++) if (frameInfo(f).kind == FrameKind.Stacked) stacked++;
    expect(stacked).toBe(1024);
    expect(framesFree()).toBe(3072);
  });
});

describe("frames: references", () => {
  beforeEach(start);

  test("the last release frees", () => {
    frameAddRange(1024, 1025);
    const frame = frameAlloc();
    frameRetain(frame);
    frameRelease(frame);
    expect(framesFree()).toBe(0);
    frameRelease(frame);
    expect(framesFree()).toBe(1);
  });

  test("a reserved frame is counted, never freed", () => {
    frameAddRange(1024, 1025);
    frameRetain(2000);
    frameRelease(2000);
    expect(frameInfo(2000).kind).toBe(<u8>FrameKind.Reserved);
    expect(framesFree()).toBe(1);
  });

  test("freeing what is free is a broken invariant", () => {
    frameAddRange(1024, 1025);
    expect(() => {
      frameFree(1024, 0);
    }).toThrow();
    expect(() => {
      frameRelease(3000);
    }).toThrow();
  });
});

describe("frames: failure and stress", () => {
  beforeEach(start);

  test("fails after as many grants as asked for, and not for good", () => {
    frameAddRange(1024, 1040);
    frameFailAfter(2);
    expect(frameAlloc()).not.toBe(0);
    expect(frameAllocLow(1)).not.toBe(0);
    expect(frameAlloc()).toBe(0);
    expect(frameAllocLow(0)).toBe(0);
    frameFailAfter(-1);
    expect(frameAlloc()).not.toBe(0);
  });

  test("ten thousand random steps: nothing is given twice, and all comes back", () => {
    const from = LOW_FRAMES - 3000;
    const to = LOW_FRAMES + 3000;
    frameAddRange(from, to);
    memory.fill(taken, 0, 8192);
    seed(1);
    const frames = <usize>heap.alloc(4096 * 4);
    const orders = <usize>heap.alloc(4096);
    let live: u32 = 0;
    let used: u32 = 0;
    let overlaps: u32 = 0;
    let miscounted: u32 = 0;
    let misplaced: u32 = 0;
    for (let step: u32 = 0; step < 10_000; step++) {
      // Phases of growth and of decline, so that it runs full and empty.
      const grow = (step >> 11) & 1 ? 4 : 7;
      if (live < 4096 && random(10) < <u32>grow) {
        const order = random(3) == 0 ? random(MAX_ORDER - 2) : 0;
        const single = order == 0 && random(2) == 0;
        const frame = single ? frameAlloc() : number(frameAllocLow(order));
        if (frame == 0) continue;
        if (frame & ((1 << order) - 1) || (!single && frame + (1 << order) > LOW_FRAMES)) misplaced++;
        if (!claim(from, frame, 1 << order)) overlaps++;
        store<u32>(frames + live * 4, frame);
        store<u8>(orders + live, <u8>order);
        live++;
        used += 1 << order;
      } else if (live != 0) {
        const i = random(live);
        const frame = load<u32>(frames + i * 4);
        const order = <u32>load<u8>(orders + i);
        frameFree(frame, order);
        memory.fill(taken + (frame - from), 0, 1 << order);
        used -= 1 << order;
        live--;
        store<u32>(frames + i * 4, load<u32>(frames + live * 4));
        store<u8>(orders + i, load<u8>(orders + live));
      }
      if (framesFree() != 6000 - used) miscounted++;
    }
    expect(overlaps).toBe(0, "frames given twice");
    expect(miscounted).toBe(0, "the count of free frames");
    expect(misplaced).toBe(0, "alignment and zone");
    while (live-- != 0) frameFree(load<u32>(frames + live * 4), <u32>load<u8>(orders + live));
    expect(framesFree()).toBe(6000);
    // LOW_FRAMES - 2048 on are two whole runs: they have come together again.
    expect(frameAllocLow(MAX_ORDER)).not.toBe(0);
    expect(frameAllocLow(MAX_ORDER)).not.toBe(0);
    expect(frameAllocLow(MAX_ORDER)).toBe(0);
    heap.free(frames);
    heap.free(orders);
  });
});
