// For specs of the runtime: texts as bytes in memory, and a Failure as a string. Only specs import this; it uses managed strings.

import { frameFailAfter } from "../kernel/mm/frame";
import { kernelAlloc, kernelFree } from "../kernel/mm/heap";
import { FAILURE_BYTES, Failure, failureMessage } from "./failure";

/** The Failure that specs pass. */
export const failure = changetype<Failure>(memory.data(FAILURE_BYTES, 8));

/** Longest text that bytesOf takes. */
const BUFFER_BYTES: i32 = 1 << 21;
let buffer: usize = 0;

/** Length of the last text given to bytesOf, in bytes. */
export let bytesLength: u32 = 0;

/** The UTF-8 bytes of `s`, without a terminator; they stay until the next call. Behind them is rubbish that no reader should see. */
export function bytesOf(s: string): usize {
  if (buffer == 0) buffer = (<usize>memory.grow(BUFFER_BYTES >>> 16)) << 16;
  bytesLength = <u32>String.UTF8.byteLength(s);
  assert(<i32>bytesLength + 16 <= BUFFER_BYTES, "the text is too long for the test's buffer");
  String.UTF8.encodeUnsafe(changetype<usize>(s), s.length, buffer);
  memory.fill(buffer + bytesLength, 0x22, 16);
  return buffer;
}

/** The `n` bytes of UTF-8 at `p` as a string. */
export function stringOf(p: usize, n: u32): string {
  return String.UTF8.decodeUnsafe(p, n);
}

/** The failure as "errno: message". */
export function failureText(): string {
  return failure.errno.toString() + ": " + stringOf(failureMessage(failure), failure.length);
}

/** Takes all objects of `size` that the heap has left, so that its next one needs a frame, which frameFailAfter can deny. */
export function takeSpare(size: u32): usize {
  frameFailAfter(0);
  let list: usize = 0;
  for (let p = kernelAlloc(size); p != 0; p = kernelAlloc(size)) {
    store<usize>(p, list);
    list = p;
  }
  frameFailAfter(-1);
  return list;
}

/** Gives back what takeSpare took. */
export function giveSpare(list: usize): void {
  while (list != 0) {
    const next = load<usize>(list);
    kernelFree(list);
    list = next;
  }
}
