// For specs: a small machine's memory inside the test module, so that frames and the heap work as they do in the kernel.

import { frameAddRange, frameInfoBytes, frameInit, PAGE_SHIFT, PAGE_SIZE } from "./frame";
import { Container } from "../container/container";
import { accountNew } from "./account";
import { heapInit, kernelAlloc } from "./heap";
import { AddressSpace } from "./space";
import { Vma } from "./vma";

/** Sets up the frame allocator and the heap with `pages` frames of the test module's own memory. */
export function useTestMemory(pages: u32): void {
  // The test runner's own allocator takes all memory there is when it is first used: let it do so before ours is added.
  heap.free(heap.alloc(1));
  const wasmPages = <i32>((pages * PAGE_SIZE + frameInfoBytes(LIMIT)) >>> 16) + 2;
  const first = memory.grow(wasmPages);
  assert(first > 0, "no memory for the test");
  const base = (<usize>first) << 16;
  const infoBytes = frameInfoBytes(LIMIT);
  memory.fill(base, 0, infoBytes);
  frameInit(base, LIMIT);
  const from = <u32>((base + infoBytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
  frameAddRange(from, from + pages);
  heapInit();
}

/** Frame numbers that a test may see: 256 MiB of addresses. */
const LIMIT: u32 = 1 << 16;

/** The mapping number `i` of a space, counted from the lowest. */
export function vmaAt(space: AddressSpace, i: u32): Vma {
  let vma = space.first!;
  while (i-- != 0) vma = vma.next!;
  return vma;
}

/** A container that is nothing but somebody who pays. */
export function testContainer(): Container {
  const c = changetype<Container>(kernelAlloc(offsetof<Container>() + 8));
  c.account = accountNew()!;
  return c;
}
