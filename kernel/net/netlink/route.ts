// NETLINK_ROUTE (rtnetlink(7); layouts of linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h): what getifaddrs(3) and ip(8) ask for. Dumps of
// links, addresses, routes and neighbours, one link or the route to one address. What would change something needs CAP_NET_ADMIN, and is not supported with it.

import { Errno } from "../../errno";
import { putByte, putBytes, Text, textFree, textNew } from "../../lib/text";
import { Result } from "../../result";
import { capable, Capability } from "../../task/credentials";
import { current } from "../../task/thread";
import { address4, InetAddress, setAddress4 } from "../inet/address";
import { Flow, flowAim, FlowKind, flowRoute, flowSource, FLOW_BYTES } from "../inet/flow";
import { Interface, interfaceByIndex, InterfaceFlag, interfaceHardware, InterfaceKind, interfaceName } from "../inet/interface";
import { inetOf, InetSpace, Route } from "../inet/space";
import { Family } from "../socket";
import { netlinkAnswer, NetlinkSocket } from "./netlink";

const HEADER_BYTES: u32 = 16;

const enum Type {
  NoOperation = 1,
  Error = 2,
  Done = 3,
  /** Types from here on are those of rtnetlink: new, delete, get, set of each kind of object. */
  First = 16,
  NewLink = 16,
  GetLink = 18,
  NewAddress = 20,
  GetAddress = 22,
  NewRoute = 24,
  GetRoute = 26,
  GetNeighbour = 30,
  GetRule = 34,
}

const enum Flag {
  Request = 1,
  Multi = 2,
  Acknowledge = 4,
  Dump = 0x300,
}

const flow = changetype<Flow>(memory.data(FLOW_BYTES, 8));
const target = changetype<InetAddress>(memory.data(16, 8));
const any = changetype<InetAddress>(memory.data(16, 8));
const word = memory.data(8, 8);

// Writing messages -------------------------------------------------------------------------------------------------------------------------

/** The request that is being answered. */
let requestSequence: u32 = 0;
let requestPort: u32 = 0;
/** Offset of the message that is being written. */
let messageAt: u32 = 0;

function put32(text: Text, v: u32): void {
  store<u32>(word, v);
  putBytes(text, word, 4);
}

function begin(text: Text, type: u32, flags: u32): void {
  messageAt = text.length;
  put32(text, 0);
  put32(text, type | (flags << 16));
  put32(text, requestSequence);
  put32(text, requestPort);
}

/** Fills in the length; messages begin at multiples of four. */
function end(text: Text): void {
  if (text.failed) return;
  store<u32>(text.data + messageAt, text.length - messageAt);
}

function attribute(text: Text, type: u32, p: usize, bytes: u32): void {
  put32(text, (4 + bytes) | (type << 16));
  putBytes(text, p, bytes);
  for (let n = bytes; (n & 3) != 0; n++) putByte(text, 0);
}

function attribute32(text: Text, type: u32, v: u32): void {
  put32(text, 8 | (type << 16));
  put32(text, v);
}

function attribute8(text: Text, type: u32, v: u32): void {
  put32(text, 5 | (type << 16));
  put32(text, v & 0xff);
}

function nameBytes(i: Interface): u32 {
  let n: u32 = 0;
  while (load<u8>(interfaceName(i) + n) != 0) n++;
  return n + 1;
}

// Links ------------------------------------------------------------------------------------------------------------------------------------

/** Attributes of links (IFLA_*). */
const enum Link {
  Address = 1,
  Broadcast = 2,
  Name = 3,
  Mtu = 4,
  Discipline = 6,
  QueueLength = 13,
  State = 16,
  Mode = 17,
  Statistics64 = 23,
  Group = 27,
  Promiscuity = 30,
  SendQueues = 31,
  ReceiveQueues = 32,
  Carrier = 33,
}

/** Hardware types: ARPHRD_ETHER, ARPHRD_LOOPBACK. */
export const HARDWARE_ETHERNET: u32 = 1;
export const HARDWARE_LOOPBACK: u32 = 772;
const STATISTICS_BYTES: u32 = 24 * 8;
const statistics = memory.data(192, 8);
const hardware = memory.data(8, 8);
const discipline = memory.data<u8>([0x6e, 0x6f, 0x71, 0x75, 0x65, 0x75, 0x65, 0]); // noqueue

