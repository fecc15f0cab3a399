// struct stat, struct statx and struct statfs of x86-64 Linux (arch/x86/include/uapi/asm/stat.h, include/uapi/linux/stat.h,
// include/uapi/asm-generic/statfs.h), field by field.

@unmanaged
export class Stat {
  dev: u64;
  ino: u64;
  nlink: u64;
  mode: u32;
  uid: u32;
  gid: u32;
  pad0: u32;
  rdev: u64;
  size: i64;
  blksize: i64;
  blocks: i64;
  atime: i64;
  atimeNsec: u64;
  mtime: i64;
  mtimeNsec: u64;
  ctime: i64;
  ctimeNsec: u64;
  unused0: i64;
  unused1: i64;
  unused2: i64;
}
export const STAT_BYTES: u32 = 144;
if (offsetof<Stat>() != 144) ERROR("struct stat is 144 bytes");

@unmanaged
export class Statx {
  mask: u32;
  blksize: u32;
  attributes: u64;
  nlink: u32;
  uid: u32;
  gid: u32;
  mode: u16;
  spare0: u16;
  ino: u64;
  size: u64;
  blocks: u64;
  attributesMask: u64;
  atime: i64;
  atimeNsec: u32;
  atimePad: u32;
  btime: i64;
  btimeNsec: u32;
  btimePad: u32;
  ctime: i64;
  ctimeNsec: u32;
  ctimePad: u32;
  mtime: i64;
  mtimeNsec: u32;
  mtimePad: u32;
  rdevMajor: u32;
  rdevMinor: u32;
  devMajor: u32;
  devMinor: u32;
  mountId: u64;
  dioMemAlign: u32;
  dioOffsetAlign: u32;
  spare1: u64;
  spare2: u64;
  spare3: u64;
  spare4: u64;
  spare5: u64;
  spare6: u64;
  spare7: u64;
  spare8: u64;
  spare9: u64;
  spare10: u64;
  spare11: u64;
  spare12: u64;
}
export const STATX_BYTES: u32 = 256;
if (offsetof<Statx>() != 256) ERROR("struct statx is 256 bytes");

export const STATX_BASIC_STATS: u32 = 0x7ff;
export const STATX_BTIME: u32 = 0x800;
export const STATX_MNT_ID: u32 = 0x1000;
export const STATX_RESERVED: u32 = 0x8000_0000;
export const STATX_ATTR_MOUNT_ROOT: u64 = 0x2000;

@unmanaged
export class Statfs {
  type: i64;
  bsize: i64;
  blocks: u64;
  bfree: u64;
  bavail: u64;
  files: u64;
  ffree: u64;
  fsid0: u32;
  fsid1: u32;
  namelen: i64;
  frsize: i64;
  flags: i64;
  spare0: i64;
  spare1: i64;
  spare2: i64;
  spare3: i64;
}
export const STATFS_BYTES: u32 = 120;
if (offsetof<Statfs>() != 120) ERROR("struct statfs is 120 bytes");

/** f_type (include/uapi/linux/magic.h). */
export const enum Magic {
  Tmpfs = 0x01021994,
  Proc = 0x9fa0,
  Sysfs = 0x62656572,
  Devpts = 0x1cd1,
  Pipefs = 0x50495045,
  Cgroup2 = 0x63677270,
  Mqueue = 0x19800202,
}

/** f_flags: the mount flags have the values of MountFlag, with this one saying that they are there. */
export const ST_VALID: u32 = 0x20;
