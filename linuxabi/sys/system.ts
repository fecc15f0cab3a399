// The system as a whole: uname(2), sysinfo(2), sethostname(2), personality(2), getcpu(2), arch_prctl(2), syslog(2), and the calls that
// administer a machine, which a container is refused.

import { readFsBase, readUserGsBase, writeFsBase, writeUserGsBase } from "../../shim/isa";
import { Errno } from "../../kernel/errno";
import { missingOff, unsupported } from "../../kernel/container/missing";
import { cstringLength, putLiteral } from "../../kernel/lib/bytes";
import { framesFree, framesUsable, PAGE_SIZE } from "../../kernel/mm/frame";
import { copyIn, copyOut, USER_END } from "../../kernel/mm/user";
import { KERNEL_RELEASE, KERNEL_VERSION, SYSTEM_NAME } from "../../kernel/release";
import { Result } from "../../kernel/result";
import { Capability, capable } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { nowNs } from "../../kernel/time/clock";
import { fpuComponents } from "../fpstate";
import { ArchPrctl, STATE_COMPONENTS } from "../types/prctl";
import { SECOND_NS } from "./timespec";

/** Bytes of each of the six names of struct utsname, NUL included. */
const NAME_BYTES: u32 = 65;

const PER_LINUX32: u32 = 8;
const PER_MASK: u32 = 0xff;

const space = memory.data(6 * 65, 8);

export function sysUname(t: Thread, buffer: u64): Result {
  const c = t.process.container;
  memory.fill(space, 0, NAME_BYTES * 6);
  putLiteral(space, SYSTEM_NAME);
  putName(space + NAME_BYTES, c.hostname);
  putLiteral(space + NAME_BYTES * 2, KERNEL_RELEASE);
  putLiteral(space + NAME_BYTES * 3, KERNEL_VERSION);
  if ((t.process.personality & PER_MASK) == PER_LINUX32) putLiteral(space + NAME_BYTES * 4, "i686");
  else putLiteral(space + NAME_BYTES * 4, "x86_64");
  putName(space + NAME_BYTES * 5, c.domainname);
  return copyOut(buffer, space, NAME_BYTES * 6);
}

/** A name of the container; what Linux says when it was never set. */
function putName(to: usize, name: usize): void {
  if (name == 0 || load<u8>(name) == 0) putLiteral(to, "(none)");
  else memory.copy(to, name, min(cstringLength(name), NAME_BYTES - 1));
}

/** struct sysinfo: 112 bytes. */
export function sysSysinfo(t: Thread, buffer: u64): Result {
  memory.fill(space, 0, 112);
  store<u64>(space, nowNs() / SECOND_NS);
  store<u64>(space, <u64>framesUsable() * PAGE_SIZE, 32);
  store<u64>(space, <u64>framesFree() * PAGE_SIZE, 40);
  store<u16>(space, <u16>min<u32>(t.process.container.threadCount, 0xffff), 80);
  store<u32>(space, 1, 104); // bytes in a unit of memory
  return copyOut(buffer, space, 112);
}

export function sysSethostname(t: Thread, name: u64, length: i32): Result {
  return setName(t, t.process.container.hostname, name, length);
}

export function sysSetdomainname(t: Thread, name: u64, length: i32): Result {
  return setName(t, t.process.container.domainname, name, length);
}

function setName(t: Thread, to: usize, name: u64, length: i32): Result {
  if (!capable(t.credentials, Capability.SysAdmin)) return -Errno.EPERM;
  if (length < 0 || <u32>length >= NAME_BYTES) return -Errno.EINVAL;
  memory.fill(space, 0, NAME_BYTES);
  const r = copyIn(space, name, length);
  if (r < 0) return r;
  memory.copy(to, space, NAME_BYTES);
  return 0;
}

export function sysPersonality(t: Thread, personality: u32): Result {
  const old = t.process.personality;
  if (personality != 0xffff_ffff) t.process.personality = personality;
  return old;
}

export function sysGetcpu(cpu: u64, node: u64): Result {
  store<u32>(space, 0);
  if (cpu != 0) {
    const r = copyOut(cpu, space, 4);
    if (r < 0) return r;
  }
  return node != 0 ? copyOut(node, space, 4) : 0;
}

/**
 * arch_prctl(2). Of the components of a processor's state all are allowed but AMX's, which are not there to be asked for
 * (Documentation/arch/x86/xstate.rst). Lacks: ARCH_SHSTK_* (EINVAL, as without CONFIG_X86_USER_SHADOW_STACK).
 */
export function sysArchPrctl(t: Thread, operation: u32, address: u64): Result {
  switch (operation) {
    case ArchPrctl.ARCH_SET_FS:
      if (address >= USER_END) return -Errno.EPERM;
      t.fsBase = address;
      writeFsBase(address);
      return 0;
    case ArchPrctl.ARCH_SET_GS:
      if (address >= USER_END) return -Errno.EPERM;
      t.gsBase = address;
      writeUserGsBase(address);
      return 0;
    case ArchPrctl.ARCH_GET_FS:
      store<u64>(space, readFsBase());
      return copyOut(address, space, 8);
    case ArchPrctl.ARCH_GET_GS:
      store<u64>(space, readUserGsBase());
      return copyOut(address, space, 8);
    case ArchPrctl.ARCH_GET_CPUID:
      return 1;
    case ArchPrctl.ARCH_SET_CPUID:
      return -Errno.ENODEV;
    case ArchPrctl.ARCH_GET_XCOMP_SUPP:
    case ArchPrctl.ARCH_GET_XCOMP_PERM:
    case ArchPrctl.ARCH_GET_XCOMP_GUEST_PERM:
      store<u64>(space, fpuComponents(t));
      return copyOut(address, space, 8);
    case ArchPrctl.ARCH_REQ_XCOMP_PERM:
    case ArchPrctl.ARCH_REQ_XCOMP_GUEST_PERM:
      return address >= STATE_COMPONENTS ? -Errno.EINVAL : -Errno.EOPNOTSUPP;
    default:
      return unsupported(t, "operation", operation, -Errno.EINVAL);
  }
}

/** Calls that administer the machine, or that nobody in a container may make: Docker's profile of seccomp(2) refuses them alike. */
export function sysNotPermitted(): Result {
  return -Errno.EPERM;
}

/** Calls that Linux itself has given up, or never had. */
export function sysGone(): Result {
  return -Errno.ENOSYS;
}

/** Calls of parts of Linux that a kernel can be built or set up without; programs have another way. */
export function sysNotConfigured(t: Thread): Result {
  missingOff(t);
  return -Errno.ENOSYS;
}