function putLink(text: Text, i: Interface, flags: u32): void {
  const loopback = i.kind == InterfaceKind.Loopback;
  begin(text, Type.NewLink, flags);
  put32(text, (loopback ? HARDWARE_LOOPBACK : HARDWARE_ETHERNET) << 16);
  put32(text, i.index);
  put32(text, i.flags);
  put32(text, 0);
  attribute(text, Link.Name, interfaceName(i), nameBytes(i));
  attribute32(text, Link.QueueLength, 1000);
  // Operational state: unknown, as of all loopback devices, or up.
  attribute8(text, Link.State, loopback ? 0 : (i.flags & InterfaceFlag.Up) != 0 ? 6 : 2);
  attribute8(text, Link.Mode, 0);
  attribute32(text, Link.Mtu, i.mtu);
  attribute32(text, Link.Group, 0);
  attribute32(text, Link.Promiscuity, 0);
  attribute32(text, Link.SendQueues, 1);
  attribute32(text, Link.ReceiveQueues, 1);
  attribute8(text, Link.Carrier, 1);
  attribute(text, Link.Address, interfaceHardware(i), 6);
  store<u64>(hardware, loopback ? 0 : u64.MAX_VALUE);
  attribute(text, Link.Broadcast, hardware, 6);
  putStatistics(text, i);
  attribute(text, Link.Discipline, discipline, 8);
  end(text);
}

/** struct rtnl_link_stats64: packets, bytes, errors and drops come first, received before sent each. */
function putStatistics(text: Text, i: Interface): void {
  memory.fill(statistics, 0, STATISTICS_BYTES);
  store<u64>(statistics, i.receivedPackets);
  store<u64>(statistics, i.sentPackets, 8);
  store<u64>(statistics, i.receivedBytes, 16);
  store<u64>(statistics, i.sentBytes, 24);
  store<u64>(statistics, i.receivedErrors, 32);
  store<u64>(statistics, i.sentErrors, 40);
  store<u64>(statistics, i.receivedDropped, 48);
  store<u64>(statistics, i.sentDropped, 56);
  attribute(text, Link.Statistics64, statistics, STATISTICS_BYTES);
}

// Addresses --------------------------------------------------------------------------------------------------------------------------------

/** Attributes of addresses (IFA_*); what lives for ever. */
const enum Address {
  Address = 1,
  Local = 2,
  Label = 3,
  Broadcast = 4,
  Cache = 6,
  Flags = 8,
}
const PERMANENT: u32 = 0x80;
const SCOPE_HOST: u32 = 254;
const SCOPE_LINK: u32 = 253;
const forever = memory.data<u32>([0xffff_ffff, 0xffff_ffff, 0, 0]);
const loopback6 = memory.data<u8>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

function putAddress(text: Text, i: Interface): void {
  if (i.address == 0) return;
  const scope = i.kind == InterfaceKind.Loopback ? SCOPE_HOST : 0;
  begin(text, Type.NewAddress, Flag.Multi);
  put32(text, Family.Inet | (i.prefix << 8) | (PERMANENT << 16) | (scope << 24));
  put32(text, i.index);
  attribute32(text, Address.Address, i.address);
  attribute32(text, Address.Local, i.address);
  if (i.broadcast != 0) attribute32(text, Address.Broadcast, i.broadcast);
  attribute(text, Address.Label, interfaceName(i), nameBytes(i));
  attribute32(text, Address.Flags, PERMANENT);
  attribute(text, Address.Cache, forever, 16);
  end(text);
}

/** ::1, of the loopback device. */
function putAddress6(text: Text, i: Interface): void {
  if (i.kind != InterfaceKind.Loopback) return;
  begin(text, Type.NewAddress, Flag.Multi);
  put32(text, Family.Inet6 | (128 << 8) | (PERMANENT << 16) | (SCOPE_HOST << 24));
  put32(text, i.index);
  attribute(text, Address.Address, loopback6, 16);
  attribute(text, Address.Cache, forever, 16);
  attribute32(text, Address.Flags, PERMANENT);
  end(text);
}

// Routes -----------------------------------------------------------------------------------------------------------------------------------

