// Whom a procfs inode is about, and who may look closely. Inode.detail is the pid, Inode.detail2 the thread's id where a thread is meant, and
// Inode.btimeNs the process's start time, so that a reused number is not taken for the process that had it.

import { Container } from "../container/container";
import { findSlot, pteFrame, PTE_PRESENT } from "../mm/pagetable";
import { physicalRead } from "../../shim/isa";
import { PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { AddressSpace } from "../mm/space";
import { capable, Capability, Credentials } from "../task/credentials";
import { processFind, threadFind } from "../task/pids";
import { Process, ProcessState } from "../task/process";
import { current, Thread, ThreadState } from "../task/thread";
import { Inode } from "../vfs/inode";

@inline
export function containerOf(inode: Inode): Container {
  return changetype<Container>(inode.fs.container);
}

/** The process, or null when it has been reaped. */
export function subjectProcess(inode: Inode): Process | null {
  const p = processFind(containerOf(inode), inode.detail);
  return p && p.startNs == inode.btimeNs ? p : null;
}

/** The thread, or the process's first one where none is named; null when it is gone. */
export function subjectThread(inode: Inode): Thread | null {
  const p = subjectProcess(inode);
  if (!p) return null;
  if (inode.detail2 == 0) return p.leader;
  const t = threadFind(containerOf(inode), inode.detail2);
  return t && t.process == p ? t : null;
}

/** True when the caller may see the insides of the process (ptrace(2), PTRACE_MODE_READ_FSCREDS). */
export function mayInspect(p: Process): bool {
  const c = current.credentials;
  return current.process == p || mayAccess(p, c, c.fsuid, c.fsgid);
}

/** True when the caller may change the insides of the process, or compare them (PTRACE_MODE_ATTACH_REALCREDS, PTRACE_MODE_READ_REALCREDS). */
export function mayAttach(p: Process): bool {
  const c = current.credentials;
  return current.process == p || mayAccess(p, c, c.uid, c.gid);
}

function mayAccess(p: Process, c: Credentials, uid: u32, gid: u32): bool {
  const other = p.leader.credentials;
  const sameUser = uid == other.euid && uid == other.suid && uid == other.uid;
  const sameGroup = gid == other.egid && gid == other.sgid && gid == other.gid;
  const weaker = (other.permitted & ~c.permitted) == 0;
  return (sameUser && sameGroup && weaker && p.dumpable) || capable(c, Capability.SysPtrace);
}

/** The letter of ps(1) for a thread's state. */
export function stateLetter(t: Thread): u8 {
  if (t.process.state != ProcessState.Running || t.state == ThreadState.Dead) return 0x5a; // Z
  if (t.state == ThreadState.Stopped) return 0x54; // T
  if (t.state != ThreadState.Blocked) return 0x52; // R
  return t.interruptible ? 0x53 : 0x44; // S, D
}

/**
 * Copies [ua, ua + n) of another address space to linear address `p`, as far as the pages are there: the bytes copied. What a program has
 * never touched, or has not been read from its file yet, ends the copy.
 */
export function spaceRead(space: AddressSpace, ua: u64, p: usize, n: u32): u32 {
  let done: u32 = 0;
  while (done < n) {
    const slot = findSlot(space.root, ua);
    if (slot == 0) break;
    const entry = load<u64>(slot);
    if ((entry & PTE_PRESENT) == 0) break;
    const offset = (<u32>ua) & (PAGE_SIZE - 1);
    const bytes = min(PAGE_SIZE - offset, n - done);
    physicalRead(p + done, ((<u64>pteFrame(entry)) << PAGE_SHIFT) + offset, bytes);
    done += bytes;
    ua += bytes;
  }
  return done;
}
