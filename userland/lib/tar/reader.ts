// Walks through a tar archive: next() gives entry after entry with long names and extended headers applied, readContent() its bytes.

import { fromBytes } from "../bytes";
import { errorText } from "../errors";
import { BLOCK_BYTES, isZeroBlock, parseHeader, TarHeader, TarType } from "./header";
import { PaxRecords } from "./pax";
import { ByteSource } from "../compress/source";

/** Names and extended headers longer than this are taken for damage. */
const META_BYTES: u64 = 1 << 20;

export class TarReader {
  /** The entry next() found. */
  entry: TarHeader = new TarHeader();
  /** Why next() or readContent() stopped; "" at the archive's end. */
  error: string = "";
  /** Whether the end mark, and the padding before it, must be there. Who verifies the archive's digest can do without, and some programs leave it out. */
  needsEndMark: bool = true;
  private block: StaticArray<u8> = new StaticArray<u8>(BLOCK_BYTES);
  private globals: PaxRecords = new PaxRecords();
  private locals: PaxRecords = new PaxRecords();
  /** Bytes of the current entry still to be read, and the padding behind them. */
  private left: u64 = 0;
  private padding: u32 = 0;

  constructor(private source: ByteSource) {}

  /** Goes to the next entry, past what was not read of the one before; false at the end or on an error. */
  next(): bool {
    let longName = "";
    let longLink = "";
    this.locals.clear();
    while (true) {
      if (!this.skipContent() || !this.readBlock()) return false;
      const p = changetype<usize>(this.block);
      if (isZeroBlock(p)) {
        this.readToEnd();
        return false;
      }
      const header = new TarHeader();
      if (!this.check(parseHeader(p, header))) return false;
      this.setContent(header.size);
      switch (header.type) {
        case TarType.PaxGlobal:
        case TarType.PaxNext: {
          const records = header.type == TarType.PaxGlobal ? this.globals : this.locals;
          const text = this.readMeta();
          if (text === null || !this.check(records.add(text))) return false;
          break;
        }
        case TarType.GnuLongName:
        case TarType.GnuLongLink: {
          const text = this.readMeta();
          if (text === null) return false;
          const end = text.indexOf("\0");
          const name = end < 0 ? text : text.substring(0, end);
          if (header.type == TarType.GnuLongName) longName = name;
          else longLink = name;
          break;
        }
        case TarType.GnuVolume:
          break;
        case TarType.GnuSparse:
          return this.check("sparse files are not supported");
        default:
          if (longName != "") header.name = longName;
          if (longLink != "") header.linkName = longLink;
          if (!this.check(this.globals.applyTo(header)) || !this.check(this.locals.applyTo(header))) return false;
          if (header.type == TarType.File && header.name.endsWith("/")) header.type = TarType.Directory;
          // Only files have content; some programs write a size for links all the same, without bytes that follow.
          this.setContent(header.type == TarType.HardLink || header.type == TarType.Symlink ? 0 : header.size);
          this.entry = header;
          return true;
      }
    }
    return false;
  }

  /** Reads up to `capacity` bytes of the entry's content to `p`; 0 at its end or on an error. */
  readContent(p: usize, capacity: u32): u32 {
    const n = this.source.readFully(p, <u32>min<u64>(capacity, this.left));
    if (n < 0) this.error = errorText(n);
    else if (n == 0 && this.left > 0 && capacity > 0) this.error = "the archive ends in the middle of a file";
    if (n <= 0) return 0;
    this.left -= n;
    return <u32>n;
  }

  /** Reads what follows the end mark, so that a compressed archive is verified to its last byte. */
  private readToEnd(): void {
    const p = changetype<usize>(this.block);
    let n: i64;
    while ((n = this.source.read(p, BLOCK_BYTES)) > 0) {}
    if (n < 0) this.error = errorText(n);
  }

  /** Remembers what is wrong; true when nothing is. */
  private check(error: string): bool {
    this.error = error;
    return error == "";
  }

  private setContent(size: u64): void {
    this.left = size;
    this.padding = <u32>(-size & (BLOCK_BYTES - 1));
  }

  private readBlock(): bool {
    const n = this.source.readFully(changetype<usize>(this.block), BLOCK_BYTES);
    if (n == 0 && !this.needsEndMark) return false;
    return this.check(n < 0 ? errorText(n) : n < <i64>BLOCK_BYTES ? "the archive ends without its end mark: truncated?" : "");
  }

  private skipContent(): bool {
    const content = this.left;
    const bytes = content + this.padding;
    this.left = 0;
    this.padding = 0;
    if (bytes == 0) return true;
    const passed = this.source.skip(bytes);
    if (passed == bytes || (passed >= <i64>content && !this.needsEndMark)) return true;
    return this.check(passed < 0 ? errorText(passed) : "the archive ends in the middle of a file");
  }

  /** The whole content of a header-like entry; null on an error. */
  private readMeta(): string | null {
    if (this.left > META_BYTES) {
      this.error = "an extended header is too long";
      return null;
    }
    const size = <u32>this.left;
    const bytes = new StaticArray<u8>(size);
    const p = changetype<usize>(bytes);
    for (let done: u32 = 0; done < size; ) {
      const n = this.readContent(p + done, size - done);
      if (n == 0) return null;
      done += n;
    }
    return fromBytes(p, size);
  }
}