const enum RouteAttribute {
  Destination = 1,
  Out = 4,
  Gateway = 5,
  Priority = 6,
  Source = 7,
  Table = 15,
}
const TABLE_MAIN: u32 = 254;
const TABLE_LOCAL: u32 = 255;
const KERNEL: u32 = 2;
const BOOT: u32 = 3;
const UNICAST: u32 = 1;
const LOCAL: u32 = 2;

function putRoute(text: Text, route: Route): void {
  const direct = route.gateway == 0;
  begin(text, Type.NewRoute, Flag.Multi);
  put32(text, Family.Inet | (route.prefix << 8));
  put32(text, TABLE_MAIN | ((direct ? KERNEL : BOOT) << 8) | ((direct ? SCOPE_LINK : 0) << 16) | (UNICAST << 24));
  put32(text, 0);
  attribute32(text, RouteAttribute.Table, TABLE_MAIN);
  if (route.prefix != 0) attribute32(text, RouteAttribute.Destination, route.destination);
  if (route.metric != 0) attribute32(text, RouteAttribute.Priority, route.metric);
  if (direct) attribute32(text, RouteAttribute.Source, route.source);
  else attribute32(text, RouteAttribute.Gateway, route.gateway);
  attribute32(text, RouteAttribute.Out, route.interface.index);
  end(text);
}

/** RTM_GETROUTE for one address: how packets to it would go. 0 or -errno. */
function putRouteTo(text: Text, space: InetSpace, request: usize, bytes: u32): Result {
  if (bytes < HEADER_BYTES + 12) return -Errno.EINVAL;
  const to = findAttribute(request, bytes, HEADER_BYTES + 12, RouteAttribute.Destination);
  if (load<u8>(request, HEADER_BYTES) != <u8>Family.Inet) return -Errno.ENETUNREACH;
  if (to == 0) return -Errno.EINVAL;
  setAddress4(target, load<u32>(to));
  setAddress4(any, 0);
  flow.bound = 0;
  flowAim(flow, any, target);
  const r = flowRoute(space, flow);
  if (r < 0) return r;
  const local = flow.kind == <u8>FlowKind.Local;
  begin(text, Type.NewRoute, 0);
  put32(text, Family.Inet | (32 << 8));
  put32(text, (local ? TABLE_LOCAL : TABLE_MAIN) | ((local ? LOCAL : UNICAST) << 24));
  put32(text, 0x200);
  attribute32(text, RouteAttribute.Table, local ? TABLE_LOCAL : TABLE_MAIN);
  attribute32(text, RouteAttribute.Destination, load<u32>(to));
  if (!local && flow.nextHop != load<u32>(to)) attribute32(text, RouteAttribute.Gateway, flow.nextHop);
  attribute32(text, RouteAttribute.Out, flow.interface.index);
  attribute32(text, RouteAttribute.Source, address4(flowSource(flow)));
  end(text);
  return 0;
}

// Requests ---------------------------------------------------------------------------------------------------------------------------------

/** Value of at least four bytes of an attribute of the request, whose attributes begin at `from`; 0 when it is not there. */
function findAttribute(request: usize, bytes: u32, from: u32, type: u32): usize {
  while (from + 4 <= bytes) {
    const n = <u32>load<u16>(request + from);
    if (n < 4 || from + n > bytes) return 0;
    if ((load<u16>(request + from, 2) & 0x3fff) == <u16>type && n >= 8) return request + from + 4;
    from += (n + 3) & ~3;
  }
  return 0;
}

/** Writes what a dump has to say: false for kinds of objects that there are none of. */
function dump(text: Text, space: InetSpace, type: u32, family: u32): void {
  let i = space.interfaces;
  if (type == Type.GetLink || type == Type.GetAddress)
    while (i) {
      if (type == Type.GetLink) putLink(text, i, Flag.Multi);
      else {
        if (family != Family.Inet6) putAddress(text, i);
        if (family != Family.Inet) putAddress6(text, i);
      }
      i = i.next;
    }
  let route = type == Type.GetRoute && family != Family.Inet6 ? space.routes : null;
  while (route) {
    putRoute(text, route);
    route = route.next;
  }
}

/** Answers a dump: what there is, and by itself that it was all. 0 or -errno. */
function answerDump(s: NetlinkSocket, space: InetSpace, text: Text, type: u32, family: u32): Result {
  dump(text, space, type, family);
  if (text.failed) return -Errno.ENOBUFS;
  let r: Result = text.length != 0 ? netlinkAnswer(s, text.data, text.length) : 0;
  if (r < 0) return r;
  text.length = 0;
  begin(text, Type.Done, Flag.Multi);
  put32(text, 0);
  end(text);
  r = netlinkAnswer(s, text.data, text.length);
  return r;
}

