// What a config.json says, decoded and checked: the OCI runtime specification 1.0.2 to 1.3 (config.md, config-linux.md) as far as this
// kernel applies it. What the making of a container needs hangs on one arena, all else on another, so that each is released whole; nothing in
// it changes once it is made.
// Absent strings are null; absent lists are empty.

import { Arena, arenaFree } from "./arena";

/** A string: its length in bytes, the bytes, and a NUL, which is not among them. */
@unmanaged
export class SpecString {
  length: u32;
}

/** Address of the first byte of `s`, NUL-terminated. */
@inline
export function specBytes(s: SpecString): usize {
  return changetype<usize>(s) + sizeof<u32>();
}

/** A list of strings. Maps (sysctl, annotations) are lists too, of a name and its value in turn. */
@unmanaged
export class StringList {
  count: u32;
}

/** The string at `i` < list.count. */
@inline
export function stringListAt(list: StringList, i: u32): SpecString {
  return changetype<SpecString>(load<usize>(changetype<usize>(list) + sizeof<u32>() + ((<usize>i) << 2)));
}

/** An array of objects of the size SPEC_..._BYTES, or of u32; see specAt. */
@unmanaged
export class SpecArray {
  count: u32;
  padding: u32;
}
export const SPEC_ARRAY_HEADER_BYTES: u32 = 8;

/** The object at `i` < array.count. */
@inline
export function specAt<T>(array: SpecArray, i: u32): T {
  return changetype<T>(changetype<usize>(array) + SPEC_ARRAY_HEADER_BYTES + <usize>i * offsetof<T>());
}

/** The group at `i` < array.count of SpecProcess.additionalGids. */
@inline
export function groupAt(array: SpecArray, i: u32): u32 {
  return load<u32>(changetype<usize>(array) + SPEC_ARRAY_HEADER_BYTES + ((<usize>i) << 2));
}

/** One of process.rlimits. `resource` is Linux's RLIMIT_* number (asm-generic/resource.h); u64.MAX_VALUE is "no limit". */
@unmanaged
export class SpecRlimit {
  soft: u64;
  hard: u64;
  resource: u32;
  padding: u32;
}
if (offsetof<SpecRlimit>() != 24) ERROR("SpecRlimit needs no tail padding");

/** `process`, or the process object of exec. */
@unmanaged
export class SpecProcess {
  arena: Arena;
  args: StringList;
  env: StringList;
  cwd: SpecString;
  /** Capability sets, bit n for capability n of capabilities(7); all zero when not given. */
  bounding: u64;
  effective: u64;
  inheritable: u64;
  permitted: u64;
  ambient: u64;
  /** False: no `capabilities` were given, so exec keeps the container's. */
  hasCapabilities: bool;
  terminal: bool;
  noNewPrivileges: bool;
  hasUmask: bool;
  hasOomScoreAdj: bool;
  padding: u8;
  /** Size of the terminal in characters; 0 when not given. */
  consoleHeight: u16;
  consoleWidth: u16;
  padding2: u16;
  uid: u32;
  gid: u32;
  umask: u32;
  /** u32 each: groupAt. */
  additionalGids: SpecArray;
  /** SpecRlimit each. */
  rlimits: SpecArray;
  oomScoreAdj: i32;
}

/** What is mounted. */
export const enum SpecMountType {
  Proc = 0,
  Sysfs = 1,
  Tmpfs = 2,
  Devpts = 3,
  Mqueue = 4,
  Cgroup = 5,
  Cgroup2 = 6,
  /** A file or directory of the bundle's world, named by `source`. */
  Bind = 7,
}

/** Bits of SpecMount.flags: Linux's MS_* values (uapi/linux/mount.h). */
export const enum SpecMountFlag {
  ReadOnly = 1,
  NoSuid = 2,
  NoDev = 4,
  NoExec = 8,
  Synchronous = 16,
  Remount = 32,
  DirSync = 128,
  NoSymFollow = 256,
  NoAtime = 1024,
  NoDirAtime = 2048,
  /** With Bind: what is mounted below the source comes along. */
  Recursive = 16384,
  RelAtime = 1 << 21,
  StrictAtime = 1 << 24,
}

/** Bits of SpecMount.given: which of the file system's own options were there. */
export const enum SpecMountGiven {
  Mode = 1,
  Uid = 2,
  Gid = 4,
  PtmxMode = 8,
  Size = 16,
  SizePercent = 32,
  Inodes = 64,
  PtsLimit = 128,
}

