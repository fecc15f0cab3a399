// /proc/net/tcp and tcp6: the container's TCP sockets and finished connections. Formats: proc(5) and Documentation/networking/proc_net_tcp.rst; listeners come
// first. The kernel's addresses are nobody's business: their column is zero.

import { put, putByte, putHex, putSigned, putUnsigned, Text } from "../lib/text";
import { address4, InetAddress } from "../net/inet/address";
import { Endpoint, endpointOf, localAddress, remoteAddress } from "../net/inet/inet";
import { Family, SocketType } from "../net/socket";
import { NetSpace } from "../net/space";
import { asTcp, receiveChain, TcpFlag, TcpSocket, TcpState } from "../net/tcp/socket";
import { NO_THRESHOLD } from "../net/tcp/congestion";
import { TimeWait, waitFirst } from "../net/tcp/timewait";
import { Result } from "../result";
import { nowNs } from "../time/clock";
import { Inode } from "../vfs/inode";
import { containerOf } from "./procsubject";

/** Columns of an IPv4 line. */
const WIDTH: u32 = 149;
/** USER_HZ: times are shown in hundredths of a second. */
const TICK_NS: u64 = 10_000_000;

/** What the timer of a line is for. */
const enum TimerShown {
  None = 0,
  Retransmission = 1,
  KeepAlive = 2,
  Waiting = 3,
  Probe = 4,
}

export function showTcp(text: Text, inode: Inode): Result {
  const from = text.length;
  put(text, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
  pad(text, from);
  show(text, inode, Family.Inet);
  return 0;
}

export function showTcp6(text: Text, inode: Inode): Result {
  put(text, "  sl  local_address                         remote_address                        ");
  put(text, "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
  show(text, inode, Family.Inet6);
  return 0;
}

/** Fills an IPv4 line up, and ends it. */
function pad(text: Text, from: u32): void {
  while (text.length - from < WIDTH) putByte(text, 0x20);
  putByte(text, 0x0a);
}

function show(text: Text, inode: Inode, family: Family): void {
  const net = changetype<NetSpace | null>(containerOf(inode).net);
  if (!net) return;
  let line = showSockets(text, net, family, true, 0);
  line = showSockets(text, net, family, false, line);
  let w = waitFirst();
  while (w) {
    if (w.space.net == net && w.family == <u16>family) showWaiting(text, w, family, line++);
    w = w.next;
  }
}

@inline
function isShown(s: TcpSocket, listeners: bool): bool {
  return s.tcpState != TcpState.Closed && (s.tcpState == TcpState.Listen) == listeners;
}

/** Shows the listeners, or the others: the number of the next line. */
function showSockets(text: Text, net: NetSpace, family: Family, listeners: bool, line: u32): u32 {
  let s = net.first;
  while (s) {
    if (s.family == <u32>family && s.type == <u32>SocketType.Stream && isShown(asTcp(s), listeners))
      showSocket(text, asTcp(s), family, line++);
    s = s.spaceNext;
  }
  return line;
}

/** A word of the address as this machine loads it, as Linux prints it. */
function putAddress(text: Text, a: InetAddress, family: Family, port: u16): void {
  if (family == Family.Inet) putHex(text, address4(a), 8);
  else {
    putHex(text, <u32>a.high, 8);
    putHex(text, <u32>(a.high >> 32), 8);
    putHex(text, <u32>a.low, 8);
    putHex(text, <u32>(a.low >> 32), 8);
  }
  putByte(text, 0x3a);
  putHex(text, port, 4);
  putByte(text, 0x20);
}

function putEnds(text: Text, e: Endpoint, family: Family, line: u32, state: u32): void {
  putUnsigned(text, line, 4);
  put(text, ": ");
  putAddress(text, localAddress(e), family, e.localPort);
  putAddress(text, remoteAddress(e), family, e.remotePort);
  putHex(text, state, 2);
  putByte(text, 0x20);
}

function putTimer(text: Text, timer: TimerShown, atNs: u64, now: u64): void {
  putHex(text, timer, 2);
  putByte(text, 0x3a);
  putHex(text, atNs > now ? (atNs - now) / TICK_NS : 0, 8);
  putByte(text, 0x20);
}

function showSocket(text: Text, s: TcpSocket, family: Family, line: u32): void {
  const from = text.length;
  const now = nowNs();
  const listens = s.tcpState == TcpState.Listen;
  putEnds(text, endpointOf(s), family, line, s.tcpState);
  putHex(text, s.sendBytes, 8);
  putByte(text, 0x3a);
  putHex(text, listens ? s.accepting : receiveChain(s).bytes, 8);
  putByte(text, 0x20);
  if (s.retransmitNs != 0)
    putTimer(text, (s.flags & TcpFlag.Probing) != 0 ? TimerShown.Probe : TimerShown.Retransmission, s.retransmitNs, now);
  else if (s.lifeNs != 0) putTimer(text, TimerShown.KeepAlive, s.lifeNs, now);
  else putTimer(text, TimerShown.None, 0, now);
  putHex(text, s.backoff, 8);
  putByte(text, 0x20);
  putUnsigned(text, s.uid, 5);
  putByte(text, 0x20);
  putUnsigned(text, s.probes, 8);
  putByte(text, 0x20);
  const file = s.file;
  putUnsigned(text, file ? file.inode.number : 0);
  putByte(text, 0x20);
  putUnsigned(text, s.refs);
  putByte(text, 0x20);
  putHex(text, 0, 16);
  putByte(text, 0x20);
  putUnsigned(text, listens ? 100 : s.timeoutUs / 10_000);
  putByte(text, 0x20);
  putUnsigned(text, listens ? 0 : 4);
  putByte(text, 0x20);
  putUnsigned(text, listens ? 0 : (s.quickAcks << 1) | ((s.flags & TcpFlag.PingPong) != 0 ? 1 : 0));
  putByte(text, 0x20);
  putUnsigned(text, listens ? 10 : s.congestionWindow / s.sendSize);
  putByte(text, 0x20);
  if (listens) putUnsigned(text, s.fastOpenQueue);
  else putSigned(text, s.slowStartThreshold >= NO_THRESHOLD ? -1 : s.slowStartThreshold / s.sendSize);
  if (family == Family.Inet) pad(text, from);
  else putByte(text, 0x0a);
}

function showWaiting(text: Text, w: TimeWait, family: Family, line: u32): void {
  const from = text.length;
  putEnds(text, w, family, line, TcpState.TimeWait);
  put(text, "00000000:00000000 ");
  putTimer(text, TimerShown.Waiting, w.expiresNs, nowNs());
  put(text, "00000000     0        0 0 3 0000000000000000");
  if (family == Family.Inet) pad(text, from);
  else putByte(text, 0x0a);
}
