import { Errno } from "../errno";
import { bytesEqualLiteral, putLiteral } from "../lib/bytes";
import { frameInfo, FrameKind } from "../mm/frame";
import { heapObjectsUsed, kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { deviceMajor, deviceMinor, Inode } from "../vfs/inode";
import { context, dropTree, find, found, look, symlink, useEmptyTree, useTestCredentials } from "../vfs/testing";
import { pathRelease } from "../vfs/walk";
import { CpioFault, cpioFault, cpioFaultOffset, cpioUnpack } from "./cpio";
import { filePage } from "./pages";
import { memfsLinkText } from "./union";

const ARCHIVE_BYTES: u32 = 64 * 1024;
let archive: usize = 0;
let length: u32 = 0;
let objects: u32 = 0;

function hex(v: u32): void {
  for (let shift = 28; shift >= 0; shift -= 4) {
    const d = (v >> shift) & 15;
    store<u8>(archive + length++, <u8>(d < 10 ? 0x30 + d : 0x57 + d));
  }
}

function pad(): void {
  while ((length & 3) != 0) store<u8>(archive + length++, 0);
}

/** What the next header says beside mode and sizes. */
let uid: u32 = 0;
let linkCount: u32 = 1;
let number: u32 = 0;
let major: u32 = 0;
let minor: u32 = 0;

/** Writes a header and a name of `nameBytes` bytes. */
function header(name: string, mode: u32, size: u32, nameBytes: u32): void {
  length += putLiteral(archive + length, "070701");
  hex(number);
  hex(mode);
  hex(uid);
  hex(7);
  hex(linkCount);
  hex(1_700_000_000);
  hex(size);
  hex(0);
  hex(0);
  hex(major);
  hex(minor);
  hex(nameBytes);
  hex(0);
  memory.fill(archive + length, 0, nameBytes);
  putLiteral(archive + length, name);
  length += nameBytes;
  pad();
}

function add(name: string, mode: u32, data: string = ""): void {
  header(name, mode, data.length, name.length + 1);
  length += putLiteral(archive + length, data);
  pad();
}

/** A file of `size` bytes, each the low byte of its offset + `seed`; on a page boundary if `aligned`. */
function addFile(name: string, size: u32, seed: u32, aligned: bool): void {
  let nameBytes: u32 = name.length + 1;
  if (aligned) nameBytes += (4096 - ((length + 110 + nameBytes) & 4095)) & 4095;
  header(name, 0o100644, size, nameBytes);
  for (let i: u32 = 0; i < size; i++) store<u8>(archive + length + i, <u8>(i + seed));
  length += size;
  pad();
}

function unpack(): Result {
  return cpioUnpack(archive, length, context.rootEntry);
}

function finish(): Result {
  add("TRAILER!!!", 0);
  return unpack();
}

function inodeOf(path: string): Inode {
  find(path, 0);
  const inode = found.entry.inode!;
  pathRelease(found);
  return inode;
}

function getByte(path: string, at: u32): u8 {
  const frame = filePage(inodeOf(path), at >> 12);
  return load<u8>(((<usize>frame) << 12) + (at & 4095));
}

function frameOf(at: usize): u32 {
  return <u32>(at >> 12);
}

/** A fault of the archive begun: what it is, and that it is not more. */
function faultIs(what: CpioFault, offset: u32): bool {
  return unpack() == -Errno.EINVAL && cpioFault == what && cpioFaultOffset == offset;
}

describe("boot archive", () => {
  beforeEach(() => {
    useTestCredentials();
    archive = kernelAlloc(ARCHIVE_BYTES);
    for (let at: u32 = 0; at < ARCHIVE_BYTES; at += 4096) {
      frameInfo(frameOf(archive + at)).kind = <u8>FrameKind.Reserved;
      frameInfo(frameOf(archive + at)).refs = 1;
    }
    length = 0;
    uid = 0;
    linkCount = 1;
    number = 0;
    major = 0;
    minor = 0;
    objects = heapObjectsUsed();
    useEmptyTree();
  });

  afterEach(() => {
    dropTree();
    expect(heapObjectsUsed()).toBe(objects, "objects of the heap");
    for (let at: u32 = 0; at < ARCHIVE_BYTES; at += 4096) {
      expect(frameInfo(frameOf(archive + at)).refs).toBe(1, "references to the archive's frames");
    }
    frameInfo(frameOf(archive)).kind = <u8>FrameKind.Run;
    frameInfo(frameOf(archive)).order = 4;
    kernelFree(archive);
  });

  test("unpacks directories, files, links and devices with their attributes", () => {
    uid = 5;
    add(".", 0o40700);
    add("etc", 0o40755);
    add("./etc/motd", 0o100640, "hello");
    add("link", 0o120777, "etc/motd");
    major = 5;
    minor = 1;
    add("etc/console", 0o020600);
    major = 0;
    minor = 0;
    add("fifo", 0o010600);
    expect(finish()).toBe(6);
    expect(context.rootEntry.inode!.mode).toBe(0o40700);
    const motd = inodeOf("/etc/motd");
    expect(motd.mode).toBe(0o100640);
    expect(motd.uid).toBe(5);
    expect(motd.gid).toBe(7);
    expect(motd.size).toBe(5);
    expect(motd.mtimeNs).toBe(1_700_000_000_000_000_000);
    expect(inodeOf("/etc").mtimeNs).toBe(1_700_000_000_000_000_000);
    expect(getByte("/etc/motd", 4)).toBe(0x6f);
    expect(getByte("/etc/motd", 5)).toBe(0, "behind the end");
    const link = inodeOf("/link");
    expect(bytesEqualLiteral(memfsLinkText(link), <u32>link.size, "etc/motd")).toBe(true);
    expect(deviceMajor(inodeOf("/etc/console").device)).toBe(5);
    expect(deviceMinor(inodeOf("/etc/console").device)).toBe(1);
  });

  test("takes data on page boundaries where it lies, and clears what follows it", () => {
    addFile("aligned", 10_000, 1, true);
    add("small", 0o100644, "between");
    addFile("other", 4096, 9, true);
    addFile("copied", 5000, 3, false);
    addFile("third", 4097, 5, true);
    add("last", 0o100644, "x");
    expect(finish()).toBe(6);
    expect(filePage(inodeOf("/aligned"), 0)).toBe(frameOf(archive + 4096));
    expect(filePage(inodeOf("/aligned"), 2)).toBe(frameOf(archive + 3 * 4096));
    expect(filePage(inodeOf("/copied"), 0)).not.toBe(frameOf(archive + 5 * 4096));
    for (let i: u32 = 0; i < 10_000; i += 99) expect(getByte("/aligned", i)).toBe(<u8>(i + 1));
    for (let i: u32 = 10_000; i < 3 * 4096; i++) expect(getByte("/aligned", i)).toBe(0);
    for (let i: u32 = 0; i < 4096; i += 99) expect(getByte("/other", i)).toBe(<u8>(i + 9));
    for (let i: u32 = 0; i < 5000; i += 99) expect(getByte("/copied", i)).toBe(<u8>(i + 3));
    expect(getByte("/third", 4096)).toBe(5);
    for (let i: u32 = 4097; i < 8192; i++) expect(getByte("/third", i)).toBe(0);
    expect(getByte("/small", 0)).toBe(0x62);
    expect(getByte("/last", 0)).toBe(0x78);
  });

  test("joins the names of one inode, wherever the data is", () => {
    linkCount = 3;
    number = 42;
    add("first", 0o100755, "data");
    add("second", 0o100755);
    number = 43;
    add("early", 0o100644);
    add("late", 0o100644, "late data");
    linkCount = 1;
    number = 42;
    add("other", 0o100644, "alone");
    expect(finish()).toBe(5);
    expect(look("/first")).toBe(look("/second"));
    expect(inodeOf("/first").links).toBe(2);
    expect(inodeOf("/second").size).toBe(4);
    expect(look("/early")).toBe(look("/late"));
    expect(inodeOf("/early").size).toBe(9);
    expect(look("/other")).not.toBe(look("/first"));
  });

  test("tells what is wrong with a header, and where", () => {
    add("a", 0o40755);
    const at = length;
    add("a/b", 0o100644, "b");
    const end = length;
    store<u8>(archive + at, 0x31);
    expect(faultIs(CpioFault.Magic, at)).toBe(true);
    store<u8>(archive + at, 0x30);
    store<u8>(archive + at + 20, 0x67);
    expect(faultIs(CpioFault.Digit, at)).toBe(true);
    store<u8>(archive + at + 20, 0x30);
    expect(faultIs(CpioFault.Truncated, end)).toBe(true, "no trailer");
    length = at + 50;
    expect(faultIs(CpioFault.Truncated, at)).toBe(true);
    length = end - 4;
    expect(faultIs(CpioFault.Truncated, at)).toBe(true);
    length = end;
    store<u8>(archive + at + 6 + 6 * 8, 0x66);
    expect(faultIs(CpioFault.Truncated, at)).toBe(true, "a size of 4 GiB");
    store<u8>(archive + at + 6 + 6 * 8, 0x30);
    store<u8>(archive + at + 6 + 11 * 8, 0x66);
    expect(faultIs(CpioFault.Truncated, at)).toBe(true, "a name of 4 GiB");
  });

  test("refuses names that lead elsewhere", () => {
    add("d", 0o40755);
    symlink("d", "/l");
    const at = length;
    add("../up", 0o100644);
    expect(faultIs(CpioFault.Name, at)).toBe(true);
    length = at;
    add("d/../up", 0o100644);
    expect(faultIs(CpioFault.Name, at)).toBe(true);
    length = at;
    add("/absolute", 0o100644);
    expect(faultIs(CpioFault.Name, at)).toBe(true);
    length = at;
    add("d//x", 0o100644);
    expect(faultIs(CpioFault.Name, at)).toBe(true);
    length = at;
    add("", 0o100644);
    expect(faultIs(CpioFault.Name, at)).toBe(true);
    length = at;
    add("l/through-a-link", 0o100644);
    expect(faultIs(CpioFault.Parent, at)).toBe(true);
    length = at;
    add("nothing/file", 0o100644);
    expect(faultIs(CpioFault.Parent, at)).toBe(true);
    length = at;
    add("l", 0o100644);
    expect(faultIs(CpioFault.Exists, at)).toBe(true);
    length = at;
    header("name", 0o100644, 0, 4);
    expect(faultIs(CpioFault.Name, at)).toBe(true, "no NUL");
  });

  test("refuses what no file has", () => {
    add("x", 0o170644);
    expect(faultIs(CpioFault.Type, 0)).toBe(true);
    length = 0;
    add("x", 0o40755, "data");
    expect(faultIs(CpioFault.Size, 0)).toBe(true);
    length = 0;
    add("x", 0o120777, "");
    expect(faultIs(CpioFault.Size, 0)).toBe(true);
    length = 0;
    major = 0x1000;
    add("x", 0o020600);
    expect(faultIs(CpioFault.Device, 0)).toBe(true);
    length = 0;
    major = 0;
    add(".", 0o100644);
    expect(faultIs(CpioFault.Type, 0)).toBe(true);
  });

  test("says when the file system is full", () => {
    context.rootEntry.inode!.fs.pageLimit = 1;
    add("a", 0o100644, "a");
    add("b", 0o100644, "b");
    expect(finish()).toBe(-Errno.ENOSPC);
    expect(cpioFault).toBe(CpioFault.NoRoom);
    expect(look("/a")).toBeGreaterThan(0);
    expect(look("/b")).toBe(-Errno.ENOENT);
  });
});
