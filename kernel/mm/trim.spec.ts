import { memfsInode, memfsNew } from "../fs/memfs";
import { workRun, workSystemInit } from "../task/work";
import { nowNs } from "../time/clock";
import { timerNextNs, timerRun } from "../time/timer";
import { Inode, S_IFREG } from "../vfs/inode";
import { Access, copyPages, faultInit, handleFault } from "./fault";
import { framesFree } from "./frame";
import { mapRegion } from "./map";
import { findSlot, pteFrame, PTE_DIRTY, tablesRelease } from "./pagetable";
import { AddressSpace, disownPages, spaceNew, spaceRelease } from "./space";
import { testContainer, useTestMemory, vmaAt } from "./testing";
import { SpaceAge, spaceAsleep, spaceAwake, spaceTrim, trimInit } from "./trim";
import { filePageForWrite } from "../fs/pages";
import { VmaFlag } from "./vma";

const PAGE: u64 = 4096;
/** In tables of their own. */
const FILE_AT: u64 = 0x1000_0000;
const MEMORY_AT: u64 = 0x6000_0000_0000;
const SECOND: u64 = 1_000_000_000;
const READ_WRITE: u32 = VmaFlag.Read | VmaFlag.Write;

let space: AddressSpace = changetype<AddressSpace>(0);
let file: Inode = changetype<Inode>(0);

function newSpace(): AddressSpace {
  return spaceNew(testContainer())!;
}

function entryAt(va: u64): u64 {
  const slot = findSlot(space.root, va);
  return slot == 0 ? 0 : load<u64>(slot);
}

function byteAt(va: u64): u8 {
  expect(handleFault(space, va, Access.Read)).toBe(0);
  return load<u8>((<usize>pteFrame(entryAt(va))) << 12);
}

/** Writes to a page of the process's own. */
function write(va: u64, value: u8): void {
  expect(handleFault(space, va, Access.Write)).toBe(0);
  store<u8>((<usize>pteFrame(entryAt(va))) << 12, value);
}

/** All that is due to happen until `ns`. */
function passTo(ns: u64): void {
  while (timerNextNs() <= ns) {
    timerRun(ns);
    workRun();
  }
}

beforeEach(() => {
  tablesRelease();
  useTestMemory(2048);
  faultInit();
  workSystemInit();
  expect(trimInit()).toBe(true);
  space = newSpace();
  file = changetype<Inode>(<usize>memfsInode(memfsNew(0, 0o755, 0, 0, 0, 0)!, S_IFREG | 0o644, 0, 0));
  file.size = 4 * PAGE;
  for (let i: u32 = 0; i < 4; i++) store<u8>((<usize>filePageForWrite(file, i)) << 12, <u8>(10 + i));
});

