// AF_INET and AF_INET6 sockets by their type: which there are, and who does what for them. The functions are those of kernel/net/family.ts.

import { Errno } from "../../errno";
import { kernelAlloc } from "../../mm/heap";
import { Result } from "../../result";
import { capable, Capability } from "../../task/credentials";
import { current } from "../../task/thread";
import { Family, Socket, socketInit, SocketType } from "../socket";
import { NetSpace } from "../space";
import { isAnyAddress, setAddress } from "./address";
import { inetAnyAddresses, inetBind, mayBind } from "./bind";
import { datagramAddress, datagramClose, datagramConnect, datagramReadable } from "./connect";
import {
  asDatagram,
  datagramPoll,
  datagramReceive,
  DatagramSocket,
  datagramShutdown,
  datagramStamp,
  inetSpaceOf,
  isUdp,
  NEVER_STAMPED,
} from "./datagram";
import { Bound, endpointOf, localAddress, parsedAddress, parsedPort, parseSocketAddress } from "./inet";
import { DISCOVER6_SHIFT, DISCOVER_SHIFT, InetOption } from "./options";
import { Protocol } from "./output";
import { PortTable, portTableNew } from "./ports";
import { pingBind, pingSend, rawEnlist, rawSend } from "./raw";
import { udpSend } from "./send";
import { inetOf, InetSpace } from "./space";
import {
  streamAccept,
  streamAddress,
  streamClose,
  streamConnect,
  streamLingers,
  streamListen,
  streamMayBind,
  streamNew,
  streamOptionChanged,
  streamShutdown,
} from "./stream";
import { streamAtMark, streamPoll, streamReadable, streamReceive, streamSend, streamUnacknowledged, streamUnsent } from "./streamdata";
import { asTcp, tcpPorts } from "../tcp/socket";

@inline
function isStream(s: Socket): bool {
  return s.type == <u32>SocketType.Stream;
}

/** Protocols have numbers below this (IPPROTO_MAX). */
const PROTOCOLS: u32 = 263;

/** Whether such a socket can be made: 0, -EINVAL, -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -EPERM for raw ones without CAP_NET_RAW. */
export function inetCheck(family: u32, type: u32, protocol: u32): Result {
  if (protocol >= PROTOCOLS) return -Errno.EINVAL;
  switch (type) {
    case SocketType.Stream:
      return protocol == 0 || protocol == Protocol.Tcp ? 0 : -Errno.EPROTONOSUPPORT;
    case SocketType.Datagram:
      if (protocol == 0 || protocol == Protocol.Udp) return 0;
      return protocol == (family == Family.Inet ? Protocol.Icmp : Protocol.Icmp6) ? 0 : -Errno.EPROTONOSUPPORT;
    case SocketType.Raw:
      if (protocol == 0 || protocol > 255) return -Errno.EPROTONOSUPPORT;
      return capable(current.credentials, Capability.NetRaw) ? 0 : -Errno.EPERM;
    default:
      return -Errno.ESOCKTNOSUPPORT;
  }
}

/** A new socket with one reference; 0 when memory is short. The arguments have been checked. */
export function inetNew(net: NetSpace, family: u32, type: u32, protocol: u32): usize {
  if (type == SocketType.Stream) return streamNew(net, family);
  const space = inetOf(net);
  return space ? datagramNew(space, family, type, protocol == 0 ? Protocol.Udp : protocol) : 0;
}

function datagramNew(space: InetSpace, family: u32, type: u32, protocol: u32): usize {
  if (space.udp == 0) space.udp = changetype<usize>(portTableNew());
  if (space.udp == 0) return 0;
  const p = kernelAlloc(offsetof<DatagramSocket>());
  if (p == 0) return 0;
  const s = changetype<DatagramSocket>(p);
  socketInit(s, space.net, family, type, protocol);
  s.uid = current.credentials.euid;
  inetAnyAddresses(s);
  s.multicastHops = 1;
  s.lastStampNs = NEVER_STAMPED;
  s.optionBits = (1 << DISCOVER_SHIFT) | (1 << DISCOVER6_SHIFT);
  s.checksumAt = protocol == Protocol.Icmp6 ? 2 : -1;
  if (type == SocketType.Raw && protocol == Protocol.Raw) s.optionBits |= InetOption.HeaderIncluded;
  if (!isUdp(s)) rawEnlist(s);
  return p;
}

/** bind(2). */
export function inetSocketBind(s: Socket, address: usize, length: u32): Result {
  if (isStream(s)) {
    const r = streamMayBind(asTcp(s));
    return r < 0 ? r : inetBind(asTcp(s).inet, asTcp(s), address, length, tcpPorts(asTcp(s).inet), true);
  }
  const d = asDatagram(s);
  const space = inetSpaceOf(s);
  if (!isUdp(d)) return bindWithoutPorts(space, d, address, length);
  return inetBind(space, d, address, length, changetype<PortTable>(space.udp), false);
}

