// From JSON values to the model: typed reading of members with the checks that every property shares, and complaints that name the
// property. The first complaint is kept and later ones are dropped, so decoding goes on with harmless values and one look at the end
// tells; only who allocates must look at once. A member that is null counts as absent, as in the Go programs that write these files.
// The state is static: a decoding runs from its begin to its end without waiting.

import { Errno } from "../../kernel/errno";
import { bytesIndexOf } from "../../kernel/lib/bytes";
import { Failure, fail, failBegin, failPut, failPutBytes, failPutSigned, failPutUnsigned } from "../failure";
import { jsonGet, jsonI64, jsonIsI64, jsonIsU64, jsonU64 } from "../json/access";
import { JsonFlag, JsonKind, JsonNode, NODE_BYTES, jsonEnd, jsonFirst, jsonNext } from "../json/node";
import { failPutPath } from "../json/path";
import { jsonKeyCopy, jsonStringCopy } from "../json/string";
import { Arena, arenaAlloc } from "./arena";
import { SPEC_ARRAY_HEADER_BYTES, SpecArray, SpecString, StringList, specBytes } from "./model";

/** Highest user or group: 2^32 - 1 is "none" in chown(2) and setuid(2). */
export const ID_MAXIMUM: i64 = 0xfffffffe;

let root: JsonNode = changetype<JsonNode>(0);
/** What complaints call the root, and what stands before the path of any other property. */
let rootName: string = "";
let prefix: string = "";
let arena: Arena = changetype<Arena>(0);
let failing: Failure = changetype<Failure>(0);

/** Zeros: an empty string, list and array, for decoding to go on with after a complaint. */
const nothing = memory.data(16, 8);

/** Starts a decoding of the tree `tree` into `into`; complaints go to `failure`, which must be clear. */
export function decodeBegin(tree: JsonNode, name: string, pathPrefix: string, into: Arena, failure: Failure): void {
  root = tree;
  rootName = name;
  prefix = pathPrefix;
  arena = into;
  failing = failure;
}

/** What is decoded from here on goes into `into`. */
export function decodeInto(into: Arena): void {
  arena = into;
}

/** True as long as there was no complaint. */
@inline
export function decodeFine(): bool {
  return failing.errno == 0;
}

/** Starts a complaint about `node` with its path; false when an earlier one stands. */
function complainBegin(node: JsonNode, errno: Errno): bool {
  if (failing.errno != 0) return false;
  failBegin(failing, errno);
  if (node == root) {
    failPut(failing, rootName);
  } else {
    failPut(failing, prefix);
    failPutPath(failing, root, node);
  }
  return true;
}

/** Complains about the property `node`: its path, a colon, and `reason`. */
export function complain(node: JsonNode, errno: Errno, reason: string): void {
  if (!complainBegin(node, errno)) return;
  failPut(failing, ": ");
  failPut(failing, reason);
}

/** The same, with the value that `node` has as a string behind the reason. */
export function complainOfValue(node: JsonNode, errno: Errno, reason: string): void {
  if (!complainBegin(node, errno)) return;
  failPut(failing, ": ");
  failPut(failing, reason);
  failPut(failing, " ");
  failPutBytes(failing, node.start, node.length);
}

/** Complains that `object` has no `name`. */
export function complainMissing(object: JsonNode, name: string): void {
  if (!complainBegin(object, Errno.EINVAL)) return;
  // What stands there now is the path of the object; the root's is its prefix alone.
  if (object == root) {
    failBegin(failing, Errno.EINVAL);
    failPut(failing, prefix);
  } else failPut(failing, ".");
  failPut(failing, name);
  failPut(failing, ": is missing");
}

/** `size` bytes of the arena, zeroed; 0 after a complaint. */
export function decodeAlloc(size: u32): usize {
  const p = arenaAlloc(arena, size);
  if (p == 0 && decodeFine()) fail(failing, Errno.ENOMEM, "out of memory");
  return p;
}

/** The member `name` of `object`, or null when it is absent or null. */
export function member(object: JsonNode, name: string): JsonNode | null {
  const node = jsonGet(object, name);
  return node && node.kind != JsonKind.Null ? node : null;
}

/** The same for a member that must be an object. */
export function objectMember(object: JsonNode, name: string): JsonNode | null {
  const node = member(object, name);
  if (!node || isObject(node)) return node;
  return null;
}

