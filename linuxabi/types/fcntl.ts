// Numbers of fcntl(2), lseek(2), close_range(2), preadv2(2), fallocate(2), flock(2) and the ioctls of all files: x86-64 Linux.

export const enum Fcntl {
  DupFd = 0,
  GetFd = 1,
  SetFd = 2,
  GetFlags = 3,
  SetFlags = 4,
  GetLock = 5,
  SetLock = 6,
  SetLockWait = 7,
  SetOwner = 8,
  GetOwner = 9,
  SetSignal = 10,
  GetSignal = 11,
  SetOwnerEx = 15,
  GetOwnerEx = 16,
  OfdGetLock = 36,
  OfdSetLock = 37,
  OfdSetLockWait = 38,
  SetLease = 1024,
  GetLease = 1025,
  Notify = 1026,
  DupFdQuery = 1027,
  DupFdCloseOnExec = 1030,
  SetPipeSize = 1031,
  GetPipeSize = 1032,
  AddSeals = 1033,
  GetSeals = 1034,
  GetWriteHint = 1035,
  SetWriteHint = 1036,
}

export const FD_CLOEXEC: u32 = 1;

/** F_NOTIFY. */
export const enum DirectoryNotify {
  DN_ACCESS = 1,
  DN_MODIFY = 2,
  DN_CREATE = 4,
  DN_DELETE = 8,
  DN_RENAME = 16,
  DN_ATTRIB = 32,
  DN_MULTISHOT = 0x8000_0000,
}

/** struct f_owner_ex: type and pid. */
export const enum OwnerType {
  Thread = 0,
  Process = 1,
  Group = 2,
}

export const enum Seek {
  Set = 0,
  Current = 1,
  End = 2,
  Data = 3,
  Hole = 4,
}

export const enum CloseRange {
  Unshare = 2,
  CloseOnExec = 4,
}

/** Flags of preadv2 and pwritev2. */
export const enum TransferFlag {
  HighPriority = 1,
  DataSync = 2,
  Sync = 4,
  NoWait = 8,
  Append = 16,
  NoAppend = 32,
  Atomic = 64,
  DontCache = 128,
  Known = 255,
}

/** Modes of fallocate. */
export const enum Allocate {
  KeepSize = 1,
  PunchHole = 2,
  ZeroRange = 16,
}

/** Flags of splice, tee and vmsplice. */
export const enum SpliceFlag {
  SPLICE_F_MOVE = 1,
  SPLICE_F_NONBLOCK = 2,
  SPLICE_F_MORE = 4,
  SPLICE_F_GIFT = 8,
  All = 15,
}

export const enum Flock {
  Shared = 1,
  Exclusive = 2,
  NonBlock = 4,
  Unlock = 8,
}

export const enum Ioctl {
  FiBmap = 1,
  FiGetBlockSize = 2,
  FioNRead = 0x541b,
  FioNonBlock = 0x5421,
  FioNotCloseOnExec = 0x5450,
  FioCloseOnExec = 0x5451,
  FioAsync = 0x5452,
  FioQuerySize = 0x5460,
  FiClone = 0x40049409,
  FiCloneRange = 0x4020940d,
}