/** Raw sockets have an address only, ping sockets an identifier for a port. */
function bindWithoutPorts(space: InetSpace, s: DatagramSocket, address: usize, length: u32): Result {
  let r = parseSocketAddress(s, address, length);
  if (r < 0) return r;
  r = mayBind(space, s, false);
  if (r < 0) return r;
  if (s.type == <u32>SocketType.Datagram) {
    if (s.localPort != 0) return -Errno.EINVAL;
    r = pingBind(s, parsedPort);
    if (r < 0) return r;
    s.bound |= <u8>Bound.Port;
  }
  setAddress(localAddress(endpointOf(s)), parsedAddress);
  if (!isAnyAddress(parsedAddress)) s.bound |= <u8>Bound.Address;
  return 0;
}

/** listen(2). */
export function inetListen(s: Socket, backlog: u32): Result {
  return isStream(s) ? streamListen(asTcp(s), backlog) : -Errno.EOPNOTSUPP;
}

/** connect(2): 0, -EAGAIN when it would have to wait, or -errno. */
export function inetConnect(s: Socket, address: usize, length: u32): Result {
  return isStream(s) ? streamConnect(asTcp(s), address, length) : datagramConnect(asDatagram(s), address, length);
}

/** accept(2). */
export function inetAccept(s: Socket, flags: u32): Result {
  return isStream(s) ? streamAccept(asTcp(s), flags) : -Errno.EOPNOTSUPP;
}

/** Sends from the exchange: bytes, -EAGAIN or -errno. */
export function inetSend(s: Socket): Result {
  if (isStream(s)) return streamSend(asTcp(s));
  const d = asDatagram(s);
  if (isUdp(d)) return udpSend(d);
  return s.type == <u32>SocketType.Raw ? rawSend(d) : pingSend(d);
}

/** Receives into the exchange: bytes, -EAGAIN or -errno. */
export function inetReceive(s: Socket): Result {
  return isStream(s) ? streamReceive(asTcp(s)) : datagramReceive(asDatagram(s));
}

/** Event bits that hold now; registers `poller` unless it is 0. */
export function inetPoll(s: Socket, poller: usize): u32 {
  return isStream(s) ? streamPoll(asTcp(s), poller) : datagramPoll(asDatagram(s), poller);
}

/** shutdown(2). */
export function inetShutdown(s: Socket, how: u32): Result {
  return isStream(s) ? streamShutdown(asTcp(s), how) : datagramShutdown(asDatagram(s), how);
}

/** Writes the socket's own address, or its peer's, to `p`: its length; -ENOTCONN. */
export function inetAddress(s: Socket, ofPeer: bool, p: usize): Result {
  return isStream(s) ? streamAddress(asTcp(s), ofPeer, p) : datagramAddress(asDatagram(s), ofPeer, p);
}

/** Bytes that can be received (FIONREAD). */
export function inetReadable(s: Socket): Result {
  return isStream(s) ? streamReadable(asTcp(s)) : <Result>datagramReadable(asDatagram(s));
}

/** Bytes that have been sent and are not gone yet (SIOCOUTQ), or with `unsent` those that have not been sent (SIOCOUTQNSD, TCP's alone). */
export function inetWritten(s: Socket, unsent: bool): Result {
  if (!isStream(s)) return unsent ? -Errno.ENOTTY : <Result>s.sendCharge;
  return unsent ? streamUnsent(asTcp(s)) : streamUnacknowledged(asTcp(s));
}

/** SIOCATMARK: 1 at the urgent mark of a stream. */
export function inetAtMark(s: Socket): Result {
  return isStream(s) ? streamAtMark(asTcp(s)) : -Errno.ENOTTY;
}

/** SIOCGSTAMP: nanoseconds of the wall clock, or -ENOENT: streams keep no stamps. */
export function inetStamp(s: Socket): Result {
  return isStream(s) ? -Errno.ENOENT : datagramStamp(asDatagram(s));
}

/** An option at SOL_SOCKET has been set: a bit of SocketOption, or 0 for another. */
export function inetOptionChanged(s: Socket, bit: u32): void {
  if (isStream(s)) streamOptionChanged(asTcp(s), bit);
}

/** True while close(2) with SO_LINGER has to wait; the end of the connection is begun. */
export function inetLingers(s: Socket): bool {
  return isStream(s) && streamLingers(asTcp(s));
}

/** The socket's file has been closed for good. */
export function inetClose(s: Socket): void {
  if (isStream(s)) streamClose(asTcp(s));
  else datagramClose(asDatagram(s));
}
