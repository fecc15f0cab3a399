// /proc/PID/net: the Internet side of the container's network, in the formats of proc(5): dev, route, arp, if_inet6, udp, udp6, raw, raw6, snmp.

import { put, putByte, putBytes, putCstring, putHex, putUnsigned, Text } from "../lib/text";
import { Neighbour } from "../net/arp";
import { formatAddress4, netmask4 } from "../net/inet/address";
import { Counter } from "../net/inet/counters";
import { asDatagram, DatagramSocket, isUdp } from "../net/inet/datagram";
import { Interface, interfaceName } from "../net/inet/interface";
import { counted, inetOf, InetSpace, Route } from "../net/inet/space";
import { Family, Socket, SocketState, SocketType } from "../net/socket";
import { NetSpace, spaceOf } from "../net/space";
import { Result } from "../result";
import { Inode } from "../vfs/inode";
import { containerOf } from "./procsubject";

const scratch = memory.data(32, 8);

/** The container's space, made if it has none yet: every container has its loopback device. Null when memory is short. */
function spaceFor(inode: Inode): InetSpace | null {
  const net = spaceOf(containerOf(inode));
  return net ? inetOf(net) : null;
}

/** Upper-case hexadecimal, as the files about addresses have it. */
function putHexUpper(text: Text, v: u64, width: i32): void {
  const from = text.length;
  putHex(text, v, width);
  if (text.failed) return;
  for (let p = text.data + from; p < text.data + text.length; p++) if (load<u8>(p) >= 0x61) store<u8>(p, load<u8>(p) - 32);
}

/** Pads the line that began at `from` with blanks to `width` and ends it. */
function endLine(text: Text, from: u32, width: u32): void {
  while (!text.failed && text.length - from < width) putByte(text, 0x20);
  putByte(text, 0x0a);
}

/** A name, right-justified in `width`. */
function putName(text: Text, i: Interface, width: u32): void {
  let n: u32 = 0;
  while (load<u8>(interfaceName(i) + n) != 0) n++;
  for (let pad = n; pad < width; pad++) putByte(text, 0x20);
  putBytes(text, interfaceName(i), n);
}

function column(text: Text, v: u64, width: i32): void {
  putByte(text, 0x20);
  putUnsigned(text, v, width);
}

/** /proc/net/dev. */
export function showDevices(text: Text, inode: Inode): Result {
  put(text, "Inter-|   Receive                                                |  Transmit\n");
  put(text, " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n");
  const space = spaceFor(inode);
  let i = space ? space.interfaces : null;
  while (i) {
    putName(text, i, 6);
    putByte(text, 0x3a);
    column(text, i.receivedBytes, 7);
    column(text, i.receivedPackets, 7);
    column(text, i.receivedErrors, 4);
    column(text, i.receivedDropped, 4);
    column(text, 0, 4);
    column(text, 0, 5);
    column(text, 0, 10);
    column(text, 0, 9);
    column(text, i.sentBytes, 8);
    column(text, i.sentPackets, 7);
    column(text, i.sentErrors, 4);
    column(text, i.sentDropped, 4);
    column(text, 0, 4);
    column(text, 0, 5);
    column(text, 0, 7);
    column(text, 0, 10);
    putByte(text, 0x0a);
    i = i.next;
  }
  return 0;
}

/** Lines of these files are of 127 characters. */
const LINE: u32 = 127;
const ROUTE_UP: u32 = 1;
const ROUTE_GATEWAY: u32 = 2;

