// What other parts of the kernel plug into the virtual file system: the operations of synthetic file systems (procfs, sysfs, devpts), by
// FileSystem.kind, and what opening a device or a FIFO means. Memory file systems are called directly (kernel/fs/memfs.ts).

import { Errno } from "../errno";
import { Result } from "../result";
import { deviceMajor, deviceMinor, Entry, File, FILE_SYSTEM_KINDS, FsContext, Inode, Path } from "./inode";

/** One name of a directory, as getdents wants it. */
@unmanaged
export class DirectoryItem {
  name: usize;
  nameLength: u32;
  number: u64;
  /** S_IFMT bits of the mode. */
  type: u32;
  padding: u32;
  /** Position of the next item. */
  next: u64;
}
export const DIRECTORY_ITEM_BYTES: u32 = 32;

/** The entry of that name in a directory, with a reference for the caller; 0 when there is none, or -errno. */
export type LookupFunction = (directory: Entry, name: usize, length: u32, hash: u32) => Result;
/** Fills `item` with the first name at or after `position` (from 2 on: 0 and 1 are "." and ".."): 1, or 0 at the end, or -errno. */
export type NextFunction = (directory: Entry, position: u64, item: DirectoryItem) => Result;
/** Writes the text of a symbolic link, at most `capacity` bytes; returns its length or -errno. */
export type ReadLinkFunction = (link: Inode, context: FsContext, buffer: usize, capacity: u32) => Result;
/** Where a magic link (InodeFlag.MagicLink) leads: fills `place`, with references for the caller; 0 or -errno. */
export type FollowLinkFunction = (link: Inode, context: FsContext, place: Path) => Result;
/** Makes a new file object of the inode ready for use (kind, object); 0, -errno or BLOCKED. */
export type OpenFunction = (file: File) => Result;
/** Brings the attributes of an inode up to date before they are looked at, or frees what `content` holds when it goes. */
export type InodeFunction = (inode: Inode) => void;

const enum Slot {
  Lookup = 0,
  Next = 1,
  ReadLink = 2,
  FollowLink = 3,
  Open = 4,
  Refresh = 5,
  Release = 6,
}
const SLOTS: u32 = 8;

/** Function indices: [kind][slot]. */
const table = memory.data(FILE_SYSTEM_KINDS * SLOTS * 4, 8);

/** Registers the operations of a synthetic file system; null for those it does without. */
export function registerFileSystem(
  kind: u32,
  lookup: LookupFunction,
  next: NextFunction,
  readLink: ReadLinkFunction | null,
  followLink: FollowLinkFunction | null,
  open: OpenFunction,
  refresh: InodeFunction | null,
  release: InodeFunction | null,
): void {
  const row = table + ((kind * SLOTS) << 2);
  store<u32>(row, lookup.index, Slot.Lookup * 4);
  store<u32>(row, next.index, Slot.Next * 4);
  store<u32>(row, readLink ? readLink.index : 0, Slot.ReadLink * 4);
  store<u32>(row, followLink ? followLink.index : 0, Slot.FollowLink * 4);
  store<u32>(row, open.index, Slot.Open * 4);
  store<u32>(row, refresh ? refresh.index : 0, Slot.Refresh * 4);
  store<u32>(row, release ? release.index : 0, Slot.Release * 4);
}

@inline
function operation(inode: Inode, slot: Slot): u32 {
  return load<u32>(table + ((inode.fs.kind * SLOTS + slot) << 2));
}

/** LookupFunction of the directory's file system; -ENOENT where there is none. */
export function syntheticLookup(directory: Entry, name: usize, length: u32, hash: u32): Result {
  const f = operation(directory.inode!, Slot.Lookup);
  return f != 0 ? call_indirect<Result>(f, directory, name, length, hash) : -Errno.ENOENT;
}

/** NextFunction of the directory's file system. */
export function syntheticNext(directory: Entry, position: u64, item: DirectoryItem): Result {
  const f = operation(directory.inode!, Slot.Next);
  return f != 0 ? call_indirect<Result>(f, directory, position, item) : 0;
}

/** ReadLinkFunction of the link's file system; -EINVAL where there is none. */
export function syntheticReadLink(link: Inode, context: FsContext, buffer: usize, capacity: u32): Result {
  const f = operation(link, Slot.ReadLink);
  return f != 0 ? call_indirect<Result>(f, link, context, buffer, capacity) : -Errno.EINVAL;
}

/** FollowLinkFunction of the link's file system; -EACCES where there is none. */
export function syntheticFollowLink(link: Inode, context: FsContext, place: Path): Result {
  const f = operation(link, Slot.FollowLink);
  return f != 0 ? call_indirect<Result>(f, link, context, place) : -Errno.EACCES;
}

/** OpenFunction of the file's file system; -ENXIO where there is none. */
export function syntheticOpen(file: File): Result {
  const f = operation(file.inode, Slot.Open);
  return f != 0 ? call_indirect<Result>(f, file) : -Errno.ENXIO;
}

/** Brings the attributes of a synthetic inode up to date. */
export function syntheticRefresh(inode: Inode): void {
  const f = operation(inode, Slot.Refresh);
  if (f != 0) call_indirect<void>(f, inode);
}

/** Frees what the content of a synthetic inode holds. */
export function syntheticRelease(inode: Inode): void {
  const f = operation(inode, Slot.Release);
  if (f != 0) call_indirect<void>(f, inode);
}

// Devices and FIFOs ----------------------------------------------------------------------------------------------------------------------

@unmanaged
class DeviceRow {
  major: u32;
  firstMinor: u32;
  lastMinor: u32;
  open: u32;
}
const DEVICE_ROW_BYTES: u32 = 16;
const DEVICE_ROWS: u32 = 64;
const devices = memory.data(DEVICE_ROWS * DEVICE_ROW_BYTES, 8);
let deviceRows: u32 = 0;
let fifoOpen: u32 = 0;
let queueOpen: u32 = 0;

/** Registers what opens character devices (major, firstMinor..lastMinor). Called at start-up, at most 64 times. */
export function registerCharacterDevice(major: u32, firstMinor: u32, lastMinor: u32, open: OpenFunction): void {
  assert(deviceRows < DEVICE_ROWS, "too many kinds of device");
  const row = changetype<DeviceRow>(devices + deviceRows++ * DEVICE_ROW_BYTES);
  row.major = major;
  row.firstMinor = firstMinor;
  row.lastMinor = lastMinor;
  row.open = open.index;
}

/** Opens a character device's file by its number: 0, -ENXIO when no driver has it, what the driver says, or BLOCKED. */
export function deviceOpen(file: File): Result {
  const major = deviceMajor(file.inode.device);
  const minor = deviceMinor(file.inode.device);
  for (let i: u32 = 0; i < deviceRows; i++) {
    const row = changetype<DeviceRow>(devices + i * DEVICE_ROW_BYTES);
    if (row.major != major || minor < row.firstMinor || minor > row.lastMinor) continue;
    return call_indirect<Result>(row.open, file);
  }
  return -Errno.ENXIO;
}

/** Registers what opens FIFOs (fifo(7): it may wait for the other side). */
export function setFifoOpener(open: OpenFunction): void {
  fifoOpen = open.index;
}

/** Registers what opens message queues: 0 or -ENOMEM. */
export function setQueueOpener(open: OpenFunction): void {
  queueOpen = open.index;
}

export function queueOpener(file: File): Result {
  return call_indirect<Result>(queueOpen, file);
}

export function fifoOpener(file: File): Result {
  return fifoOpen != 0 ? call_indirect<Result>(fifoOpen, file) : -Errno.ENXIO;
}
