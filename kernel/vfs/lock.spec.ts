import { Errno } from "../errno";
import { frameFailAfter } from "../mm/frame";
import { heapObjectsUsed, kernelAlloc, kernelFree } from "../mm/heap";
import { useTestMemory } from "../mm/testing";
import { fileLeave, fileNew, fileRelease } from "./file";
import { File, FileKind } from "./inode";
import { lockConflict, LockFamily, lockSet, LockType, LOCK_END } from "./lock";
import { anonymousInode, namelessInit } from "./nameless";

const AGAIN: i64 = -Errno.EAGAIN;
/** Two processes, as their descriptor tables. */
const A: usize = 0x1000;
const B: usize = 0x2000;
let file: File = changetype<File>(0);
let other: File = changetype<File>(0);
let before: u32 = 0;

function set(owner: usize, type: LockType, start: u64, end: u64): i64 {
  return lockSet(file, LockFamily.Process, owner, type, start, end, false);
}

/** True when `owner` could have a lock of the type on one byte. */
function free(owner: usize, type: LockType, at: u64): bool {
  return lockConflict(file.inode, LockFamily.Process, owner, type, at, at) == null;
}

function flock(f: File, type: LockType): i64 {
  return lockSet(f, LockFamily.Flock, changetype<usize>(f), type, 0, LOCK_END, false);
}

beforeAll(() => {
  useTestMemory(1024);
  namelessInit();
});

beforeEach(() => {
  before = heapObjectsUsed();
  file = fileNew(FileKind.Null, 0, anonymousInode(), null, null)!;
  other = fileNew(FileKind.Null, 0, anonymousInode(), null, null)!;
});

afterEach(() => {
  fileLeave(file, A);
  fileLeave(file, B);
  fileRelease(file);
  fileRelease(other);
  expect(anonymousInode().locks).toBe(0, "no lock is left");
  expect(heapObjectsUsed()).toBe(before, "everything is given back");
});

describe("record locks", () => {
  test("readers share, writers do not", () => {
    expect(set(A, LockType.Read, 0, 99)).toBe(0);
    expect(set(B, LockType.Read, 50, 149)).toBe(0);
    expect(set(B, LockType.Write, 40, 60)).toBe(AGAIN);
    expect(set(B, LockType.Write, 100, 200)).toBe(0);
    expect(set(A, LockType.Read, 100, 100)).toBe(AGAIN);
    expect(set(A, LockType.Write, 0, 49)).toBe(0);
  });

  test("unlocking the middle leaves both ends", () => {
    set(A, LockType.Write, 0, 99);
    expect(set(A, LockType.None, 40, 59)).toBe(0);
    expect(free(B, LockType.Write, 39)).toBe(false);
    expect(free(B, LockType.Write, 40)).toBe(true);
    expect(free(B, LockType.Write, 59)).toBe(true);
    expect(free(B, LockType.Write, 60)).toBe(false);
  });

  test("changing the type of a part splits the lock", () => {
    set(A, LockType.Write, 0, LOCK_END);
    expect(set(A, LockType.Read, 10, 19)).toBe(0);
    expect(free(B, LockType.Read, 9)).toBe(false);
    expect(free(B, LockType.Read, 10)).toBe(true);
    expect(free(B, LockType.Read, 19)).toBe(true);
    expect(free(B, LockType.Read, 20)).toBe(false);
    expect(free(B, LockType.Read, LOCK_END)).toBe(false);
  });

  test("neighbours of one type become one lock", () => {
    const start = heapObjectsUsed();
    set(A, LockType.Write, 0, 9);
    set(A, LockType.Write, 20, 29);
    set(A, LockType.Write, 10, 19);
    expect(heapObjectsUsed()).toBe(start + 2, "the list and one lock");
    const lock = lockConflict(file.inode, LockFamily.Process, B, LockType.Read, 15, 15)!;
    expect(lock.start).toBe(0);
    expect(lock.end).toBe(29);
  });

  test("any close of the file by the process drops them", () => {
    set(A, LockType.Write, 0, 9);
    fileLeave(other, A);
    expect(free(B, LockType.Write, 5)).toBe(true);
  });

  test("of an open file stand against those of processes", () => {
    const owner = changetype<usize>(other);
    expect(lockSet(other, LockFamily.OpenFile, owner, LockType.Write, 0, 9, false)).toBe(0);
    expect(set(A, LockType.Read, 5, 5)).toBe(AGAIN);
    fileLeave(other, A);
    expect(set(A, LockType.Read, 5, 5)).toBe(AGAIN);
  });

  test("without memory nothing changes", () => {
    set(A, LockType.Write, 0, 9);
    frameFailAfter(0);
    // A slab may have room: take all there is of the size of a lock, in a chain.
    let taken: usize = 0;
    for (let p = kernelAlloc(40); p != 0; p = kernelAlloc(40)) {
      store<u32>(p, <u32>taken);
      taken = p;
    }
    expect(set(B, LockType.Write, 100, 100)).toBe(-Errno.ENOLCK);
    expect(set(A, LockType.None, 3, 3)).toBe(-Errno.ENOLCK);
    expect(free(B, LockType.Write, 3)).toBe(false);
    while (taken != 0) {
      const next = <usize>load<u32>(taken);
      kernelFree(taken);
      taken = next;
    }
    frameFailAfter(-1);
  });
});

describe("flock", () => {
  test("belongs to the open file and does not see record locks", () => {
    set(A, LockType.Write, 0, LOCK_END);
    expect(flock(file, LockType.Write)).toBe(0);
    expect(flock(other, LockType.Read)).toBe(AGAIN);
    expect(flock(file, LockType.Read)).toBe(0);
    expect(flock(other, LockType.Read)).toBe(0);
    expect(flock(other, LockType.None)).toBe(0);
  });

  test("gives the old lock up even when it does not get the new one", () => {
    flock(file, LockType.Read);
    flock(other, LockType.Read);
    expect(flock(file, LockType.Write)).toBe(AGAIN);
    expect(flock(other, LockType.Write)).toBe(0);
  });
});