/** /proc/net/route. */
export function showRoutes(text: Text, inode: Inode): Result {
  let from = text.length;
  put(text, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
  endLine(text, from, LINE);
  const space = spaceFor(inode);
  let route = space ? space.routes : null;
  while (route) {
    from = text.length;
    putRoute(text, route);
    endLine(text, from, LINE);
    route = route.next;
  }
  return 0;
}

function putRoute(text: Text, route: Route): void {
  putCstring(text, interfaceName(route.interface));
  putByte(text, 0x09);
  putHexUpper(text, route.destination, 8);
  putByte(text, 0x09);
  putHexUpper(text, route.gateway, 8);
  putByte(text, 0x09);
  putHexUpper(text, ROUTE_UP | (route.gateway != 0 ? ROUTE_GATEWAY : 0), 4);
  put(text, "\t0\t0\t");
  putUnsigned(text, route.metric);
  putByte(text, 0x09);
  putHexUpper(text, netmask4(route.prefix), 8);
  put(text, "\t0\t0\t0");
}

/** /proc/net/arp. */
export function showNeighbours(text: Text, inode: Inode): Result {
  put(text, "IP address       HW type     Flags       HW address            Mask     Device\n");
  const space = spaceFor(inode);
  let i = space ? space.interfaces : null;
  while (i) {
    let n = changetype<Neighbour | null>(i.neighbours);
    while (n) {
      putNeighbour(text, i, n);
      n = n.next;
    }
    i = i.next;
  }
  return 0;
}

function putNeighbour(text: Text, i: Interface, n: Neighbour): void {
  const length = formatAddress4(scratch, n.address);
  putBytes(text, scratch, length);
  for (let pad = length; pad < 17; pad++) putByte(text, 0x20);
  put(text, n.hardware != 0 ? "0x1         0x2         " : "0x1         0x0         ");
  for (let b: u64 = 0; b < 6; b++) {
    if (b != 0) putByte(text, 0x3a);
    putHex(text, (n.hardware >> (b << 3)) & 0xff, 2);
  }
  put(text, "     *        ");
  putCstring(text, interfaceName(i));
  putByte(text, 0x0a);
}

/** /proc/net/if_inet6: ::1 of the loopback device, of the host's scope and permanent. */
export function showAddresses6(text: Text, inode: Inode): Result {
  put(text, "00000000000000000000000000000001 01 80 10 80       lo\n");
  return 0;
}

// Sockets ----------------------------------------------------------------------------------------------------------------------------------

/** States, with TCP's numbers: connected, and not. */
const ESTABLISHED: u32 = 1;
const CLOSED: u32 = 7;

function putAddress(text: Text, s: DatagramSocket, high: u64, low: u64, port: u32): void {
  if (s.family == Family.Inet) putHexUpper(text, low >> 32, 8);
  else {
    putHexUpper(text, high & 0xffff_ffff, 8);
    putHexUpper(text, high >> 32, 8);
    putHexUpper(text, low & 0xffff_ffff, 8);
    putHexUpper(text, low >> 32, 8);
  }
  putByte(text, 0x3a);
  putHexUpper(text, port, 4);
}

function putSocket(text: Text, s: DatagramSocket): void {
  const file = s.file;
  // A raw socket's protocol stands where others have a port.
  const port: u32 = s.type == <u32>SocketType.Raw ? s.protocol : s.localPort;
  putUnsigned(text, port, isUdp(s) ? 5 : 4);
  put(text, ": ");
  putAddress(text, s, s.localHigh, s.localLow, port);
  putByte(text, 0x20);
  putAddress(text, s, s.remoteHigh, s.remoteLow, s.remotePort);
  putByte(text, 0x20);
  putHexUpper(text, s.isConnected ? ESTABLISHED : CLOSED, 2);
  putByte(text, 0x20);
  putHexUpper(text, s.sendCharge, 8);
  putByte(text, 0x3a);
  putHexUpper(text, s.queued, 8);
  put(text, " 00:00000000 00000000 ");
  putUnsigned(text, s.uid, 5);
  put(text, "        0 ");
  putUnsigned(text, file ? file.inode.number : 0);
  putByte(text, 0x20);
  putUnsigned(text, s.refs + (file ? 1 : 0));
  // The kernel's addresses are nobody's business.
  put(text, " 0000000000000000 ");
  putUnsigned(text, s.drops);
}

function isShown(s: Socket, family: u32, udp: bool): bool {
  if (s.family != family || s.type == <u32>SocketType.Stream) return false;
  return udp ? isUdp(s) && asDatagram(s).localPort != 0 : s.type == <u32>SocketType.Raw;
}

function showSockets(text: Text, inode: Inode, family: u32, udp: bool): Result {
  let from = text.length;
  if (family == Family.Inet) {
    put(text, udp ? "   sl" : "  sl");
    put(text, "  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops");
    endLine(text, from, udp ? LINE : 0);
  } else {
    put(
      text,
      "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt",
    );
    put(text, "   uid  timeout inode ref pointer drops\n");
  }
  const net = containerOf(inode).net;
  let s = net != 0 ? changetype<NetSpace>(net).first : null;
  while (s) {
    if (isShown(s, family, udp)) {
      from = text.length;
      putSocket(text, asDatagram(s));
      endLine(text, from, udp && family == Family.Inet ? LINE : 0);
    }
    s = s.spaceNext;
  }
  return 0;
}

/** /proc/net/udp, udp6, raw, raw6. */
export function showUdp(text: Text, inode: Inode): Result {
  return showSockets(text, inode, Family.Inet, true);
}
export function showUdp6(text: Text, inode: Inode): Result {
  return showSockets(text, inode, Family.Inet6, true);
}
export function showRaw(text: Text, inode: Inode): Result {
  return showSockets(text, inode, Family.Inet, false);
}
export function showRaw6(text: Text, inode: Inode): Result {
  return showSockets(text, inode, Family.Inet6, false);
}

// Counters ---------------------------------------------------------------------------------------------------------------------------------

function counters(text: Text, space: InetSpace, first: u32, last: u32): void {
  for (let c = first; c <= last; c++) column(text, counted(space, c), 1);
}

/** /proc/net/snmp. */
export function showCounters(text: Text, inode: Inode): Result {
  const space = spaceFor(inode);
  if (!space) return 0;
  put(
    text,
    "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests",
  );
  put(text, " OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates\nIp:");
  column(text, space.forwards ? 1 : 2, 1);
  column(text, space.hops, 1);
  counters(text, space, Counter.IpReceives, Counter.IpFragments);
  put(text, "\nIcmp: InMsgs InErrors InCsumErrors OutMsgs\nIcmp:");
  counters(text, space, Counter.IcmpIn, Counter.IcmpOut);
  put(
    text,
    "\nTcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs",
  );
  put(text, " InErrs OutRsts InCsumErrors\nTcp: 1 200 120000 -1");
  counters(text, space, Counter.TcpActiveOpens, Counter.TcpEstablishedResets);
  column(text, established(space), 1);
  counters(text, space, Counter.TcpIn, Counter.TcpChecksumErrors);
  put(text, "\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors\nUdp:");
  counters(text, space, Counter.UdpIn, Counter.UdpChecksumErrors);
  putByte(text, 0x0a);
  return 0;
}

/** Connections that are open now: stream sockets in state Connected. */
function established(space: InetSpace): u64 {
  let n: u64 = 0;
  let s = space.net.first;
  while (s) {
    const internet = s.family == Family.Inet || s.family == Family.Inet6;
    if (internet && s.type == <u32>SocketType.Stream && s.state == <u32>SocketState.Connected) n++;
    s = s.spaceNext;
  }
  return n;
}
