// The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. Sums here are of words as the machine loads
// them; RFC 1071 section 2(B) says why the byte order does not matter, so that results are stored with store<u16> as they are.

import { physicalRead } from "../../shim/isa";
import { LOW_FRAMES, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { Packet, packetPiece, pieceAddress, pieceBytes } from "./packet";

/** Where pieces beyond linear memory are read to. */
const bounce = memory.data(4096, 16);

/** Adds `bytes` at `p` to a sum. Only the last part of what is summed may be of odd length. */
export function checksumAdd(sum: u64, p: usize, bytes: u32): u64 {
  while (bytes >= 32) {
    // Halves of words of 64 bits: 2^32 of them fit before anything is lost.
    const a = load<u64>(p);
    const b = load<u64>(p, 8);
    const c = load<u64>(p, 16);
    const d = load<u64>(p, 24);
    sum += (a & 0xffff_ffff) + (a >> 32) + (b & 0xffff_ffff) + (b >> 32);
    sum += (c & 0xffff_ffff) + (c >> 32) + (d & 0xffff_ffff) + (d >> 32);
    p += 32;
    bytes -= 32;
  }
  while (bytes >= 4) {
    sum += load<u32>(p);
    p += 4;
    bytes -= 4;
  }
  if ((bytes & 2) != 0) {
    sum += load<u16>(p);
    p += 2;
  }
  if ((bytes & 1) != 0) sum += load<u8>(p);
  return sum;
}

/** The sum in 16 bits. */
export function checksumFold(sum: u64): u32 {
  sum = (sum & 0xffff_ffff) + (sum >> 32);
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  return <u32>((sum & 0xffff) + (sum >> 16));
}

/** The checksum that makes `sum` come out right. */
@inline
export function checksumOf(sum: u64): u16 {
  return <u16>~checksumFold(sum);
}

/** The checksum of `bytes` at `p`; 0 when they have a right one in them. */
@inline
export function checksum(p: usize, bytes: u32): u16 {
  return checksumOf(checksumAdd(0, p, bytes));
}

/** As checksumAdd, for physical memory of at most a page. */
function addPhysical(sum: u64, pa: u64, bytes: u32): u64 {
  if (pa >> PAGE_SHIFT < <u64>LOW_FRAMES) return checksumAdd(sum, <usize>pa, bytes);
  assert(bytes <= PAGE_SIZE, "pieces lie in a page");
  physicalRead(bounce, pa, bytes);
  return checksumAdd(sum, bounce, bytes);
}

/** Adds all of a packet from `from` (an address in its contiguous part) on. */
export function checksumPacket(sum: u64, p: Packet, from: usize): u64 {
  const own = <u32>(p.data + p.linear - from);
  sum = checksumAdd(sum, from, own);
  let odd = (own & 1) != 0;
  for (let i: u32 = 0; i < p.pieceCount; i++) {
    const at = packetPiece(p, i);
    const n = pieceBytes(at);
    if (odd) {
      // What follows an odd number of bytes counts with its bytes swapped (RFC 1071, 2(B)).
      const part = checksumFold(addPhysical(0, pieceAddress(at), n));
      sum += ((part & 0xff) << 8) | (part >> 8);
    } else sum = addPhysical(sum, pieceAddress(at), n);
    odd = odd != ((n & 1) != 0);
  }
  return sum;
}

/** The checksum `old` after the word at its place has changed from `before` to `after` (RFC 1624, equation 3). */
export function checksumChange(old: u16, before: u16, after: u16): u16 {
  return <u16>~checksumFold(((<u64>~old) & 0xffff) + ((<u64>~before) & 0xffff) + after);
}
