// Where an archive's bytes come from.

import { read } from "../../lib/files";

export abstract class ByteSource {
  /** Reads up to `n` (at least 1) bytes to `p`; 0 at the end, -errno on failure. */
  abstract read(p: usize, n: u32): i64;

  /** Reads `n` bytes to `p`, fewer only at the end; the count, or -errno. */
  readFully(p: usize, n: u32): i64 {
    let done: u32 = 0;
    while (done < n) {
      const got = this.read(p + done, n - done);
      if (got < 0) return got;
      if (got == 0) break;
      done += <u32>got;
    }
    return done;
  }
}

const BUFFER_BYTES: u32 = 65536;

/** A file, read in large pieces. */
export class FileSource extends ByteSource {
  private buffer: StaticArray<u8> = new StaticArray<u8>(BUFFER_BYTES);
  private at: u32 = 0;
  private end: u32 = 0;

  constructor(private fd: i32) {
    super();
  }

  read(p: usize, n: u32): i64 {
    const buffer = changetype<usize>(this.buffer);
    if (this.at == this.end) {
      const got = read(this.fd, buffer, BUFFER_BYTES);
      if (got <= 0) return got;
      this.at = 0;
      this.end = <u32>got;
    }
    const count = min(n, this.end - this.at);
    memory.copy(p, buffer + this.at, count);
    this.at += count;
    return count;
  }

  /** The next `n` (at most 8) bytes without taking them, little-endian; 0 when there are fewer. */
  peek(n: u32): u64 {
    if (this.at == this.end) {
      const got = read(this.fd, changetype<usize>(this.buffer), BUFFER_BYTES);
      this.at = 0;
      this.end = got < 0 ? 0 : <u32>got;
    }
    if (this.end - this.at < n) return 0;
    let value: u64 = 0;
    for (let i: u32 = 0; i < n; i++) value |= (<u64>this.buffer[this.at + i]) << (8 * i);
    return value;
  }
}
