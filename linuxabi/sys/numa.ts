// Memory policies and moving pages on a machine with one node, number 0: mbind(2), set_mempolicy(2), get_mempolicy(2), migrate_pages(2),
// move_pages(2), set_mempolicy_home_node(2). A policy can only say how node 0 is meant; it is checked and kept, and every page is there anyway.

import { Errno } from "../../kernel/errno";
import { mayInspect } from "../../kernel/fs/procsubject";
import { Access, handleFaultOrKill } from "../../kernel/mm/fault";
import { PAGE_SIZE } from "../../kernel/mm/frame";
import { covered, markRegion, pageUp } from "../../kernel/mm/map";
import { findSlot, PTE_PRESENT } from "../../kernel/mm/pagetable";
import { AddressSpace } from "../../kernel/mm/space";
import { copyIn, copyOut, userRange } from "../../kernel/mm/user";
import { VMA_POLICY_MASK, VMA_POLICY_SHIFT } from "../../kernel/mm/vma";
import { vmaFind, vmaFrom } from "../../kernel/mm/vmatree";
import { BLOCKED, Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { threadFind } from "../../kernel/task/pids";
import { Thread } from "../../kernel/task/thread";
import { MovePages, Policy, PolicyOf } from "../types/memory";

/** MAX_NUMNODES of a kernel that is built for many nodes: bits beyond must be clear. */
const NODES_MAX: u32 = 1024;
const MODE_FLAGS: u32 = Policy.MPOL_F_NUMA_BALANCING | Policy.MPOL_F_RELATIVE_NODES | Policy.MPOL_F_STATIC_NODES;

/** How a policy is kept, in Thread.memoryPolicy and in the flags of a mapping: 3 bits of mode, whether node 0 is named, static, relative. */
const NAMED: u32 = 8;
const STATIC: u32 = 16;
const RELATIVE: u32 = 32;

const word = memory.data(8, 8);

/** Whether node 0, and any other, is in the set that nodesIn took. */
let hasNode: bool = false;
let hasOthers: bool = false;

/** Takes a set of nodes, `count` - 1 bits at `ua`: 0, -EINVAL, -EFAULT or BLOCKED. */
function nodesIn(ua: u64, count: u64): Result {
  hasNode = false;
  hasOthers = false;
  const bits = count - 1;
  if (count == 0 || bits == 0 || ua == 0) return 0;
  if (bits > <u64>PAGE_SIZE * 8) return -Errno.EINVAL;
  for (let at: u32 = 0; at < <u32>bits; at += 64) {
    const r = copyIn(word, ua + (at >> 3), 8);
    if (r < 0) return r;
    let set = load<u64>(word);
    if (<u32>bits - at < 64) set &= ((<u64>1) << (<u32>bits - at)) - 1;
    if (at >= NODES_MAX && set != 0) return -Errno.EINVAL;
    if (at == 0) hasNode = (set & 1) != 0;
    if ((at == 0 ? set & ~1 : set) != 0) hasOthers = true;
  }
  return 0;
}

/** Turns a mode with flags and the set of nodes taken last into a policy as it is kept: -EINVAL when they do not fit. */
function policyOf(mode: u32): Result {
  const flags = mode & MODE_FLAGS;
  let kind = mode & ~MODE_FLAGS;
  if (kind >= <u32>Policy.Count || (flags & Policy.MPOL_F_STATIC_NODES && flags & Policy.MPOL_F_RELATIVE_NODES)) return -Errno.EINVAL;
  if (flags & Policy.MPOL_F_NUMA_BALANCING && kind != <u32>Policy.MPOL_BIND && kind != <u32>Policy.MPOL_PREFERRED_MANY)
    return -Errno.EINVAL;
  const named = hasNode || hasOthers;
  if (kind == <u32>Policy.MPOL_DEFAULT) return named ? -Errno.EINVAL : 0;
  if (kind == <u32>Policy.MPOL_PREFERRED && !named) {
    if (flags & (Policy.MPOL_F_STATIC_NODES | Policy.MPOL_F_RELATIVE_NODES)) return -Errno.EINVAL;
    kind = Policy.MPOL_LOCAL;
  } else if (kind == <u32>Policy.MPOL_LOCAL) {
    if (named || flags & (Policy.MPOL_F_STATIC_NODES | Policy.MPOL_F_RELATIVE_NODES)) return -Errno.EINVAL;
  } else if (!named) return -Errno.EINVAL;
  // Relative sets are folded onto the nodes there are; of others one must be there.
  if (named && !hasNode && !(flags & Policy.MPOL_F_RELATIVE_NODES)) return -Errno.EINVAL;
  const added = (flags & Policy.MPOL_F_STATIC_NODES ? STATIC : 0) | (flags & Policy.MPOL_F_RELATIVE_NODES ? RELATIVE : 0);
  return kind | (named ? NAMED : 0) | added;
}

export function sysSetMempolicy(t: Thread, mode: u32, nodes: u64, count: u64): Result {
  if ((mode & ~MODE_FLAGS) >= <u32>Policy.Count) return -Errno.EINVAL;
  let r = nodesIn(nodes, count);
  if (r >= 0) r = policyOf(mode);
  if (r < 0) return r;
  t.memoryPolicy = <u32>r;
  return 0;
}

export function sysMbind(t: Thread, start: u64, length: u64, mode: u32, nodes: u64, count: u64, flags: u32): Result {
  if ((mode & ~MODE_FLAGS) >= <u32>Policy.Count) return -Errno.EINVAL;
  let r = nodesIn(nodes, count);
  if (r < 0) return r;
  if (flags & ~(<u32>(MovePages.MPOL_MF_STRICT | MovePages.MPOL_MF_MOVE | MovePages.MPOL_MF_MOVE_ALL))) return -Errno.EINVAL;
  if (flags & MovePages.MPOL_MF_MOVE_ALL && !capable(t.credentials, Capability.SysNice)) return -Errno.EPERM;
  if (start & (PAGE_SIZE - 1)) return -Errno.EINVAL;
  const bytes = pageUp(length);
  if (start + bytes < start) return -Errno.EINVAL;
  if (bytes == 0) return 0;
  r = policyOf(mode);
  if (r < 0) return r;
  const space = t.process.space!;
  if (!covered(space, start, start + bytes)) return -Errno.EFAULT;
  return markRegion(space, start, start + bytes, VMA_POLICY_MASK, (<u32>r) << VMA_POLICY_SHIFT);
}

/** Writes a set of nodes that has node 0 or nothing, `count` - 1 bits and zeros to the end of the last word. */
function nodesOut(ua: u64, count: u64, node: bool): Result {
  const bytes = ((count - 1 + 63) >> 6) << 3;
  if (!userRange(ua, bytes)) return -Errno.EFAULT;
  for (let at: u64 = 0; at < bytes; at += 8) {
    store<u64>(word, at == 0 && node ? 1 : 0);
    const r = copyOut(ua + at, word, 8);
    if (r < 0) return r;
  }
  return 0;
}

function modeOut(ua: u64, mode: u32): Result {
  store<u32>(word, mode);
  return ua == 0 ? 0 : copyOut(ua, word, 4);
}

export function sysGetMempolicy(t: Thread, mode: u64, nodes: u64, count: u64, address: u64, flags: u64): Result {
  if (nodes != 0 && count < 1) return -Errno.EINVAL;
  if (flags & ~(<u64>(PolicyOf.MPOL_F_NODE | PolicyOf.MPOL_F_ADDR | PolicyOf.MPOL_F_MEMS_ALLOWED))) return -Errno.EINVAL;
  if (flags & PolicyOf.MPOL_F_MEMS_ALLOWED) {
    if (flags & (PolicyOf.MPOL_F_NODE | PolicyOf.MPOL_F_ADDR)) return -Errno.EINVAL;
    const r = modeOut(mode, Policy.MPOL_DEFAULT);
    return r < 0 || nodes == 0 ? r : nodesOut(nodes, count, true);
  }
  let policy = t.memoryPolicy;
  if (flags & PolicyOf.MPOL_F_ADDR) {
    const vma = vmaFind(t.process.space!, address);
    if (!vma) return -Errno.EFAULT;
    policy = (vma.flags & VMA_POLICY_MASK) >> VMA_POLICY_SHIFT;
  } else if (address != 0) return -Errno.EINVAL;
  const added = (policy & STATIC ? Policy.MPOL_F_STATIC_NODES : 0) | (policy & RELATIVE ? Policy.MPOL_F_RELATIVE_NODES : 0);
  let shown = (policy & 7) | added;
  if (flags & PolicyOf.MPOL_F_NODE) {
    // The node of the page, or the one that the next page of an interleaved policy comes from.
    if (flags & PolicyOf.MPOL_F_ADDR) {
      const r = handleFaultOrKill(t.process.space!, address, Access.Read);
      if (r < 0) return r == BLOCKED ? r : -Errno.EFAULT;
    } else if ((policy & 7) != <u32>Policy.MPOL_INTERLEAVE && (policy & 7) != <u32>Policy.MPOL_WEIGHTED_INTERLEAVE) return -Errno.EINVAL;
    shown = 0;
  }
  const r = modeOut(mode, shown);
  return r < 0 || nodes == 0 ? r : nodesOut(nodes, count, (policy & NAMED) != 0);
}

/** The memory that a pid of move_pages or migrate_pages means (0: the caller's), in `found`: 0, -ESRCH or -EPERM. */
function findSpace(t: Thread, pid: i32): Result {
  found = null;
  const target = pid == 0 ? t : threadFind(t.process.container, <u32>pid);
  if (!target) return -Errno.ESRCH;
  if (!mayInspect(target.process)) return -Errno.EPERM;
  found = target.process.space;
  return found ? 0 : -Errno.EINVAL;
}
let found: AddressSpace | null = null;

/** Every page is on node 0 already. */
export function sysMigratePages(t: Thread, pid: i32, count: u64, from: u64, to: u64): Result {
  let r = nodesIn(from, count);
  if (r >= 0) r = nodesIn(to, count);
  if (r < 0) return r;
  const toNode = hasNode;
  const toOthers = hasOthers;
  r = findSpace(t, pid);
  if (r < 0) return r;
  if (toOthers && !capable(t.credentials, Capability.SysNice)) return -Errno.EPERM;
  return toNode ? 0 : -Errno.EINVAL;
}

/** Node of the page at `ua`, -ENOENT when it is not there, -EFAULT when nothing is mapped. */
function nodeOf(space: AddressSpace, ua: u64): i32 {
  if (!vmaFind(space, ua)) return -Errno.EFAULT;
  const slot = findSlot(space.root, ua);
  return slot != 0 && load<u64>(slot) & PTE_PRESENT ? 0 : -Errno.ENOENT;
}

export function sysMovePages(t: Thread, pid: i32, count: u64, pages: u64, nodes: u64, status: u64, flags: u32): Result {
  if (flags & ~(<u32>(MovePages.MPOL_MF_MOVE | MovePages.MPOL_MF_MOVE_ALL))) return -Errno.EINVAL;
  if (flags & MovePages.MPOL_MF_MOVE_ALL && !capable(t.credentials, Capability.SysNice)) return -Errno.EPERM;
  let r = findSpace(t, pid);
  if (r < 0) return r;
  const space = found!;
  for (let i: u64 = 0; i < count; i++) {
    r = copyIn(word, pages + i * 8, 8);
    if (r < 0) return r;
    const page = load<u64>(word);
    if (nodes != 0) {
      r = copyIn(word, nodes + i * 4, 4);
      if (r < 0) return r;
      if (load<i32>(word) != 0) return -Errno.ENODEV;
    }
    store<i32>(word, nodeOf(space, page));
    r = copyOut(status + i * 4, word, 4);
    if (r < 0) return r;
  }
  return 0;
}

export function sysSetMempolicyHomeNode(t: Thread, start: u64, length: u64, node: u64, flags: u64): Result {
  if (start & (PAGE_SIZE - 1) || flags != 0 || node != 0) return -Errno.EINVAL;
  const bytes = pageUp(length);
  if (start + bytes < start) return -Errno.EINVAL;
  if (bytes == 0) return 0;
  let result: Result = -Errno.ENOENT;
  let next = vmaFrom(t.process.space!, start);
  while (next && next.start < start + bytes) {
    const kind = ((next.flags & VMA_POLICY_MASK) >> VMA_POLICY_SHIFT) & 7;
    next = next.next;
    if (kind == <u32>Policy.MPOL_DEFAULT) continue;
    if (kind != <u32>Policy.MPOL_BIND && kind != <u32>Policy.MPOL_PREFERRED_MANY) return -Errno.EOPNOTSUPP;
    result = 0;
  }
  return result;
}
