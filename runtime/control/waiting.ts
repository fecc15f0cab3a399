// Requests that wait for a container's init to end: WAIT.

import { Container } from "../../kernel/container/container";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { exited } from "./reply";

@unmanaged
class Waiting {
  next: Waiting | null;
  container: Container;
  request: u32;
}
let waiting: Waiting | null = null;

/** Remembers that `request` waits for the init of `c`; false when memory is short. */
export function waitFor(c: Container, request: u32): bool {
  const w = changetype<Waiting>(kernelAlloc(offsetof<Waiting>()));
  if (changetype<usize>(w) == 0) return false;
  w.container = c;
  w.request = request;
  w.next = waiting;
  waiting = w;
  return true;
}

/** Answers all who wait for `c`, which has stopped. */
export function answerWaiting(c: Container): void {
  let w = waiting;
  let before: Waiting | null = null;
  while (w) {
    const next = w.next;
    if (w.container == c) {
      if (before) before.next = next;
      else waiting = next;
      exited(0, w.request, c.exitStatus);
      kernelFree(changetype<usize>(w));
    } else before = w;
    w = next;
  }
}
