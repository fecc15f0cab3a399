// The TCP socket, which is the connection's control block too (RFC 9293, 3.3.1; names as there, written out). It has one reference for its file, or for the
// listener in whose queue it waits, and one while it is in the tables: a closed socket lives on without a file until its connection has ended.
// Time is in nanoseconds; a deadline of 0 means "not set". Sequence numbers are compared modulo 2^32 (segment.ts).

import { kernelAlloc, kernelFree } from "../../mm/heap";
import { Timer, timerDestroy, timerInit, TimerKind } from "../../time/timer";
import { Chain, chainClear } from "../chain";
import { Endpoint, InetSocket } from "../inet/inet";
import { PortTable, portTableNew } from "../inet/ports";
import { InetSpace } from "../inet/space";
import { Family, Socket, socketFree, socketInit, SocketType, socketUnlist } from "../socket";

/** States, with Linux's numbers (include/net/tcp_states.h). */
export const enum TcpState {
  Established = 1,
  SynSent = 2,
  SynReceived = 3,
  FinWait1 = 4,
  FinWait2 = 5,
  TimeWait = 6,
  Closed = 7,
  CloseWait = 8,
  LastAck = 9,
  Listen = 10,
  Closing = 11,
}

/** Bits of TcpSocket.flags: what options and peers have switched on. */
export const enum TcpFlag {
  NoDelay = 1,
  Cork = 2,
  /** Both ends have offered the option. */
  Timestamps = 4,
  Sack = 8,
  Scale = 0x10,
  /** FIN is queued behind the data; it has been sent; the peer's has come. */
  FinQueued = 0x20,
  FinSent = 0x40,
  FinReceived = 0x80,
  /** An acknowledgment is owed; it must go at once. */
  AckDue = 0x100,
  AckNow = 0x200,
  /** The interactive mode, in which acknowledgments wait for data to go with. */
  PingPong = 0x400,
  /** More is to come soon (MSG_MORE): as Cork, for the bytes that are queued. */
  More = 0x800,
  /** The connection has been established once. */
  WasConnected = 0x1000,
  /** In the list of those whose timer must be looked at. */
  TimerDirty = 0x2000,
  /** The peer is in this space. */
  Local = 0x4000,
  /** The retransmission timer probes a closed window, or lets go of corked data. */
  Probing = 0x8000,
  /** The segment that ends at timedEnd is being timed (Karn: none that was sent twice). */
  Timing = 0x1_0000,
  /** There is urgent data to send, up to sendUrgent. */
  UrgentOut = 0x2_0000,
  /** The connection is complete but stays in the listener's first queue, for data (TCP_DEFER_ACCEPT). */
  Held = 0x4_0000,
  /** Nobody will receive any more: data that comes resets the connection. */
  Orphan = 0x8_0000,
  /** Duplicates, or a timeout (Loss), are being recovered from. */
  Recovering = 0x10_0000,
  Loss = 0x20_0000,
  /** The tables have a reference. */
  Entered = 0x40_0000,
  /** SO_SNDBUF or SO_RCVBUF was set: no automatic sizes. */
  SendFixed = 0x80_0000,
  ReceiveFixed = 0x100_0000,
  /** TCP_QUICKACK was set. */
  QuickAck = 0x200_0000,
  /** Somebody wanted to send and found no room: tell when there is some. */
  NoRoom = 0x400_0000,
  /** connect(2) has begun, and no later call has told the user how it ended. */
  ConnectPending = 0x800_0000,
  /** accept(2) has not asked for the peer's address yet: it is told even if the connection has ended. */
  Accepted = 0x1000_0000,
}

/** Urgent data of the receiver: TcpSocket.urgentState. */
export const enum Urgent {
  None = 0,
  /** Announced, not come yet. */
  Awaited = 1,
  /** There: TcpSocket.urgentByte. */
  Ready = 2,
  /** Has been read; its place is skipped. */
  Read = 3,
}

/** SACK scoreboard entries. */
export const SACKED_MAX: u32 = 16;

@unmanaged
export class TcpSocket extends InetSocket {
  tcpState: u32;
  /** Bits of TcpFlag. */
  flags: u32;

