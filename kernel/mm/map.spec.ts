import { Container } from "../container/container";
import { filePageForWrite, setPageUnmapper } from "../fs/pages";
import { memfsInode, memfsNew } from "../fs/memfs";
import { random, seed } from "../lib/testing";
import { Result } from "../result";
import { fileSystemRelease, inodeRelease } from "../vfs/entry";
import { FileSystem, Inode, S_IFREG } from "../vfs/inode";
import { Access, faultInit, handleFault } from "./fault";
import { Charge } from "./account";
import { frameFailAfter, frameInfo, framesFree } from "./frame";
import { heapBytesHeld, heapObjectsUsed, kernelAlloc, kernelFree } from "./heap";
import { growRegion, mapRegion, moveRegion, protectRegion, unmapRegion } from "./map";
import { findSlot, pteFrame, tablesRelease } from "./pagetable";
import { AddressSpace, spaceNew, spaceRelease, unmapInodePages } from "./space";
import { testContainer, useTestMemory, vmaAt } from "./testing";
import { Vma, VmaFlag, VMA_BYTES } from "./vma";
import { vmaFind } from "./vmatree";

// Random changes of an address space, held against an oracle that knows each page by itself. The pages lie on both sides of a border
// between two page tables.
const PAGES: u32 = 256;
const BASE: u64 = 0x10_0020_0000 - 128 * 4096;
const FILE_PAGES: u32 = 24;
const ACCESS: u32 = 15; // Read, Write, Execute, Shared

/** What the oracle knows of each page: kind (0 none, 1 anonymous, 2 and 3 the files), flags, page of the file, own content. */
const kinds = memory.data(256);
const flagsOf = memory.data(256);
const offsets = memory.data(256 * 2);
const written = memory.data(256);
const stamps = memory.data(256);
/** First byte of each page of the two files. */
const fileStamps = memory.data(2 * 24);

let space: AddressSpace = changetype<AddressSpace>(0);
let container: Container = changetype<Container>(0);
let fs: FileSystem = changetype<FileSystem>(0);
const files = memory.data(2 * 4);
let lower: Inode = changetype<Inode>(0);
let failures: i32 = 0;

function file(i: u32): Inode {
  return changetype<Inode>(<usize>load<u32>(files + i * 4));
}

function at(page: u32): u64 {
  return BASE + ((<u64>page) << 12);
}

/** Counts what is not as it should be, and tells of the first. */
function check(condition: bool, what: string): void {
  if (!condition && failures++ == 0) expect(what).toBe("", "the first failure");
}

/** Sets pages [from, to) in the oracle as freshly mapped. */
function oracleMap(from: u32, to: u32, kind: u8, flags: u32, offset: u32): void {
  for (let p = from; p < to; p++) {
    store<u8>(kinds + p, kind);
    store<u8>(flagsOf + p, <u8>flags);
    store<u16>(offsets + p * 2, <u16>(offset + p - from));
    store<u8>(written + p, 0);
  }
}

/** The oracle's content of a mapped page. */
function content(p: u32): u8 {
  if (load<u8>(written + p)) return load<u8>(stamps + p);
  const kind = load<u8>(kinds + p);
  return kind == 1 ? 0 : load<u8>(fileStamps + (kind - 2) * FILE_PAGES + load<u16>(offsets + p * 2));
}

/** A file page beyond the end of the file. */
function beyond(p: u32): bool {
  return load<u8>(kinds + p) > 1 && load<u16>(offsets + p * 2) >= <u16>FILE_PAGES;
}

/** Faults page `p` in; true when it is there. */
function touch(p: u32, access: Access): bool {
  const r = handleFault(space, at(p), access);
  const kind = load<u8>(kinds + p);
  const allowed = kind != 0 && load<u8>(flagsOf + p) & (access == Access.Write ? 2 : 7);
  if (!allowed) check(r < 0, "an access that is not allowed");
  else if (beyond(p)) check(r < 0, "an access beyond the end of the file");
  else check(r == 0, "an access that is allowed");
  return r == 0;
}

