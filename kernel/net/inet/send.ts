// Sending datagrams: from the exchange to a packet, where to, and holding back with MSG_MORE. See udp(7), ip(7), send(2).

import { Errno } from "../../errno";
import { Result } from "../../result";
import { Exchange, exchange, MessageFlag } from "../exchange";
import { inetBegin, inetEnd } from "../loopback";
import {
  Checksum,
  Packet,
  packetAppend,
  packetDestination,
  PacketFlag,
  packetFree,
  packetNew,
  packetPush,
  packetSource,
  packetTrim,
  PACKET_MAX,
} from "../packet";
import { Family, Shutdown, SocketOption, takeError } from "../socket";
import { address4, InetAddress, isAnyAddress, isMapped4, setAddress, setAddress4, setLoopback6 } from "./address";
import { inetAutobind } from "./connect";
import { Control, control, controlSource } from "./control";
import { Counter } from "./counters";
import { chargeSender, DatagramSocket, flowOf, inetSpaceOf } from "./datagram";
import { Flow, flowAim, flowDestination, flowIsBroadcast, FlowKind, flowRoute, FLOW_BYTES } from "./flow";
import { endpointOf, localAddress, parsedAddress, parsedPort, parseSocketAddress } from "./inet";
import { InetOption, DISCOVER_SHIFT, DISCOVER6_SHIFT } from "./options";
import { inetOutput, Protocol } from "./output";
import { count, InetSpace } from "./space";
import { datagramCopy, udpInput, UDP_HEADER_BYTES } from "./udp";

/** Longest datagram: what an IPv4 packet has room for. */
const UDP_MAX: u32 = PACKET_MAX - 20 - UDP_HEADER_BYTES;

const scratch = changetype<Flow>(memory.data(FLOW_BYTES, 8));
/** Port that `aim` has found. */
let toPort: u16 = 0;
const to = changetype<InetAddress>(memory.data(16, 8));

/** Reads the address that the exchange has into `to` and toPort: 0 or -errno. Without one, or with AF_UNSPEC, it is the peer's: 1. */
export function destinationIn(s: DatagramSocket, e: Exchange): Result {
  if (e.addressLength == 0) return 1;
  const family = e.addressLength < 2 ? 0 : load<u16>(e.address);
  if (s.family == Family.Inet6 && e.addressLength >= 2 && family != Family.Inet6) {
    if (family == Family.Unspecified) return 1;
    // An IPv4 address at an IPv6 socket.
    if (family != Family.Inet) return -Errno.EINVAL;
    if (e.addressLength < 16) return -Errno.EINVAL;
    if (s.onlyV6) return -Errno.ENETUNREACH;
    toPort = bswap<u16>(load<u16>(e.address, 2));
    setAddress4(to, load<u32>(e.address, 4));
    return 0;
  }
  if (s.family == Family.Inet && e.addressLength >= 16 && family == Family.Unspecified) store<u16>(e.address, <u16>Family.Inet);
  const r = parseSocketAddress(s, e.address, e.addressLength);
  if (r < 0) return r;
  if (isMapped4(parsedAddress) && s.onlyV6) return -Errno.ENETUNREACH;
  toPort = parsedPort;
  setAddress(to, parsedAddress);
  return 0;
}

/** Takes the socket's settings over into a flow. */
export function settle(s: DatagramSocket, f: Flow): void {
  f.service = s.service;
  f.hops = s.hops;
  f.bound = s.device;
  const discover =
    s.family == Family.Inet
      ? (s.optionBits & InetOption.DiscoverMask) >> DISCOVER_SHIFT
      : (s.optionBits & InetOption.Discover6Mask) >> DISCOVER6_SHIFT;
  f.discover = <u8>min<u32>(discover, 3);
}

/** The flow for what is sent now, whose way is known: its address; or -errno. */
export function aim(s: DatagramSocket, e: Exchange, ports: bool): Result {
  const r = destinationIn(s, e);
  if (r < 0) return r;
  let f = flowOf(s);
  if (r == 1) {
    if (!s.isConnected) return -Errno.EDESTADDRREQ;
    toPort = s.remotePort;
    setAddress(to, flowDestination(f));
  }
  if (ports && toPort == 0) return -Errno.EINVAL;
  if (r == 0 || (e.inet & (Control.Source | Control.Interface | Control.Hops | Control.Service)) != 0) {
    f = scratch;
    f.bound = 0;
    // "Any" as a destination is this machine.
    if (isAnyAddress(to) && !isMapped4(to)) setLoopback6(to);
    flowAim(f, localAddress(endpointOf(s)), to);
  }
  settle(s, f);
  const wanted = f == scratch ? applyControl(s, e, f) : <Result>0;
  return wanted < 0 ? wanted : finishAim(s, f);
}

function applyControl(s: DatagramSocket, e: Exchange, f: Flow): Result {
  if (isMapped4(to) && (address4(to) & 0xf0) == 0xe0) {
    if (f.bound == 0) f.bound = s.multicastInterface;
    f.hops = s.multicastHops;
    if (f.anySource && s.multicastSource != 0) {
      setAddress4(changetype<InetAddress>(changetype<usize>(f)), s.multicastSource);
      f.anySource = false;
    }
  }
  if ((e.inet & Control.Source) != 0 && !isAnyAddress(controlSource())) flowAim(f, controlSource(), to);
  if ((e.inet & Control.Interface) != 0) f.bound = control.interface;
  if ((e.inet & Control.Hops) != 0) f.hops = <u8>control.hops;
  if ((e.inet & Control.Service) != 0) f.service = <u8>control.service;
  return 0;
}

