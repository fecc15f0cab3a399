// The flags of open files, as File.flags keeps them. The values are those of x86-64 Linux (include/uapi/asm-generic/fcntl.h), so that no
// layer has to translate them; see open(2).

export const enum OpenFlag {
  ReadOnly = 0,
  WriteOnly = 1,
  ReadWrite = 2,
  AccessMask = 3,
  Create = 0o100,
  Exclusive = 0o200,
  NoControllingTerminal = 0o400,
  Truncate = 0o1000,
  Append = 0o2000,
  NonBlock = 0o4000,
  DataSync = 0o10000,
  Async = 0o20000,
  Direct = 0o40000,
  LargeFile = 0o100000,
  Directory = 0o200000,
  NoFollow = 0o400000,
  NoAtime = 0o1000000,
  CloseOnExec = 0o2000000,
  Sync = 0o4010000,
  Path = 0o10000000,
  TemporaryFile = 0o20200000,
}

/** Bits of File.access. */
export const enum FileAccess {
  Read = 1,
  Write = 2,
}

/** What F_SETFL may change of an open file: O_APPEND, O_ASYNC, O_DIRECT, O_NOATIME and O_NONBLOCK. */
export const CHANGEABLE_FLAGS: u32 = OpenFlag.Append | OpenFlag.Async | OpenFlag.Direct | OpenFlag.NoAtime | OpenFlag.NonBlock;

/** What a File keeps of the flags of open: all but those that only open itself looks at. O_NOCTTY goes when the opener has run. */
export const KEPT_FLAGS: u32 = ~(<u32>(OpenFlag.Create | OpenFlag.Exclusive | OpenFlag.Truncate | OpenFlag.CloseOnExec));

/** File.access for the access mode of `flags`: mode 3 (ioctl only) gives neither. */
@inline
export function accessOf(flags: u32): u32 {
  const mode = flags & OpenFlag.AccessMask;
  return mode == 3 ? 0 : mode + 1;
}