function address(p: u32): usize {
  return (<usize>pteFrame(load<u64>(findSlot(space.root, at(p))))) << 12;
}

function read(p: u32): void {
  if (touch(p, Access.Read)) check(load<u8>(address(p)) == content(p), "content");
}

function readRun(from: u32): void {
  for (let p = from; p < from + 24; p++) read(p);
}

function write(p: u32): void {
  if (!touch(p, Access.Write)) return;
  const value = <u8>(1 + random(255));
  store<u8>(address(p), value);
  const kind = load<u8>(kinds + p);
  if (load<u8>(flagsOf + p) & (<u8>VmaFlag.Shared)) store<u8>(fileStamps + (kind - 2) * FILE_PAGES + load<u16>(offsets + p * 2), value);
  else {
    store<u8>(written + p, 1);
    store<u8>(stamps + p, value);
  }
}

/** The mappings of a file form a proper list: its length. */
function mappingsOf(inode: Inode): u32 {
  let n: u32 = 0;
  let previous: usize = 0;
  let vma = changetype<usize>(inode.mappings);
  while (vma != 0) {
    const one = vmaOf(vma);
    check(changetype<usize>(one.inodePrev) == previous, "the back link of a file's list");
    check(changetype<usize>(one.inode) == changetype<usize>(inode), "the file of a mapping in its list");
    previous = vma;
    vma = changetype<usize>(one.inodeNext);
    n++;
  }
  return n;
}

function vmaOf(p: usize): Vma {
  return changetype<Vma>(p);
}

/** Everything that must always hold. */
function invariants(): void {
  let virtual: u64 = 0;
  let last: u64 = 0;
  let page: u32 = 0;
  let mapped0: u32 = 0;
  let mapped1: u32 = 0;
  for (let i: u32 = 0; i < space.vmaCount; i++) {
    const vma = vmaAt(space, i);
    check(vma.start >= last && vma.end > vma.start && ((vma.start | vma.end) & 4095) == 0, "order of the mappings");
    last = vma.end;
    virtual += (vma.end - vma.start) >> 12;
    if (vma.inode == file(0)) mapped0++;
    if (vma.inode == file(1)) mapped1++;
    for (; at(page) < vma.start; page++) check(load<u8>(kinds + page) == 0, "a hole");
    for (; page < PAGES && at(page) < vma.end; page++) {
      const kind = load<u8>(kinds + page);
      check(kind != 0 && (vma.flags & ACCESS) == <u32>load<u8>(flagsOf + page), "access");
      if (kind == 1) check(vma.inode == null && vma.pageOffset + ((at(page) - vma.start) >> 12) == at(page) >> 12, "an anonymous page");
      else if (kind != 0) {
        check(vma.inode == file(kind - 2), "the file of a page");
        check(vma.pageOffset + ((at(page) - vma.start) >> 12) == <u64>load<u16>(offsets + page * 2), "the page of the file");
      }
    }
  }
  for (; page < PAGES; page++) check(load<u8>(kinds + page) == 0, "a hole at the end");
  check(space.virtualPages == virtual, "virtualPages");
  check(mappingsOf(file(0)) == mapped0 && mappingsOf(file(1)) == mapped1, "lists of the files");
  let present: u32 = 0;
  let paid: u32 = 0;
  for (let p: u32 = 0; p < PAGES; p++) {
    const slot = findSlot(space.root, at(p));
    if (slot == 0 || load<u64>(slot) == 0) continue;
    present++;
    const info = frameInfo(pteFrame(load<u64>(slot)));
    if (<usize>info.next == changetype<usize>(container.account) && info.prev == Charge.Anonymous) paid++;
    check(load<u8>(kinds + p) != 0, "a page without a mapping");
    check(((load<u64>(slot) & 1) != 0) == ((load<u8>(flagsOf + p) & 7) != 0), "present where there is access");
    check(!(load<u64>(slot) & 2) || !(load<u64>(slot) & 1) || (load<u8>(flagsOf + p) & 2) != 0, "writable where it may be");
  }
  check(space.pages == present, "resident pages");
  check(container.account.anonymous == (<u64>paid) << 12, "pages that are paid for");
}

