// Buffered output of byte strings to a descriptor. The first error is remembered; what follows it is dropped.

import { writeAll } from "./files";

const CAPACITY: i32 = 4096;

export class Output {
  private buffer: StaticArray<u8> = new StaticArray<u8>(CAPACITY);
  private used: i32 = 0;
  /** 0, or the -errno of the first write that failed. */
  error: i64 = 0;

  constructor(public fd: i32) {}

  /** Adds byte string `s`. */
  put(s: string): void {
    for (let i = 0; i < s.length; i++) {
      if (this.used == CAPACITY) this.flush();
      unchecked((this.buffer[this.used++] = <u8>s.charCodeAt(i)));
    }
  }

  /** Adds `s` and a newline. */
  line(s: string): void {
    this.put(s);
    this.put("\n");
  }

  /** Adds the `n` bytes at `p`. */
  putBytes(p: usize, n: u32): void {
    this.flush();
    if (this.error == 0) this.error = writeAll(this.fd, p, n);
  }

  /** Writes what is waiting; 0 or the first error. */
  flush(): i64 {
    if (this.used > 0 && this.error == 0) this.error = writeAll(this.fd, changetype<usize>(this.buffer), this.used);
    this.used = 0;
    return this.error;
  }
}

/** Writes one line to standard error at once. */
export function complain(text: string): void {
  const output = new Output(2);
  output.line(text);
  output.flush();
}
