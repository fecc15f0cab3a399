// No object may have two members of one name (RFC 8259 leaves it open; I-JSON, RFC 7493 section 2.3, forbids it): readers differ in which
// one they take, and a configuration must mean one thing. Small objects compare all pairs; large ones sort, so that no text is slow.

import { bytesCompare, bytesEqual } from "../../kernel/lib/bytes";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { JsonFlag, JsonNode, jsonEnd, jsonFirst, jsonNext } from "./node";
import { stringCompare } from "./string";

/** Members up to which comparing all pairs is cheaper than sorting. */
const PAIRS_LIMIT: u32 = 16;

/** Outcome of a search that could not be made: no memory to sort in. */
export const DUPLICATES_UNKNOWN: usize = 1;

function compareKeys(a: JsonNode, b: JsonNode): i32 {
  if ((a.flags | b.flags) & JsonFlag.KeyEscaped) return stringCompare(a.key, a.keyLength, b.key, b.keyLength);
  return bytesCompare(a.key, a.keyLength, b.key, b.keyLength);
}

function duplicateByPairs(object: JsonNode): usize {
  const end = jsonEnd(object);
  let b = jsonNext(jsonFirst(object));
  for (; changetype<usize>(b) < end; b = jsonNext(b)) {
    let a = jsonFirst(object);
    for (; changetype<usize>(a) < changetype<usize>(b); a = jsonNext(a)) {
      if ((a.flags | b.flags) & JsonFlag.KeyEscaped) {
        if (compareKeys(a, b) == 0) return changetype<usize>(b);
      } else if (a.keyLength == b.keyLength && bytesEqual(a.key, b.key, a.keyLength)) return changetype<usize>(b);
    }
  }
  return 0;
}

@inline
function slot(members: usize, i: u32): JsonNode {
  return changetype<JsonNode>(load<usize>(members + ((<usize>i) << 2)));
}

@inline
function setSlot(members: usize, i: u32, node: JsonNode): void {
  store<usize>(members + ((<usize>i) << 2), changetype<usize>(node));
}

/** Lets the member at `i` sink until the heap of `count` members is in order again. */
function siftDown(members: usize, i: u32, count: u32): void {
  const node = slot(members, i);
  while (true) {
    let child: u32 = 2 * i + 1;
    if (child >= count) break;
    if (child + 1 < count && compareKeys(slot(members, child), slot(members, child + 1)) < 0) child++;
    if (compareKeys(node, slot(members, child)) >= 0) break;
    setSlot(members, i, slot(members, child));
    i = child;
  }
  setSlot(members, i, node);
}

/** Heapsort (Williams 1964): n log n whatever the names are, and in place. */
function duplicateBySorting(object: JsonNode): usize {
  const count = object.length;
  const members = kernelAlloc(count << 2);
  if (members == 0) return DUPLICATES_UNKNOWN;
  let node = jsonFirst(object);
  for (let i: u32 = 0; i < count; i++, node = jsonNext(node)) setSlot(members, i, node);
  for (let i: u32 = count / 2; i != 0; i--) siftDown(members, i - 1, count);
  let found: usize = 0;
  let last = slot(members, 0);
  for (let left = count - 1; left != 0 && found == 0; left--) {
    setSlot(members, 0, slot(members, left));
    siftDown(members, 0, left);
    const next = slot(members, 0);
    if (compareKeys(next, last) == 0) found = max(changetype<usize>(next), changetype<usize>(last));
    last = next;
  }
  kernelFree(members);
  return found;
}

/** A member of `object` whose name an earlier member has; 0 when there is none, DUPLICATES_UNKNOWN when memory is short. */
export function findDuplicate(object: JsonNode): usize {
  if (object.length < 2) return 0;
  return object.length <= PAIRS_LIMIT ? duplicateByPairs(object) : duplicateBySorting(object);
}
