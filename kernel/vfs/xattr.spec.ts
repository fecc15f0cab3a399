import { Errno } from "../errno";
import { bytesEqualLiteral } from "../lib/bytes";
import { heapObjectsUsed, kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Inode } from "./inode";
import { context, dropTree, text, textAt, useEmptyTree, useTestCredentials } from "./testing";
import {
  AttributeFlag,
  attributeGet,
  attributeListLength,
  attributeName,
  attributeRemove,
  attributesCopy,
  attributeSet,
  attributesFree,
  attributeValue,
  XATTR_SIZE_MAX,
} from "./xattr";

let inode: Inode = changetype<Inode>(0);
let objects: u32 = 0;
const name = memory.data(256, 8);

function set(key: string, value: string, flags: u32 = 0): Result {
  const n = text(key);
  const at = textAt;
  const m = text(value);
  return attributeSet(inode, at, n, textAt, m, flags);
}

function get(file: Inode, key: string, expected: string): bool {
  const n = text(key);
  const r = attributeGet(file, textAt, n);
  return r >= 0 && bytesEqualLiteral(attributeValue(file, textAt, n), <u32>r, expected);
}

function remove(key: string): Result {
  const n = text(key);
  return attributeRemove(inode, textAt, n);
}

describe("extended attributes", () => {
  beforeEach(() => {
    useTestCredentials();
    objects = heapObjectsUsed();
    useEmptyTree();
    inode = context.rootEntry.inode!;
  });

  afterEach(() => {
    dropTree();
    expect(heapObjectsUsed()).toBe(objects, "objects of the heap");
  });

  test("are set, replaced, listed and removed", () => {
    expect(set("user.a", "one")).toBe(0);
    expect(set("user.b", "")).toBe(0);
    expect(get(inode, "user.a", "one")).toBe(true);
    expect(get(inode, "user.b", "")).toBe(true);
    expect(set("user.a", "two", AttributeFlag.Create)).toBe(-Errno.EEXIST);
    expect(set("user.c", "x", AttributeFlag.Replace)).toBe(-Errno.ENODATA);
    expect(set("user.a", "longer", AttributeFlag.Replace)).toBe(0);
    expect(get(inode, "user.a", "longer")).toBe(true);
    expect(attributeListLength(inode)).toBe(14);
    expect(attributeName(inode, 0, name)).toBe(6);
    expect(attributeName(inode, 2, name)).toBe(0);
    expect(remove("user.b")).toBe(0);
    expect(remove("user.b")).toBe(-Errno.ENODATA);
    expect(get(inode, "user.a", "longer")).toBe(true);
  });

  test("of one file are bounded", () => {
    const value = kernelAlloc(XATTR_SIZE_MAX);
    const n = text("user.large");
    expect(attributeSet(inode, textAt, n, value, XATTR_SIZE_MAX, 0)).toBe(0);
    expect(set("user.small", "a value that is longer than what is left of the names, which is less than 255 bytes".repeat(4))).toBe(
      -Errno.ENOSPC,
    );
    text("user.large");
    expect(attributeSet(inode, textAt, n, value, XATTR_SIZE_MAX, 0)).toBe(0, "the old value makes room");
    kernelFree(value);
  });

  test("are copied to an upper inode", () => {
    set("user.a", "one");
    set("security.capability", "two");
    const upper = changetype<Inode>(memory.data(offsetof<Inode>() + 8, 8));
    expect(attributesCopy(inode, upper)).toBe(0);
    remove("user.a");
    expect(get(upper, "user.a", "one")).toBe(true);
    expect(get(upper, "security.capability", "two")).toBe(true);
    attributesFree(upper);
    expect(upper.attributes).toBe(0);
  });
});