/** Complains unless `node` is an object. */
export function isObject(node: JsonNode): bool {
  if (node.kind == JsonKind.Object) return true;
  complain(node, Errno.EINVAL, "must be an object");
  return false;
}

/** The same for a member that must be an array. */
export function arrayMember(object: JsonNode, name: string): JsonNode | null {
  const node = member(object, name);
  if (!node || node.kind == JsonKind.Array) return node;
  complain(node, Errno.EINVAL, "must be an array");
  return null;
}

/** The same for a member that must be a string. */
export function textMember(object: JsonNode, name: string): JsonNode | null {
  const node = member(object, name);
  if (!node || isText(node)) return node;
  return null;
}

/** Complains unless `node` is a string. One with escapes gives way to its meaning, so that the bytes of the node can be read as they are. */
@inline
export function isText(node: JsonNode): bool {
  return (node.kind == JsonKind.String && (node.flags & JsonFlag.Escaped) == 0) || isOddText(node);
}

function isOddText(node: JsonNode): bool {
  if (node.kind == JsonKind.String) resolve(node);
  else complain(node, Errno.EINVAL, "must be a string");
  return node.kind == JsonKind.String;
}

function resolve(node: JsonNode): void {
  const p = decodeAlloc(node.length);
  node.length = p != 0 ? jsonStringCopy(node, p) : 0;
  node.start = p != 0 ? p : nothing;
  node.flags &= ~JsonFlag.Escaped;
  checkNul(node, node.start, node.length);
}

/** C strings cannot hold a NUL, which only an escape can bring in. */
function checkNul(node: JsonNode, p: usize, n: u32): void {
  if (bytesIndexOf(p, n, 0) >= 0) complain(node, Errno.EINVAL, "must not hold a NUL character");
}

/** True or false; false when absent. */
export function boolMember(object: JsonNode, name: string): bool {
  const node = member(object, name);
  if (!node) return false;
  if (node.kind != JsonKind.True && node.kind != JsonKind.False) complain(node, Errno.EINVAL, "must be true or false");
  return node.kind == JsonKind.True;
}

/** An integer from `low` to `high`; `absent` when absent. */
export function integerMember(object: JsonNode, name: string, low: i64, high: i64, absent: i64): i64 {
  const node = member(object, name);
  return node ? integerOf(node, low, high) : absent;
}

/** Value of `node`, an integer from `low` to `high`; `low` after a complaint. */
export function integerOf(node: JsonNode, low: i64, high: i64): i64 {
  if (node.kind != JsonKind.Integer) {
    complain(node, Errno.EINVAL, "must be an integer");
    return low;
  }
  if (jsonIsI64(node)) {
    const v = jsonI64(node);
    if (v >= low && v <= high) return v;
  }
  if (complainBegin(node, Errno.EINVAL)) {
    failPut(failing, ": must be between ");
    failPutSigned(failing, low);
    failPut(failing, " and ");
    failPutSigned(failing, high);
  }
  return low;
}

/** An integer of 64 bits without sign, which must be there. */
export function unsignedMember(object: JsonNode, name: string): u64 {
  const node = member(object, name);
  if (!node) {
    complainMissing(object, name);
    return 0;
  }
  if (jsonIsU64(node)) return jsonU64(node);
  if (complainBegin(node, Errno.EINVAL)) {
    failPut(failing, node.kind == JsonKind.Integer ? ": must be between 0 and " : ": must be an integer");
    if (node.kind == JsonKind.Integer) failPutUnsigned(failing, u64.MAX_VALUE);
  }
  return 0;
}

/** The string `node` in the arena; an empty one after a complaint. */
export function stringOf(node: JsonNode): SpecString {
  if (!isText(node)) return changetype<SpecString>(nothing);
  const s = newString(node.length);
  memory.copy(specBytes(s), node.start, s.length);
  return s;
}

/** The same for the name of the member `node`. */
function keyOf(node: JsonNode): SpecString {
  const s = newString(node.keyLength);
  if (changetype<usize>(s) == nothing) return s;
  s.length = jsonKeyCopy(node, specBytes(s));
  if (node.flags & JsonFlag.KeyEscaped) checkNul(node, specBytes(s), s.length);
  return s;
}

/** Room for a string of `length` bytes; the empty one after a complaint. */
function newString(length: u32): SpecString {
  const p = decodeAlloc(sizeof<u32>() + length + 1);
  if (p == 0) return changetype<SpecString>(nothing);
  const s = changetype<SpecString>(p);
  s.length = length;
  return s;
}

