// The system calls of a container: one row per call, in order of number (arch/x86/entry/syscalls/syscall_64.tbl). The dense switch becomes one
// jump table, so a row costs a load for each argument it names and a direct call.
// docs/linux-coverage.md is made from the rows.

import { Errno } from "../kernel/errno";
import { NEEDS_REGISTERS, Result } from "../kernel/result";
import { registersSaved } from "../kernel/run";
import { getRandom } from "../kernel/vfs/random";
import { Thread } from "../kernel/task/thread";
import { offCall } from "./off";
import {
  rowFutexWait,
  rowGetxattrat,
  rowMbind,
  rowMmap,
  rowMovePages,
  rowProcessVmReadv,
  rowProcessVmWritev,
  rowSetxattrat,
  rowSplice,
  rowFutex,
  rowSendto,
  rowRecvfrom,
  rowPselect6,
  rowEpollPwait,
  rowCopyFileRange,
  rowEpollPwait2,
} from "./rows";
import { sysClone, sysClone3, sysFork, sysSetTidAddress, sysUnshare, sysVfork } from "./sys/clone";
import {
  sysExecve,
  sysExecveat,
  sysExit,
  sysExitGroup,
  sysGetpgid,
  sysGetpid,
  sysGetppid,
  sysGetsid,
  sysGettid,
  sysSetpgid,
  sysSetsid,
} from "./sys/process";
import { sysWait4, sysWaitid } from "./sys/wait";
import { sysBrk, sysMincore, sysMprotect, sysMsync, sysMunmap } from "./sys/memory";
import { sysMlock, sysMlockall, sysMunlock, sysMunlockall } from "./sys/mlock";
import { sysMremap } from "./sys/mremap";
import { sysCachestat } from "./sys/cachestat";
import { sysMadvise, sysMseal, sysRemapFilePages } from "./sys/madvise";
import { sysGetMempolicy, sysMigratePages, sysSetMempolicy, sysSetMempolicyHomeNode } from "./sys/numa";
import { sysPkeyAlloc, sysPkeyFree, sysPkeyMprotect } from "./sys/pkey";
import { sysKcmp, sysProcessMadvise, sysProcessMrelease } from "./sys/processmemory";
import { sysIoprioGet, sysIoprioSet } from "./sys/ioprio";
import { sysNameToHandleAt } from "./sys/handle";
import { sysSchedGetattr, sysSchedSetattr } from "./sys/schedattr";
import { sysClose, sysCloseRange, sysDup, sysDup2, sysDup3, sysFadvise64, sysFsync, sysReadahead, sysSyncFileRange } from "./sys/fd";
import { sysFallocate, sysSendfile } from "./sys/copy";
import { sysEpollCreate, sysEpollCreate1, sysEpollCtl, sysEpollWait, sysEventfd2 } from "./sys/epoll";
import { sysFcntl } from "./sys/fcntl";
import { sysIoctl } from "./sys/ioctl";
import { sysIoUringEnter, sysIoUringRegister, sysIoUringSetup } from "./sys/iouring";
import { sysPoll, sysPpoll } from "./sys/poll";
import { sysSelect } from "./sys/select";
import { sysTee, sysVmsplice } from "./sys/splice";
import { sysFlock } from "./sys/lock";
import { sysMembarrier } from "./sys/membarrier";
import { sysMemfdCreate } from "./sys/memfd";
import { sysRseq } from "./sys/rseq";
import { sysPidfdGetfd, sysPidfdOpen, sysPidfdSendSignal } from "./sys/pidfd";
import { sysInotifyAddWatch, sysInotifyInit1, sysInotifyRmWatch } from "./sys/inotify";
import { sysMqGetsetattr, sysMqNotify, sysMqOpen, sysMqTimedreceive, sysMqTimedsend, sysMqUnlink } from "./sys/mqueue";
import { sysMsgctl, sysMsgget, sysMsgrcv, sysMsgsnd } from "./sys/msg";
import { sysSemctl, sysSemget, sysSemop, sysSemtimedop } from "./sys/sem";
import { sysShmat, sysShmctl, sysShmdt, sysShmget } from "./sys/shm";
import { sysPipe, sysPipe2 } from "./sys/pipe";
import {
  sysLseek,
  sysPread64,
  sysPreadv,
  sysPreadv2,
  sysPwrite64,
  sysPwritev,
  sysPwritev2,
  sysRead,
  sysReadv,
  sysWrite,
  sysWritev,
} from "./sys/rw";
import {
  sysAccess,
  sysChmod,
  sysChown,
  sysFaccessat,
  sysFaccessat2,
  sysFaccessat2,
  sysFchmod,
  sysFchmodat,
  sysFchmodat2,
  sysFchown,
  sysFchownat,
  sysFtruncate,
  sysLchown,
  sysTruncate,
} from "./sys/attributes";
import {
  sysChdir,
  sysChroot,
  sysFchdir,
  sysGetcwd,
  sysGetdents,
  sysGetdents64,
  sysReadlink,
  sysReadlinkat,
  sysSync,
  sysSyncfs,
  sysUmask,
} from "./sys/directory";
import { sysMount, sysUmount2 } from "./sys/mount";
import {
  sysLink,
  sysLinkat,
  sysMkdir,
  sysMkdirat,
  sysMknod,
  sysMknodat,
  sysRename,
  sysRenameat,
  sysRenameat2,
  sysRmdir,
  sysSymlink,
  sysSymlinkat,
  sysUnlink,
  sysUnlinkat,
} from "./sys/names";
import { sysCreat, sysOpen, sysOpenat, sysOpenat2 } from "./sys/open";
import { sysFstat, sysFstatfs, sysLstat, sysNewfstatat, sysStat, sysStatfs, sysStatx } from "./sys/stat";
import { sysFutimesat, sysUtime, sysUtimensat, sysUtimes } from "./sys/times";
import {
  sysFgetxattr,
  sysFlistxattr,
  sysFremovexattr,
  sysFsetxattr,
  sysGetxattr,
  sysLgetxattr,
  sysListxattr,
  sysListxattrat,
  sysRemovexattrat,
  sysLlistxattr,
  sysLremovexattr,
  sysLsetxattr,
  sysRemovexattr,
  sysSetxattr,
} from "./sys/xattr";
import { setAllGroups, setAllUsers, setFileGroup, setFileUser, setGroup, setGroups, setUser, setUsers } from "../kernel/task/identity";
import { sysCapget, sysCapset, sysGetgroups, sysGetresgid, sysGetresuid, sysSetgroups } from "./sys/credentials";
import { sysFutexRequeue, sysFutexWaitv, sysFutexWake, sysGetRobustList, sysSetRobustList } from "./sys/futex";
import { sysKill, sysRtSigqueueinfo, sysRtTgsigqueueinfo, sysTgkill, sysTkill } from "./sys/kill";
import { sysGetrlimit, sysPrlimit64, sysSetrlimit } from "./sys/limits";
import { sysPrctl } from "./sys/prctl";
import {
  sysGetpriority,
  sysSchedGetPriorityMax,
  sysSchedGetPriorityMin,
  sysSchedGetaffinity,
  sysSchedGetparam,
  sysSchedGetscheduler,
  sysSchedRrGetInterval,
  sysSchedSetaffinity,
  sysSchedSetparam,
  sysSchedSetscheduler,
  sysSchedYield,
  sysSetpriority,
} from "./sys/schedule";
import {
  sysPause,
  sysRestartSyscall,
  sysRtSigaction,
  sysRtSigpending,
  sysRtSigprocmask,
  sysRtSigreturn,
  sysRtSigsuspend,
  sysRtSigtimedwait,
  sysSigaltstack,
  sysSignalfd,
  sysSignalfd4,
} from "./sys/signal";
import { sysSeccomp } from "./sys/seccomp";
import {
  sysAccept4,
  sysBind,
  sysConnect,
  sysGetpeername,
  sysGetsockname,
  sysListen,
  sysShutdown,
  sysSocket,
  sysSocketpair,
} from "./sys/socket";
import { sysRecvmmsg, sysRecvmsg, sysSendmmsg, sysSendmsg } from "./sys/socketmessage";
import { sysGetsockopt, sysSetsockopt } from "./sys/socketoption";
import { sysArchPrctl, sysGetcpu, sysPersonality, sysSetdomainname, sysSethostname, sysSysinfo, sysUname } from "./sys/system";
import {
  sysAdjtimex,
  sysClockAdjtime,
  sysClockGetres,
  sysClockGettime,
  sysClockNanosleep,
  sysClockSettime,
  sysGetrusage,
  sysGettimeofday,
  sysNanosleep,
  sysSettimeofday,
  sysTime,
  sysTimes,
} from "./sys/time";
import {
  sysAlarm,
  sysGetitimer,
  sysSetitimer,
  sysTimerCreate,
  sysTimerDelete,
  sysTimerGetoverrun,
  sysTimerGettime,
  sysTimerSettime,
} from "./sys/timer";
import { sysTimerfdCreate, sysTimerfdGettime, sysTimerfdSettime } from "./sys/timerfd";

