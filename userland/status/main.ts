// The status page: what the machine and its containers do, over HTTP: / for people, /status.json for programs. `status [PORT]`; init starts it
// (docs/network.md).

import { fromBytes, toBytes } from "../lib/bytes";
import { errorText } from "../lib/errors";
import { parseNumber } from "../lib/number";
import { complain } from "../lib/output";
import { POLL_IN, POLL_OUT, programArguments } from "../lib/process";
import { Connection, serve } from "../lib/server";
import { endSending, receive, send } from "../lib/socket";
import { collect } from "./facts";
import { errorResponse, parseRequest, Request, response } from "./http";
import { htmlPage, jsonPage } from "./page";

const DEFAULT_PORT: i64 = 9090;
/** A connection without a request for so long is closed. */
const IDLE_SECONDS: u64 = 30;
const PIECE_BYTES: u32 = 4096;
const EAGAIN: i64 = -11;
const piece: usize = memory.data(4096);

function answer(request: Request): string {
  if (request.status != 200) return errorResponse(request, request.status);
  if (request.path == "/") return response(request, 200, "text/html; charset=utf-8", htmlPage(collect()));
  if (request.path == "/status.json") return response(request, 200, "application/json", jsonPage(collect()));
  return errorResponse(request, 404);
}

class Visit extends Connection {
  private input: string = "";
  private output: StaticArray<u8> = new StaticArray<u8>(0);
  private sent: i32 = 0;
  /** No request comes after the one that is being answered; and its answer has gone out, so that the client's end is waited for. */
  private ends: bool = false;
  private drains: bool = false;

  wants(): u16 {
    return this.sent < this.output.length ? POLL_OUT : POLL_IN;
  }

  proceed(): bool {
    if (this.sent == this.output.length) {
      const n = receive(this.fd, piece, PIECE_BYTES);
      if (n <= 0) return n == EAGAIN;
      // Closing while something is unread would reset the connection, and the answer with it (RFC 9112, 9.6).
      if (this.drains) return true;
      this.input += fromBytes(piece, <i32>n);
    }
    // Requests may come one behind the other; each is answered before the next is looked at.
    while (true) {
      if (!this.flush()) return false;
      if (this.sent < this.output.length) return true;
      if (this.ends) {
        this.drains = true;
        return endSending(this.fd) >= 0;
      }
      const request = parseRequest(this.input);
      if (request === null) return true;
      this.input = this.input.substring(request.length);
      this.ends = !request.keeps;
      this.output = toBytes(answer(request));
      this.sent = 0;
    }
  }

  /** Sends what can be sent: false when the connection is broken. */
  private flush(): bool {
    while (this.sent < this.output.length) {
      const n = send(this.fd, changetype<usize>(this.output) + this.sent, this.output.length - this.sent);
      if (n < 0) return n == EAGAIN;
      this.sent += <i32>n;
    }
    return true;
  }
}

export function main(): i32 {
  const words = programArguments();
  const port = words.length > 1 ? parseNumber(words[1]) : DEFAULT_PORT;
  if (words.length > 2 || port < 1 || port > 65535) {
    complain("usage: status [PORT]");
    return 2;
  }
  const error = serve(<u16>port, (fd: i32): Connection => new Visit(fd), IDLE_SECONDS);
  complain(`status: port ${port}: ${errorText(error)}`);
  return 1;
}
