// Layouts and numbers of System V IPC: include/uapi/linux/{ipc,shm,sem,msg}.h, arch/x86/include/uapi/asm/{ipcbuf,shmbuf,sembuf,msgbuf}.h.

/** Commands of all three control calls. */
export const enum IpcCommand {
  IPC_RMID = 0,
  IPC_SET = 1,
  IPC_STAT = 2,
  IPC_INFO = 3,
}

export const enum ShmCommand {
  SHM_LOCK = 11,
  SHM_UNLOCK = 12,
  SHM_STAT = 13,
  SHM_INFO = 14,
  SHM_STAT_ANY = 15,
}

export const enum SemCommand {
  GETPID = 11,
  GETVAL = 12,
  GETALL = 13,
  GETNCNT = 14,
  GETZCNT = 15,
  SETVAL = 16,
  SETALL = 17,
  SEM_STAT = 18,
  SEM_INFO = 19,
  SEM_STAT_ANY = 20,
}

export const enum MsgCommand {
  MSG_STAT = 11,
  MSG_INFO = 12,
  MSG_STAT_ANY = 13,
}

export const enum ShmFlag {
  SHM_HUGETLB = 0o4000,
  SHM_RDONLY = 0o10000,
  SHM_RND = 0o20000,
  SHM_REMAP = 0o40000,
  SHM_EXEC = 0o100000,
}

export const enum MsgFlag {
  MSG_NOERROR = 0o10000,
  MSG_EXCEPT = 0o20000,
  MSG_COPY = 0o40000,
}

/** struct ipc64_perm, at the start of each status structure. */
@unmanaged
export class IpcPermission {
  key: i32;
  uid: u32;
  gid: u32;
  creatorUid: u32;
  creatorGid: u32;
  mode: u32;
  sequence: u16;
  pad0: u16;
  pad1: u32;
  unused1: u64;
  unused2: u64;
}
if (offsetof<IpcPermission>() != 48) ERROR("struct ipc64_perm is 48 bytes");

/** struct shmid64_ds. */
@unmanaged
export class ShmStatus extends IpcPermission {
  bytes: u64;
  attachedSeconds: u64;
  detachedSeconds: u64;
  changedSeconds: u64;
  creatorPid: u32;
  lastPid: u32;
  attachCount: u64;
  unused4: u64;
  unused5: u64;
}
if (offsetof<ShmStatus>() != 112) ERROR("struct shmid64_ds is 112 bytes");

/** struct semid64_ds. */
@unmanaged
export class SemStatus extends IpcPermission {
  operatedSeconds: u64;
  unused3: u64;
  changedSeconds: u64;
  unused4: u64;
  count: u64;
  unused5: u64;
  unused6: u64;
}
if (offsetof<SemStatus>() != 104) ERROR("struct semid64_ds is 104 bytes");

/** struct msqid64_ds. */
@unmanaged
export class MsgStatus extends IpcPermission {
  sentSeconds: u64;
  receivedSeconds: u64;
  changedSeconds: u64;
  bytes: u64;
  count: u64;
  bytesLimit: u64;
  lastSender: u32;
  lastReceiver: u32;
  unused4: u64;
  unused5: u64;
}
if (offsetof<MsgStatus>() != 120) ERROR("struct msqid64_ds is 120 bytes");

/** Bytes of struct shminfo64, struct shm_info, struct seminfo and struct msginfo. */
export const SHMINFO_BYTES: u32 = 72;
export const SHM_INFO_BYTES: u32 = 48;
export const SEMINFO_BYTES: u32 = 40;
export const MSGINFO_BYTES: u32 = 32;
