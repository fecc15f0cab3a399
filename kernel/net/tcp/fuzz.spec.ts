// Random segments for connections in every state: nothing may break, leak, or read beyond a header. TEST_SCALE=100 tries two million.

import { Errno } from "../../errno";
import { random, seed, testScale } from "../../lib/testing";
import { heapObjectsUsed, kernelAlloc } from "../../mm/heap";
import { framesFree } from "../../mm/frame";
import { useTestMemory } from "../../mm/testing";
import { Chain, chainCopyIn, chainObjectsKept } from "../chain";
import { ip4, setAddress4 } from "../inet/address";
import { Bound, endpointOf, localAddress, remoteAddress } from "../inet/inet";
import { portBind } from "../inet/ports";
import { inetOf, InetSpace } from "../inet/space";
import { inetInit } from "../inet/start";
import { streamClose, streamConnect, streamListen, streamShutdown } from "../inet/stream";
import { Family } from "../socket";
import { NetSpace } from "../space";
import { tcpSegment } from "./arrive";
import { acceptTake } from "./listen";
import { tcpSettle } from "./loopback";
import {
  after,
  before,
  Segment,
  segmentData,
  segmentDestination,
  SegmentFlag,
  segmentFree,
  segmentNew,
  segmentsKept,
  segmentSource,
} from "./segment";
import { earlyChain, receiveChain, sendChain, tcpNew, tcpPorts, TcpSocket, TcpState } from "./socket";
import { inFlight, linkBegin, linkCut, linkRun, linkSet, linkStep, receiveBytes, sendBytes } from "./testing";
import { tcpClock } from "./timer";
import { waitCount } from "./timewait";
import { headerBytes, headerRead, headerWrite, HEADER_MAX } from "./wire";
import { nowNs } from "../../time/clock";

const SECOND: u64 = 1_000_000_000;
const HERE = ip4(127, 0, 0, 1);
const ROUND: u32 = 400;

let space: InetSpace = changetype<InetSpace>(0);
let address: usize = 0;
let bytes: usize = 0;
let listener: TcpSocket = changetype<TcpSocket>(0);
/** Both ends of a connection; null when they are closed. */
const ends = memory.data(2 * 4, 4);

function end(i: u32): TcpSocket {
  return changetype<TcpSocket>(load<usize>(ends + (i << 2)));
}

function newSocket(): TcpSocket {
  const s = tcpNew(space, Family.Inet)!;
  setAddress4(localAddress(endpointOf(s)), 0);
  setAddress4(remoteAddress(endpointOf(s)), 0);
  s.userSize = 1000;
  return s;
}

function begin(): void {
  linkBegin();
  linkSet(20, 20, 100, 1_000_000);
  listener = newSocket();
  portBind(tcpPorts(space), listener, 80, true);
  listener.bound = <u8>Bound.Port;
  streamListen(listener, 3);
  const client = newSocket();
  store<u16>(address, Family.Inet);
  store<u16>(address, bswap<u16>(80), 2);
  store<u32>(address, HERE, 4);
  expect(streamConnect(client, address, 16)).toBe(-Errno.EAGAIN);
  store<usize>(ends, changetype<usize>(client));
  store<usize>(ends, 0, 4);
}

/** Pieces add up to what the chain says, and early data is in order. */
function isSound(chain: Chain, ordered: bool, from: u32): bool {
  let total: u32 = 0;
  let last = from;
  let piece = chain.first;
  while (piece) {
    if (piece.length == 0 || piece.offset + piece.length > piece.block.used || piece.block.used > piece.block.capacity) return false;
    if (ordered) {
      if (before(piece.sequence, last)) return false;
      last = piece.sequence + piece.length;
    }
    if (!piece.next && chain.last != piece) return false;
    total += piece.length;
    piece = piece.next;
  }
  return total == chain.bytes;
}

function check(s: TcpSocket): bool {
  if (changetype<usize>(s) == 0) return true;
  if (!isSound(sendChain(s), false, 0) || !isSound(receiveChain(s), false, 0)) return false;
  if (!isSound(earlyChain(s), true, s.receiveNext)) return false;
  if (s.tcpState == TcpState.Closed || s.tcpState == TcpState.Listen) return true;
  return !after(s.sendUnacknowledged, s.sendNext) && s.sendNext - s.sendUnacknowledged <= s.sendBytes + 1 && s.congestionWindow != 0;
}

/** A number that is `near`, or near it, or any. */
function about(near: u32): u32 {
  switch (random(8)) {
    case 0:
      return near + random(70000) - 35000;
    case 1:
      return (random(65536) << 16) | random(65536);
    case 2:
      return near + random(3) - 1;
    case 3:
      return near + random(3000);
    default:
      return near;
  }
}

