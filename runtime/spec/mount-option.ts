// mounts[].options, as mount(8) has them: flags that hold for every mount, and the options of the file systems (proc(5), tmpfs(5), and
// Linux's Documentation/filesystems/devpts.rst). What a file system does not know is an error, as in mount(2).

import { Errno } from "../../kernel/errno";
import { bytesEqualLiteral, bytesIndexOf, parseDecimal, parseOctal } from "../../kernel/lib/bytes";
import { JsonNode } from "../json/node";
import { ID_MAXIMUM, complainOfValue } from "./decode";
import { SpecMount, SpecMountFlag, SpecMountGiven, SpecMountType } from "./model";

/** What an option word does to the flags: these bits off, those on. A word that is no flag sets `unknown`. */
let clear: u32 = 0;
let set: u32 = 0;
let unknown: bool = false;

const ATIME = SpecMountFlag.NoAtime | SpecMountFlag.RelAtime | SpecMountFlag.StrictAtime;

function on(flag: u32): void {
  set = flag;
}

function off(flag: u32): void {
  clear = flag;
}

/** The words that change how the files' times of last access are kept. */
function atimeWord(p: usize, n: u32): void {
  if (bytesEqualLiteral(p, n, "noatime")) return choose(SpecMountFlag.NoAtime);
  if (bytesEqualLiteral(p, n, "relatime")) return choose(SpecMountFlag.RelAtime);
  if (bytesEqualLiteral(p, n, "strictatime")) return choose(SpecMountFlag.StrictAtime);
  if (bytesEqualLiteral(p, n, "atime")) return off(SpecMountFlag.NoAtime);
  if (bytesEqualLiteral(p, n, "norelatime")) return off(SpecMountFlag.RelAtime);
  if (bytesEqualLiteral(p, n, "nostrictatime")) return off(SpecMountFlag.StrictAtime);
  if (bytesEqualLiteral(p, n, "nodiratime")) return on(SpecMountFlag.NoDirAtime);
  if (bytesEqualLiteral(p, n, "diratime")) return off(SpecMountFlag.NoDirAtime);
  unknown = true;
}

/** The three ways to keep access times exclude each other. */
function choose(flag: u32): void {
  clear = ATIME;
  set = flag;
}

function flagWord(p: usize, n: u32): void {
  // By length first, which leaves few words to compare.
  switch (n) {
    case 2:
      if (bytesEqualLiteral(p, n, "ro")) return on(SpecMountFlag.ReadOnly);
      if (bytesEqualLiteral(p, n, "rw")) return off(SpecMountFlag.ReadOnly);
      break;
    case 3:
      if (bytesEqualLiteral(p, n, "dev")) return off(SpecMountFlag.NoDev);
      break;
    case 4:
      if (bytesEqualLiteral(p, n, "exec")) return off(SpecMountFlag.NoExec);
      if (bytesEqualLiteral(p, n, "suid")) return off(SpecMountFlag.NoSuid);
      if (bytesEqualLiteral(p, n, "sync")) return on(SpecMountFlag.Synchronous);
      if (bytesEqualLiteral(p, n, "bind") || bytesEqualLiteral(p, n, "loud")) return;
      break;
    case 5:
      if (bytesEqualLiteral(p, n, "nodev")) return on(SpecMountFlag.NoDev);
      if (bytesEqualLiteral(p, n, "rbind")) return on(SpecMountFlag.Recursive);
      if (bytesEqualLiteral(p, n, "async")) return off(SpecMountFlag.Synchronous);
      if (bytesEqualLiteral(p, n, "slave")) return;
      break;
    case 6:
      if (bytesEqualLiteral(p, n, "nosuid")) return on(SpecMountFlag.NoSuid);
      if (bytesEqualLiteral(p, n, "noexec")) return on(SpecMountFlag.NoExec);
      if (bytesEqualLiteral(p, n, "rslave") || bytesEqualLiteral(p, n, "silent") || bytesEqualLiteral(p, n, "nomand")) return;
      break;
    case 7:
      // Nobody mounts behind a container's back, so that private and slave are what every mount is.
      if (bytesEqualLiteral(p, n, "private")) return;
      if (bytesEqualLiteral(p, n, "remount")) return on(SpecMountFlag.Remount);
      if (bytesEqualLiteral(p, n, "dirsync")) return on(SpecMountFlag.DirSync);
      break;
    case 8:
      if (bytesEqualLiteral(p, n, "rprivate") || bytesEqualLiteral(p, n, "defaults")) return;
      break;
    case 9:
      if (bytesEqualLiteral(p, n, "symfollow")) return off(SpecMountFlag.NoSymFollow);
      break;
    case 11:
      if (bytesEqualLiteral(p, n, "nosymfollow")) return on(SpecMountFlag.NoSymFollow);
      break;
  }
  atimeWord(p, n);
}

