// The vDSO (vdso(7)): a page of data that the kernel writes and a page of code that reads it, mapped into every Linux program, one copy for all. What
// they say is the matter of linuxabi/vdso.ts. They are the pages of a file without a name, so that mapping, forking and faults need nothing special.

import { physicalRead, vdsoBytes, vdsoImage } from "../../shim/isa";
import { fileAdoptPage } from "../fs/pages";
import { sharedMemoryFile } from "../fs/shm";
import { Errno } from "../errno";
import { frameAllocLow, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { mapRegion } from "../mm/map";
import { AddressSpace } from "../mm/space";
import { VmaFlag } from "../mm/vma";
import { findGap, rangeFree } from "../mm/vmatree";
import { USER_END } from "../mm/user";
import { Result } from "../result";
import { Inode } from "../vfs/inode";

const BYTES: u64 = PAGE_SIZE * 2;
/** What one page table maps. */
const TABLE_BYTES: u64 = PAGE_SIZE * 512;

let file: Inode | null = null;

/** Makes both pages: the address of the data page, all zeros; 0 when memory is short. */
export function vdsoInit(): usize {
  assert(vdsoBytes() <= PAGE_SIZE, "the vDSO's code is one page");
  file = sharedMemoryFile(BYTES, 0o444, 0, 0);
  const data = frameAllocLow(0);
  const code = frameAllocLow(0);
  if (!file || data == 0 || code == 0) return 0;
  memory.fill(data, 0, PAGE_SIZE);
  memory.fill(code, 0, PAGE_SIZE);
  physicalRead(code, vdsoImage(), vdsoBytes());
  if (fileAdoptPage(file!, 0, <u32>(data >> PAGE_SHIFT)) < 0 || fileAdoptPage(file!, 1, <u32>(code >> PAGE_SHIFT)) < 0) return 0;
  return data;
}

/**
 * Maps the vDSO above the stack, which ends at `stackEnd`, `random` pages further as far as the page table they share with it goes; where there is no room,
 * among the other mappings. The address of the code's ELF header, or -ENOMEM.
 */
export function vdsoMap(space: AddressSpace, stackEnd: u64, random: u32): Result {
  const last = min((stackEnd + BYTES + TABLE_BYTES - 1) & ~(TABLE_BYTES - 1), USER_END) - BYTES;
  let at = stackEnd;
  if (last > stackEnd) at += (<u64>random % (((last - stackEnd) >> PAGE_SHIFT) + 1)) << PAGE_SHIFT;
  if (at > USER_END - BYTES || !rangeFree(space, at, at + BYTES)) {
    at = findGap(space, BYTES);
    if (at == 0) return -Errno.ENOMEM;
  }
  let r = mapRegion(space, at, PAGE_SIZE, VmaFlag.Read | VmaFlag.Vdso | VmaFlag.ReadOnlyFile, file, 0, null);
  if (r < 0) return r;
  r = mapRegion(space, at + PAGE_SIZE, PAGE_SIZE, VmaFlag.Read | VmaFlag.Execute | VmaFlag.Vdso, file, 1, null);
  return r;
}
