// The tree that jsonParse makes of a JSON text: one array of nodes in document order, a container before its children, released with
// one jsonFree of its first node, the root. A node points into the text, which must stay until then, and knows how many nodes it spans:
// its first child is the node behind it, and the next sibling is the node behind its span.

import { kernelFree } from "../../kernel/mm/heap";

export const enum JsonKind {
  Null = 0,
  False = 1,
  True = 2,
  /** A number without fraction and exponent. */
  Integer = 3,
  Float = 4,
  String = 5,
  Array = 6,
  Object = 7,
}

/** Bits of JsonNode.flags. */
export const enum JsonFlag {
  /** The string holds escapes. */
  Escaped = 1,
  /** The key holds escapes. */
  KeyEscaped = 2,
  /** The integer is below zero. */
  Negative = 4,
  /** The integer is above the range of i64, but within that of u64. */
  AboveI64 = 8,
  /** The integer is outside the ranges of i64 and u64. */
  OutOfRange = 16,
}

@unmanaged
export class JsonNode {
  kind: JsonKind;
  flags: JsonFlag;
  /** First byte of the value; for a string, the first one behind the quote. */
  start: usize;
  /** Bytes of a string as written (escapes not resolved) or of a number; children of a container. */
  length: u32;
  /** Member of an object: its name as written, without the quotes. */
  key: usize;
  keyLength: u32;
  /** Nodes in the subtree, this one included. While it is an open container: bytes back to the one around it, or 0. */
  span: u32;
}
export const NODE_BYTES: u32 = 28;
if (offsetof<JsonNode>() != NODE_BYTES) ERROR("JsonNode is 28 bytes");

/** Releases the whole tree, given its root; null is ignored. */
export function jsonFree(root: JsonNode | null): void {
  kernelFree(changetype<usize>(root));
}

/** First child of a container; for an empty one, the place of jsonEnd. */
@inline
export function jsonFirst(container: JsonNode): JsonNode {
  return changetype<JsonNode>(changetype<usize>(container) + NODE_BYTES);
}

/** The node behind the subtree of `node`: its next sibling, or the end of its container (see jsonEnd). */
@inline
export function jsonNext(node: JsonNode): JsonNode {
  return changetype<JsonNode>(changetype<usize>(node) + <usize>node.span * NODE_BYTES);
}

/** Where a walk over the children ends: from jsonFirst by jsonNext while changetype<usize>(node) < jsonEnd(container). */
@inline
export function jsonEnd(container: JsonNode): usize {
  return changetype<usize>(container) + <usize>container.span * NODE_BYTES;
}