/** The member `name`, a string; null when it is absent or empty. */
export function stringMember(object: JsonNode, name: string): SpecString | null {
  const node = textMember(object, name);
  return node && node.length != 0 ? stringOf(node) : null;
}

/** The member `name`, a string that must be there and not be empty. */
export function requiredString(object: JsonNode, name: string): SpecString {
  const node = requiredMember(object, name);
  return node ? stringOf(node) : changetype<SpecString>(nothing);
}

/** The same for a path from the container's root. */
export function requiredPath(object: JsonNode, name: string): SpecString {
  const node = requiredMember(object, name);
  if (!node) return changetype<SpecString>(nothing);
  const s = stringOf(node);
  checkAbsolute(node, s);
  return s;
}

function requiredMember(object: JsonNode, name: string): JsonNode | null {
  const node = member(object, name);
  if (!node) complainMissing(object, name);
  else if (node.kind == JsonKind.String && node.length == 0) complain(node, Errno.EINVAL, "must not be empty");
  return node;
}

function checkAbsolute(node: JsonNode, s: SpecString): void {
  if (load<u8>(specBytes(s)) != 0x2f) complain(node, Errno.EINVAL, "must be an absolute path");
}

/** An empty list. */
export function emptyList(): StringList {
  return changetype<StringList>(nothing);
}

function listOf(count: u32): usize {
  const p = decodeAlloc(sizeof<u32>() + (count << 2));
  if (p == 0) return nothing;
  changetype<StringList>(p).count = count;
  return p;
}

/** The member `name`, an array of strings, which must be absolute paths if `paths`; empty when absent. */
export function stringListMember(object: JsonNode, name: string, paths: bool = false): StringList {
  const array = arrayMember(object, name);
  if (!array) return emptyList();
  const list = listOf(array.length);
  let node = jsonFirst(array);
  for (let slot = list + sizeof<u32>(); changetype<usize>(node) < jsonEnd(array) && decodeFine(); slot += 4, node = jsonNext(node)) {
    const s = stringOf(node);
    store<usize>(slot, changetype<usize>(s));
    if (paths && decodeFine()) checkAbsolute(node, s);
  }
  return changetype<StringList>(list);
}

/** The member `name`, an object whose members are strings, as a list of names and values in turn; empty when absent. */
export function mapMember(object: JsonNode, name: string): StringList {
  const map = objectMember(object, name);
  if (!map) return emptyList();
  const list = listOf(map.length << 1);
  let node = jsonFirst(map);
  for (let slot = list + sizeof<u32>(); changetype<usize>(node) < jsonEnd(map) && decodeFine(); slot += 8, node = jsonNext(node)) {
    if (node.keyLength == 0) complain(node, Errno.EINVAL, "a name must not be empty");
    store<usize>(slot, changetype<usize>(keyOf(node)));
    store<usize>(slot + 4, changetype<usize>(stringOf(node)));
  }
  return changetype<StringList>(list);
}

/** Room for an object of `bytes` for each element of `array`; without elements when it is null or after a complaint. */
export function decodeArray(array: JsonNode | null, bytes: u32): SpecArray {
  if (!array || array.length == 0) return changetype<SpecArray>(nothing);
  const p = decodeAlloc(SPEC_ARRAY_HEADER_BYTES + array.length * bytes);
  if (p == 0) return changetype<SpecArray>(nothing);
  changetype<SpecArray>(p).count = array.length;
  return changetype<SpecArray>(p);
}

/** True when `node` asks for nothing: null, false, 0, "" and what holds only such members; of arrays, the empty one. */
function isNothing(node: JsonNode): bool {
  const end = jsonEnd(node);
  for (let p = changetype<usize>(node); p < end; p += NODE_BYTES) {
    const part = changetype<JsonNode>(p);
    switch (part.kind) {
      case JsonKind.Null:
      case JsonKind.False:
      case JsonKind.Object:
        break;
      case JsonKind.String:
      case JsonKind.Array:
        if (part.length != 0) return false;
        break;
      case JsonKind.Integer:
        if (part.length != 1 || load<u8>(part.start) != 0x30) return false;
        break;
      default:
        return false;
    }
  }
  return true;
}

/** Complains when `object` has a member `name` that asks for something: this kernel does not apply it yet. */
export function refuse(object: JsonNode, name: string): void {
  const node = jsonGet(object, name);
  if (node && !isNothing(node)) complain(node, Errno.EOPNOTSUPP, "is not applied by this kernel");
}