describe("a trimmed space", () => {
  test("has what the process wrote, and gets back what files hold", () => {
    mapRegion(space, FILE_AT, 4 * PAGE, READ_WRITE, file, 0, null);
    mapRegion(space, MEMORY_AT, 2 * PAGE, READ_WRITE, null, 0, null);
    expect(byteAt(FILE_AT)).toBe(10);
    write(FILE_AT + PAGE, 77);
    write(MEMORY_AT, 88);
    expect(space.pages).toBe(5);
    spaceTrim(space);
    expect(entryAt(FILE_AT)).toBe(0);
    expect(entryAt(FILE_AT + PAGE) != 0).toBe(true, "a private copy");
    expect(entryAt(FILE_AT + 2 * PAGE)).toBe(0);
    expect(space.pages).toBe(2);
    expect(byteAt(FILE_AT)).toBe(10);
    expect(byteAt(FILE_AT + PAGE)).toBe(77);
    expect(byteAt(FILE_AT + 2 * PAGE)).toBe(12);
    expect(byteAt(MEMORY_AT)).toBe(88);
    spaceRelease(space);
  });

  test("loses pages that were declared free, but for those written since; and zeros that were only read", () => {
    mapRegion(space, MEMORY_AT, 5 * PAGE, READ_WRITE, null, 0, null);
    for (let p: u64 = 0; p < 4; p++) write(MEMORY_AT + p * PAGE, 9);
    byteAt(MEMORY_AT + 4 * PAGE);
    disownPages(space, MEMORY_AT, MEMORY_AT + 3 * PAGE);
    expect(byteAt(MEMORY_AT)).toBe(9, "they are still there");
    const slot = findSlot(space.root, MEMORY_AT + PAGE);
    store<u64>(slot, load<u64>(slot) | PTE_DIRTY); // the CPU, when the program writes
    spaceTrim(space);
    expect(space.container.account.anonymous).toBe(2 * PAGE);
    expect(space.pages).toBe(2);
    expect(byteAt(MEMORY_AT)).toBe(0);
    expect(byteAt(MEMORY_AT + PAGE)).toBe(9);
    expect(byteAt(MEMORY_AT + 3 * PAGE)).toBe(9);
    spaceRelease(space);
  });

  test("of one side of a fork leaves the other's page", () => {
    mapRegion(space, MEMORY_AT, PAGE, READ_WRITE, null, 0, null);
    write(MEMORY_AT, 6);
    const child = spaceNew(space.container)!;
    mapRegion(child, MEMORY_AT, PAGE, READ_WRITE, null, 0, null);
    copyPages(space, child, vmaAt(space, 0));
    disownPages(space, MEMORY_AT, MEMORY_AT + PAGE);
    spaceTrim(space);
    expect(byteAt(MEMORY_AT)).toBe(0);
    const account = space.container.account;
    spaceRelease(space);
    space = child;
    expect(byteAt(MEMORY_AT)).toBe(6);
    spaceRelease(child);
    expect(account.bytes).toBe(0);
  });

  test("loses no write to a shared page", () => {
    mapRegion(space, FILE_AT, PAGE, READ_WRITE | VmaFlag.Shared, file, 0, null);
    write(FILE_AT, 99);
    spaceTrim(space);
    expect(entryAt(FILE_AT)).toBe(0);
    expect(byteAt(FILE_AT)).toBe(99);
    spaceRelease(space);
  });

  test("keeps locked pages", () => {
    mapRegion(space, FILE_AT, PAGE, READ_WRITE, file, 0, null);
    vmaAt(space, 0).flags |= VmaFlag.Locked;
    byteAt(FILE_AT);
    spaceTrim(space);
    expect(entryAt(FILE_AT) != 0).toBe(true);
    spaceRelease(space);
  });

  test("gives empty tables back, and only those", () => {
    mapRegion(space, FILE_AT, PAGE, READ_WRITE, file, 0, null);
    mapRegion(space, MEMORY_AT, PAGE, READ_WRITE, null, 0, null);
    write(MEMORY_AT, 1);
    const before = framesFree();
    byteAt(FILE_AT);
    expect(framesFree()).toBe(before - 3);
    spaceTrim(space);
    tablesRelease();
    expect(framesFree()).toBe(before);
    expect(byteAt(MEMORY_AT)).toBe(1);
    spaceRelease(space);
  });
});

describe("a space that nobody runs in", () => {
  test("is trimmed in its third second, once", () => {
    mapRegion(space, FILE_AT, PAGE, READ_WRITE, file, 0, null);
    byteAt(FILE_AT);
    const start = nowNs();
    spaceAwake(space);
    passTo(start + SECOND + SECOND / 2);
    expect(space.age).toBe(SpaceAge.Rested);
    expect(entryAt(FILE_AT) != 0).toBe(true);
    passTo(start + 4 * SECOND);
    expect(space.age).toBe(SpaceAge.Asleep);
    expect(entryAt(FILE_AT)).toBe(0);
    expect(timerNextNs()).toBe(u64.MAX_VALUE, "no tick for sleepers");
    spaceRelease(space);
  });

  test("is not trimmed when somebody does again", () => {
    mapRegion(space, FILE_AT, PAGE, READ_WRITE, file, 0, null);
    byteAt(FILE_AT);
    spaceAwake(space);
    for (let i = 0; i < 5; i++) {
      passTo(timerNextNs());
      expect(space.age).toBe(SpaceAge.Rested);
      spaceAwake(space);
    }
    expect(entryAt(FILE_AT) != 0).toBe(true);
    spaceAsleep(space);
    spaceRelease(space);
  });

  test("waits for its turn among many", () => {
    const count = 40;
    const spaces = new StaticArray<usize>(count);
    for (let i = 0; i < count; i++) {
      const other = newSpace();
      unchecked((spaces[i] = changetype<usize>(other)));
      spaceAwake(other);
    }
    const awake = (list: StaticArray<usize>): i32 => {
      let n = 0;
      for (let i = 0; i < list.length; i++) n += changetype<AddressSpace>(unchecked(list[i])).age != SpaceAge.Asleep ? 1 : 0;
      return n;
    };
    let most = 0;
    for (let last = count; last != 0; ) {
      timerRun(timerNextNs());
      workRun();
      const now = awake(spaces);
      most = max(most, last - now);
      last = now;
    }
    expect(most).toBe(16);
    for (let i = 0; i < count; i++) spaceRelease(changetype<AddressSpace>(unchecked(spaces[i])));
  });

  test("may end while it waits", () => {
    spaceAwake(space);
    const other = newSpace();
    spaceAwake(other);
    spaceRelease(space);
    expect(timerNextNs() != u64.MAX_VALUE).toBe(true);
    spaceRelease(other);
    expect(timerNextNs()).toBe(u64.MAX_VALUE);
  });
});
