// The host call networkList: interfaces, routes, sockets and published ports of the host or of one container, and the host's name servers, as records
// (docs/host-syscalls.md, "Network"). The kernel runs one handler at once, so a list is the state of one moment.

import { Container, hostContainer } from "../../kernel/container/container";
import { containerFind } from "../../kernel/container/lifecycle";
import { Errno } from "../../kernel/errno";
import { copyOut } from "../../kernel/mm/user";
import { nameServer, nameServerCount } from "../../kernel/net/host";
import { asDatagram } from "../../kernel/net/inet/datagram";
import { asInet, Endpoint, endpointOf, InetSocket } from "../../kernel/net/inet/inet";
import { Interface } from "../../kernel/net/inet/interface";
import { Protocol } from "../../kernel/net/inet/output";
import { InetSpace } from "../../kernel/net/inet/space";
import { Published, publishedFirst } from "../../kernel/net/nat";
import { Family, SocketType } from "../../kernel/net/socket";
import { NetSpace } from "../../kernel/net/space";
import { asTcp, receiveChain, TcpState } from "../../kernel/net/tcp/socket";
import { waitFirst } from "../../kernel/net/tcp/timewait";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { idText, takeId } from "./arguments";

const enum List {
  Interfaces = 0,
  Routes = 1,
  Sockets = 2,
  Published = 3,
  NameServers = 4,
}

const INTERFACE_BYTES: u32 = 120;
/** What an Interface has from its hardware address to its last counter, which is how the record ends. */
const INTERFACE_TAIL: usize = offsetof<Interface>("hardware");
const INTERFACE_TAIL_BYTES: u32 = 88;
if (offsetof<Interface>("sentDropped") + 8 - INTERFACE_TAIL != INTERFACE_TAIL_BYTES) ERROR("the tail of an Interface is 88 bytes");
const ROUTE_BYTES: u32 = 24;
const SOCKET_BYTES: u32 = 56;
const PUBLISHED_BYTES: u32 = 16;

const record = memory.data(128, 8);

/** Where the next record goes, and how much room there is from there on. */
let outAt: u64 = 0;
let outLeft: u64 = 0;

/** Writes the `bytes` of `record`: 0, -ERANGE or -EFAULT. */
function put(bytes: u32): Result {
  if (bytes > outLeft) return -Errno.ERANGE;
  const r = copyOut(outAt, record, bytes);
  if (r < 0) return r;
  outAt += bytes;
  outLeft -= bytes;
  return 0;
}

function putInterfaces(space: InetSpace): Result {
  let r: Result = 0;
  let i = space.interfaces;
  while (i && r == 0) {
    store<u32>(record, i.index);
    store<u32>(record, i.kind, 4);
    store<u32>(record, i.flags, 8);
    store<u32>(record, i.mtu, 12);
    store<u32>(record, i.address, 16);
    store<u32>(record, i.prefix, 20);
    store<u32>(record, i.broadcast, 24);
    store<u32>(record, i.offload, 28);
    memory.copy(record + 32, changetype<usize>(i) + INTERFACE_TAIL, INTERFACE_TAIL_BYTES);
    r = put(INTERFACE_BYTES);
    i = i.next;
  }
  return r;
}

function putRoutes(space: InetSpace): Result {
  let r: Result = 0;
  let route = space.routes;
  while (route && r == 0) {
    store<u32>(record, route.destination);
    store<u32>(record, route.prefix, 4);
    store<u32>(record, route.gateway, 8);
    store<u32>(record, route.source, 12);
    store<u32>(record, route.interface.index, 16);
    store<u32>(record, route.metric, 20);
    r = put(ROUTE_BYTES);
    route = route.next;
  }
  return r;
}

// Sockets ----------------------------------------------------------------------------------------------------------------------------------

