// devpts: the slaves of a container's pseudo-terminals by number, and its ptmx (pts(4)). One instance a container; what chmod and chown do to
// a slave is kept in its Pty, since inodes here live only as long as somebody holds them.

import { Container } from "../container/container";
import { bytesEqualLiteral, bytesHash, parseDecimal, putLiteral } from "../lib/bytes";
import { Result } from "../result";
import { current } from "../task/thread";
import { Pty, ptyFind, PtyInstance, ptyInstanceNew, ptyNext } from "../tty/pty";
import { entryNew, fileSystemNew, fileSystemRelease, inodeNew, inodeRelease } from "../vfs/entry";
import { Entry, File, FileSystem, FileSystemKind, Inode, makeDevice, S_IFCHR, S_IFDIR } from "../vfs/inode";
import { deviceOpen, DirectoryItem, registerFileSystem } from "../vfs/operations";
import { Mountable, MountableOptions, registerMountable } from "./mountable";
import { nodeEntry } from "./synthetic";

const ROOT_NUMBER: u64 = 1;
const PTMX_NUMBER: u64 = 2;
/** The inode of slave N has number N + 3. */
const FIRST_SLAVE: u64 = 3;
const SLAVE_MAJOR: u32 = 136;
const SLAVE_MODE: u32 = 0o620;
const NOT_GIVEN: u32 = u32.MAX_VALUE;

const itemName = memory.data(16, 8);

@inline
function instanceOf(fs: FileSystem): PtyInstance {
  return changetype<PtyInstance>(fs.data);
}

function ptmxInode(fs: FileSystem): Inode | null {
  const inode = inodeNew(fs, S_IFCHR | instanceOf(fs).ptmxMode, 0, 0);
  if (!inode) return null;
  inode.number = PTMX_NUMBER;
  inode.links = 1;
  inode.device = makeDevice(5, 2);
  return inode;
}

/** The inode of a slave, with one reference: owned by who opened the master, with the group of the mount, until it is changed. */
function slaveInode(instance: PtyInstance, pty: Pty): Inode | null {
  const fs = changetype<FileSystem>(instance.fs);
  if (changetype<usize>(fs) == 0) return null;
  if (!pty.owned) {
    const t = current;
    pty.owned = true;
    pty.uid = t ? t.credentials.fsuid : 0;
    pty.gid = instance.gid != NOT_GIVEN ? instance.gid : t ? t.credentials.fsgid : 0;
    pty.mode = instance.mode;
  }
  const inode = inodeNew(fs, S_IFCHR | pty.mode, pty.uid, pty.gid);
  if (!inode) return null;
  inode.number = FIRST_SLAVE + pty.index;
  inode.links = 1;
  inode.device = makeDevice(SLAVE_MAJOR, pty.index);
  inode.detail = pty.index;
  return inode;
}

/** The name of a slave in the instance's file system, with one reference; null when that is gone or memory is short. */
export function slaveEntry(instance: PtyInstance, pty: Pty): Entry | null {
  const fs = changetype<FileSystem>(instance.fs);
  if (changetype<usize>(fs) == 0) return null;
  const length = putNumber(pty.index);
  const r = nodeEntry(fs.root!, itemName, length, bytesHash(itemName, length), slaveInode(instance, pty));
  return r > 0 ? changetype<Entry>(<usize>r) : null;
}

function lookup(directory: Entry, name: usize, length: u32, hash: u32): Result {
  const fs = directory.inode!.fs;
  if (bytesEqualLiteral(name, length, "ptmx")) return nodeEntry(directory, name, length, hash, ptmxInode(fs));
  const number = parseDecimal(name, length);
  if (number < 0 || number > 0xfffff || (length > 1 && load<u8>(name) == 0x30)) return 0;
  const pty = ptyFind(instanceOf(fs), <u32>number);
  return pty ? nodeEntry(directory, name, length, hash, slaveInode(instanceOf(fs), pty)) : 0;
}

/** Position 2 is ptmx, N + 3 slave N. */
function next(directory: Entry, position: u64, item: DirectoryItem): Result {
  item.name = itemName;
  item.type = S_IFCHR;
  if (position <= 2) {
    item.nameLength = putLiteral(itemName, "ptmx");
    item.number = PTMX_NUMBER;
    item.next = 3;
    return 1;
  }
  const pty = ptyNext(instanceOf(directory.inode!.fs), <u32>(position - FIRST_SLAVE));
  if (!pty) return 0;
  item.nameLength = putNumber(pty.index);
  item.number = FIRST_SLAVE + pty.index;
  item.next = FIRST_SLAVE + pty.index + 1;
  return 1;
}

function putNumber(value: u32): u32 {
  let digits: u32 = 1;
  for (let v = value / 10; v != 0; v /= 10) digits++;
  for (let i = digits; i > 0; i--) {
    store<u8>(itemName + i - 1, <u8>(0x30 + (value % 10)));
    value /= 10;
  }
  return digits;
}

function open(file: File): Result {
  return deviceOpen(file);
}

/** Keeps what chmod and chown have changed. */
function release(inode: Inode): void {
  if (inode.number < FIRST_SLAVE) return;
  const pty = ptyFind(instanceOf(inode.fs), inode.detail);
  if (!pty) return;
  pty.mode = inode.mode & 0o7777;
  pty.uid = inode.uid;
  pty.gid = inode.gid;
}

function make(container: Container, options: MountableOptions): FileSystem | null {
  if (container.ptys == 0) {
    const made = ptyInstanceNew(changetype<usize>(container));
    if (!made) return null;
    container.ptys = changetype<usize>(made);
  }
  const instance = changetype<PtyInstance>(container.ptys);
  instance.mode = options.mode != NOT_GIVEN ? options.mode & 0o7777 : SLAVE_MODE;
  instance.gid = options.gid;
  instance.ptmxMode = options.ptmxMode != NOT_GIVEN ? options.ptmxMode & 0o7777 : 0;
  if (options.limit != NOT_GIVEN) instance.limit = min(instance.limit, options.limit);
  const fs = fileSystemNew(FileSystemKind.Devpts, changetype<usize>(container));
  if (!fs) return null;
  fs.data = container.ptys;
  instance.fs = changetype<usize>(fs);
  const root = inodeNew(fs, S_IFDIR | 0o755, 0, 0);
  if (root) {
    root.number = ROOT_NUMBER;
    root.links = 2;
    fs.root = entryNew(null, 0, 0, 0, root);
    inodeRelease(root);
    if (fs.root) return fs;
  }
  fileSystemRelease(fs);
  return null;
}

/** To be called once at start-up. */
export function devptsInit(): void {
  registerFileSystem(FileSystemKind.Devpts, lookup, next, null, null, open, null, release);
  registerMountable(Mountable.Devpts, make);
}
