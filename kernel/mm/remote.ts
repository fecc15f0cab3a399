// Copying between the memory of the current thread and that of another address space (process_vm_readv(2)), page by page: a page of the other is
// made present as its own fault would do it, and held while the copy lasts.

import { Errno } from "../errno";
import { BLOCKED, Result } from "../result";
import { Access, handleFaultOrKill } from "./fault";
import { frameRelease, frameRetain, PAGE_SHIFT, PAGE_SIZE } from "./frame";
import { findSlot, pteFrame, PTE_DIRTY, PTE_PRESENT, PTE_WRITE } from "./pagetable";
import { AddressSpace } from "./space";
import { copyInPhysical, copyOutPhysical, userRange } from "./user";

/** What the other address space is in a copy. */
export const enum Peer {
  Source = 0,
  Target = 1,
}

/** The frame at `ua` of `space`, present for reading or writing: -EFAULT, or BLOCKED while memory is made. */
function presentFrame(space: AddressSpace, ua: u64, write: bool): Result {
  const wanted = PTE_PRESENT | (write ? PTE_WRITE : 0);
  let slot = findSlot(space.root, ua);
  if (slot == 0 || (load<u64>(slot) & wanted) != wanted) {
    const r = handleFaultOrKill(space, ua, write ? Access.Write : Access.Read);
    if (r < 0) return r == BLOCKED ? r : -Errno.EFAULT;
    slot = findSlot(space.root, ua);
  }
  // The CPU marks what it writes; a page that MADV_FREE has let go is kept by that mark.
  if (write) store<u64>(slot, load<u64>(slot) | PTE_DIRTY);
  return pteFrame(load<u64>(slot));
}

/**
 * Copies up to `bytes` between `remote` of another space and `local` of the current one: the bytes copied; -EFAULT when there are none, or
 * BLOCKED.
 */
export function spaceCopy(space: AddressSpace, remote: u64, local: u64, bytes: u32, peer: Peer): Result {
  if (!userRange(remote, bytes)) return -Errno.EFAULT;
  let done: u32 = 0;
  while (done < bytes) {
    const offset = (<u32>remote) & (PAGE_SIZE - 1);
    const piece = min(PAGE_SIZE - offset, bytes - done);
    const frame = presentFrame(space, remote, peer == Peer.Target);
    if (frame < 0) return frame == BLOCKED || done == 0 ? frame : <Result>done;
    const pa = ((<u64>frame) << PAGE_SHIFT) + offset;
    frameRetain(<u32>frame);
    const r = peer == Peer.Source ? copyOutPhysical(local, pa, piece) : copyInPhysical(pa, local, piece);
    frameRelease(<u32>frame);
    if (r <= 0) return r == BLOCKED || done == 0 ? r : <Result>done;
    done += <u32>r;
    remote += r;
    local += r;
    if (<u32>r < piece) break;
  }
  return done;
}
