// TIME-WAIT: what is left of a connection that both ends have closed, for as long as its last segments may turn up again (RFC 9293, 3.6.1; RFC 6191). It is not a
// socket but a small object in the socket's place in the tables. All last equally long, so they stand in one row with one timer.

import { kernelAlloc, kernelFree } from "../../mm/heap";
import { Timer, timerCancel, timerInit, TimerKind, timerSet, setTimerHandler, TIMER_BYTES } from "../../time/timer";
import { setAddress } from "../inet/address";
import { Endpoint, EndpointKind, endpointOf, ENDPOINT_BYTES, localAddress, remoteAddress } from "../inet/inet";
import { connectionAdd, connectionRemove, portJoin, portLeave } from "../inet/ports";
import { InetSpace } from "../inet/space";
import { isLoopbackAddress } from "../inet/address";
import { tcpEnd } from "./end";
import { segmentSend } from "./loopback";
import { after, before, Segment, segmentDestination, SegmentFlag, segmentNew, SegmentOption, segmentSource, segmentSpan } from "./segment";
import { tcpPorts, TcpFlag, TcpSocket } from "./socket";
import { now, SECOND_NS, tcpClock } from "./timer";

@unmanaged
export class TimeWait extends Endpoint {
  /** In the row, oldest first. */
  next: TimeWait | null;
  prev: TimeWait | null;
  space: InetSpace;
  pad2: u32;
  expiresNs: u64;
  beganNs: u64;
  sendNext: u32;
  receiveNext: u32;
  recentStamp: u32;
  stampOffset: u32;
  timestamps: bool;
  pad0: u8;
  window: u16;
  family: u16;
  pad1: u16;
}
if (offsetof<TimeWait>("next") != ENDPOINT_BYTES) ERROR("a TimeWait begins with an Endpoint");

/** Twice the longest life of a segment, as Linux takes it (TCP_TIMEWAIT_LEN). */
const WAIT_NS: u64 = 60 * SECOND_NS;
/** Beyond this many connections end at once (net.ipv4.tcp_max_tw_buckets). */
const WAITING_MAX: u32 = 16384;
/** A connection within the machine may take over the place of one that has waited this long (net.ipv4.tcp_tw_reuse is 2). */
const REUSE_NS: u64 = SECOND_NS;

let first: TimeWait | null = null;
let last: TimeWait | null = null;
let count: u32 = 0;
const timer = changetype<Timer>(memory.data(TIMER_BYTES, 8));

function append(w: TimeWait): void {
  w.expiresNs = now + WAIT_NS;
  w.next = null;
  w.prev = last;
  const tail = last;
  if (tail) tail.next = w;
  else {
    first = w;
    timerSet(timer, w.expiresNs);
  }
  last = w;
}

function unlink(w: TimeWait): void {
  const next = w.next;
  const prev = w.prev;
  if (next) next.prev = prev;
  else last = prev;
  if (prev) prev.next = next;
  else first = next;
}

/** Takes the connection out of the tables and frees it. */
function free(w: TimeWait): void {
  const table = tcpPorts(w.space);
  connectionRemove(table, w);
  portLeave(table, w);
  unlink(w);
  count--;
  kernelFree(changetype<usize>(w));
}

/** The connection of `s`, whose FINs have both been acknowledged, waits; the socket is done with it. */
export function waitBegin(s: TcpSocket): void {
  const own = endpointOf(s);
  const entry = own.portEntry;
  const p = count < WAITING_MAX && entry != null ? kernelAlloc(offsetof<TimeWait>()) : 0;
  if (p == 0 || !entry) {
    tcpEnd(s, 0);
    return;
  }
  const w = changetype<TimeWait>(p);
  w.kind = <u8>EndpointKind.Waiting;
  setAddress(localAddress(w), localAddress(own));
  setAddress(remoteAddress(w), remoteAddress(own));
  w.localPort = own.localPort;
  w.remotePort = own.remotePort;
  w.space = s.inet;
  w.family = <u16>s.family;
  w.beganNs = now;
  w.sendNext = s.sendNext;
  w.receiveNext = s.receiveNext;
  w.recentStamp = s.recentStamp;
  w.stampOffset = s.stampOffset;
  w.timestamps = (s.flags & TcpFlag.Timestamps) != 0;
  w.window = <u16>min<u32>(after(s.receiveEdge, s.receiveNext) ? (s.receiveEdge - s.receiveNext) >> s.receiveScale : 0, 0xffff);
  portJoin(entry, w);
  const table = tcpPorts(s.inet);
  connectionRemove(table, own);
  connectionAdd(table, w);
  append(w);
  count++;
  tcpEnd(s, 0);
}

