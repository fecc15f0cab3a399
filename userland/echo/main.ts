// The TCP echo service: whatever comes in on a connection goes back. `echo [PORT]`; init starts it (docs/network.md).

import { errorText } from "../lib/errors";
import { parseNumber } from "../lib/number";
import { complain } from "../lib/output";
import { POLL_IN, POLL_OUT, programArguments } from "../lib/process";
import { Connection, serve } from "../lib/server";
import { receive, send } from "../lib/socket";

const DEFAULT_PORT: i64 = 12345;
const BUFFER_BYTES: u32 = 16384;
const EAGAIN: i64 = -11;

class Echo extends Connection {
  private buffer: StaticArray<u8> = new StaticArray<u8>(BUFFER_BYTES);
  /** Bytes of the buffer that wait to go back. */
  private from: u32 = 0;
  private end: u32 = 0;

  wants(): u16 {
    return this.from < this.end ? POLL_OUT : POLL_IN;
  }

  proceed(): bool {
    const p = changetype<usize>(this.buffer);
    if (this.from == this.end) {
      const n = receive(this.fd, p, BUFFER_BYTES);
      if (n <= 0) return n == EAGAIN;
      this.from = 0;
      this.end = <u32>n;
    }
    const n = send(this.fd, p + this.from, this.end - this.from);
    if (n < 0) return n == EAGAIN;
    this.from += <u32>n;
    return true;
  }
}

export function main(): i32 {
  const words = programArguments();
  const port = words.length > 1 ? parseNumber(words[1]) : DEFAULT_PORT;
  if (words.length > 2 || port < 1 || port > 65535) {
    complain("usage: echo [PORT]");
    return 2;
  }
  const error = serve(<u16>port, (fd: i32): Connection => new Echo(fd), 0);
  complain(`echo: port ${port}: ${errorText(error)}`);
  return 1;
}