  // Send sequence space.
  sendUnacknowledged: u32;
  sendNext: u32;
  sendWindow: u32;
  /** Sequence and acknowledgment number of the last window update. */
  sendWindowSequence: u32;
  sendWindowAcknowledgment: u32;
  sendWindowMax: u32;
  initialSend: u32;
  sendUrgent: u32;
  /** End of the last small segment. */
  smallEnd: u32;
  // Data from sendUnacknowledged on: a Chain.
  sendFirst: usize;
  sendLast: usize;
  sendBytes: u32;
  /** Piece that sendNext falls into, and how far; null: find it. */
  nextPiece: usize;
  nextWithin: u32;

  // Receive sequence space.
  receiveNext: u32;
  initialReceive: u32;
  /** Right edge of the window that the peer knows of. */
  receiveEdge: u32;
  /** Acknowledged last. */
  acknowledged: u32;
  // Data that came out of order, by sequence.
  earlyFirst: usize;
  earlyLast: usize;
  earlyBytes: u32;
  earlyPieces: u32;
  /** Sequence number of the early data that came last: the first of the SACK blocks has it. */
  earlyRecent: u32;
  urgentSequence: u32;
  urgentState: u8;
  urgentByte: u8;
  sendScale: u8;
  receiveScale: u8;

  /** Bytes of data in a segment; what both ends have said, and TCP_MAXSEG. */
  sendSize: u32;
  peerSize: u32;
  ownSize: u32;
  userSize: u32;
  windowClamp: u32;
  /** Largest segment that has come. */
  receiveSize: u32;
  quickAcks: u32;

  // Timestamps (RFC 7323).
  recentStamp: u32;
  stampOffset: u32;
  recentStampNs: u64;
  lastStampAcknowledged: u32;

  // Congestion control and recovery: congestion.ts, recovery.ts.
  congestionWindow: u32;
  slowStartThreshold: u32;
  duplicates: u32;
  recoverUntil: u32;
  retransmitNext: u32;
  sackedCount: u32;
  /** Pairs of left and right edge, ascending: kernelAlloc'd when the first comes. */
  sacked: usize;
  cubicMaximum: u32;
  cubicOrigin: u32;
  cubicAcknowledged: u32;
  cubicReno: u32;
  cubicEpochNs: u64;
  cubicKMs: u32;
  algorithm: u32;
  // Round-trip time in microseconds (RFC 6298), 0 before the first.
  smoothedUs: u32;
  varianceUs: u32;
  timeoutUs: u32;
  minimumUs: u32;
  timedEnd: u32;
  backoff: u32;
  timedNs: u64;

  // Deadlines, and the one timer that is set for the first of them.
  retransmitNs: u64;
  delayedAckNs: u64;
  lifeNs: u64;
  timerDeadlineNs: u64;
  timerOwner: usize;
  timerPlace: u32;
  timerKind: u32;
  timerPad: u32;
  dirtyNext: TcpSocket | null;
  probes: u32;
  lastSentNs: u64;
  lastReceivedNs: u64;
  /** The first retransmission of what is outstanding, or the first probe. */
  troubleNs: u64;
  establishedNs: u64;

  // Options.
  keepIdleSeconds: u32;
  keepIntervalSeconds: u32;
  keepCount: u32;
  synCount: u32;
  lingerAfterSeconds: i32;
  deferSeconds: u32;
  userTimeoutMs: u32;
  notSentLow: u32;
  /** TCP_FASTOPEN, which has no effect. */
  fastOpenQueue: u32;

  // A listener's queues: connections being made, and those to be accepted. A child has its listener, and its place in one of the queues.
  backlog: u32;
  acceptFirst: TcpSocket | null;
  acceptLast: TcpSocket | null;
  accepting: u32;
  synFirst: TcpSocket | null;
  synWaiting: u32;
  listener: TcpSocket | null;
  queueNext: TcpSocket | null;
  queuePrev: TcpSocket | null;
  /** An error that did not end the connection (ICMP), reported if it then times out. */
  softError: u32;

