// ELF executables for x86-64: reading the headers, mapping the segments (System V ABI, chapter 5; AMD64 supplement). Static, static-PIE and
// dynamic programs; the dynamic linker is mapped beside the program and started in its place.

import { physicalWrite } from "../../shim/isa";
import { Errno } from "../errno";
import { Access, handleFault } from "../mm/fault";
import { PAGE_SIZE } from "../mm/frame";
import { mapRegion, pageUp } from "../mm/map";
import { findSlot, PTE_ADDRESS } from "../mm/pagetable";
import { AddressSpace } from "../mm/space";
import { VmaFlag } from "../mm/vma";
import { USER_START } from "../mm/vmatree";
import { USER_END } from "../mm/user";
import { Result } from "../result";
import { Entry, Inode } from "../vfs/inode";
import { inodeRead } from "../vfs/regular";

const PT_LOAD: u32 = 1;
const PT_INTERP: u32 = 3;
const PT_GNU_STACK: u32 = 0x6474e551;
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
const EM_X86_64: u16 = 62;
export const HEADER_BYTES: u32 = 64;
const SEGMENT_BYTES: u32 = 56;
/** Linux accepts program headers of up to a page. */
const SEGMENTS_MAX: u32 = 4096 / 56;

const header = memory.data(64, 16);
const segments = memory.data(4096, 16);
const zeros = memory.data(4096, 16);

/** What readProgram found; valid until it is called again. */
export let segmentCount: u32 = 0;
export let isDynamic = false;
export let entryOffset: u64 = 0;
/** Lowest and highest address of the segments, page-aligned. */
export let lowest: u64 = 0;
export let highest: u64 = 0;
/** File offset and size of the interpreter's path; 0 when there is none. */
export let interpreterOffset: u64 = 0;
export let interpreterBytes: u64 = 0;
export let executableStack = false;
/** Address of the program headers as the program sees them, before it is moved; 0 when no segment holds them. */
export let headersAddress: u64 = 0;

@inline
function segment(i: u32): usize {
  return segments + i * SEGMENT_BYTES;
}

/** Reads and checks the headers of `inode`: 0, -ENOEXEC when it is not an x86-64 program, -EINVAL when it contradicts itself. */
export function readProgram(inode: Inode): Result {
  if (inodeRead(inode, 0, header, HEADER_BYTES) != HEADER_BYTES) return -Errno.ENOEXEC;
  // Magic, 64-bit, little-endian, version 1.
  if (load<u32>(header) != 0x464c457f || load<u8>(header, 4) != 2 || load<u8>(header, 5) != 1) return -Errno.ENOEXEC;
  const type = load<u16>(header, 16);
  if ((type != ET_EXEC && type != ET_DYN) || load<u16>(header, 18) != EM_X86_64) return -Errno.ENOEXEC;
  segmentCount = load<u16>(header, 56);
  if (load<u16>(header, 54) != <u16>SEGMENT_BYTES || segmentCount == 0 || segmentCount > SEGMENTS_MAX) return -Errno.ENOEXEC;
  const offset = load<u64>(header, 32);
  if (inodeRead(inode, offset, segments, segmentCount * SEGMENT_BYTES) != segmentCount * SEGMENT_BYTES) return -Errno.ENOEXEC;
  isDynamic = type == ET_DYN;
  entryOffset = load<u64>(header, 24);
  return scanSegments(offset);
}

function scanSegments(headersOffset: u64): Result {
  lowest = u64.MAX_VALUE;
  highest = 0;
  interpreterBytes = 0;
  headersAddress = 0;
  executableStack = false;
  for (let i: u32 = 0; i < segmentCount; i++) {
    const p = segment(i);
    const type = load<u32>(p);
    const offset = load<u64>(p, 8);
    const address = load<u64>(p, 16);
    const fileBytes = load<u64>(p, 32);
    const memoryBytes = load<u64>(p, 40);
    if (type == PT_INTERP) {
      interpreterOffset = offset;
      interpreterBytes = fileBytes;
      if (fileBytes < 2 || fileBytes > 4096) return -Errno.ENOEXEC;
    } else if (type == PT_GNU_STACK) executableStack = (load<u32>(p, 4) & 1) != 0;
    if (type != PT_LOAD || memoryBytes == 0) continue;
    if (fileBytes > memoryBytes || memoryBytes > USER_END || address > USER_END - memoryBytes) return -Errno.EINVAL;
    if ((address ^ offset) & (PAGE_SIZE - 1) || offset + fileBytes < offset) return -Errno.EINVAL;
    lowest = min(lowest, address & ~(<u64>PAGE_SIZE - 1));
    highest = max(highest, pageUp(address + memoryBytes));
    if (headersOffset >= offset && headersOffset < offset + fileBytes) headersAddress = address + (headersOffset - offset);
  }
  return 0;
}