function finishAim(s: DatagramSocket, f: Flow): Result {
  const space = inetSpaceOf(s);
  const r = flowRoute(space, f);
  if (r < 0) {
    count(space, Counter.IpNoRoutes);
    return r;
  }
  if (flowIsBroadcast(f) && (s.options & SocketOption.Broadcast) == 0) return -Errno.EACCES;
  return changetype<usize>(f);
}

/** Whether the socket may send now: 0, its pending error, -EPIPE, or -EAGAIN when what it has sent takes up all of SO_SNDBUF. */
export function mayDatagramSend(s: DatagramSocket): Result {
  if (s.error != 0) return takeError(s);
  if ((s.shutdown & Shutdown.Send) != 0) return -Errno.EPIPE;
  return s.sendCharge >= s.sendLimit ? -Errno.EAGAIN : 0;
}

/** Sends the exchange as one datagram: its bytes, or -errno; -EAGAIN when there is no room. */
export function udpSend(s: DatagramSocket): Result {
  const e = exchange;
  const bytes = e.left;
  if (bytes > PACKET_MAX) return -Errno.EMSGSIZE;
  if ((e.flags & MessageFlag.OutOfBand) != 0) return -Errno.EOPNOTSUPP;
  const more = s.cork || (e.flags & MessageFlag.More) != 0;
  const corked = s.corked;
  if (corked) return appendCorked(s, corked, bytes, more);
  let r = aim(s, e, true);
  if (r < 0) return r;
  const f = changetype<Flow>(<usize>r);
  r = mayDatagramSend(s);
  if (r >= 0 && s.localPort == 0) r = inetAutobind(s);
  if (r < 0) return r;
  if (bytes > UDP_MAX) return -Errno.EMSGSIZE;
  const p = packetNew(more ? PACKET_MAX : bytes);
  if (!p) return -Errno.ENOBUFS;
  r = packetAppend(p, e, bytes);
  if (r < 0) {
    packetFree(p);
    return r;
  }
  if (more) cork(s, p, f);
  else {
    r = transmit(s, p, f, toPort);
    if (r < 0) return r;
  }
  return bytes;
}

/** Gives the datagram its header and sends it: 0 or -errno. */
function transmit(s: DatagramSocket, p: Packet, f: Flow, port: u16): Result {
  const udp = packetPush(p, UDP_HEADER_BYTES);
  store<u16>(udp, bswap<u16>(s.localPort));
  store<u16>(udp, bswap<u16>(port), 2);
  store<u16>(udp, bswap<u16>(<u16>p.length), 4);
  store<u16>(udp, 0, 6);
  const noChecksum = (s.options & SocketOption.NoCheck) != 0 && isMapped4(flowDestination(f));
  p.checksum = <u8>(noChecksum ? Checksum.Done : Checksum.ToCompute);
  p.checksumAt = 6;
  const space = inetSpaceOf(s);
  count(space, Counter.UdpOut);
  inetBegin();
  if (f.kind >= <u8>FlowKind.Broadcast) loopCopy(space, s, p, f);
  if (f.kind != <u8>FlowKind.Local) chargeSender(s, p);
  const r = inetOutput(space, p, f, Protocol.Udp);
  inetEnd();
  return r;
}

/** Broadcasts, and multicasts unless IP_MULTICAST_LOOP is off, come to this machine's sockets too. */
function loopCopy(space: InetSpace, s: DatagramSocket, p: Packet, f: Flow): void {
  if (f.kind == <u8>FlowKind.Multicast && (s.optionBits & InetOption.NoLoop) != 0) return;
  p.transport = p.data;
  const copy = datagramCopy(p, 0);
  if (!copy) return;
  copy.transport = copy.data;
  copy.network = copy.data;
  copy.interface = changetype<usize>(f.interface);
  copy.protocol = <u8>Protocol.Udp;
  copy.checksum = <u8>Checksum.Verified;
  copy.flags = <u16>(PacketFlag.Broadcast | PacketFlag.Looped);
  setAddress(packetSource(copy), changetype<InetAddress>(changetype<usize>(f)));
  setAddress(packetDestination(copy), flowDestination(f));
  udpInput(space, copy);
}

// Holding back -----------------------------------------------------------------------------------------------------------------------------

/** Keeps the datagram until more has come: where it goes stands in its own fields. */
function cork(s: DatagramSocket, p: Packet, f: Flow): void {
  s.corked = p;
  p.mark = toPort;
  setAddress(packetSource(p), changetype<InetAddress>(changetype<usize>(f)));
  setAddress(packetDestination(p), flowDestination(f));
}

function appendCorked(s: DatagramSocket, p: Packet, bytes: u32, more: bool): Result {
  const before = p.length;
  const r = before + bytes > UDP_MAX ? -Errno.EMSGSIZE : packetAppend(p, exchange, bytes);
  if (r < 0) {
    packetTrim(p, before);
    return r;
  }
  if (more) return bytes;
  const sent = udpPush(s);
  return sent < 0 ? sent : <Result>bytes;
}

/** Sends what is held back: 0 or -errno. */
export function udpPush(s: DatagramSocket): Result {
  const p = s.corked;
  if (!p) return 0;
  s.corked = null;
  const f = scratch;
  f.bound = 0;
  flowAim(f, packetSource(p), packetDestination(p));
  settle(s, f);
  const r = finishAim(s, f);
  if (r < 0) {
    packetFree(p);
    return r;
  }
  return transmit(s, p, f, <u16>p.mark);
}