/** A number with a suffix k, m, g or t, as Linux's memparse reads it but decimal only; -1 when it is malformed or too large. */
export function parseMemory(p: usize, n: u32): i64 {
  if (n == 0) return -1;
  let shift: u32 = 0;
  switch (load<u8>(p + n - 1) | 0x20) {
    case 0x6b:
      shift = 10;
      break;
    case 0x6d:
      shift = 20;
      break;
    case 0x67:
      shift = 30;
      break;
    case 0x74:
      shift = 40;
      break;
  }
  const v = parseDecimal(p, shift != 0 ? n - 1 : n);
  return v < 0 || v > i64.MAX_VALUE >> (<i64>shift) ? -1 : v << (<i64>shift);
}

/** Notes that `mount` has the option `given` when its value `v` is in order, from 0 to `limit`. */
function accept(mount: SpecMount, given: SpecMountGiven, v: i64, limit: i64): bool {
  if (v < 0 || v > limit) return false;
  mount.given |= given;
  return true;
}

/** mode=, uid= and gid=, which tmpfs and devpts have in common; false when the value at `v` is no good or the name is another. */
function ownerOption(mount: SpecMount, p: usize, name: u32, v: usize, n: u32): bool {
  if (bytesEqualLiteral(p, name, "mode")) {
    mount.mode = <u32>parseOctal(v, n);
    return accept(mount, SpecMountGiven.Mode, parseOctal(v, n), 0o7777);
  }
  if (bytesEqualLiteral(p, name, "uid")) {
    mount.uid = <u32>parseDecimal(v, n);
    return accept(mount, SpecMountGiven.Uid, parseDecimal(v, n), ID_MAXIMUM);
  }
  if (bytesEqualLiteral(p, name, "gid")) {
    mount.gid = <u32>parseDecimal(v, n);
    return accept(mount, SpecMountGiven.Gid, parseDecimal(v, n), ID_MAXIMUM);
  }
  return false;
}

function tmpfsOption(mount: SpecMount, p: usize, name: u32, v: usize, n: u32): bool {
  if (bytesEqualLiteral(p, name, "size")) {
    if (n > 1 && load<u8>(v + n - 1) == 0x25) {
      mount.sizePercent = <u32>parseDecimal(v, n - 1);
      return accept(mount, SpecMountGiven.SizePercent, parseDecimal(v, n - 1), 100);
    }
    mount.sizeBytes = parseMemory(v, n);
    return accept(mount, SpecMountGiven.Size, parseMemory(v, n), i64.MAX_VALUE);
  }
  if (bytesEqualLiteral(p, name, "nr_blocks")) {
    mount.sizeBytes = parseMemory(v, n) << 12; // blocks of a page
    return accept(mount, SpecMountGiven.Size, parseMemory(v, n), i64.MAX_VALUE >> 12);
  }
  if (bytesEqualLiteral(p, name, "nr_inodes")) {
    mount.inodeLimit = parseMemory(v, n);
    return accept(mount, SpecMountGiven.Inodes, parseMemory(v, n), i64.MAX_VALUE);
  }
  return ownerOption(mount, p, name, v, n);
}

function devptsOption(mount: SpecMount, p: usize, name: u32, v: usize, n: u32): bool {
  if (bytesEqualLiteral(p, name, "ptmxmode")) {
    mount.ptmxMode = <u32>parseOctal(v, n);
    return accept(mount, SpecMountGiven.PtmxMode, parseOctal(v, n), 0o7777);
  }
  if (bytesEqualLiteral(p, name, "max")) {
    mount.ptsLimit = <u32>parseDecimal(v, n);
    return accept(mount, SpecMountGiven.PtsLimit, parseDecimal(v, n), 1 << 20);
  }
  return ownerOption(mount, p, name, v, n);
}

/** Words that ask a file system for what it does anyway. */
function plainWord(type: SpecMountType, p: usize, n: u32): bool {
  if (type == SpecMountType.Devpts) return bytesEqualLiteral(p, n, "newinstance"); // each mount is an instance, since Linux 4.7
  // Nothing is ever swapped out, and inode numbers have 64 bits.
  if (type == SpecMountType.Tmpfs) return bytesEqualLiteral(p, n, "noswap") || bytesEqualLiteral(p, n, "inode64");
  return false;
}

/** Applies the option `node`, a string, to `mount`; complains when its type of mount has no such option or its value is malformed. */
export function applyMountOption(mount: SpecMount, node: JsonNode): void {
  const p = node.start;
  const equals = bytesIndexOf(p, node.length, 0x3d);
  if (equals < 0) {
    clear = 0;
    set = 0;
    unknown = false;
    flagWord(p, node.length);
    mount.flags = (mount.flags & ~clear) | set;
    if (unknown && !plainWord(mount.type, p, node.length)) complainOfValue(node, Errno.EINVAL, "unknown option");
    return;
  }
  const value = p + equals + 1;
  const n = node.length - equals - 1;
  let fine = false;
  if (mount.type == SpecMountType.Tmpfs) fine = tmpfsOption(mount, p, equals, value, n);
  else if (mount.type == SpecMountType.Devpts) fine = devptsOption(mount, p, equals, value, n);
  if (!fine) complainOfValue(node, Errno.EINVAL, "unknown or malformed option");
}
