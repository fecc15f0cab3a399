import { Errno } from "../errno";
import { heapObjectsUsed } from "../mm/heap";
import { useTestMemory } from "../mm/testing";
import {
  closeRange,
  closeRangeOnExec,
  fdClose,
  fdCloseForExec,
  fdCloseOnExec,
  fdDuplicateTo,
  fdGet,
  fdInstall,
  fdNext,
  FdTable,
  fdTableCopy,
  fdTableNew,
  fdTableRelease,
} from "./fdtable";
import { fileNew, fileRelease, fileRetain } from "./file";
import { FileKind } from "./inode";
import { anonymousInode, namelessInit } from "./nameless";

const LIMIT: u64 = 1024;
let table: FdTable = changetype<FdTable>(0);
let before: u32 = 0;

function open(closeOnExec: bool = false): i64 {
  const file = fileNew(FileKind.Null, 0, anonymousInode(), null, null)!;
  const fd = fdInstall(table, file, 0, LIMIT, closeOnExec);
  if (fd < 0) fileRelease(file);
  return fd;
}

beforeAll(() => {
  useTestMemory(2048);
  namelessInit();
});

beforeEach(() => {
  before = heapObjectsUsed();
  table = fdTableNew()!;
});

afterEach(() => {
  fdTableRelease(table);
  expect(heapObjectsUsed()).toBe(before, "everything is given back");
});

describe("a descriptor table", () => {
  test("always gives the lowest free number", () => {
    for (let i: i64 = 0; i < 100; i++) expect(open()).toBe(i);
    fdClose(table, 70);
    fdClose(table, 3);
    fdClose(table, 33);
    expect(open()).toBe(3);
    expect(open()).toBe(33);
    expect(open()).toBe(70);
    expect(open()).toBe(100);
  });

  test("finds free numbers past many full words", () => {
    for (let i: i64 = 0; i < 1024; i++) open();
    expect(open()).toBe(-Errno.EMFILE);
    fdClose(table, 1023);
    expect(open()).toBe(1023);
    fdClose(table, 0);
    expect(open()).toBe(0);
  });

  test("starts the search where it is told, and stops at the limit", () => {
    const file = fileNew(FileKind.Null, 0, anonymousInode(), null, null)!;
    expect(fdInstall(table, fileRetain(file), 500, LIMIT, false)).toBe(500);
    expect(fdInstall(table, fileRetain(file), 500, LIMIT, false)).toBe(501);
    expect(fdInstall(table, file, 500, 502, false)).toBe(-Errno.EMFILE);
    fileRelease(file);
  });

  test("does not know numbers that are not open", () => {
    expect(changetype<usize>(fdGet(table, 0))).toBe(0);
    expect(changetype<usize>(fdGet(table, u32.MAX_VALUE))).toBe(0);
    expect(fdClose(table, 0)).toBe(-Errno.EBADF);
    expect(fdClose(table, 1 << 30)).toBe(-Errno.EBADF);
  });

  test("dup2 closes what the number meant, and shares the file", () => {
    open();
    open();
    const file = fdGet(table, 0);
    expect(fdDuplicateTo(table, 0, 1, LIMIT, true)).toBe(1);
    expect(fdGet(table, 1) == file).toBe(true);
    expect(file.refs).toBe(2);
    expect(fdCloseOnExec(table, 1)).toBe(true);
    expect(fdCloseOnExec(table, 0)).toBe(false);
    expect(fdDuplicateTo(table, 0, 200, LIMIT, false)).toBe(200);
    expect(fdDuplicateTo(table, 0, 1024, LIMIT, false)).toBe(-Errno.EBADF);
    expect(fdDuplicateTo(table, 9, 1, LIMIT, false)).toBe(-Errno.EBADF);
  });

  test("a copy has the same files, and lives on its own", () => {
    for (let i = 0; i < 40; i++) open(i == 35);
    const copy = fdTableCopy(table)!;
    expect(fdGet(copy, 39) == fdGet(table, 39)).toBe(true);
    expect(fdGet(table, 39).refs).toBe(2);
    expect(fdCloseOnExec(copy, 35)).toBe(true);
    expect(copy.count).toBe(40);
    fdClose(table, 0);
    expect(changetype<usize>(fdGet(copy, 0))).not.toBe(0);
    fdTableRelease(copy);
    expect(fdGet(table, 39).refs).toBe(1);
  });

  test("execve closes what is marked", () => {
    open();
    open(true);
    for (let i = 0; i < 40; i++) open(i % 2 == 0);
    fdCloseForExec(table);
    expect(changetype<usize>(fdGet(table, 1))).toBe(0);
    expect(changetype<usize>(fdGet(table, 2))).toBe(0);
    expect(changetype<usize>(fdGet(table, 3))).not.toBe(0);
    expect(table.count).toBe(21);
    expect(open()).toBe(1);
    expect(fdCloseOnExec(table, 1)).toBe(false);
  });

  test("ranges close, or are marked", () => {
    for (let i = 0; i < 10; i++) open();
    closeRangeOnExec(table, 8, u32.MAX_VALUE);
    expect(fdCloseOnExec(table, 9)).toBe(true);
    expect(fdCloseOnExec(table, 7)).toBe(false);
    closeRange(table, 3, 5);
    expect(fdNext(table, 3)).toBe(6);
    closeRange(table, 6, u32.MAX_VALUE);
    expect(fdNext(table, 3)).toBe(u32.MAX_VALUE);
    expect(table.count).toBe(3);
  });
});
