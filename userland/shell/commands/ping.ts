// ping: asks a host whether it is there (ICMP echo, RFC 792).

import { formatAddress } from "../../lib/address";
import { errorText } from "../../lib/errors";
import { close } from "../../lib/files";
import { parseNumber } from "../../lib/number";
import { monotonicTime, POLL_IN, PollSet } from "../../lib/process";
import { resolve, resolveError } from "../../lib/resolve";
import { connect, IPPROTO_ICMP, receive, send, SOCK_DGRAM, socket } from "../../lib/socket";
import { Session, STATUS_INTERRUPTED } from "../session";

const DEFAULT_COUNT: i64 = 4;
const SECOND_NS: u64 = 1_000_000_000;
/** How often a waiting ping looks whether it is to end. */
const LOOK_NS: u64 = 100_000_000;
const HEADER_BYTES: u32 = 8;
const MESSAGE_BYTES: u32 = 64;
const ECHO: u8 = 8;
const message: usize = memory.data(2048, 8);

/** Times of the answers so far. */
class Times {
  answers: u32 = 0;
  least: u64 = u64.MAX_VALUE;
  most: u64 = 0;
  sum: u64 = 0;

  add(ns: u64): void {
    this.answers++;
    this.least = min(this.least, ns);
    this.most = max(this.most, ns);
    this.sum += ns;
  }
}

/** "0.123 ms". */
function milliseconds(ns: u64): string {
  const us = ns / 1000;
  return `${us / 1000}.${(us % 1000).toString().padStart(3, "0")} ms`;
}

export function ping(session: Session, words: string[]): i32 {
  if (words.length < 2 || words.length > 3) return session.usage();
  const count = words.length == 3 ? parseNumber(words[2]) : DEFAULT_COUNT;
  if (count < 1 || count > 1_000_000) return session.usage();
  const address = resolve(words[1]);
  if (address < 0) return session.failText("ping", words[1], resolveError);
  const fd = socket(SOCK_DGRAM, IPPROTO_ICMP);
  if (fd < 0) return session.fail("ping", "", fd);
  const error = connect(<i32>fd, <u32>address, 0);
  const status = error < 0 ? session.fail("ping", words[1], error) : pingAll(session, <i32>fd, words[1], <u32>address, <u32>count);
  close(<i32>fd);
  return status;
}

function pingAll(session: Session, fd: i32, host: string, address: u32, count: u32): i32 {
  const output = session.output;
  const text = formatAddress(address);
  output.line(`ping ${host}${host == text ? "" : ` (${text})`}: ${MESSAGE_BYTES - HEADER_BYTES} bytes of data`);
  const times = new Times();
  let sent: u32 = 0;
  let interrupted = false;
  while (sent < count && !interrupted) {
    const began = monotonicTime();
    const error = sendEcho(fd, ++sent);
    if (error < 0) output.line(`${text}: ${errorText(error)}`);
    interrupted = error >= 0 ? waitForEcho(session, fd, text, sent, began, times) : session.interrupted();
    // One a second, as long as it is not the last.
    if (sent < count) interrupted = interrupted || rest(session, fd, began + SECOND_NS);
  }
  const lost = ((sent - times.answers) * 100) / sent;
  output.line(`${sent} sent, ${times.answers} answered, ${lost}% lost`);
  if (times.answers > 0)
    output.line(
      `time: least ${milliseconds(times.least)}, mean ${milliseconds(times.sum / times.answers)}, most ${milliseconds(times.most)}`,
    );
  return interrupted ? STATUS_INTERRUPTED : times.answers > 0 ? 0 : 1;
}

/** The kernel fills in identifier and checksum of a ping socket's message. */
function sendEcho(fd: i32, sequence: u32): i64 {
  memory.fill(message, 0, HEADER_BYTES);
  store<u8>(message, ECHO);
  store<u16>(message, bswap<u16>(<u16>sequence), 6);
  for (let i: u32 = HEADER_BYTES; i < MESSAGE_BYTES; i++) store<u8>(message + i, <u8>i);
  return send(fd, message, MESSAGE_BYTES);
}

/** Waits a second for the answer: true when Ctrl-C was typed. */
function waitForEcho(session: Session, fd: i32, text: string, sequence: u32, began: u64, times: Times): bool {
  const deadline = began + SECOND_NS;
  const set = new PollSet();
  set.add(fd, POLL_IN);
  session.output.flush();
  let now: u64;
  while ((now = monotonicTime()) < deadline) {
    if (set.wait(min(deadline - now, LOOK_NS)) <= 0) {
      if (session.interrupted()) return true;
      continue;
    }
    const n = receive(fd, message, 2048);
    if (n < 0) {
      session.output.line(`${text}: ${errorText(n)}`);
      return false;
    }
    // An answer that comes late was given up already.
    if (n < <i64>HEADER_BYTES || bswap<u16>(load<u16>(message, 6)) != <u16>sequence) continue;
    const ns = monotonicTime() - began;
    times.add(ns);
    session.output.line(`${n} bytes from ${text}: sequence ${sequence}, time ${milliseconds(ns)}`);
    session.output.flush();
    return false;
  }
  session.output.line(`${text}: sequence ${sequence}: no answer`);
  return false;
}

/** Waits until `deadline`: true when Ctrl-C was typed. */
function rest(session: Session, fd: i32, deadline: u64): bool {
  const nothing = new PollSet();
  let now: u64;
  while ((now = monotonicTime()) < deadline) {
    nothing.wait(min(deadline - now, LOOK_NS));
    if (session.interrupted()) return true;
  }
  return false;
}
