// Unpacks a boot archive, cpio "newc" (cpio(5)), from low memory into a memory file system. Data of regular files that lies on a page
// boundary is not copied: the archive's frames become the file's pages (scripts/lib/cpio.ts aligns data by padding names with NULs).
// An archive may come from anybody, so every field is checked, names are walked without following links, and a fault is reported with
// its offset. What was unpacked before the fault stays.

import { Errno } from "../errno";
import { bytesEqualLiteral, bytesHash, bytesIndexOf } from "../lib/bytes";
import { physicalWrite } from "../../shim/isa";
import { PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { inodeRelease } from "../vfs/entry";
import {
  Entry,
  Inode,
  isDirectory,
  makeDevice,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "../vfs/inode";
import { pathCacheForget } from "../vfs/pathcache";
import { memfsAdd, memfsInode } from "./memfs";
import { fileAdoptPage, filePageForWrite } from "./pages";
import { memfsLookup } from "./union";

/** What can be wrong with an archive. */
export const enum CpioFault {
  None = 0,
  /** The header does not start with 070701. */
  Magic = 1,
  /** A field is not hexadecimal. */
  Digit = 2,
  /** Header, name or data go past the end; or there is no trailer. */
  Truncated = 3,
  /** Empty, absolute, with "..", an empty component or one of more than 255 bytes, or not ended by a NUL. */
  Name = 4,
  /** The type is not one of a file. */
  Type = 5,
  /** Data for something that has none, or a bad symbolic link text. */
  Size = 6,
  /** The directory of the name is not there or not a directory. */
  Parent = 7,
  /** The name is there already. */
  Exists = 8,
  /** A device number that does not fit. */
  Device = 9,
  /** Out of memory, pages or inodes: the result says which. */
  NoRoom = 10,
}

/** After a failure: what is wrong, and the offset of the header it is wrong with. */
export let cpioFault: CpioFault = CpioFault.None;
export let cpioFaultOffset: u32 = 0;

const HEADER_BYTES: u32 = 110;
const FIELDS: u32 = 13;
const enum Field {
  Number = 0,
  Mode = 1,
  Uid = 2,
  Gid = 3,
  Links = 4,
  Mtime = 5,
  Size = 6,
  DeviceMajor = 9,
  DeviceMinor = 10,
  NameBytes = 11,
}
const fields = memory.data(13 * 4, 8);

@inline
function field(f: Field): u32 {
  return load<u32>(fields + ((<usize>f) << 2));
}

let archive: usize = 0;
let archiveBytes: u32 = 0;
/** Bytes [tailAt, end of its page) behind a file's adopted last page are to be cleared once the headers in them have been read; or 0. */
let tailAt: usize = 0;
/** The same for the file that is being unpacked, whose own name may still stand behind the file before. */
let newTail: usize = 0;

/** Inodes with several names met so far: a chained table from the archive's inode number. */
@unmanaged
class Link {
  number: u32;
  inode: Inode;
  next: Link | null;
  padding: u32;
}
const LINK_BUCKETS: u32 = 256;
let links: usize = 0;

function fault(what: CpioFault, error: Result = -Errno.EINVAL): Result {
  cpioFault = what;
  return error;
}

/**
 * Unpacks the archive of `bytes` bytes at the linear address `at` into the directory `root` of a memory file system. Returns the number of
 * names unpacked; else -EINVAL for a bad archive, -ENOMEM or -ENOSPC, with cpioFault and cpioFaultOffset.
 */
export function cpioUnpack(at: usize, bytes: u32, root: Entry): Result {
  archive = at;
  archiveBytes = bytes;
  tailAt = 0;
  cpioFault = CpioFault.None;
  links = kernelAlloc(LINK_BUCKETS * 4);
  if (links == 0) return fault(CpioFault.NoRoom, -Errno.ENOMEM);
  const r = unpackAll(root);
  clearTail(usize.MAX_VALUE);
  freeLinks();
  return r;
}

function unpackAll(root: Entry): Result {
  let offset: u64 = 0;
  let names: u32 = 0;
  while (offset <= archiveBytes) {
    cpioFaultOffset = <u32>offset;
    let r = readHeader(<u32>offset);
    if (r < 0) return r;
    const nameAt = archive + <u32>offset + HEADER_BYTES;
    const nameBytes = field(Field.NameBytes);
    // 64 bits, since sizes are up to 2^32 - 1.
    const dataOffset = (offset + HEADER_BYTES + nameBytes + 3) & ~(<u64>3);
    const end = dataOffset + field(Field.Size);
    if (nameBytes == 0 || end > archiveBytes) return fault(CpioFault.Truncated);
    if (load<u8>(nameAt + nameBytes - 1) != 0) return fault(CpioFault.Name);
    const length = <u32>bytesIndexOf(nameAt, nameBytes, 0);
    if (bytesEqualLiteral(nameAt, length, "TRAILER!!!")) return names;
    newTail = 0;
    r = unpackOne(root, nameAt, length, archive + <u32>dataOffset);
    if (r < 0) return r;
    names++;
    offset = (end + 3) & ~(<u64>3);
    clearTail(archive + <u32>min<u64>(offset, archiveBytes));
    if (newTail != 0) tailAt = newTail;
  }
  return fault(CpioFault.Truncated);
}

/** Reads the header at `offset` into `fields`: 0 or -EINVAL. */
function readHeader(offset: u32): Result {
  if (<u64>offset + HEADER_BYTES > archiveBytes) return fault(CpioFault.Truncated);
  const p = archive + offset;
  if (!bytesEqualLiteral(p, 6, "070701")) return fault(CpioFault.Magic);
  for (let f: u32 = 0; f < FIELDS; f++) {
    const v = parseHex(p + 6 + f * 8);
    if (v < 0) return fault(CpioFault.Digit);
    store<u32>(fields + (f << 2), <u32>v);
  }
  return 0;
}

/** Eight hexadecimal digits; -1 when one is not. */
function parseHex(p: usize): i64 {
  let v: i64 = 0;
  for (let i: u32 = 0; i < 8; i++) {
    const c = load<u8>(p + i);
    const letter = c | 0x20;
    if (c >= 0x30 && c <= 0x39) v = (v << 4) | (c - 0x30);
    else if (letter >= 0x61 && letter <= 0x66) v = (v << 4) | (letter - 0x57);
    else return -1;
  }
  return v;
}

/** Clears what remains of the last page of a file, if the archive has been read beyond it. */
function clearTail(readTo: usize): void {
  if (tailAt == 0) return;
  const end = (tailAt + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
  if (readTo < end) return;
  memory.fill(tailAt, 0, end - tailAt);
  tailAt = 0;
}

/** Makes the one file that `fields` describe: 0 or -errno. */
function unpackOne(root: Entry, name: usize, length: u32, data: usize): Result {
  while (length >= 2 && load<u8>(name) == 0x2e && load<u8>(name + 1) == 0x2f) {
    name += 2;
    length -= 2;
  }
  if (length == 0) return fault(CpioFault.Name);
  const mode = field(Field.Mode);
  if (length == 1 && load<u8>(name) == 0x2e) {
    if ((mode & S_IFMT) != S_IFDIR) return fault(CpioFault.Type);
    setAttributes(root.inode!);
    return 0;
  }
  const size = field(Field.Size);
  const r = checkType(mode & S_IFMT, size, data);
  if (r < 0) return r;
  const found = findParent(root, name, length);
  if (found < 0) return found;
  return place(changetype<Entry>(<usize>found), lastAt, <u32>(name + length - lastAt), mode, data, size);
}

/** What belongs together: 0 or -EINVAL. */
function checkType(type: u32, size: u32, data: usize): Result {
  if (field(Field.DeviceMajor) > 0xfff || field(Field.DeviceMinor) > 0xfffff) return fault(CpioFault.Device);
  switch (type) {
    case S_IFREG:
      return 0;
    case S_IFLNK:
      return size == 0 || size > 4095 || bytesIndexOf(data, size, 0) >= 0 ? fault(CpioFault.Size) : 0;
    case S_IFDIR:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
      return size != 0 ? fault(CpioFault.Size) : 0;
    default:
      return fault(CpioFault.Type);
  }
}

let lastAt: usize = 0;

/** The directory of a name, with the last component's place in `lastAt`; -EINVAL for a bad name or when it is not there. */
function findParent(root: Entry, name: usize, length: u32): Result {
  const end = name + length;
  let directory = root;
  let at = name;
  for (;;) {
    const slash = bytesIndexOf(at, <u32>(end - at), 0x2f);
    const n = slash < 0 ? <u32>(end - at) : <u32>slash;
    if (n == 0 || n > 255 || bytesEqualLiteral(at, n, ".") || bytesEqualLiteral(at, n, "..")) return fault(CpioFault.Name);
    if (slash < 0) break;
    const r = memfsLookup(directory, at, n, bytesHash(at, n));
    if (r < 0) return fault(CpioFault.NoRoom, r);
    if (r == 0 || !isDirectory(changetype<Entry>(<usize>r).inode!)) return fault(CpioFault.Parent);
    directory = changetype<Entry>(<usize>r);
    at += n + 1;
  }
  lastAt = at;
  return changetype<usize>(directory);
}

/** Puts the file into its directory: a new inode, another name of one met before, or new attributes for a directory that is there. */
function place(directory: Entry, name: usize, length: u32, mode: u32, data: usize, size: u32): Result {
  const hash = bytesHash(name, length);
  let r = memfsLookup(directory, name, length, hash);
  if (r < 0) return fault(CpioFault.NoRoom, r);
  if (r > 0) {
    const there = changetype<Entry>(<usize>r).inode!;
    if (!isDirectory(there) || (mode & S_IFMT) != S_IFDIR) return fault(CpioFault.Exists);
    setAttributes(there);
    return 0;
  }
  const severalNames = (mode & S_IFMT) != S_IFDIR && field(Field.Links) > 1;
  let inode = severalNames ? findLink(field(Field.Number)) : null;
  const known = inode != null;
  if (inode) inode.refs++;
  else {
    r = memfsInode(directory.inode!.fs, mode & 0xffff, 0, 0);
    if (r < 0) return fault(CpioFault.NoRoom, r);
    inode = changetype<Inode>(<usize>r);
    r = severalNames ? addLink(field(Field.Number), inode) : 0;
  }
  // In some archives the last name carries the data, in others the first.
  if (r >= 0 && size != 0 && inode.size == 0) r = fill(inode, data, size);
  else if (r >= 0 && size != 0 && known) r = fault(CpioFault.Size);
  if (r >= 0) r = add(directory, name, length, hash, inode);
  if (r >= 0) setAttributes(inode);
  inodeRelease(inode);
  if (r < 0 && cpioFault == CpioFault.None) cpioFault = CpioFault.NoRoom;
  return r < 0 ? r : 0;
}

/** memfsAdd that leaves the directory's times as the archive has them. */
function add(directory: Entry, name: usize, length: u32, hash: u32, inode: Inode): Result {
  const parent = directory.inode!;
  const mtimeNs = parent.mtimeNs;
  const ctimeNs = parent.ctimeNs;
  const r = memfsAdd(directory, name, length, hash, inode);
  parent.mtimeNs = mtimeNs;
  parent.ctimeNs = ctimeNs;
  return r;
}

function setAttributes(inode: Inode): void {
  inode.mode = field(Field.Mode) & 0xffff;
  if (isDirectory(inode)) pathCacheForget();
  inode.uid = field(Field.Uid);
  inode.gid = field(Field.Gid);
  const type = inode.mode & S_IFMT;
  if (type == S_IFCHR || type == S_IFBLK) inode.device = makeDevice(field(Field.DeviceMajor), field(Field.DeviceMinor));
  const ns = <u64>field(Field.Mtime) * 1_000_000_000;
  inode.atimeNs = ns;
  inode.mtimeNs = ns;
  inode.ctimeNs = ns;
}

/** Gives a new file its content, or a link its text: 0, -ENOMEM or -ENOSPC. */
function fill(inode: Inode, data: usize, size: u32): Result {
  if ((inode.mode & S_IFMT) == S_IFLNK) {
    inode.content = kernelAlloc(size);
    if (inode.content == 0) return -Errno.ENOMEM;
    memory.copy(inode.content, data, size);
    inode.size = size;
    return 0;
  }
  const aligned = (data & (PAGE_SIZE - 1)) == 0;
  for (let done: u32 = 0; done < size; done += PAGE_SIZE) {
    const index = done >> PAGE_SHIFT;
    const bytes = min(PAGE_SIZE, size - done);
    const from = data + done;
    let r: Result;
    if (aligned) r = fileAdoptPage(inode, index, <u32>(from >> PAGE_SHIFT));
    else {
      r = filePageForWrite(inode, index);
      if (r >= 0) physicalWrite((<u64>r) << PAGE_SHIFT, from, bytes);
    }
    if (r < 0) return r;
    if (aligned && bytes < PAGE_SIZE) newTail = from + bytes;
  }
  inode.size = size;
  return 0;
}

function findLink(number: u32): Inode | null {
  let link = changetype<Link | null>(<usize>load<u32>(links + ((number % LINK_BUCKETS) << 2)));
  while (link && link.number != number) link = link.next;
  return link ? link.inode : null;
}

function addLink(number: u32, inode: Inode): Result {
  const link = changetype<Link>(kernelAlloc(16));
  if (changetype<usize>(link) == 0) return -Errno.ENOMEM;
  const bucket = links + ((number % LINK_BUCKETS) << 2);
  inode.refs++;
  link.number = number;
  link.inode = inode;
  link.next = changetype<Link | null>(<usize>load<u32>(bucket));
  store<u32>(bucket, <u32>changetype<usize>(link));
  return 0;
}

function freeLinks(): void {
  for (let i: u32 = 0; i < LINK_BUCKETS; i++) {
    let link = changetype<Link | null>(<usize>load<u32>(links + (i << 2)));
    while (link) {
      const next = link.next;
      inodeRelease(link.inode);
      kernelFree(changetype<usize>(link));
      link = next;
    }
  }
  kernelFree(links);
  links = 0;
}