/** Carries out call number `t.rax` with the arguments in the registers of `t`. */
export function linuxCall(t: Thread): Result {
  // prettier-ignore
  switch (<u32>t.call) {
    case 0: return sysRead(t, <i32>t.rdi, t.rsi, t.rdx);
    case 1: return sysWrite(t, <i32>t.rdi, t.rsi, t.rdx);
    case 2: return sysOpen(t, t.rdi, <u32>t.rsi, <u32>t.rdx);
    case 3: return sysClose(t, <i32>t.rdi);
    case 4: return sysStat(t, t.rdi, t.rsi);
    case 5: return sysFstat(t, <i32>t.rdi, t.rsi);
    case 6: return sysLstat(t, t.rdi, t.rsi);
    case 7: return sysPoll(t, t.rdi, <u32>t.rsi, <i32>t.rdx);
    case 8: return sysLseek(t, <i32>t.rdi, <i64>t.rsi, <u32>t.rdx);
    case 9: return rowMmap(t);
    case 10: return sysMprotect(t, t.rdi, t.rsi, <u32>t.rdx);
    case 11: return sysMunmap(t, t.rdi, t.rsi);
    case 12: return sysBrk(t, t.rdi);
    case 13: return sysRtSigaction(t, <u32>t.rdi, t.rsi, t.rdx, t.r10);
    case 14: return sysRtSigprocmask(t, <u32>t.rdi, t.rsi, t.rdx, t.r10);
    case 15: return sysRtSigreturn(t);
    case 16: return sysIoctl(t, <i32>t.rdi, <u32>t.rsi, t.rdx);
    case 17: return sysPread64(t, <i32>t.rdi, t.rsi, t.rdx, <i64>t.r10);
    case 18: return sysPwrite64(t, <i32>t.rdi, t.rsi, t.rdx, <i64>t.r10);
    case 19: return sysReadv(t, <i32>t.rdi, t.rsi, t.rdx);
    case 20: return sysWritev(t, <i32>t.rdi, t.rsi, t.rdx);
    case 21: return sysAccess(t, t.rdi, <u32>t.rsi);
    case 22: return sysPipe(t, t.rdi);
    case 23: return sysSelect(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, t.r8);
    case 24: return sysSchedYield();
    case 25: return sysMremap(t, t.rdi, t.rsi, t.rdx, <u32>t.r10, t.r8);
    case 26: return sysMsync(t, t.rdi, t.rsi, <u32>t.rdx);
    case 27: return sysMincore(t, t.rdi, t.rsi, t.rdx);
    case 28: return sysMadvise(t, t.rdi, t.rsi, <u32>t.rdx);
    case 29: return sysShmget(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 30: return sysShmat(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 31: return sysShmctl(t, <i32>t.rdi, <i32>t.rsi, t.rdx);
    case 32: return sysDup(t, <i32>t.rdi);
    case 33: return sysDup2(t, <i32>t.rdi, <i32>t.rsi);
    case 34: return sysPause();
    case 35: return sysNanosleep(t, t.rdi, t.rsi);
    case 36: return sysGetitimer(t, <u32>t.rdi, t.rsi);
    case 37: return sysAlarm(t, <u32>t.rdi);
    case 38: return sysSetitimer(t, <u32>t.rdi, t.rsi, t.rdx);
    case 39: return sysGetpid(t);
    case 40: return sysSendfile(t, <i32>t.rdi, <i32>t.rsi, t.rdx, t.r10);
    case 41: return sysSocket(t, <u32>t.rdi, <u32>t.rsi, <u32>t.rdx);
    case 42: return sysConnect(t, <i32>t.rdi, t.rsi, <i32>t.rdx);
    case 43: return sysAccept4(t, <i32>t.rdi, t.rsi, t.rdx, 0); // accept
    case 44: return rowSendto(t);
    case 45: return rowRecvfrom(t);
    case 46: return sysSendmsg(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 47: return sysRecvmsg(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 48: return sysShutdown(t, <i32>t.rdi, <u32>t.rsi);
    case 49: return sysBind(t, <i32>t.rdi, t.rsi, <i32>t.rdx);
    case 50: return sysListen(t, <i32>t.rdi, <u32>t.rsi);
    case 51: return sysGetsockname(t, <i32>t.rdi, t.rsi, t.rdx);
    case 52: return sysGetpeername(t, <i32>t.rdi, t.rsi, t.rdx);
    case 53: return sysSocketpair(t, <u32>t.rdi, <u32>t.rsi, <u32>t.rdx, t.r10);
    case 54: return sysSetsockopt(t, <i32>t.rdi, <u32>t.rsi, <u32>t.rdx, t.r10, <i32>t.r8);
    case 55: return sysGetsockopt(t, <i32>t.rdi, <u32>t.rsi, <u32>t.rdx, t.r10, t.r8);
    case 56: return registersSaved ? sysClone(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8) : NEEDS_REGISTERS;
    case 57: return registersSaved ? sysFork(t) : NEEDS_REGISTERS;
    case 58: return registersSaved ? sysVfork(t) : NEEDS_REGISTERS;
    case 59: return registersSaved ? sysExecve(t, t.rdi, t.rsi, t.rdx) : NEEDS_REGISTERS;
    case 60: return registersSaved ? sysExit(t, <u32>t.rdi) : NEEDS_REGISTERS;
    case 61: return sysWait4(t, <i32>t.rdi, t.rsi, <u32>t.rdx, t.r10);
    case 62: return sysKill(t, <i32>t.rdi, <u32>t.rsi);
    case 63: return sysUname(t, t.rdi);
    case 64: return sysSemget(t, <i32>t.rdi, <i32>t.rsi, <u32>t.rdx);
    case 65: return sysSemop(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 66: return sysSemctl(t, <i32>t.rdi, <i32>t.rsi, <i32>t.rdx, t.r10);
    case 67: return sysShmdt(t, t.rdi);
    case 68: return sysMsgget(t, <i32>t.rdi, <u32>t.rsi);
    case 69: return sysMsgsnd(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10);
    case 70: return sysMsgrcv(t, <i32>t.rdi, t.rsi, t.rdx, <i64>t.r10, <u32>t.r8);
    case 71: return sysMsgctl(t, <i32>t.rdi, <i32>t.rsi, t.rdx);
    case 72: return sysFcntl(t, <i32>t.rdi, <u32>t.rsi, t.rdx);
    case 73: return sysFlock(t, <i32>t.rdi, <u32>t.rsi);
    case 74: return sysFsync(t, <i32>t.rdi);
    case 75: return sysFsync(t, <i32>t.rdi); // fdatasync
    case 76: return sysTruncate(t, t.rdi, <i64>t.rsi);
    case 77: return sysFtruncate(t, <i32>t.rdi, <i64>t.rsi);
    case 78: return sysGetdents(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 79: return sysGetcwd(t, t.rdi, t.rsi);
    case 80: return sysChdir(t, t.rdi);
    case 81: return sysFchdir(t, <i32>t.rdi);
    case 82: return sysRename(t, t.rdi, t.rsi);
    case 83: return sysMkdir(t, t.rdi, <u32>t.rsi);
    case 84: return sysRmdir(t, t.rdi);
    case 85: return sysCreat(t, t.rdi, <u32>t.rsi);
    case 86: return sysLink(t, t.rdi, t.rsi);
    case 87: return sysUnlink(t, t.rdi);
    case 88: return sysSymlink(t, t.rdi, t.rsi);
    case 89: return sysReadlink(t, t.rdi, t.rsi, <i32>t.rdx);
    case 90: return sysChmod(t, t.rdi, <u32>t.rsi);
    case 91: return sysFchmod(t, <i32>t.rdi, <u32>t.rsi);
    case 92: return sysChown(t, t.rdi, <u32>t.rsi, <u32>t.rdx);
    case 93: return sysFchown(t, <i32>t.rdi, <u32>t.rsi, <u32>t.rdx);
    case 94: return sysLchown(t, t.rdi, <u32>t.rsi, <u32>t.rdx);
    case 95: return sysUmask(t, <u32>t.rdi);
    case 96: return sysGettimeofday(t.rdi, t.rsi);
    case 97: return sysGetrlimit(t, <u32>t.rdi, t.rsi);
    case 98: return sysGetrusage(t, <i32>t.rdi, t.rsi);
    case 99: return sysSysinfo(t, t.rdi);
    case 100: return sysTimes(t, t.rdi);
    case 102: return t.credentials.uid; // getuid
    case 104: return t.credentials.gid; // getgid
    case 105: return setUser(t, <u32>t.rdi);
    case 106: return setGroup(t, <u32>t.rdi);
    case 107: return t.credentials.euid; // geteuid
    case 108: return t.credentials.egid; // getegid
    case 109: return sysSetpgid(t, <i32>t.rdi, <i32>t.rsi);
    case 110: return sysGetppid(t);
    case 111: return sysGetpgid(t, 0); // getpgrp
    case 112: return sysSetsid(t);
    case 113: return setUsers(t, <u32>t.rdi, <u32>t.rsi); // setreuid
    case 114: return setGroups(t, <u32>t.rdi, <u32>t.rsi); // setregid
    case 115: return sysGetgroups(t, <i32>t.rdi, t.rsi);
    case 116: return sysSetgroups(t, <u32>t.rdi, t.rsi);
    case 117: return setAllUsers(t, <u32>t.rdi, <u32>t.rsi, <u32>t.rdx); // setresuid
    case 118: return sysGetresuid(t, t.rdi, t.rsi, t.rdx);
    case 119: return setAllGroups(t, <u32>t.rdi, <u32>t.rsi, <u32>t.rdx); // setresgid
    case 120: return sysGetresgid(t, t.rdi, t.rsi, t.rdx);
    case 121: return sysGetpgid(t, <i32>t.rdi);
    case 122: return setFileUser(t, <u32>t.rdi); // setfsuid
    case 123: return setFileGroup(t, <u32>t.rdi); // setfsgid
    case 124: return sysGetsid(t, <i32>t.rdi);
    case 125: return sysCapget(t, t.rdi, t.rsi);
    case 126: return sysCapset(t, t.rdi, t.rsi);
    case 127: return sysRtSigpending(t, t.rdi, t.rsi);
    case 128: return sysRtSigtimedwait(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 129: return sysRtSigqueueinfo(t, <i32>t.rdi, <u32>t.rsi, t.rdx);
    case 130: return sysRtSigsuspend(t, t.rdi, t.rsi);
    case 131: return sysSigaltstack(t, t.rdi, t.rsi);
    case 132: return sysUtime(t, t.rdi, t.rsi);
    case 133: return sysMknod(t, t.rdi, <u32>t.rsi, <u32>t.rdx);
    case 135: return sysPersonality(t, <u32>t.rdi);
    case 137: return sysStatfs(t, t.rdi, t.rsi);
    case 138: return sysFstatfs(t, <i32>t.rdi, t.rsi);
    case 140: return sysGetpriority(t, <i32>t.rdi, <i32>t.rsi);
    case 141: return sysSetpriority(t, <i32>t.rdi, <i32>t.rsi, <i32>t.rdx);
    case 142: return sysSchedSetparam(t, <i32>t.rdi, t.rsi);
    case 143: return sysSchedGetparam(t, <i32>t.rdi, t.rsi);
    case 144: return sysSchedSetscheduler(t, <i32>t.rdi, <i32>t.rsi, t.rdx);
    case 145: return sysSchedGetscheduler(t, <i32>t.rdi);
    case 146: return sysSchedGetPriorityMax(<i32>t.rdi);
    case 147: return sysSchedGetPriorityMin(<i32>t.rdi);
    case 148: return sysSchedRrGetInterval(t, <i32>t.rdi, t.rsi);
    case 149: return sysMlock(t, t.rdi, t.rsi, 0);
    case 150: return sysMunlock(t, t.rdi, t.rsi);
    case 151: return sysMlockall(t, <u32>t.rdi);
    case 152: return sysMunlockall(t);
    case 157: return sysPrctl(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, t.r8);
    case 158: return sysArchPrctl(t, <u32>t.rdi, t.rsi);
    case 159: return sysAdjtimex(t.rdi);
    case 160: return sysSetrlimit(t, <u32>t.rdi, t.rsi);
    case 161: return sysChroot(t, t.rdi);
    case 162: return sysSync(t);
    case 164: return sysSettimeofday(t.rdi, t.rsi);
    case 165: return sysMount(t, t.rdi, t.rsi, t.rdx, <u32>t.r10, t.r8);
    case 166: return sysUmount2(t, t.rdi, <u32>t.rsi);
    case 170: return sysSethostname(t, t.rdi, <i32>t.rsi);
    case 171: return sysSetdomainname(t, t.rdi, <i32>t.rsi);
    case 186: return sysGettid(t);
    case 187: return sysReadahead(t, <i32>t.rdi, <i64>t.rsi, t.rdx);
    case 188: return sysSetxattr(t, t.rdi, t.rsi, t.rdx, t.r10, <u32>t.r8);
    case 189: return sysLsetxattr(t, t.rdi, t.rsi, t.rdx, t.r10, <u32>t.r8);
    case 190: return sysFsetxattr(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, <u32>t.r8);
    case 191: return sysGetxattr(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 192: return sysLgetxattr(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 193: return sysFgetxattr(t, <i32>t.rdi, t.rsi, t.rdx, t.r10);
    case 194: return sysListxattr(t, t.rdi, t.rsi, t.rdx);
    case 195: return sysLlistxattr(t, t.rdi, t.rsi, t.rdx);
    case 196: return sysFlistxattr(t, <i32>t.rdi, t.rsi, t.rdx);
    case 197: return sysRemovexattr(t, t.rdi, t.rsi);
    case 198: return sysLremovexattr(t, t.rdi, t.rsi);
    case 199: return sysFremovexattr(t, <i32>t.rdi, t.rsi);
    case 200: return sysTkill(t, <i32>t.rdi, <u32>t.rsi);
    case 201: return sysTime(t.rdi);
    case 202: return rowFutex(t);
    case 203: return sysSchedSetaffinity(t, <i32>t.rdi, <u32>t.rsi, t.rdx);
    case 204: return sysSchedGetaffinity(t, <i32>t.rdi, <u32>t.rsi, t.rdx);
    case 213: return sysEpollCreate(t, <i32>t.rdi);
    case 216: return sysRemapFilePages(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8);
    case 217: return sysGetdents64(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 218: return sysSetTidAddress(t, t.rdi);
    case 219: return sysRestartSyscall(t) ? linuxCall(t) : -Errno.EINTR;
    case 220: return sysSemtimedop(t, <i32>t.rdi, t.rsi, <u32>t.rdx, t.r10);
    case 221: return sysFadvise64(t, <i32>t.rdi, <i64>t.rsi, <i64>t.rdx, <u32>t.r10);
    case 222: return sysTimerCreate(t, <i32>t.rdi, t.rsi, t.rdx);
    case 223: return sysTimerSettime(t, <i32>t.rdi, <u32>t.rsi, t.rdx, t.r10);
    case 224: return sysTimerGettime(t, <i32>t.rdi, t.rsi);
    case 225: return sysTimerGetoverrun(t, <i32>t.rdi);
    case 226: return sysTimerDelete(t, <i32>t.rdi);
    case 227: return sysClockSettime(t, <i32>t.rdi, t.rsi);
    case 228: return sysClockGettime(t, <i32>t.rdi, t.rsi);
    case 229: return sysClockGetres(t, <i32>t.rdi, t.rsi);
    case 230: return sysClockNanosleep(t, <i32>t.rdi, <u32>t.rsi, t.rdx, t.r10);
    case 231: return sysExitGroup(t, <u32>t.rdi);
    case 232: return sysEpollWait(t, <i32>t.rdi, t.rsi, <i32>t.rdx, <i32>t.r10);
    case 233: return sysEpollCtl(t, <i32>t.rdi, <u32>t.rsi, <i32>t.rdx, t.r10);
    case 234: return sysTgkill(t, <i32>t.rdi, <i32>t.rsi, <u32>t.rdx);
    case 235: return sysUtimes(t, t.rdi, t.rsi);
    case 237: return rowMbind(t);
    case 238: return sysSetMempolicy(t, <u32>t.rdi, t.rsi, t.rdx);
    case 239: return sysGetMempolicy(t, t.rdi, t.rsi, t.rdx, t.r10, t.r8);
    case 240: return sysMqOpen(t, t.rdi, <u32>t.rsi, <u32>t.rdx, t.r10);
    case 241: return sysMqUnlink(t, t.rdi);
    case 242: return sysMqTimedsend(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10, t.r8);
    case 243: return sysMqTimedreceive(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, t.r8);
    case 244: return sysMqNotify(t, <i32>t.rdi, t.rsi);
    case 245: return sysMqGetsetattr(t, <i32>t.rdi, t.rsi, t.rdx);
    case 247: return sysWaitid(t, <u32>t.rdi, <i32>t.rsi, t.rdx, <u32>t.r10, t.r8);
    case 251: return sysIoprioSet(t, <i32>t.rdi, <i32>t.rsi, <u32>t.rdx);
    case 252: return sysIoprioGet(t, <i32>t.rdi, <i32>t.rsi);
    case 253: return sysInotifyInit1(t, 0);
    case 254: return sysInotifyAddWatch(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 255: return sysInotifyRmWatch(t, <i32>t.rdi, <i32>t.rsi);
    case 256: return sysMigratePages(t, <i32>t.rdi, t.rsi, t.rdx, t.r10);
    case 257: return sysOpenat(t, <i32>t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10);
    case 258: return sysMkdirat(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 259: return sysMknodat(t, <i32>t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10);
    case 260: return sysFchownat(t, <i32>t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10, <u32>t.r8);
    case 261: return sysFutimesat(t, <i32>t.rdi, t.rsi, t.rdx);
    case 262: return sysNewfstatat(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10);
    case 263: return sysUnlinkat(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 264: return sysRenameat(t, <i32>t.rdi, t.rsi, <i32>t.rdx, t.r10);
    case 265: return sysLinkat(t, <i32>t.rdi, t.rsi, <i32>t.rdx, t.r10, <u32>t.r8);
    case 266: return sysSymlinkat(t, t.rdi, <i32>t.rsi, t.rdx);
    case 267: return sysReadlinkat(t, <i32>t.rdi, t.rsi, t.rdx, <i32>t.r10);
    case 268: return sysFchmodat(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 269: return sysFaccessat(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 270: return rowPselect6(t);
    case 271: return sysPpoll(t, t.rdi, <u32>t.rsi, t.rdx, t.r10, t.r8);
    case 272: return sysUnshare(t, t.rdi);
    case 273: return sysSetRobustList(t, t.rdi, t.rsi);
    case 274: return sysGetRobustList(t, <i32>t.rdi, t.rsi, t.rdx);
    case 275: return rowSplice(t);
    case 276: return sysTee(t, <i32>t.rdi, <i32>t.rsi, t.rdx, <u32>t.r10);
    case 277: return sysSyncFileRange(t, <i32>t.rdi, <i64>t.rsi, <i64>t.rdx, <u32>t.r10);
    case 278: return sysVmsplice(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10);
    case 279: return rowMovePages(t);
    case 280: return sysUtimensat(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10);
    case 281: return rowEpollPwait(t);
    case 282: return sysSignalfd(t, <i32>t.rdi, t.rsi, t.rdx);
    case 283: return sysTimerfdCreate(t, <i32>t.rdi, <u32>t.rsi);
    case 284: return sysEventfd2(t, <u32>t.rdi, 0);
    case 285: return sysFallocate(t, <i32>t.rdi, <u32>t.rsi, <i64>t.rdx, <i64>t.r10);
    case 286: return sysTimerfdSettime(t, <i32>t.rdi, <u32>t.rsi, t.rdx, t.r10);
    case 287: return sysTimerfdGettime(t, <i32>t.rdi, t.rsi);
    case 288: return sysAccept4(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10);
    case 289: return sysSignalfd4(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10);
    case 290: return sysEventfd2(t, <u32>t.rdi, <u32>t.rsi);
    case 291: return sysEpollCreate1(t, <u32>t.rdi);
    case 292: return sysDup3(t, <i32>t.rdi, <i32>t.rsi, <u32>t.rdx);
    case 293: return sysPipe2(t, t.rdi, <u32>t.rsi);
    case 294: return sysInotifyInit1(t, <u32>t.rdi);
    case 295: return sysPreadv(t, <i32>t.rdi, t.rsi, t.rdx, <i64>t.r10);
    case 296: return sysPwritev(t, <i32>t.rdi, t.rsi, t.rdx, <i64>t.r10);
    case 297: return sysRtTgsigqueueinfo(t, <i32>t.rdi, <i32>t.rsi, <u32>t.rdx, t.r10);
    case 299: return sysRecvmmsg(t, <i32>t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10, t.r8);
    case 302: return sysPrlimit64(t, <i32>t.rdi, <u32>t.rsi, t.rdx, t.r10);
    case 303: return sysNameToHandleAt(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, <u32>t.r8);
    case 305: return sysClockAdjtime(t, <i32>t.rdi, t.rsi);
    case 306: return sysSyncfs(t, <i32>t.rdi);
    case 307: return sysSendmmsg(t, <i32>t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10);
    case 309: return sysGetcpu(t.rdi, t.rsi);
    case 310: return rowProcessVmReadv(t);
    case 311: return rowProcessVmWritev(t);
    case 312: return sysKcmp(t, <i32>t.rdi, <i32>t.rsi, <i32>t.rdx, t.r10, t.r8);
    case 314: return sysSchedSetattr(t, <i32>t.rdi, t.rsi, <u32>t.rdx);
    case 315: return sysSchedGetattr(t, <i32>t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10);
    case 316: return sysRenameat2(t, <i32>t.rdi, t.rsi, <i32>t.rdx, t.r10, <u32>t.r8);
    case 317: return sysSeccomp(t, <u32>t.rdi, <u32>t.rsi, t.rdx);
    case 318: return getRandom(t.rdi, t.rsi, <u32>t.rdx);
    case 319: return sysMemfdCreate(t, t.rdi, <u32>t.rsi);
    case 322: return registersSaved ? sysExecveat(t, <i32>t.rdi, t.rsi, t.rdx, t.r10, <u32>t.r8) : NEEDS_REGISTERS;
    case 324: return sysMembarrier(t, <i32>t.rdi, <u32>t.rsi);
    case 325: return sysMlock(t, t.rdi, t.rsi, <u32>t.rdx);
    case 326: return rowCopyFileRange(t);
    case 327: return sysPreadv2(t, <i32>t.rdi, t.rsi, t.rdx, <i64>t.r10, <u32>t.r9);
    case 328: return sysPwritev2(t, <i32>t.rdi, t.rsi, t.rdx, <i64>t.r10, <u32>t.r9);
    case 329: return sysPkeyMprotect(t, t.rdi, t.rsi, <u32>t.rdx, <i32>t.r10);
    case 330: return sysPkeyAlloc(); // pkey_alloc
    case 331: return sysPkeyFree(); // pkey_free
    case 332: return sysStatx(t, <i32>t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10, t.r8);
    case 334: return sysRseq(t, t.rdi, <u32>t.rsi, <u32>t.rdx, <u32>t.r10);
    case 424: return sysPidfdSendSignal(t, <i32>t.rdi, <u32>t.rsi, t.rdx, <u32>t.r10);
    case 425: return sysIoUringSetup(t);
    case 426: return sysIoUringEnter(t, <i32>t.rdi, <u32>t.r10);
    case 427: return sysIoUringRegister(t, <i32>t.rdi, <u32>t.rsi);
    case 434: return sysPidfdOpen(t, <i32>t.rdi, <u32>t.rsi);
    case 435: return registersSaved ? sysClone3(t, t.rdi, t.rsi) : NEEDS_REGISTERS;
    case 436: return sysCloseRange(t, <u32>t.rdi, <u32>t.rsi, <u32>t.rdx);
    case 437: return sysOpenat2(t, <i32>t.rdi, t.rsi, t.rdx, t.r10);
    case 438: return sysPidfdGetfd(t, <i32>t.rdi, <i32>t.rsi, <u32>t.rdx);
    case 439: return sysFaccessat2(t, <i32>t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10);
    case 440: return sysProcessMadvise(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10, <u32>t.r8);
    case 441: return rowEpollPwait2(t);
    case 448: return sysProcessMrelease(t, <i32>t.rdi, <u32>t.rsi);
    case 449: return sysFutexWaitv(t, t.rdi, <u32>t.rsi, <u32>t.rdx, t.r10, <i32>t.r8);
    case 450: return sysSetMempolicyHomeNode(t, t.rdi, t.rsi, t.rdx, t.r10);
    case 451: return sysCachestat(t, <i32>t.rdi, t.rsi, t.rdx, <u32>t.r10);
    case 452: return sysFchmodat2(t, <i32>t.rdi, t.rsi, <u32>t.rdx, <u32>t.r10);
    case 454: return sysFutexWake(t, t.rdi, t.rsi, <i32>t.rdx, <u32>t.r10);
    case 455: return rowFutexWait(t);
    case 456: return sysFutexRequeue(t, t.rdi, <u32>t.rsi, <i32>t.rdx, <i32>t.r10);
    case 462: return sysMseal(t, t.rdi, t.rsi, t.rdx);
    case 463: return rowSetxattrat(t);
    case 464: return rowGetxattrat(t);
    case 465: return sysListxattrat(t, <i32>t.rdi, t.rsi, <u32>t.rdx, t.r10, t.r8);
    case 466: return sysRemovexattrat(t, <i32>t.rdi, t.rsi, <u32>t.rdx, t.r10);
  }
  return offCall(t);
}
