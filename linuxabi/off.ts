// Calls that are off: each answers as a Linux does that has it no more, was built without it, or does not let containers make it; the reason stands
// behind its name (docs/linux-coverage.md). Apart from table.ts, whose one jump table has only what there is.

import { Errno } from "../kernel/errno";
import { missingCount } from "../kernel/container/missing";
import { Result } from "../kernel/result";
import { Thread } from "../kernel/task/thread";
import { sysGone, sysNotConfigured, sysNotPermitted } from "./sys/system";

/** Answers a call that table.ts has no row for. */
export function offCall(t: Thread): Result {
  // prettier-ignore
  switch (<u32>t.call) {
    case 101: return sysNotPermitted(); // ptrace
    case 103: return sysNotPermitted(); // syslog
    case 134: return sysNotConfigured(t); // uselib: without CONFIG_USELIB
    case 136: return sysNotPermitted(); // ustat: as under Docker's profile
    case 139: return sysNotPermitted(); // sysfs: as under Docker's profile
    case 153: return sysNotPermitted(); // vhangup
    case 154: return sysNotConfigured(t); // modify_ldt: without CONFIG_MODIFY_LDT_SYSCALL
    case 155: return sysNotPermitted(); // pivot_root
    case 156: return sysGone(); // _sysctl: gone since Linux 5.5
    case 163: return sysNotPermitted(); // acct
    case 167: return sysNotPermitted(); // swapon
    case 168: return sysNotPermitted(); // swapoff
    case 169: return sysNotPermitted(); // reboot
    case 172: return sysNotPermitted(); // iopl
    case 173: return sysNotPermitted(); // ioperm
    case 174: return sysGone(); // create_module: gone since Linux 2.6
    case 175: return sysNotPermitted(); // init_module
    case 176: return sysNotPermitted(); // delete_module
    case 177: return sysGone(); // get_kernel_syms: gone since Linux 2.6
    case 178: return sysGone(); // query_module: gone since Linux 2.6
    case 179: return sysNotPermitted(); // quotactl
    case 180: return sysGone(); // nfsservctl: gone since Linux 3.1
    case 181: return sysGone(); // getpmsg: never in Linux
    case 182: return sysGone(); // putpmsg: never in Linux
    case 183: return sysGone(); // afs_syscall: never in Linux
    case 184: return sysGone(); // tuxcall: never in Linux
    case 185: return sysGone(); // security: never in Linux
    case 205: return sysGone(); // set_thread_area: not for 64-bit programs
    case 206: return sysNotConfigured(t); // io_setup: without CONFIG_AIO
    case 207: return sysNotConfigured(t); // io_destroy: without CONFIG_AIO
    case 208: return sysNotConfigured(t); // io_getevents: without CONFIG_AIO
    case 209: return sysNotConfigured(t); // io_submit: without CONFIG_AIO
    case 210: return sysNotConfigured(t); // io_cancel: without CONFIG_AIO
    case 211: return sysGone(); // get_thread_area: not for 64-bit programs
    case 212: return sysGone(); // lookup_dcookie: gone since Linux 6.7; EPERM under Docker's profile before
    case 214: return sysGone(); // epoll_ctl_old: never in Linux
    case 215: return sysGone(); // epoll_wait_old: never in Linux
    case 236: return sysGone(); // vserver: never in Linux
    case 246: return sysNotPermitted(); // kexec_load
    case 248: return sysNotPermitted(); // add_key: as under Docker's profile
    case 249: return sysNotPermitted(); // request_key: as under Docker's profile
    case 250: return sysNotPermitted(); // keyctl: as under Docker's profile
    case 298: return sysNotPermitted(); // perf_event_open: as under Docker's profile
    case 300: return sysNotPermitted(); // fanotify_init: as under Docker's profile
    case 301: return sysNotPermitted(); // fanotify_mark: as under Docker's profile
    case 304: return sysNotPermitted(); // open_by_handle_at
    case 308: return sysNotPermitted(); // setns
    case 313: return sysNotPermitted(); // finit_module
    case 320: return sysNotPermitted(); // kexec_file_load
    case 321: return sysNotPermitted(); // bpf
    case 323: return sysNotPermitted(); // userfaultfd
    case 333: return sysNotConfigured(t); // io_pgetevents: without CONFIG_AIO
    case 428: return sysNotPermitted(); // open_tree: as under Docker's profile
    case 429: return sysNotPermitted(); // move_mount: as under Docker's profile
    case 430: return sysNotPermitted(); // fsopen: as under Docker's profile
    case 431: return sysNotPermitted(); // fsconfig: as under Docker's profile
    case 432: return sysNotPermitted(); // fsmount: as under Docker's profile
    case 433: return sysNotPermitted(); // fspick: as under Docker's profile
    case 442: return sysNotPermitted(); // mount_setattr: as under Docker's profile
    case 443: return sysNotPermitted(); // quotactl_fd: as under Docker's profile
    case 444: return sysNotConfigured(t); // landlock_create_ruleset: without CONFIG_SECURITY_LANDLOCK
    case 445: return sysNotConfigured(t); // landlock_add_rule: without CONFIG_SECURITY_LANDLOCK
    case 446: return sysNotConfigured(t); // landlock_restrict_self: without CONFIG_SECURITY_LANDLOCK
    case 447: return sysNotConfigured(t); // memfd_secret: without CONFIG_SECRETMEM
    case 453: return sysNotConfigured(t); // map_shadow_stack: without CONFIG_X86_USER_SHADOW_STACK
    case 457: return sysNotConfigured(t); // statmount: as Linux before 6.8; /proc/self/mountinfo has the same
    case 458: return sysNotConfigured(t); // listmount: as Linux before 6.8; /proc/self/mountinfo has the same
    case 459: return sysNotConfigured(t); // lsm_get_self_attr: without CONFIG_SECURITY
    case 460: return sysNotConfigured(t); // lsm_set_self_attr: without CONFIG_SECURITY
    case 461: return sysNotConfigured(t); // lsm_list_modules: without CONFIG_SECURITY
    case 467: return sysNotPermitted(); // open_tree_attr: as open_tree
  }
  return missing(t);
}

/** A call we lack: counted, so that a user can ask which a container wants. */
function missing(t: Thread): Result {
  missingCount(t.process.container, <u32>min<u64>(t.call, 0xffff_ffff));
  return -Errno.ENOSYS;
}