function putEndpoint(e: Endpoint, family: u32, protocol: u32, state: u32, received: u32, sent: u32): Result {
  store<u32>(record, family);
  store<u32>(record, protocol, 4);
  store<u32>(record, state, 8);
  store<u16>(record, e.localPort, 12);
  store<u16>(record, e.remotePort, 14);
  store<u64>(record, e.localHigh, 16);
  store<u64>(record, e.localLow, 24);
  store<u64>(record, e.remoteHigh, 32);
  store<u64>(record, e.remoteLow, 40);
  store<u32>(record, received, 48);
  store<u32>(record, sent, 52);
  return put(SOCKET_BYTES);
}

/** A socket of TCP that does something, or one of UDP, raw or ping that has a port or a protocol. */
function putSocket(s: InetSocket): Result {
  if (s.type == <u32>SocketType.Stream) {
    const tcp = asTcp(s);
    if (tcp.tcpState == TcpState.Closed) return 0;
    const received = tcp.tcpState == TcpState.Listen ? tcp.accepting : receiveChain(tcp).bytes;
    return putEndpoint(endpointOf(s), s.family, Protocol.Tcp, tcp.tcpState, received, tcp.sendBytes);
  }
  if (s.type == <u32>SocketType.Datagram && s.localPort == 0) return 0;
  const d = asDatagram(s);
  const state = d.isConnected ? TcpState.Established : TcpState.Closed;
  return putEndpoint(endpointOf(s), s.family, s.protocol, state, d.queued, s.sendCharge);
}

function putSockets(net: NetSpace): Result {
  let r: Result = 0;
  let s = net.first;
  while (s && r == 0) {
    if (s.family == Family.Inet || s.family == Family.Inet6) r = putSocket(asInet(s));
    s = s.spaceNext;
  }
  let w = waitFirst();
  while (w && r == 0) {
    if (w.space.net == net) r = putEndpoint(w, w.family, Protocol.Tcp, TcpState.TimeWait, 0, 0);
    w = w.next;
  }
  return r;
}

// The rest ---------------------------------------------------------------------------------------------------------------------------------

/** Ports of the host that lead to the container, or (the host) to any. */
function putPublished(c: Container): Result {
  let r: Result = 0;
  let p = publishedFirst();
  while (p && r == 0) {
    if (c.isHost || changetype<usize>(p.port.space.net) == c.net) r = putOnePublished(p);
    p = p.next;
  }
  return r;
}

function putOnePublished(p: Published): Result {
  store<u32>(record, p.protocol);
  store<u16>(record, bswap<u16>(p.hostPort), 4);
  store<u16>(record, bswap<u16>(p.guestPort), 6);
  store<u32>(record, p.port.address, 8);
  store<u32>(record, 0, 12);
  return put(PUBLISHED_BYTES);
}

function putNameServers(): Result {
  let r: Result = 0;
  for (let i: u32 = 0; i < nameServerCount && r == 0; i++) {
    store<u32>(record, nameServer(i));
    r = put(4);
  }
  return r;
}

function putList(c: Container, list: u32): Result {
  if (list == List.Published) return putPublished(c);
  if (list == List.NameServers) return putNameServers();
  // Who has not used a network yet has nothing to show.
  const net = changetype<NetSpace | null>(c.net);
  if (!net || net.inet == 0) return 0;
  const space = changetype<InetSpace>(net.inet);
  switch (list) {
    case List.Interfaces:
      return putInterfaces(space);
    case List.Routes:
      return putRoutes(space);
    default:
      return putSockets(net);
  }
}

/** An id of length 0 is the host's world. */
export function hostNetworkList(t: Thread, list: u64, id: u64, idLength: u64, buffer: u64, capacity: u64): Result {
  if (list > <u64>List.NameServers) return -Errno.EINVAL;
  let r: Result = idLength == 0 ? 0 : takeId(id, idLength);
  if (r < 0) return r;
  const c = idLength == 0 ? hostContainer : containerFind(idText, <u32>r);
  if (!c) return -Errno.ENOENT;
  outAt = buffer;
  outLeft = capacity;
  r = putList(c, <u32>list);
  return r < 0 ? r : <Result>(outAt - buffer);
}
