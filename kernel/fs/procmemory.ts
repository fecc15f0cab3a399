// What procfs shows of a process's memory: its arguments and environment, the auxiliary vector, and its mappings. Formats: proc(5).

import { Errno } from "../errno";
import { put, putByte, putHex, putUnsigned, Text, textReserve } from "../lib/text";
import { PAGE_SHIFT } from "../mm/frame";
import { hugeBytes } from "../mm/huge";
import { findSlot, PTE_PRESENT } from "../mm/pagetable";
import { AddressSpace } from "../mm/space";
import { Vma, VmaFlag } from "../mm/vma";
import { Result } from "../result";
import { deviceMajor, deviceMinor, Inode } from "../vfs/inode";
import { mayInspect, spaceRead, subjectProcess } from "./procsubject";
import { putEntryPath } from "./procpath";

/** Most bytes of arguments or environment that are shown. */
const STRINGS_MAX: u64 = 1 << 20;

/** Appends [start, end) of the process's memory. */
function putMemory(text: Text, space: AddressSpace, start: u64, end: u64): void {
  if (end <= start) return;
  const bytes = <u32>min<u64>(end - start, STRINGS_MAX);
  if (textReserve(text, bytes)) text.length += spaceRead(space, start, text.data + text.length, bytes);
}

/** The arguments, each with its NUL; what a program wrote over them, up to its NUL, if it did. Empty for a zombie. */
export function showCommandLine(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ESRCH;
  const space = p.space;
  if (!space) return 0;
  putMemory(text, space, space.argumentsStart, space.argumentsEnd);
  const length = text.length;
  if (length == 0 || load<u8>(text.data + length - 1) == 0) return 0;
  // setproctitle has overwritten the last NUL: one string, that may go on into the environment.
  putMemory(text, space, space.environmentStart, space.environmentEnd);
  for (let i: u32 = 0; i < text.length; i++) {
    if (load<u8>(text.data + i) == 0) {
      text.length = i + 1;
      break;
    }
  }
  return 0;
}

export function showEnvironment(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ESRCH;
  const space = p.space;
  if (space) putMemory(text, space, space.environmentStart, space.environmentEnd);
  return 0;
}

export function showAuxiliary(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ESRCH;
  const space = p.space;
  if (space) putMemory(text, space, space.auxiliary, space.auxiliary + space.auxiliaryBytes);
  return 0;
}

/** Where the name begins in a line of maps. */
const NAME_COLUMN: u32 = 73;

function putMapping(text: Text, vma: Vma, inspector: Inode): void {
  const from = text.length;
  const flags = vma.flags;
  const inode: Inode | null = (flags & VmaFlag.Vdso) != 0 ? null : vma.inode;
  putHex(text, vma.start, 8);
  putByte(text, 0x2d);
  putHex(text, vma.end, 8);
  putByte(text, 0x20);
  putByte(text, (flags & VmaFlag.Read) != 0 ? 0x72 : 0x2d);
  putByte(text, (flags & VmaFlag.Write) != 0 ? 0x77 : 0x2d);
  putByte(text, (flags & VmaFlag.Execute) != 0 ? 0x78 : 0x2d);
  putByte(text, (flags & VmaFlag.Shared) != 0 ? 0x73 : 0x70);
  putByte(text, 0x20);
  putHex(text, inode ? vma.pageOffset << PAGE_SHIFT : 0, 8);
  putByte(text, 0x20);
  const device = inode ? inode.fs.device : 0;
  putHex(text, deviceMajor(device), 2);
  putByte(text, 0x3a);
  putHex(text, deviceMinor(device), 2);
  putByte(text, 0x20);
  putUnsigned(text, inode ? inode.number : 0);
  putByte(text, 0x20);
  const entry = vma.entry;
  const named = entry != null || (flags & (VmaFlag.Heap | VmaFlag.Stack | VmaFlag.Vdso)) != 0;
  if (named) while (text.length - from < NAME_COLUMN && !text.failed) putByte(text, 0x20);
  if (entry) putEntryPath(text, inspector, entry);
  else if ((flags & VmaFlag.Heap) != 0) put(text, "[heap]");
  else if ((flags & VmaFlag.Stack) != 0) put(text, "[stack]");
  else if ((flags & VmaFlag.Vdso) != 0) put(text, vma.pageOffset == 0 ? "[vvar]" : "[vdso]");
  putByte(text, 0x0a);
}

