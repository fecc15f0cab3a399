// Numbers of the calls that take paths: x86-64 Linux (include/uapi/linux/fcntl.h, fs.h, stat.h, xattr.h, openat2.h).

/** "Relative to the current directory", as a directory descriptor. */
export const AT_FDCWD: i32 = -100;

export const enum AtFlag {
  SymlinkNoFollow = 0x100,
  /** unlinkat: rmdir. */
  RemoveDirectory = 0x200,
  /** faccessat2: as the effective user. The same bit as RemoveDirectory. */
  EffectiveAccess = 0x200,
  SymlinkFollow = 0x400,
  NoAutomount = 0x800,
  EmptyPath = 0x1000,
  /** statx: AT_STATX_FORCE_SYNC and AT_STATX_DONT_SYNC. */
  StatxSync = 0x6000,
}

/** renameat2. */
export const enum RenameAtFlag {
  NoReplace = 1,
  Exchange = 2,
  Whiteout = 4,
}

/** openat2: how far a path may lead. */
export const enum ResolveFlag {
  NoCrossDevice = 1,
  NoMagicLinks = 2,
  NoSymlinks = 4,
  Beneath = 8,
  InRoot = 16,
  Cached = 32,
}
/** Size of the first version of struct open_how: flags, mode, resolve. */
export const OPEN_HOW_BYTES: u32 = 24;

/** access(2). */
export const ACCESS_ALL: u32 = 7;

/** Nanoseconds of utimensat that mean something else. */
export const UTIME_NOW: i64 = 0x3fffffff;
export const UTIME_OMIT: i64 = 0x3ffffffe;

/** setxattr. */
export const enum XattrFlag {
  Create = 1,
  Replace = 2,
}
