// Where segments go when they leave a connection. What is for this space itself stands in a queue of segments and comes in again when whoever deals with TCP
// now is done (tcpSettle): without recursion, bytes, checksums or packets. Everything else becomes a packet (wire.ts). Specs put a link of
// their own in between.

import { Counter } from "../inet/counters";
import { Flow, flowAim, FlowKind, flowRoute, FLOW_BYTES } from "../inet/flow";
import { count, InetSpace } from "../inet/space";
import { tcpSegment } from "./arrive";
import { Segment, segmentDestination, segmentFree, segmentSource } from "./segment";
import { TcpFlag, TcpSocket } from "./socket";
import { timersSettle } from "./timer";
import { wireSend } from "./wire";

let first: Segment | null = null;
let last: Segment | null = null;
let draining = false;

/** Index of a function that takes a segment. */
let link: u32 = 0;

/** For specs: all segments go to `f`; 0: as usual. */
export function setTcpLink(f: u32): void {
  link = f;
}

/** Way of what belongs to no connection. */
const way = changetype<Flow>(memory.data(FLOW_BYTES, 8));

function isForHere(segment: Segment): bool {
  flowAim(way, segmentSource(segment), segmentDestination(segment));
  way.bound = 0;
  return flowRoute(segment.space, way) == 0 && way.kind == <u8>FlowKind.Local;
}

/** Sends a segment of `s`, or of no connection. Consumes it. */
export function segmentSend(s: TcpSocket | null, segment: Segment): void {
  if (link != 0) {
    call_indirect<void>(link, segment);
    return;
  }
  if (s ? (s.flags & TcpFlag.Local) == 0 : !isForHere(segment)) {
    wireSend(s, segment);
    return;
  }
  // It passes IP and the device, which count.
  const device = segment.space.loopback;
  const bytes = segment.length + HEADERS_BYTES;
  device.sentPackets++;
  device.sentBytes += bytes;
  device.receivedPackets++;
  device.receivedBytes += bytes;
  count(segment.space, Counter.IpRequests);
  count(segment.space, Counter.IpReceives);
  count(segment.space, Counter.IpDelivers);
  segment.device = device.index;
  segment.next = null;
  const tail = last;
  if (tail) tail.next = segment;
  else first = segment;
  last = segment;
}

/** IPv4's and TCP's header with timestamps. */
const HEADERS_BYTES: u32 = 52;

/** Ends whatever has dealt with connections: brings in what was sent to this machine itself, and sets timers. */
export function tcpSettle(): void {
  if (draining) return;
  draining = true;
  while (first) {
    const segment = first!;
    first = segment.next;
    if (!first) last = null;
    tcpSegment(segment);
  }
  draining = false;
  timersSettle();
}

/** The space goes: nothing that was on its way in it arrives. */
export function loopbackForget(space: InetSpace): void {
  let kept: Segment | null = null;
  let keptLast: Segment | null = null;
  while (first) {
    const segment = first!;
    first = segment.next;
    segment.next = null;
    if (segment.space == space) {
      segmentFree(segment);
      continue;
    }
    if (keptLast) keptLast.next = segment;
    else kept = segment;
    keptLast = segment;
  }
  first = kept;
  last = keptLast;
}