/** Largest alignment of the loadable segments, at least a page: where a movable program may stand. */
export function loadAlignment(): u64 {
  let alignment: u64 = PAGE_SIZE;
  for (let i: u32 = 0; i < segmentCount; i++) {
    const wanted = load<u64>(segment(i), 48);
    if (load<u32>(segment(i)) == PT_LOAD && wanted > alignment && (wanted & (wanted - 1)) == 0 && wanted <= 0x4000_0000) alignment = wanted;
  }
  return alignment;
}

/** True when there is something to map. */
export function hasSegments(): bool {
  return highest != 0;
}

/** Maps the segments read last into `space`, moved by `bias`; notes code, data and heap start in the space. 0, -ENOMEM, -EINVAL. */
export function mapProgram(space: AddressSpace, inode: Inode, entry: Entry, bias: u64, isInterpreter: bool): Result {
  if (lowest + bias < USER_START) return -Errno.EINVAL;
  for (let i: u32 = 0; i < segmentCount; i++) {
    const p = segment(i);
    if (load<u32>(p) != PT_LOAD || load<u64>(p, 40) == 0) continue;
    const r = mapSegment(space, inode, entry, p, bias);
    if (r < 0) return r;
    if (isInterpreter) continue;
    const address = load<u64>(p, 16) + bias;
    const fileEnd = address + load<u64>(p, 32);
    if (load<u32>(p, 4) & 1) {
      if (space.codeStart == 0) space.codeStart = address;
      space.codeEnd = max(space.codeEnd, fileEnd);
    }
    space.dataStart = max(space.dataStart, address);
    space.dataEnd = max(space.dataEnd, fileEnd);
    space.brkStart = max(space.brkStart, pageUp(address + load<u64>(p, 40)));
  }
  return 0;
}

function mapSegment(space: AddressSpace, inode: Inode, entry: Entry, p: usize, bias: u64): Result {
  const flags = load<u32>(p, 4);
  const access = (flags & 4 ? VmaFlag.Read : 0) | (flags & 2 ? VmaFlag.Write : 0) | (flags & 1 ? VmaFlag.Execute : 0);
  const offset = load<u64>(p, 8);
  const address = load<u64>(p, 16) + bias;
  const fileBytes = load<u64>(p, 32);
  const start = address & ~(<u64>PAGE_SIZE - 1);
  const fileEnd = address + fileBytes;
  const filePages = pageUp(fileEnd);
  const end = pageUp(address + load<u64>(p, 40));
  if (fileBytes != 0) {
    const r = mapRegion(space, start, filePages - start, access, inode, offset >> 12, entry);
    if (r < 0) return r;
    if (address + load<u64>(p, 40) > fileEnd && fileEnd != filePages && flags & 2) {
      const cleared = clearTail(space, fileEnd, filePages);
      if (cleared < 0) return cleared;
    }
  }
  const zeroStart = fileBytes != 0 ? filePages : start;
  if (end <= zeroStart) return 0;
  const r = mapRegion(space, zeroStart, end - zeroStart, access, null, 0, null);
  return r < 0 ? r : 0;
}

/** The rest of the last file page belongs to the zeroed part of the segment. */
function clearTail(space: AddressSpace, from: u64, to: u64): Result {
  const r = handleFault(space, from, Access.Write);
  if (r < 0) return r == -Errno.ENOMEM ? r : -Errno.EINVAL;
  const pa = (load<u64>(findSlot(space.root, from)) & PTE_ADDRESS) + (from & (PAGE_SIZE - 1));
  physicalWrite(pa, zeros, <u32>(to - from));
  return 0;
}