/** A segment for a connection that waits: true when that is all; false when it has made way for a new connection, which the segment opens. */
export function waitingArrived(e: Endpoint, segment: Segment): bool {
  const w = changetype<TimeWait>(e);
  const flags = <u32>segment.flags;
  const stamped = w.timestamps && (segment.options & SegmentOption.Timestamps) != 0;
  const old = stamped && before(segment.stamp, w.recentStamp);
  if ((flags & SegmentFlag.Reset) != 0) {
    if (!old && segment.sequence == w.receiveNext) free(w);
    return true;
  }
  if ((flags & (SegmentFlag.Syn | SegmentFlag.Ack)) == SegmentFlag.Syn && !old) {
    // A new connection, if its numbers cannot be those of the old one.
    if (after(segment.sequence, w.receiveNext) || (stamped && after(segment.stamp, w.recentStamp))) {
      free(w);
      return false;
    }
  }
  const again = segment.sequence + segmentSpan(segment);
  if ((flags & SegmentFlag.Fin) != 0 && again == w.receiveNext && !old) {
    // The last acknowledgment was lost.
    unlink(w);
    append(w);
  }
  if (segmentSpan(segment) != 0 || old || segment.sequence != w.receiveNext) answer(w, segment);
  return true;
}

/** Acknowledges once more. */
function answer(w: TimeWait, to: Segment): void {
  const segment = segmentNew(w.space);
  if (!segment) return;
  setAddress(segmentSource(segment), segmentDestination(to));
  setAddress(segmentDestination(segment), segmentSource(to));
  segment.sourcePort = w.localPort;
  segment.destinationPort = w.remotePort;
  segment.flags = <u8>SegmentFlag.Ack;
  segment.sequence = w.sendNext;
  segment.acknowledgment = w.receiveNext;
  segment.window = w.window;
  segment.device = to.device;
  if (w.timestamps) {
    segment.options = <u8>SegmentOption.Timestamps;
    segment.stamp = <u32>(now >> 20) + w.stampOffset;
    segment.echo = w.recentStamp;
  }
  segmentSend(null, segment);
}

/** Whether a connection makes way for a new one between the same ends that this end opens; it is gone then. */
export function waitMakesWay(e: Endpoint): bool {
  if (e.kind != EndpointKind.Waiting) return false;
  const w = changetype<TimeWait>(e);
  if (!w.timestamps || now - w.beganNs < REUSE_NS || !isLoopbackAddress(remoteAddress(w))) return false;
  free(w);
  return true;
}

function expire(owner: usize): void {
  tcpClock();
  while (first) {
    const w = first!;
    if (w.expiresNs > now) {
      timerSet(timer, w.expiresNs);
      return;
    }
    free(w);
  }
}

/** Forgets what waits in a space that ends. */
export function waitForget(space: InetSpace): void {
  let w = first;
  while (w) {
    const next = w.next;
    if (w.space == space) free(w);
    w = next;
  }
  if (!first) timerCancel(timer);
}

/** The oldest connection that waits, in any space. */
export function waitFirst(): TimeWait | null {
  return first;
}

/** Connections that wait. */
export function waitCount(): u32 {
  return count;
}

/** To be called once at start-up. */
export function timeWaitInit(): void {
  first = null;
  last = null;
  count = 0;
  timerInit(timer, TimerKind.TcpWaiting, 0);
  setTimerHandler(TimerKind.TcpWaiting, expire);
}