export function showMaps(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ESRCH;
  if (!mayInspect(p)) return -Errno.EACCES;
  const space = p.space;
  if (!space) return 0;
  let vma = space.first;
  while (vma) {
    putMapping(text, vma, inode);
    vma = vma.next;
  }
  return 0;
}

function residentPages(space: AddressSpace, vma: Vma): u64 {
  let pages: u64 = 0;
  for (let ua = vma.start; ua < vma.end; ua += 1 << PAGE_SHIFT) {
    const slot = findSlot(space.root, ua);
    if (slot == 0) {
      // No table: nothing up to the end of its 2 MiB.
      ua = (ua | 0x1fffff) + 1 - (1 << PAGE_SHIFT);
      continue;
    }
    if ((load<u64>(slot) & PTE_PRESENT) != 0) pages++;
  }
  return pages;
}

function kilobytes(text: Text, name: string, pages: u64): void {
  const from = text.length;
  put(text, name);
  while (text.length - from < 16 && !text.failed) putByte(text, 0x20);
  putUnsigned(text, pages << (PAGE_SHIFT - 10), 8);
  put(text, " kB\n");
}

/** VmFlags of smaps, of those that Linux has what is known here: a flag's two letters, in the order of Linux's bits. */
function putFlags(text: Text, flags: u32): void {
  put(text, "VmFlags: ");
  if (flags & VmaFlag.Read) put(text, "rd ");
  if (flags & VmaFlag.Write) put(text, "wr ");
  if (flags & VmaFlag.Execute) put(text, "ex ");
  if (flags & VmaFlag.Shared) put(text, "sh ");
  put(text, "mr ");
  if (!(flags & VmaFlag.ReadOnlyFile)) put(text, "mw ");
  if (!(flags & VmaFlag.DataFile)) put(text, "me ");
  if (flags & VmaFlag.Shared) put(text, "ms ");
  if (flags & VmaFlag.GrowsDown) put(text, "gd ");
  if (flags & VmaFlag.Locked) put(text, "lo ");
  if (flags & VmaFlag.DontFork) put(text, "dc ");
  if (flags & (VmaFlag.Vdso | VmaFlag.Huge)) put(text, "de ");
  if (flags & VmaFlag.LockOnFault) put(text, "lf ");
  if (flags & VmaFlag.Huge) put(text, "nr ht ");
  if (flags & VmaFlag.WipeOnFork) put(text, "wf ");
  if (flags & VmaFlag.Sealed) put(text, "sl ");
  putByte(text, 0x0a);
}

/** maps with what each mapping takes. Whether another process shares a page is not told apart: all count as private. */
export function showSmaps(text: Text, inode: Inode): Result {
  const p = subjectProcess(inode);
  if (!p) return -Errno.ESRCH;
  if (!mayInspect(p)) return -Errno.EACCES;
  const space = p.space;
  if (!space) return 0;
  let next = space.first;
  while (next) {
    const vma = next;
    next = vma.next;
    putMapping(text, vma, inode);
    const resident = residentPages(space, vma);
    const shared = (vma.flags & VmaFlag.Shared) != 0;
    kilobytes(text, "Size:", (vma.end - vma.start) >> PAGE_SHIFT);
    const page = vma.flags & VmaFlag.Huge ? hugeBytes(vma) >> PAGE_SHIFT : 1;
    kilobytes(text, "KernelPageSize:", page);
    kilobytes(text, "MMUPageSize:", page);
    kilobytes(text, "Rss:", resident);
    kilobytes(text, "Pss:", resident);
    kilobytes(text, "Shared_Clean:", 0);
    kilobytes(text, "Shared_Dirty:", shared ? resident : 0);
    kilobytes(text, "Private_Clean:", 0);
    kilobytes(text, "Private_Dirty:", shared ? 0 : resident);
    kilobytes(text, "Referenced:", resident);
    kilobytes(text, "Anonymous:", vma.inode ? 0 : resident);
    kilobytes(text, "Swap:", 0);
    kilobytes(text, "Locked:", (vma.flags & VmaFlag.Locked) != 0 ? resident : 0);
    putFlags(text, vma.flags);
  }
  return 0;
}