let hoarded: usize = 0;

/** Leaves memory for `n` more mappings and nothing else. */
function starve(n: u32): void {
  frameFailAfter(0);
  for (let p = kernelAlloc(VMA_BYTES); p != 0; p = kernelAlloc(VMA_BYTES)) {
    store<u32>(p, <u32>hoarded);
    hoarded = p;
  }
  while (n-- != 0) feedOne();
}

function feedOne(): void {
  if (hoarded == 0) return;
  const p = hoarded;
  hoarded = load<u32>(p);
  kernelFree(p);
}

function feed(): void {
  while (hoarded != 0) feedOne();
  frameFailAfter(-1);
}

function randomAccess(): u32 {
  return load<u8>(memory.data<u8>([0, 1, 1, 3, 3, 3, 5, 2]) + random(8));
}

function mapSome(starving: bool): void {
  const kind = 1 + random(3);
  const count = 1 + random(24);
  const from = random(PAGES - count);
  const offset = kind == 1 ? 0 : random(FILE_PAGES + 1 - count);
  const flags = randomAccess() | (kind != 1 && random(3) ? VmaFlag.Shared : 0);
  const r = mapRegion(space, at(from), (<u64>count) << 12, flags, kind == 1 ? null : file(kind - 2), offset, null);
  check(r == <Result>at(from) || (r < 0 && starving), "mapRegion");
  if (r >= 0) oracleMap(from, from + count, <u8>kind, flags, offset);
}

function unmapSome(starving: bool): void {
  const count = 1 + random(40);
  const from = random(PAGES - count);
  const r = unmapRegion(space, at(from), at(from + count));
  check(r == 0 || starving, "unmapRegion");
  if (r == 0) oracleMap(from, from + count, 0, 0, 0);
}

function protectSome(starving: bool): void {
  const count = 1 + random(40);
  const from = random(PAGES - count);
  const access = randomAccess();
  let to = from;
  while (to < from + count && load<u8>(kinds + to) != 0) to++;
  const whole = to == from + count;
  if (starving && !whole) return;
  const r = protectRegion(space, at(from), at(from + count), access);
  check(starving || (r == 0) == whole, "protectRegion");
  if (r < 0 && starving) return;
  for (let p = from; p < to; p++) store<u8>(flagsOf + p, (load<u8>(flagsOf + p) & (<u8>VmaFlag.Shared)) | (<u8>access));
}

function growSome(): void {
  const vma = vmaFind(space, at(random(PAGES)));
  if (!vma) return;
  const end = <u32>((vma.end - BASE) >> 12);
  const more = 1 + random(6);
  if (end + more > PAGES) return;
  let free = true;
  for (let p = end; p < end + more; p++) if (load<u8>(kinds + p) != 0) free = false;
  check(growRegion(space, vma, (<u64>more) << 12) == free, "growRegion");
  if (free) oracleMap(end, end + more, load<u8>(kinds + end - 1), load<u8>(flagsOf + end - 1), <u32>load<u16>(offsets + (end - 1) * 2) + 1);
}

function moveSome(starving: bool): void {
  const from = random(PAGES);
  const vma = vmaFind(space, at(from));
  if (!vma) return;
  const count = 1 + random(<u32>((vma.end - at(from)) >> 12));
  const newCount = 1 + random(24);
  const to = random(PAGES - newCount);
  if (to < from + count && from < to + newCount) return;
  const keep = random(4) == 0;
  const r = moveRegion(space, vma, at(from), (<u64>count) << 12, at(to), (<u64>newCount) << 12, keep);
  check(r == <Result>at(to) || (r < 0 && starving), "moveRegion");
  if (r < 0) return;
  oracleMap(to, to + newCount, load<u8>(kinds + from), load<u8>(flagsOf + from), load<u16>(offsets + from * 2));
  for (let i: u32 = 0; i < min<u32>(count, newCount); i++) {
    store<u8>(written + to + i, load<u8>(written + from + i));
    store<u8>(stamps + to + i, load<u8>(stamps + from + i));
  }
  if (keep) memory.fill(written + from, 0, min<u32>(count, newCount));
  else oracleMap(from, from + count, 0, 0, 0);
}