  // For TCP_INFO.
  bytesReceived: u64;
  bytesAcknowledged: u64;
  bytesSent: u64;
  bytesRetransmitted: u64;
  segmentsIn: u32;
  segmentsOut: u32;
  dataIn: u32;
  dataOut: u32;
  retransmissions: u32;
  /** When the last answer to an invalid segment went out. */
  challengeNs: u64;
  /** Automatic size of the receive window: what the reader took since. */
  tuneBytes: u32;
  tuneNs: u64;
}

if (offsetof<TcpSocket>("messages") - offsetof<TcpSocket>("firstMessage") != offsetof<Chain>("bytes")) ERROR("a Chain fits there");

@inline
export function asTcp(s: Socket): TcpSocket {
  return changetype<TcpSocket>(s);
}

@inline
export function sendChain(s: TcpSocket): Chain {
  return changetype<Chain>(changetype<usize>(s) + offsetof<TcpSocket>("sendFirst"));
}
/** Data that the user has not read: it stands where the messages of other families do. */
@inline
export function receiveChain(s: TcpSocket): Chain {
  return changetype<Chain>(changetype<usize>(s) + offsetof<TcpSocket>("firstMessage"));
}
@inline
export function earlyChain(s: TcpSocket): Chain {
  return changetype<Chain>(changetype<usize>(s) + offsetof<TcpSocket>("earlyFirst"));
}
@inline
export function timerOf(s: TcpSocket): Timer {
  return changetype<Timer>(changetype<usize>(s) + offsetof<TcpSocket>("timerDeadlineNs"));
}

/** The socket that an Endpoint of kind Socket in a TCP table is embedded in. */
@inline
export function tcpOfEndpoint(e: Endpoint): TcpSocket {
  return changetype<TcpSocket>(changetype<usize>(e) - offsetof<TcpSocket>("localHigh"));
}

/** The ports of the space, made with its first TCP socket; null when memory is short. */
@inline
export function tcpPorts(space: InetSpace): PortTable {
  return changetype<PortTable>(space.tcp);
}

/** Sizes of the buffers of a new socket (net.ipv4.tcp_wmem and tcp_rmem), and how far they grow by themselves. */
export const SEND_DEFAULT: u32 = 16384;
export const RECEIVE_DEFAULT: u32 = 131072;
export const SEND_GROWN: u32 = 4 << 20;
export const RECEIVE_GROWN: u32 = 6 << 20;

/** Segment size that every host takes (RFC 9293, 3.7.1). */
export const SIZE_LEAST: u32 = 536;

/** A new socket with one reference, without a file; null when memory is short. */
export function tcpNew(space: InetSpace, family: Family): TcpSocket | null {
  if (space.tcp == 0) {
    space.tcp = changetype<usize>(portTableNew());
    if (space.tcp == 0) return null;
  }
  const p = kernelAlloc(offsetof<TcpSocket>());
  if (p == 0) return null;
  const s = changetype<TcpSocket>(p);
  if (!timerInit(timerOf(s), TimerKind.Tcp, p)) {
    kernelFree(p);
    return null;
  }
  socketInit(s, space.net, family, SocketType.Stream, IPPROTO_TCP);
  s.inet = space;
  s.tcpState = TcpState.Closed;
  s.sendLimit = SEND_DEFAULT;
  s.receiveLimit = RECEIVE_DEFAULT;
  s.congestionWindow = 10 * SIZE_LEAST;
  s.slowStartThreshold = 0x7fff_ffff;
  s.sendSize = SIZE_LEAST;
  s.peerSize = SIZE_LEAST;
  s.timeoutUs = TIMEOUT_FIRST_US;
  s.notSentLow = u32.MAX_VALUE;
  return s;
}

export const IPPROTO_TCP: u32 = 6;
/** RFC 6298, (2.1). */
export const TIMEOUT_FIRST_US: u32 = 1_000_000;

/** Drops a reference; the last one frees the socket, whose connection has ended. */
export function tcpRelease(s: TcpSocket): void {
  if (--s.refs != 0) return;
  kernelFree(s.sacked);
  timerDestroy(timerOf(s));
  chainClear(receiveChain(s));
  chainClear(sendChain(s));
  chainClear(earlyChain(s));
  socketUnlist(s);
  socketFree(s);
}
