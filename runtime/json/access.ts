// Reading a tree of jsonParse: members by name, elements by index, integers, comparisons. A lookup walks, since objects are small.

import { bytesEqualLiteral } from "../../kernel/lib/bytes";
import { JsonFlag, JsonKind, JsonNode, jsonEnd, jsonFirst, jsonNext } from "./node";
import { stringEqualsLiteral } from "./string";

/** The member of `object` whose name is `key`, an ASCII literal that is not empty, or null; also null when `object` is not an object. */
export function jsonGet(object: JsonNode, key: string): JsonNode | null {
  if (object.kind != JsonKind.Object) return null;
  const end = jsonEnd(object);
  const length = <u32>key.length;
  const letter = load<u8>(changetype<usize>(key)); // the first letter tells most names of one length apart
  let node = jsonFirst(object);
  for (; changetype<usize>(node) < end; node = jsonNext(node)) {
    if (node.flags & JsonFlag.KeyEscaped) {
      if (stringEqualsLiteral(node.key, node.keyLength, key)) return node;
    } else if (node.keyLength == length && load<u8>(node.key) == letter) {
      if (bytesEqualLiteral(node.key, length, key)) return node;
    }
  }
  return null;
}

/** The element of `container` with the index `i`, or null when it has no such child. Walks, so iterate with jsonNext instead. */
export function jsonAt(container: JsonNode, i: u32): JsonNode | null {
  if (container.kind < JsonKind.Array || i >= container.length) return null;
  let node = jsonFirst(container);
  for (; i != 0; i--) node = jsonNext(node);
  return node;
}

/** True when `node` is an integer within the range of i64. */
@inline
export function jsonIsI64(node: JsonNode): bool {
  return node.kind == JsonKind.Integer && (node.flags & (JsonFlag.AboveI64 | JsonFlag.OutOfRange)) == 0;
}

/** True when `node` is an integer within the range of u64. */
@inline
export function jsonIsU64(node: JsonNode): bool {
  return node.kind == JsonKind.Integer && (node.flags & (JsonFlag.Negative | JsonFlag.OutOfRange)) == 0;
}

function magnitude(node: JsonNode): u64 {
  let p = node.start;
  const end = p + node.length;
  if (load<u8>(p) == 0x2d) p++;
  let v: u64 = 0;
  for (; p < end; p++) v = v * 10 + (load<u8>(p) - 0x30);
  return v;
}

/** Value of a node for which jsonIsI64 holds. */
export function jsonI64(node: JsonNode): i64 {
  const v = magnitude(node);
  return node.flags & JsonFlag.Negative ? 0 - <i64>v : <i64>v;
}

/** Value of a node for which jsonIsU64 holds. */
export function jsonU64(node: JsonNode): u64 {
  return magnitude(node);
}

/** True when `node` is a string equal to the ASCII literal `s`. */
@inline
export function jsonStringIs(node: JsonNode, s: string): bool {
  if (node.flags & JsonFlag.Escaped) return stringEqualsLiteral(node.start, node.length, s);
  return node.length == <u32>s.length && node.kind == JsonKind.String && bytesEqualLiteral(node.start, node.length, s);
}
