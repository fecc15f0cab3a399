// For specs: a simulated link between sockets, on a simulated clock. Every segment is written as bytes, travels, and is read again, so that the
// format is tested too. The link loses, repeats and delays by a seeded generator; a row of segments is cut into its segments.

import { random } from "../../lib/testing";
import { kernelAlloc, kernelFree } from "../../mm/heap";
import { advance } from "../../time/testing";
import { nowNs } from "../../time/clock";
import { timerNextNs, timerRun } from "../../time/timer";
import { chainCopyIn, chainCopyOut } from "../chain";
import { exchangeStart, MessageFlag } from "../exchange";
import { setAddress } from "../inet/address";
import { InetSpace } from "../inet/space";
import { streamReceive, streamSend } from "../inet/streamdata";
import { tcpSegment } from "./arrive";
import { setTcpLink, tcpSettle } from "./loopback";
import { Segment, segmentData, segmentDestination, SegmentFlag, segmentFree, segmentNew, segmentSource } from "./segment";
import { TcpSocket } from "./socket";
import { tcpClock } from "./timer";
import { headerBytes, headerRead, headerWrite } from "./wire";

/** A segment on its way: addresses, then its bytes. */
@unmanaged
class Flight {
  sourceHigh: u64;
  sourceLow: u64;
  destinationHigh: u64;
  destinationLow: u64;
  arrivesNs: u64;
  next: Flight | null;
  space: InetSpace;
  bytes: u32;
  pad: u32;
}
const FLIGHT_BYTES: u32 = 56;

/** In order of arrival. */
let first: Flight | null = null;
export let inFlight: u32 = 0;

/** Chances of a thousand, and times of the link. */
export let lost: u32 = 0;
export let repeated: u32 = 0;
export let reordered: u32 = 0;
export let delayNs: u64 = 1_000_000;
/** Nothing gets through. */
export let cut = false;

/** Segments that the link has seen, and thrown away. */
export let seen: u32 = 0;
export let dropped: u32 = 0;

/** Sets the qualities of the link, in chances of a thousand. */
export function linkSet(loss: u32, repeat: u32, reorder: u32, delay: u64): void {
  lost = loss;
  repeated = repeat;
  reordered = reorder;
  delayNs = delay;
  cut = false;
}

export function linkCut(on: bool): void {
  cut = on;
}

/** Puts the link in the place of the real way out, and forgets what was on it. */
export function linkBegin(): void {
  for (let f = first; f; f = first) {
    first = f.next;
    kernelFree(changetype<usize>(f));
  }
  inFlight = 0;
  seen = 0;
  dropped = 0;
  const put: (segment: Segment) => void = linkPut;
  setTcpLink(put.index);
}

function launch(segment: Segment, offset: u32, bytes: u32, flags: u32): void {
  seen++;
  if (cut || random(1000) < lost) {
    dropped++;
    return;
  }
  const header = headerBytes(segment);
  const f = changetype<Flight>(kernelAlloc(FLIGHT_BYTES + header + bytes));
  if (changetype<usize>(f) == 0) return;
  setAddress(segmentSource(changetype<Segment>(f)), segmentSource(segment));
  setAddress(segmentDestination(changetype<Segment>(f)), segmentDestination(segment));
  f.space = segment.space;
  f.bytes = header + bytes;
  const at = changetype<usize>(f) + FLIGHT_BYTES;
  headerWrite(segment, at, segment.sequence + offset, flags);
  chainCopyOut(segmentData(segment), offset, at + header, bytes);
  f.arrivesNs = nowNs() + delayNs;
  if (random(1000) < reordered) f.arrivesNs += random(<u32>delayNs * 4);
  let slot = changetype<usize>(0);
  let next = first;
  while (next && next.arrivesNs <= f.arrivesNs) {
    slot = changetype<usize>(next);
    next = next.next;
  }
  f.next = next;
  if (slot != 0) changetype<Flight>(slot).next = f;
  else first = f;
  inFlight++;
}

function linkPut(segment: Segment): void {
  let done: u32 = 0;
  const size = segment.size != 0 ? segment.size : 65535;
  do {
    const n = min(size, segment.length - done);
    const last = done + n == segment.length;
    const flags = last ? <u32>segment.flags : (<u32>segment.flags) & ~(SegmentFlag.Fin | SegmentFlag.Push);
    launch(segment, done, n, flags);
    if (random(1000) < repeated) launch(segment, done, n, flags);
    done += n;
  } while (done < segment.length);
  segmentFree(segment);
}

function land(f: Flight): void {
  const segment = segmentNew(f.space)!;
  setAddress(segmentSource(segment), segmentSource(changetype<Segment>(f)));
  setAddress(segmentDestination(segment), segmentDestination(changetype<Segment>(f)));
  const at = changetype<usize>(f) + FLIGHT_BYTES;
  const header = headerRead(segment, at, f.bytes);
  chainCopyIn(segmentData(segment), at + header, f.bytes - header);
  tcpClock();
  tcpSegment(segment);
  tcpSettle();
}

/** Goes on to the next event, a segment's arrival or a timer: false when there is none before `endNs`. */
export function linkStep(endNs: u64): bool {
  const f = first;
  const at = min(f ? f.arrivesNs : u64.MAX_VALUE, timerNextNs());
  if (at >= endNs) return false;
  const now = nowNs();
  if (at > now) advance(at - now);
  if (f && f.arrivesNs == at) {
    first = f.next;
    inFlight--;
    land(f);
    kernelFree(changetype<usize>(f));
  } else timerRun(nowNs());
  return true;
}

/** Lets `ns` pass. */
export function linkRun(ns: u64): void {
  const end = nowNs() + ns;
  while (linkStep(end)) {}
  const now = nowNs();
  if (end > now) advance(end - now);
}

const piece = memory.data(16, 8);

/** Sends kernel memory; never waits. */
export function sendBytes(s: TcpSocket, p: usize, bytes: u32, flags: u32 = 0): i64 {
  store<u64>(piece, p);
  store<u64>(piece, bytes, 8);
  exchangeStart(piece, bytes, flags | MessageFlag.DontWait, 0).kernel = true;
  return streamSend(s);
}

/** Receives into kernel memory; never waits. */
export function receiveBytes(s: TcpSocket, p: usize, bytes: u32, flags: u32 = 0): i64 {
  store<u64>(piece, p);
  store<u64>(piece, bytes, 8);
  exchangeStart(piece, bytes, flags | MessageFlag.DontWait, 0).kernel = true;
  return streamReceive(s);
}
