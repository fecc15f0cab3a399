// Bytes from the shell's standard input, kept until they are asked for, so that looking for Ctrl-C while a command runs loses no typing.

import { read } from "../../lib/files";
import { readable } from "../../lib/process";

const CONTROL_C: u8 = 0x03;
const CAPACITY: i32 = 1024;

export class Keyboard {
  private buffer: StaticArray<u8> = new StaticArray<u8>(CAPACITY);
  private start: i32 = 0;
  private end: i32 = 0;

  constructor(private fd: i32) {}

  /** The next byte, waiting for it; -1 at the end of input. */
  next(): i32 {
    if (this.start == this.end && !this.fill()) return -1;
    return this.buffer[this.start++];
  }

  /** True when next() would not wait. */
  get ready(): bool {
    return this.start < this.end || readable(this.fd, 0);
  }

  /** True when Ctrl-C was typed since the last look; what was typed before it is dropped. */
  interrupted(): bool {
    while (this.end < CAPACITY && readable(this.fd, 0)) if (!this.fill()) break;
    for (let i = this.end - 1; i >= this.start; i--) {
      if (this.buffer[i] != CONTROL_C) continue;
      this.start = i + 1;
      return true;
    }
    return false;
  }

  /** Reads what there is behind what is held already; false at the end of input. */
  private fill(): bool {
    if (this.start == this.end) this.start = this.end = 0;
    const n = read(this.fd, changetype<usize>(this.buffer) + this.end, CAPACITY - this.end);
    if (n <= 0) return false;
    this.end += <i32>n;
    return true;
  }
}