/** One of mounts. */
@unmanaged
export class SpecMount {
  /** Absolute path within the container. */
  destination: SpecString;
  /** For Bind a path, relative to the bundle unless absolute; otherwise what /proc/self/mounts shows, or null. */
  source: SpecString | null;
  type: SpecMountType;
  flags: u32;
  /** SpecMountGiven bits for the fields below. */
  given: u32;
  mode: u32;
  uid: u32;
  gid: u32;
  ptmxMode: u32;
  /** Of all memory. */
  sizePercent: u32;
  /** 0: no limit. */
  sizeBytes: u64;
  /** 0: no limit. */
  inodeLimit: u64;
  /** Pseudo-terminals. */
  ptsLimit: u32;
  padding: u32;
}
if (offsetof<SpecMount>() != 64) ERROR("SpecMount needs no tail padding");

/** One of linux.devices. */
@unmanaged
export class SpecDevice {
  path: SpecString;
  /** "c", "b" or "p", as an ASCII byte. */
  type: u8;
  padding: u8;
  padding2: u16;
  major: u32;
  minor: u32;
  /** Permission bits. */
  mode: u32;
  uid: u32;
  gid: u32;
}
if (offsetof<SpecDevice>() != 28) ERROR("SpecDevice needs no tail padding");

/** Bits of SpecDeviceRule.access. */
export const enum SpecDeviceAccess {
  Read = 1,
  Write = 2,
  Make = 4,
}

/** One of linux.resources.devices; later rules go before earlier ones. */
@unmanaged
export class SpecDeviceRule {
  allow: bool;
  /** "a" (all), "c" or "b", as an ASCII byte. */
  type: u8;
  access: u8;
  padding: u8;
  /** -1: any. */
  major: i32;
  minor: i32;
}
if (offsetof<SpecDeviceRule>() != 12) ERROR("SpecDeviceRule needs no tail padding");

/** Bits of Spec.namespaces. */
export const enum SpecNamespace {
  Pid = 1,
  Network = 2,
  Mount = 4,
  Ipc = 8,
  Uts = 16,
  User = 32,
  Cgroup = 64,
  Time = 128,
}

/** One of linux.seccomp.syscalls. */
@unmanaged
export class SpecSyscallRule {
  /** As a filter returns it: an action of SECCOMP_RET_* and its data. */
  verdict: u32;
  /** u16 each: the calls whose names are known. */
  numbers: usize;
  numberCount: u32;
  /** Condition (kernel/task/profile.ts) each. */
  conditions: SpecArray;
  /** Two conditions are of the same argument: any of them is enough, as in runc. */
  repeatsArgument: bool;
  padding: u8;
  padding2: u16;
}
if (offsetof<SpecSyscallRule>() != 20) ERROR("SpecSyscallRule needs no tail padding");

/** linux.seccomp. */
@unmanaged
export class SpecSeccomp {
  defaultVerdict: u32;
  logs: bool;
  /** linux.seccomp.architectures has x86-64, and x32. */
  namesNative: bool;
  namesX32: bool;
  padding: u8;
  /** SpecSyscallRule each. */
  rules: SpecArray;
}

/** A whole config.json. */
@unmanaged
export class Spec {
  arena: Arena;
  /** Holds `mounts` and what comes of the linux object; null once the container is made. */
  building: Arena | null;
  ociVersion: SpecString;
  process: SpecProcess;
  /** Relative to the bundle, unless absolute. */
  rootPath: SpecString;
  rootReadonly: bool;
  /** linux.rootfsPropagation is slave or rslave, not private. There is nobody to hear from in either case. */
  slave: bool;
  padding: u16;
  hostname: SpecString | null;
  domainname: SpecString | null;
  cgroupsPath: SpecString | null;
  /** SpecMount each, in the order of mounting. */
  mounts: SpecArray;
  /** SpecDevice each. */
  devices: SpecArray;
  /** SpecDeviceRule each. */
  deviceRules: SpecArray;
  maskedPaths: StringList;
  readonlyPaths: StringList;
  /** Name and value in turn. */
  sysctl: StringList;
  /** Name and value in turn. */
  annotations: StringList;
  /** Null: no profile. */
  seccomp: SpecSeccomp | null;
  /** SpecNamespace bits: those that were asked for. A container has all of them anyway. */
  namespaces: u32;
  /** linux.resources.memory.limit in bytes, and pids.limit; -1: no limit. */
  memoryLimitBytes: i64;
  pidsLimit: i64;
}

/** Releases what only the making of a container needs: mounts, and the linux object but for its limits. It may not be asked for again. */
export function specForgetBuilding(spec: Spec): void {
  if (spec.building) arenaFree(spec.building!);
  spec.building = null;
}

/** Releases all of `spec`. */
export function specFree(spec: Spec): void {
  specForgetBuilding(spec);
  arenaFree(spec.arena);
}

/** Releases what specParseProcess made. */
export function specProcessFree(process: SpecProcess): void {
  arenaFree(process.arena);
}
