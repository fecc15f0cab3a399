// Where an archive's bytes come from.

import { read, seek } from "../files";

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

  /** Passes over `n` bytes; how many of them there were, or -errno. */
  skip(n: u64): i64 {
    const buffer = memory.data(4096);
    let done: u64 = 0;
    while (done < n) {
      const got = this.read(buffer, <u32>min<u64>(n - done, 4096));
      if (got < 0) return got;
      if (got == 0) break;
      done += <u64>got;
    }
    return done;
  }
}

const BUFFER_BYTES: u32 = 65536;

/** A file from its position on, or the first `limit` bytes from there, read in large pieces. */
export class FileSource extends ByteSource {
  private buffer: StaticArray<u8> = new StaticArray<u8>(BUFFER_BYTES);
  private at: u32 = 0;
  private end: u32 = 0;
  /** Bytes given out or passed over so far. */
  position: u64 = 0;

  constructor(
    private fd: i32,
    private left: u64 = u64.MAX_VALUE,
  ) {
    super();
  }

  read(p: usize, n: u32): i64 {
    const error = this.fill();
    if (error < 0) return error;
    const count = min(n, this.end - this.at);
    memory.copy(p, changetype<usize>(this.buffer) + this.at, count);
    this.at += count;
    this.position += count;
    return count;
  }

  /** Sees to it that something is in the buffer, unless the file is at its end; 0 or -errno. */
  private fill(): i64 {
    if (this.at != this.end || this.left == 0) return 0;
    const got = read(this.fd, changetype<usize>(this.buffer), <u32>min<u64>(BUFFER_BYTES, this.left));
    if (got < 0) return got;
    this.at = 0;
    this.end = <u32>got;
    this.left -= got;
    return 0;
  }

  /** Where a file can be positioned, what is passed over is not read: it counts as there, also beyond the end. */
  skip(n: u64): i64 {
    const buffered = min<u64>(n, this.end - this.at);
    this.at += <u32>buffered;
    this.position += buffered;
    const far = min(n - buffered, this.left);
    if (far == 0) return buffered;
    if (seek(this.fd, far, 1) < 0) {
      const more = super.skip(far);
      return more < 0 ? more : <i64>buffered + more;
    }
    this.left -= far;
    this.position += far;
    return buffered + far;
  }

  /** The next `n` (at most 8) bytes without taking them, little-endian; 0 when there are fewer. */
  peek(n: u32): u64 {
    this.fill();
    if (this.end - this.at < n) return 0;
    let value: u64 = 0;
    for (let i: u32 = 0; i < n; i++) value |= (<u64>this.buffer[this.at + i]) << (8 * i);
    return value;
  }
}
