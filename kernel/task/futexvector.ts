// Waiting for any of several futexes (futex_waitv(2)). The call holds a FutexEntry for each word until it ends (OperationKind.FutexVector); a
// wake-up marks its entry and takes it off the queue, so that each counts as one waiter.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { BLOCKED, Result } from "../result";
import { bucket, FUTEX_ENTRY_BYTES, FutexEntry, futexKey, keyObject, keyPlace, wordIn } from "./futex";
import { OperationKind, operationOpens, registerOperation } from "./operation";
import { park, Thread } from "./thread";
import { stopWaiting, WaiterKind, waitOn } from "./wait";

/** Most words one call waits for. */
export const FUTEX_VECTOR_MAX: u32 = 128;

/** A word to wait for: its address, the value it must hold, and whether other address spaces see it. */
@unmanaged
export class FutexWord {
  ua: u64;
  value: u32;
  shared: bool;
}
export const FUTEX_WORD_BYTES: u32 = 16;

@unmanaged
class Vector {
  count: u32;
  pad: u32;
}
const VECTOR_BYTES: u32 = 8;

@inline
function entryAt(vector: Vector, i: u32): FutexEntry {
  return changetype<FutexEntry>(changetype<usize>(vector) + VECTOR_BYTES + i * FUTEX_ENTRY_BYTES);
}

/** True when an earlier run of the call waits already. */
@inline
export function futexWaitsForVector(t: Thread): bool {
  return t.opKind == OperationKind.FutexVector;
}

/** A later run of the call: the index of a word that was woken, -ETIMEDOUT, -ERESTARTSYS or BLOCKED. */
export function futexVectorGoOn(t: Thread, deadlineNs: u64): Result {
  const vector = changetype<Vector>(t.opObject);
  for (let i: u32 = 0; i < vector.count; i++) if (entryAt(vector, i).woken) return i;
  return park(null, deadlineNs);
}

/**
 * Waits until one of the `count` FutexWords at `words` is woken; all must hold their values. Returns the index of one that was woken; -EAGAIN for
 * another value, -EINVAL or -EFAULT for a bad address, -ENOMEM, -ETIMEDOUT, -ERESTARTSYS or BLOCKED.
 */
export function futexWaitVector(t: Thread, words: usize, count: u32, deadlineNs: u64): Result {
  const p = kernelAlloc(VECTOR_BYTES + count * FUTEX_ENTRY_BYTES);
  if (p == 0) return -Errno.ENOMEM;
  const vector = changetype<Vector>(p);
  let r = prepare(t, vector, words, count);
  if (r >= 0) r = park(null, deadlineNs);
  if (r != BLOCKED) {
    free(vector);
    return r;
  }
  operationOpens();
  t.opKind = OperationKind.FutexVector;
  t.opObject = p;
  return BLOCKED;
}

/** Fills in the entries and puts them on their queues: 0 or an error. */
function prepare(t: Thread, vector: Vector, words: usize, count: u32): Result {
  for (let i: u32 = 0; i < count; i++) {
    const word = changetype<FutexWord>(words + i * FUTEX_WORD_BYTES);
    const r = futexKey(t.process.space!, word.ua, word.shared);
    if (r < 0) return r;
    const entry = entryAt(vector, i);
    entry.kind = <u8>WaiterKind.FutexEntry;
    entry.thread = t;
    entry.object = keyObject;
    entry.place = keyPlace;
  }
  for (let i: u32 = 0; i < count; i++) {
    const word = changetype<FutexWord>(words + i * FUTEX_WORD_BYTES);
    const found = wordIn(word.ua);
    if (found < 0) return found;
    if (<u32>found != word.value) return -Errno.EAGAIN;
    const entry = entryAt(vector, i);
    waitOn(bucket(entry.object, entry.place), entry);
    vector.count = i + 1;
  }
  return 0;
}

function free(vector: Vector): void {
  for (let i: u32 = 0; i < vector.count; i++) stopWaiting(entryAt(vector, i));
  kernelFree(changetype<usize>(vector));
}

function releaseVector(t: Thread): void {
  free(changetype<Vector>(t.opObject));
}

/** To be called once at start-up. */
export function futexVectorInit(): void {
  registerOperation(OperationKind.FutexVector, releaseVector);
}