/** RTM_GETLINK for one interface, by index or name: 0, -ENODEV. */
function putOneLink(text: Text, space: InetSpace, request: usize, bytes: u32): Result {
  if (bytes < HEADER_BYTES + 16) return -Errno.EINVAL;
  const index = load<u32>(request, HEADER_BYTES + 4);
  let i = index != 0 ? interfaceByIndex(space, index) : null;
  const name = findAttribute(request, bytes, HEADER_BYTES + 16, Link.Name);
  if (index == 0 && name != 0) {
    i = space.interfaces;
    while (i && memory.compare(interfaceName(i), name, min<u32>(nameBytes(i), <u32>load<u16>(name - 4) - 4)) != 0) i = i.next;
  } else if (index == 0) return -Errno.EINVAL;
  if (!i) return -Errno.ENODEV;
  putLink(text, i, 0);
  return 0;
}

/** One request: 0 when it was answered, else the -errno that its NLMSG_ERROR tells. */
function answer(s: NetlinkSocket, space: InetSpace, text: Text, request: usize, bytes: u32): Result {
  const type = <u32>load<u16>(request, 4);
  const isGet = (type & 3) == 2;
  if (!isGet && !capable(current.credentials, Capability.NetAdmin)) return -Errno.EPERM;
  if (!isGet || bytes < HEADER_BYTES + 1) return -Errno.EOPNOTSUPP;
  const isDump = (load<u16>(request, 6) & (<u16>Flag.Dump)) != 0;
  const known = type == Type.GetLink || type == Type.GetAddress || type == Type.GetRoute;
  if (isDump && (known || type == Type.GetNeighbour || type == Type.GetRule))
    return answerDump(s, space, text, type, load<u8>(request, HEADER_BYTES));
  let r: Result = -Errno.EOPNOTSUPP;
  if (type == Type.GetLink) r = putOneLink(text, space, request, bytes);
  else if (type == Type.GetRoute) r = putRouteTo(text, space, request, bytes);
  if (r < 0) return r;
  return text.failed ? -Errno.ENOBUFS : netlinkAnswer(s, text.data, text.length);
}

/** NLMSG_ERROR: the error (0: an acknowledgment), and the request's header. */
function putError(text: Text, error: Result, request: usize, bytes: u32): void {
  begin(text, Type.Error, 0);
  put32(text, <u32>error);
  putBytes(text, request, error == 0 ? HEADER_BYTES : bytes);
  for (let n = bytes; error != 0 && (n & 3) != 0; n++) putByte(text, 0);
  end(text);
}

/** Handles the requests in `bytes` at `request`: 0, or -ENOBUFS when their answers cannot be kept. */
export function netlinkRequest(s: NetlinkSocket, request: usize, bytes: u32): Result {
  const space = inetOf(s.space);
  const text = textNew(2048);
  let r: Result = space && text ? 0 : -Errno.ENOBUFS;
  while (r >= 0 && bytes >= HEADER_BYTES) {
    const n = load<u32>(request);
    if (n < HEADER_BYTES || n > bytes) break;
    r = handle(s, space!, text!, request, n);
    const step = min((n + 3) & ~3, bytes);
    request += step;
    bytes -= step;
  }
  if (text) textFree(text);
  return r;
}

function handle(s: NetlinkSocket, space: InetSpace, text: Text, request: usize, bytes: u32): Result {
  const flags = load<u16>(request, 6);
  if ((flags & (<u16>Flag.Request)) == 0 || load<u16>(request, 4) < <u16>Type.First) return 0;
  requestSequence = load<u32>(request, 8);
  requestPort = s.port;
  text.length = 0;
  const r = answer(s, space, text, request, bytes);
  const isDump = (flags & (<u16>Flag.Dump)) != 0;
  if (r == -Errno.ENOBUFS || (r >= 0 && ((flags & (<u16>Flag.Acknowledge)) == 0 || isDump))) return r;
  text.length = 0;
  putError(text, r, request, bytes);
  return text.failed ? -Errno.ENOBUFS : netlinkAnswer(s, text.data, text.length);
}