function steps(n: u32, starvation: bool): void {
  for (let step: u32 = 0; step < n; step++) {
    const what = random(20);
    const starving = starvation && what < 11;
    if (starving) starve(random(4));
    if (what < 3) mapSome(starving);
    else if (what < 6) unmapSome(starving);
    else if (what < 9) protectSome(starving);
    else if (what < 11) moveSome(starving);
    else if (what < 12) growSome();
    else if (what < 15) write(random(PAGES));
    else if (what < 18) readRun(random(PAGES - 24));
    else read(random(PAGES));
    if (starving) feed();
    invariants();
  }
  for (let p: u32 = 0; p < PAGES; p++) read(p);
}

function newFile(): Inode {
  const inode = changetype<Inode>(<usize>memfsInode(fs, S_IFREG | 0o644, 0, 0));
  inode.size = (<u64>FILE_PAGES) << 12;
  return inode;
}

/** The first file has holes; the second shows a lower file's pages until they are written. */
function newFiles(): void {
  lower = newFile();
  for (let i: u32 = 0; i < 2; i++) store<u32>(files + i * 4, <u32>changetype<usize>(newFile()));
  file(1).lower = lower;
  lower.refs++;
  file(1).lowerPages = FILE_PAGES;
  memory.fill(fileStamps, 0, 2 * FILE_PAGES);
  for (let p: u32 = 0; p < FILE_PAGES; p += 2) {
    store<u8>((<usize>filePageForWrite(file(0), p)) << 12, <u8>(p + 1));
    store<u8>(fileStamps + p, <u8>(p + 1));
    store<u8>((<usize>filePageForWrite(lower, p)) << 12, <u8>(p + 101));
    store<u8>(fileStamps + FILE_PAGES + p, <u8>(p + 101));
  }
}

/** Drops the files; the lower one must be as it was. */
function dropFiles(): void {
  for (let p: u32 = 0; p < FILE_PAGES; p += 2)
    check(load<u8>((<usize>filePageForWrite(lower, p)) << 12) == <u8>(p + 101), "the lower file never changes");
  inodeRelease(file(0));
  inodeRelease(file(1));
  inodeRelease(lower);
}

describe("an address space under random changes", () => {
  beforeEach(() => {
    tablesRelease();
    useTestMemory(2048);
    faultInit();
    setPageUnmapper(unmapInodePages);
    failures = 0;
    memory.fill(kinds, 0, PAGES);
    fs = memfsNew(0, 0o755, 0, 0, 0, 0)!;
    container = testContainer();
  });

  test("agrees with the oracle at every step", () => {
    for (let round: u32 = 1; round <= 8; round++) {
      seed(round);
      newFiles();
      memory.fill(kinds, 0, PAGES);
      space = spaceNew(container)!;
      steps(800, false);
      spaceRelease(space);
      dropFiles();
    }
    expect(failures).toBe(0);
  });

  test("being refused memory changes nothing", () => {
    seed(99);
    newFiles();
    space = spaceNew(container)!;
    steps(3000, true);
    spaceRelease(space);
    expect(failures).toBe(0);
  });

  test("gives everything back", () => {
    newFiles();
    // All pages of the files first: they stay.
    for (let p: u32 = 0; p < FILE_PAGES; p++) {
      filePageForWrite(file(0), p);
      filePageForWrite(file(1), p);
    }
    const objects = heapObjectsUsed();
    const frames = framesFree() + <u32>(heapBytesHeld() >> 12);
    seed(5);
    space = spaceNew(container)!;
    steps(1500, false);
    spaceRelease(space);
    tablesRelease();
    expect(failures).toBe(0);
    expect(heapObjectsUsed()).toBe(objects);
    expect(framesFree() + <u32>(heapBytesHeld() >> 12)).toBe(frames);
    expect(container.account.bytes).toBe(0);
    expect(file(0).mappings).toBe(0);
    expect(file(0).refs).toBe(1);
    dropFiles();
    fileSystemRelease(fs);
  });
});
