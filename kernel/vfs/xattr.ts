// Extended attributes of an inode (xattr(7)): a list of names and values, in memory with the inode. Which names a process may read and
// change is for the caller; here they are only kept. The list of an inode over a lower one is copied when the inode is made.

import { Errno } from "../errno";
import { bytesEqual } from "../lib/bytes";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { Inode } from "./inode";

/** Limits of Linux (include/uapi/linux/limits.h). */
export const XATTR_NAME_MAX: u32 = 255;
export const XATTR_SIZE_MAX: u32 = 65536;
/** What one inode may have in all, since it lies in the kernel's memory: one attribute of the largest size fits, as in ext4. */
const XATTR_TOTAL_MAX: u32 = XATTR_SIZE_MAX + XATTR_NAME_MAX;

@unmanaged
class Attribute {
  next: Attribute | null;
  nameLength: u32;
  valueLength: u32;
  padding: u32;
  // The name and the value follow.
}
const ATTRIBUTE_BYTES: u32 = 16;

export const enum AttributeFlag {
  /** It must not exist yet: XATTR_CREATE. */
  Create = 1,
  /** It must exist: XATTR_REPLACE. */
  Replace = 2,
}

@inline
function nameOf(a: Attribute): usize {
  return changetype<usize>(a) + ATTRIBUTE_BYTES;
}

function find(inode: Inode, name: usize, length: u32): Attribute | null {
  let a = changetype<Attribute | null>(inode.attributes);
  while (a && (a.nameLength != length || !bytesEqual(nameOf(a), name, length))) a = a.next;
  return a;
}

/** Length of the attribute's value, or -ENODATA; attributeValue then tells where it lies. */
export function attributeGet(inode: Inode, name: usize, length: u32): Result {
  const a = find(inode, name, length);
  return a ? <Result>a.valueLength : -Errno.ENODATA;
}

/** Where the value of an attribute that exists lies, valid until it is changed. */
export function attributeValue(inode: Inode, name: usize, length: u32): usize {
  const a = find(inode, name, length)!;
  return nameOf(a) + a.nameLength;
}

/** Bytes of all names, each with a NUL. */
export function attributeListLength(inode: Inode): u32 {
  let bytes: u32 = 0;
  let a = changetype<Attribute | null>(inode.attributes);
  while (a) {
    bytes += a.nameLength + 1;
    a = a.next;
  }
  return bytes;
}

/** Bytes of all names and values. */
function attributeBytes(inode: Inode): u32 {
  let bytes: u32 = 0;
  let a = changetype<Attribute | null>(inode.attributes);
  while (a) {
    bytes += a.nameLength + a.valueLength;
    a = a.next;
  }
  return bytes;
}

/** Copies the `index`th name to `buffer` (XATTR_NAME_MAX + 1 bytes) with a NUL: its length, or 0 past the end. */
export function attributeName(inode: Inode, index: u32, buffer: usize): u32 {
  let a = changetype<Attribute | null>(inode.attributes);
  while (a && index != 0) {
    a = a.next;
    index--;
  }
  if (!a) return 0;
  memory.copy(buffer, nameOf(a), a.nameLength);
  store<u8>(buffer + a.nameLength, 0);
  return a.nameLength;
}

/**
 * Sets an attribute: 0; -EEXIST or -ENODATA against `flags`; -ENOSPC when all names and values of the inode together would pass
 * XATTR_TOTAL_MAX; -ENOMEM.
 */
export function attributeSet(inode: Inode, name: usize, length: u32, value: usize, valueLength: u32, flags: u32): Result {
  const old = find(inode, name, length);
  if (old && (flags & AttributeFlag.Create) != 0) return -Errno.EEXIST;
  if (!old && (flags & AttributeFlag.Replace) != 0) return -Errno.ENODATA;
  const others = attributeBytes(inode) - (old ? old.nameLength + old.valueLength : 0);
  if (others + length + valueLength > XATTR_TOTAL_MAX) return -Errno.ENOSPC;
  const a = changetype<Attribute>(kernelAlloc(ATTRIBUTE_BYTES + length + valueLength));
  if (changetype<usize>(a) == 0) return -Errno.ENOMEM;
  a.nameLength = length;
  a.valueLength = valueLength;
  memory.copy(nameOf(a), name, length);
  memory.copy(nameOf(a) + length, value, valueLength);
  if (old) attributeRemove(inode, name, length);
  a.next = changetype<Attribute | null>(inode.attributes);
  inode.attributes = changetype<usize>(a);
  return 0;
}

/** Removes an attribute: 0 or -ENODATA. */
export function attributeRemove(inode: Inode, name: usize, length: u32): Result {
  const a = find(inode, name, length);
  if (!a) return -Errno.ENODATA;
  let slot = changetype<usize>(inode) + offsetof<Inode>("attributes");
  while (load<u32>(slot) != <u32>changetype<usize>(a)) slot = <usize>load<u32>(slot) + offsetof<Attribute>("next");
  store<u32>(slot, <u32>changetype<usize>(a.next));
  kernelFree(changetype<usize>(a));
  return 0;
}

/** Gives `to`, which has none, copies of all attributes of `from`: 0 or -ENOMEM. */
export function attributesCopy(from: Inode, to: Inode): Result {
  let a = changetype<Attribute | null>(from.attributes);
  while (a) {
    const r = attributeSet(to, nameOf(a), a.nameLength, nameOf(a) + a.nameLength, a.valueLength, 0);
    if (r < 0) return r;
    a = a.next;
  }
  return 0;
}

/** Frees all attributes. */
export function attributesFree(inode: Inode): void {
  while (inode.attributes != 0) {
    const a = changetype<Attribute>(inode.attributes);
    inode.attributes = changetype<usize>(a.next);
    kernelFree(changetype<usize>(a));
  }
}
