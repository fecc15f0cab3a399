// Numbers of mmap(2), madvise(2), process_madvise(2), mbind(2) and relatives: include/uapi/asm-generic/mman-common.h, include/uapi/linux/mempolicy.h.

/** Flags of mmap(2). */
export const enum MapFlag {
  Shared = 1,
  Private = 2,
  SharedValidate = 3,
  Type = 0xf,
  Fixed = 0x10,
  Anonymous = 0x20,
  Low = 0x40, // MAP_32BIT
  GrowsDown = 0x100,
  Locked = 0x2000,
  NoReserve = 0x4000,
  Populate = 0x8000,
  NonBlock = 0x10000,
  Stack = 0x20000,
  HugeTlb = 0x40000,
  FixedNoReplace = 0x100000,
}

export const enum Advice {
  Normal = 0,
  Random = 1,
  Sequential = 2,
  WillNeed = 3,
  DontNeed = 4,
  Free = 8,
  Remove = 9,
  DontFork = 10,
  DoFork = 11,
  Mergeable = 12,
  Unmergeable = 13,
  HugePage = 14,
  NoHugePage = 15,
  DontDump = 16,
  DoDump = 17,
  WipeOnFork = 18,
  KeepOnFork = 19,
  Cold = 20,
  PageOut = 21,
  PopulateRead = 22,
  PopulateWrite = 23,
  DontNeedLocked = 24,
  Collapse = 25,
}

/** Advice that process_madvise(2) takes for another process. */
export function isRemoteAdvice(advice: u32): bool {
  return advice == Advice.Cold || advice == Advice.PageOut || advice == Advice.WillNeed || advice == Advice.Collapse;
}

/** Policies of mbind(2) and set_mempolicy(2), and what may be added to them. */
export const enum Policy {
  MPOL_DEFAULT = 0,
  MPOL_PREFERRED = 1,
  MPOL_BIND = 2,
  MPOL_INTERLEAVE = 3,
  MPOL_LOCAL = 4,
  MPOL_PREFERRED_MANY = 5,
  MPOL_WEIGHTED_INTERLEAVE = 6,
  Count = 7,
  MPOL_F_NUMA_BALANCING = 0x2000,
  MPOL_F_RELATIVE_NODES = 0x4000,
  MPOL_F_STATIC_NODES = 0x8000,
}

/** Flags of get_mempolicy(2). */
export const enum PolicyOf {
  MPOL_F_NODE = 1,
  MPOL_F_ADDR = 2,
  MPOL_F_MEMS_ALLOWED = 4,
}

/** Flags of mbind(2) and move_pages(2). */
export const enum MovePages {
  MPOL_MF_STRICT = 1,
  MPOL_MF_MOVE = 2,
  MPOL_MF_MOVE_ALL = 4,
}
