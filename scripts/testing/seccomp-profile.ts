// A profile of system calls in the shape of the one that Docker gives to every container: everything is refused with EPERM but a list of names,
// with comparisons for personality, clone and socket, and ENOSYS for clone3, whose flags a filter cannot see.

import fs from "node:fs";
import path from "node:path";
import { callNames } from "../lib/coverage.ts";

/** What is not on the list: modules, mounts, clocks, keys, other processes' memory, and calls that only a host needs. */
const REFUSED = new Set(
  `_sysctl acct add_key afs_syscall bpf clock_settime clone clone3 create_module delete_module finit_module fsconfig fsmount
  fsopen fspick get_kernel_syms get_mempolicy getpmsg init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp
  kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages mount mount_setattr move_mount move_pages nfsservctl
  open_by_handle_at open_tree perf_event_open personality pivot_root process_vm_readv process_vm_writev ptrace putpmsg query_module quotactl
  quotactl_fd reboot request_key security set_mempolicy set_mempolicy_home_node setdomainname sethostname setns settimeofday socket
  swapoff swapon sysfs syslog tuxcall umount2 unshare uselib userfaultfd ustat vhangup vserver`.split(/\s+/),
);

const CLONE_NAMESPACES = 0x7e020000;
const AF_VSOCK = 40;
const ENOSYS = 38;

/** Makes the directory `to` a copy of the bundle `from` with the profile. */
export function copyWithProfile(from: string, to: string): void {
  fs.rmSync(to, { recursive: true, force: true });
  fs.cpSync(path.join(from, "rootfs"), path.join(to, "rootfs"), { recursive: true, verbatimSymlinks: true });
  const config = JSON.parse(fs.readFileSync(path.join(from, "config.json"), "utf8")) as { linux: Record<string, unknown> };
  config.linux.seccomp = dockerProfile();
  fs.writeFileSync(path.join(to, "config.json"), JSON.stringify(config));
}

/** The profile, as the property linux.seccomp. */
export function dockerProfile(): Record<string, unknown> {
  const allowed = [...callNames().values()].filter((name) => !REFUSED.has(name));
  const personality = (value: number): object => ({
    names: ["personality"],
    action: "SCMP_ACT_ALLOW",
    args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
  });
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 1,
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    syscalls: [
      // Names of other architectures are in every profile.
      { names: [...allowed, "_llseek", "stat64", "socketcall"], action: "SCMP_ACT_ALLOW" },
      ...[0x0, 0x8, 0x20000, 0x20008, 0xffffffff].map(personality),
      { names: ["clone"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }] },
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
      { names: ["socket"], action: "SCMP_ACT_ALLOW", args: [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_NE" }] },
    ],
  };
}
