// One 512-byte header of a tar archive: POSIX ustar (IEEE 1003.1, pax: "ustar Interchange Format"), the older V7 form, and GNU's
// base-256 numbers (GNU tar manual, "Basic Tar Format").

import { fromBytes } from "../bytes";

export const BLOCK_BYTES: u32 = 512;

/** Type flags. */
export const enum TarType {
  File = 0x30,
  HardLink = 0x31,
  Symlink = 0x32,
  Character = 0x33,
  Block = 0x34,
  Directory = 0x35,
  Fifo = 0x36,
  Contiguous = 0x37,
  PaxGlobal = 0x67, // g
  PaxNext = 0x78, // x
  GnuLongLink = 0x4b, // K
  GnuLongName = 0x4c, // L
  GnuSparse = 0x53, // S
  GnuVolume = 0x56, // V
}

/** What an entry says about its file. */
export class TarHeader {
  name: string = "";
  linkName: string = "";
  type: i32 = TarType.File;
  mode: u32 = 0;
  uid: u32 = 0;
  gid: u32 = 0;
  size: u64 = 0;
  modifyNs: u64 = 0;
  major: u32 = 0;
  minor: u32 = 0;
  /** Extended attributes, by name and value. */
  attributeNames: string[] = [];
  attributeValues: string[] = [];
}

/** Linux's 32-bit encoding of the device that an entry means (makedev(3)). */
export function deviceOf(header: TarHeader): u64 {
  return (header.minor & 0xff) | ((header.major & 0xfff) << 8) | ((header.minor & ~0xff) << 12);
}

/** True when all bytes of the block at `p` are zero: the archive's end mark. */
export function isZeroBlock(p: usize): bool {
  for (let i: u32 = 0; i < BLOCK_BYTES; i += 8) if (load<u64>(p + i) != 0) return false;
  return true;
}

/** Reads the header block at `p` into `header`; "" or what is wrong with it. */
export function parseHeader(p: usize, header: TarHeader): string {
  if (!checksumMatches(p)) return "the checksum of a header is wrong: damaged, or not a tar archive";
  // "ustar" NUL is POSIX; GNU's "ustar  " has the device fields, but no prefix; V7 has neither.
  const isUstar = load<u32>(p, 257) == 0x61747375 && load<u8>(p, 261) == 0x72;
  const hasPrefix = isUstar && load<u8>(p, 262) == 0 && load<u8>(p, 345) != 0;
  const name = field(p, 0, 100);
  header.name = hasPrefix ? field(p, 345, 155) + "/" + name : name;
  header.linkName = field(p, 157, 100);
  const flag = load<u8>(p, 156);
  header.type = flag == 0 || flag == TarType.Contiguous ? TarType.File : flag;
  if (header.type == TarType.File && header.name.endsWith("/")) header.type = TarType.Directory;

  const mode = numberField(p, 100, 8);
  const uid = numberField(p, 108, 8);
  const gid = numberField(p, 116, 8);
  const size = numberField(p, 124, 12);
  const seconds = numberField(p, 136, 12);
  const major = isUstar ? numberField(p, 329, 8) : 0;
  const minor = isUstar ? numberField(p, 337, 8) : 0;
  if ((mode | uid | gid | size | seconds | major | minor) < 0) return "a number in a header is malformed";
  if (uid >> 32 != 0 || gid >> 32 != 0 || size >> 48 != 0 || seconds >> 33 != 0) return "a number in a header is too large";
  header.mode = (<u32>mode) & 0o7777;
  header.uid = <u32>uid;
  header.gid = <u32>gid;
  header.size = <u64>size;
  header.modifyNs = <u64>seconds * 1_000_000_000;
  header.major = <u32>major;
  header.minor = <u32>minor;
  return "";
}

/** The text of a field: up to its first NUL or its whole width. */
function field(p: usize, offset: u32, width: i32): string {
  let n = 0;
  while (n < width && load<u8>(p + offset + n) != 0) n++;
  return fromBytes(p + offset, n);
}

/** The number in a field: octal digits between blanks, or base 256 when its first bit is set; -1 when malformed, 0 when blank. Times before
 *  1970 (negative in base 256) count as 1970. */
function numberField(p: usize, offset: u32, width: u32): i64 {
  const start = p + offset;
  const first = load<u8>(start);
  if ((first & 0x80) != 0) {
    if (first == 0xff) return 0;
    let value: u64 = first & 0x7f;
    for (let i: u32 = 1; i < width; i++) {
      if (value >> 54 != 0) return -1;
      value = (value << 8) | load<u8>(start + i);
    }
    return value;
  }
  let i: u32 = 0;
  let value: i64 = 0;
  while (i < width && load<u8>(start + i) == 0x20) i++;
  for (; i < width; i++) {
    const c = load<u8>(start + i);
    if (c == 0 || c == 0x20) break;
    if (c < 0x30 || c > 0x37) return -1;
    value = (value << 3) | (c - 0x30);
  }
  return value;
}

/** The checksum is the sum of all bytes with its own field as blanks; some old programs summed signed bytes. */
function checksumMatches(p: usize): bool {
  const stored = numberField(p, 148, 8);
  let unsigned: i64 = 0;
  let signed: i64 = 0;
  for (let i: u32 = 0; i < BLOCK_BYTES; i++) {
    const isChecksum = i >= 148 && i < 156;
    unsigned += isChecksum ? 0x20 : load<u8>(p + i);
    signed += isChecksum ? 0x20 : load<i8>(p + i);
  }
  return stored == unsigned || stored == signed;
}
