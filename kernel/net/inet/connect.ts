// Connecting, disconnecting, naming and closing datagram sockets: connect(2), getsockname(2), udp(7).

import { Errno } from "../../errno";
import { Result } from "../../result";
import { exchange, MessageFlag } from "../exchange";
import { Family, SocketOption, SocketType, socketUnlist, wakeEverybody } from "../socket";
import { InetAddress, isAnyAddress, isMapped4, setAddress, setAddress4, setLoopback6 } from "./address";
import { parsedLink } from "./bind";
import { datagramDrop, DatagramSocket, datagramRelease, flowOf, inetSpaceOf, isUdp } from "./datagram";
import { Flow, flowAim, flowIsBroadcast, flowRoute, flowSource } from "./flow";
import { Bound, endpointOf, formatSocketAddress, localAddress, parsedAddress, parsedPort, parseSocketAddress, remoteAddress } from "./inet";
import { portBind, portLeave, PortTable } from "./ports";
import { pingBind, pingLeave, rawUnlist } from "./raw";
import { settle, udpPush } from "./send";

/** Gives a socket without a port a free one: 0, -EAGAIN when there is none (as udp(7) has it), -ENOMEM. */
export function inetAutobind(s: DatagramSocket): Result {
  if (!isUdp(s)) return pingBind(s, 0);
  const r = portBind(changetype<PortTable>(inetSpaceOf(s).udp), s, 0, false);
  if (r != -Errno.EADDRINUSE) return r;
  // No waiting helps.
  exchange.flags |= MessageFlag.DontWait;
  return -Errno.EAGAIN;
}

/** connect(2): where the socket sends, and the only one it hears from; AF_UNSPEC ends that. 0 or -errno. */
export function datagramConnect(s: DatagramSocket, address: usize, length: u32): Result {
  if (length < 2) return -Errno.EINVAL;
  const family = load<u16>(address);
  if (family == Family.Unspecified) return disconnect(s);
  // It has a port then, even if there is no way to the address.
  let r: Result = s.localPort == 0 && s.type != <u32>SocketType.Raw ? inetAutobind(s) : 0;
  if (r < 0) return r;
  if (s.family == Family.Inet6 && family == Family.Inet && length >= 16) {
    // An IPv4 address at an IPv6 socket.
    if (s.onlyV6) return -Errno.EAFNOSUPPORT;
    setAddress4(parsedAddress, load<u32>(address, 4));
    return aimAt(s, bswap<u16>(load<u16>(address, 2)));
  }
  r = parseSocketAddress(s, address, length);
  if (r < 0) return r;
  if (isMapped4(parsedAddress) && s.onlyV6) return -Errno.ENETUNREACH;
  return aimAt(s, parsedPort);
}

function aimAt(s: DatagramSocket, port: u16): Result {
  const f = flowOf(s);
  const e = endpointOf(s);
  const link = parsedLink(s);
  if (link < 0) return link;
  if (isAnyAddress(parsedAddress) && !isMapped4(parsedAddress)) setLoopback6(parsedAddress);
  // A second connect picks the source again, unless bind has fixed it.
  if (s.isConnected && (s.bound & Bound.Address) == 0) setAnyLocal(s);
  flowAim(f, localAddress(e), parsedAddress);
  settle(s, f);
  const r = flowRoute(inetSpaceOf(s), f);
  if (r < 0) return r;
  if (flowIsBroadcast(f) && (s.options & SocketOption.Broadcast) == 0) return -Errno.EACCES;
  setAddress(localAddress(e), flowSource(f));
  setAddress(remoteAddress(e), changetype<InetAddress>(changetype<usize>(f) + offsetof<Flow>("destinationHigh")));
  s.remotePort = port;
  s.isConnected = true;
  return 0;
}

function setAnyLocal(s: DatagramSocket): void {
  const local = localAddress(endpointOf(s));
  local.high = 0;
  local.low = 0;
  if (s.family == Family.Inet) setAddress4(local, 0);
}

function disconnect(s: DatagramSocket): Result {
  const e = endpointOf(s);
  const remote = remoteAddress(e);
  remote.high = 0;
  remote.low = 0;
  if (s.family == Family.Inet) setAddress4(remote, 0);
  s.remotePort = 0;
  s.isConnected = false;
  if ((s.bound & Bound.Address) == 0) setAnyLocal(s);
  if ((s.bound & Bound.Port) == 0) leavePort(s);
  return 0;
}

function leavePort(s: DatagramSocket): void {
  if (isUdp(s)) portLeave(changetype<PortTable>(inetSpaceOf(s).udp), endpointOf(s));
  else pingLeave(s);
  s.localPort = 0;
}

/** Writes the socket's own address, or its peer's, to `p`: its length, -ENOTCONN without a peer. */
export function datagramAddress(s: DatagramSocket, ofPeer: bool, p: usize): Result {
  const e = endpointOf(s);
  if (!ofPeer) return formatSocketAddress(s, localAddress(e), s.localPort, p);
  // A peer of port 0 is none to Linux, though connect has taken it.
  if (!s.isConnected || (s.remotePort == 0 && isUdp(s))) return -Errno.ENOTCONN;
  return formatSocketAddress(s, remoteAddress(e), s.remotePort, p);
}

/** The socket's file has been closed for good. */
export function datagramClose(s: DatagramSocket): void {
  if (s.corked) udpPush(s);
  s.dead = true;
  leavePort(s);
  if (!isUdp(s)) rawUnlist(s);
  datagramDrop(s);
  socketUnlist(s);
  wakeEverybody(s);
  datagramRelease(s);
}

/** Bytes of the next datagram (FIONREAD). */
export function datagramReadable(s: DatagramSocket): u32 {
  const first = s.first;
  return first ? first.length : 0;
}