/** Fills in a segment that end `i` could get, more or less. */
function invent(segment: Segment, i: u32): void {
  const s = end(i);
  const known = changetype<usize>(s) != 0;
  setAddress4(segmentSource(segment), random(50) == 0 ? ip4(127, 0, 0, 2) : HERE);
  setAddress4(segmentDestination(segment), HERE);
  segment.destinationPort = known ? s.localPort : 80;
  segment.sourcePort = known ? s.remotePort : <u16>(1000 + random(20));
  segment.sequence = about(known ? s.receiveNext : 0);
  segment.acknowledgment = about(known ? (random(2) == 0 ? s.sendNext : s.sendUnacknowledged) : 0);
  segment.flags = random(4) == 0 ? <u8>random(64) : <u8>(SegmentFlag.Ack | (random(20) == 0 ? SegmentFlag.Fin : 0));
  segment.window = <u16>random(65536);
  segment.urgent = <u16>random(2000);
  segment.options = <u8>random(16);
  segment.scale = <u8>random(256);
  segment.maximumSize = <u16>random(3000);
  segment.stamp = about(known ? s.recentStamp : 0);
  segment.echo = random(1000);
  segment.sackCount = random(4) == 0 ? <u8>random(5) : 0;
  for (let j: u32 = 0; j < 8; j++)
    store<u32>(changetype<usize>(segment) + (j << 2), about(known ? s.sendUnacknowledged : 0), offsetof<Segment>("sack0"));
}

/** A segment is invented, written, damaged now and then, read and delivered. */
function throwOne(): void {
  const made = segmentNew(space)!;
  invent(made, random(2));
  memory.fill(bytes, 0, HEADER_MAX);
  if (headerBytes(made) > HEADER_MAX) made.sackCount = 0;
  const length = headerBytes(made);
  headerWrite(made, bytes, made.sequence, made.flags);
  if (random(6) == 0) for (let n = random(4); n > 0; n--) store<u8>(bytes + random(length), <u8>random(256));
  const got = segmentNew(space)!;
  got.sackCount = 0;
  const source = segmentSource(made);
  setAddress4(segmentSource(got), <u32>(source.low >> 32));
  setAddress4(segmentDestination(got), HERE);
  const truncated = random(30) == 0 ? random(length) : length;
  const header = headerRead(got, bytes, truncated);
  segmentFree(made);
  if (header == 0 || (random(3) == 0 && !chainCopyIn(segmentData(got), bytes, 1 + random(3000)))) {
    segmentFree(got);
    return;
  }
  tcpClock();
  tcpSegment(got);
  tcpSettle();
}

/** The users do something, and time goes on. */
function live(): void {
  if (load<usize>(ends, 4) == 0) store<usize>(ends, changetype<usize>(acceptTake(listener)), 4);
  const i = random(2);
  const s = end(i);
  if (changetype<usize>(s) != 0) {
    switch (random(40)) {
      case 0:
        streamShutdown(s, 1 + random(3));
        break;
      case 1:
        if (random(4) != 0) break;
        streamClose(s);
        store<usize>(ends + (i << 2), 0);
        break;
      case 2:
      case 3:
      case 4:
        receiveBytes(s, bytes, 5000, random(8) == 0 ? 2 : random(8) == 0 ? 1 : 0);
        break;
      case 5:
      case 6:
        sendBytes(s, bytes, 1 + random(8000), random(8) == 0 ? 1 : 0);
        break;
      default:
        break;
    }
  }
  if (random(3) == 0) linkStep(nowNs() + 100_000_000);
}

function finish(): void {
  for (let i: u32 = 0; i < 2; i++) {
    const s = end(i);
    if (changetype<usize>(s) != 0) streamClose(s);
  }
  streamClose(listener);
  linkCut(true);
  linkRun(1200 * SECOND);
  linkCut(false);
}

describe("random segments", () => {
  test("break nothing and leave nothing behind", () => {
    useTestMemory(8192);
    inetInit();
    const net = changetype<NetSpace>(kernelAlloc(offsetof<NetSpace>()));
    net.refs = 1000;
    space = inetOf(net)!;
    address = kernelAlloc(32);
    bytes = kernelAlloc(8192);
    seed(1);
    // The first round makes what stays: tables.
    begin();
    finish();
    const objects = heapObjectsUsed() - chainObjectsKept() - segmentsKept();
    const frames = framesFree();
    let sound = true;
    let thrown: u32 = 0;
    const rounds: u32 = 50 * testScale();
    for (let round: u32 = 0; round < rounds && sound; round++) {
      seed(1000 + round);
      begin();
      for (let i: u32 = 0; i < ROUND && sound; i++) {
        throwOne();
        thrown++;
        live();
        sound = check(end(0)) && check(end(1));
      }
      finish();
      sound = sound && waitCount() == 0 && inFlight == 0 && tcpPorts(space).connectionCount == 0 && tcpPorts(space).portCount == 0;
      sound = sound && heapObjectsUsed() - chainObjectsKept() - segmentsKept() == objects;
      if (!sound) trace("round", 1, round);
    }
    expect(sound).toBeTruthy();
    expect(thrown).toBe(rounds * ROUND);
    // A few slabs may be kept.
    expect(framesFree() + 64 >= frames).toBeTruthy();
  });
});
