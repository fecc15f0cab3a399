// Flags of mount(2) and umount2(2): x86-64 Linux (include/uapi/linux/mount.h). Those of a mount itself are MountFlag.

export const enum MountCall {
  Remount = 32,
  Bind = 4096,
  Move = 8192,
  Recursive = 16384,
  Unbindable = 1 << 17,
  Private = 1 << 18,
  Slave = 1 << 19,
  Shared = 1 << 20,
  /** The high half of old programs' flags. */
  MagicMask = 0xffff0000,
  Magic = 0xc0ed0000,
}

export const enum UnmountFlag {
  Force = 1,
  Detach = 2,
  Expire = 4,
  NoFollow = 8,
}
