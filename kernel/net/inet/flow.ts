// Flows: where the packets of one sender go. A socket has one for its peer; it remembers what routing found until something changes in the space. Routing
// is RFC 1122, 3.3.1: own addresses by the loopback device, then the route of the longest prefix; the source is the address of the interface.

import { Errno } from "../../errno";
import { Result } from "../../result";
import {
  address4,
  BROADCAST4,
  InetAddress,
  isAnyAddress,
  isLoopback4,
  isLoopbackAddress,
  isMapped4,
  isMulticast4,
  LOOPBACK4,
  LOOPBACK_BROADCAST4,
  netmask4,
  setAddress,
  setAddress4,
} from "./address";
import { Interface, interfaceByAddress, interfaceByIndex } from "./interface";
import { PACKET_MAX } from "../packet";
import { pathMtu } from "./pathmtu";
import { InetSpace, Route } from "./space";

export const enum FlowKind {
  Unicast = 0,
  /** To an address of our own. */
  Local = 1,
  Broadcast = 2,
  Multicast = 3,
}

/** What becomes of packets longer than the MTU: IP_MTU_DISCOVER's values. */
export const enum Discover {
  /** Split here and by routers. */
  Never = 0,
  /** TCP: DF; datagrams: split here. */
  Want = 1,
  /** DF, and too long is an error. */
  Always = 2,
  /** As Always, whatever routers said. */
  Probe = 3,
}

@unmanaged
export class Flow {
  /** InetAddress each: flowSource, flowDestination. A source of :: is filled in by routing. */
  sourceHigh: u64;
  sourceLow: u64;
  destinationHigh: u64;
  destinationLow: u64;
  /** What routing found, right while `generation` is the space's. */
  interface: Interface;
  nextHop: u32;
  mtu: u32;
  generation: u32;
  /** A FlowKind. */
  kind: u8;
  /** Time to live (0: the space's), type of service, Discover. */
  hops: u8;
  service: u8;
  discover: u8;
  /** Index of the only interface to use (SO_BINDTODEVICE, IP_MULTICAST_IF), 0 for any. */
  bound: u32;
  /** Routing picked the source, and may pick another. */
  anySource: bool;
  pad0: u8;
  pad1: u16;
  pad2: u32;
}
export const FLOW_BYTES: u32 = 64;
if (offsetof<Flow>() != FLOW_BYTES) ERROR("Flow is 64 bytes");

@inline
export function flowSource(f: Flow): InetAddress {
  return changetype<InetAddress>(changetype<usize>(f) + offsetof<Flow>("sourceHigh"));
}
@inline
export function flowDestination(f: Flow): InetAddress {
  return changetype<InetAddress>(changetype<usize>(f) + offsetof<Flow>("destinationHigh"));
}

/** Aims the flow, which keeps its settings, at `destination` from `source` (:: or 0.0.0.0: what routing picks). */
export function flowAim(f: Flow, source: InetAddress, destination: InetAddress): void {
  setAddress(flowSource(f), source);
  setAddress(flowDestination(f), destination);
  f.anySource = isAnyAddress(source);
  f.generation = 0;
}

/**
 * Sees to it that the flow knows its way: 0; -ENETUNREACH without a route, -EINVAL for a source that is not ours. Its interface, nextHop, mtu, kind
 * and source are right then.
 */
@inline
export function flowRoute(space: InetSpace, f: Flow): Result {
  return f.generation == space.generation ? 0 : find(space, f);
}

function find(space: InetSpace, f: Flow): Result {
  const to = flowDestination(f);
  if (f.anySource && isMapped4(to)) setAddress4(flowSource(f), 0);
  const r = isMapped4(to) ? find4(space, f, address4(to)) : find6(space, f, to);
  if (r < 0) return r;
  f.generation = space.generation;
  return 0;
}

/** IPv6 is for loopback only. */
function find6(space: InetSpace, f: Flow, to: InetAddress): Result {
  if (!isLoopbackAddress(to)) return -Errno.ENETUNREACH;
  const from = flowSource(f);
  if (f.anySource) setAddress(from, to);
  else if (!isLoopbackAddress(from)) return -Errno.EADDRNOTAVAIL;
  local(space, f);
  return 0;
}

function local(space: InetSpace, f: Flow): void {
  f.interface = space.loopback;
  f.nextHop = 0;
  f.mtu = space.loopback.mtu;
  f.kind = <u8>FlowKind.Local;
}

function find4(space: InetSpace, f: Flow, to: u32): Result {
  const from = address4(flowSource(f));
  if (to == 0) {
    // RFC 1122 forbids it as a destination; BSD, and so Linux, takes it for this machine.
    to = from != 0 ? from : LOOPBACK4;
    setAddress4(flowDestination(f), to);
  }
  if (isLoopback4(to) || (interfaceByAddress(space, to) && !isMulticast4(to))) {
    if (f.anySource) setAddress4(flowSource(f), isLoopback4(to) ? LOOPBACK4 : to);
    local(space, f);
    f.mtu = min(f.mtu, PACKET_MAX);
    return 0;
  }
  const only = f.bound != 0 ? interfaceByIndex(space, f.bound) : null;
  const route = to == BROADCAST4 || isMulticast4(to) ? anyRoute(space, to, only) : routeTo(space, to, only);
  if (!route) return -Errno.ENETUNREACH;
  const by = route.interface;
  f.interface = by;
  f.nextHop = route.gateway != 0 ? route.gateway : to;
  f.kind = <u8>kindOf(by, to);
  if (f.kind != FlowKind.Unicast) f.nextHop = to;
  f.mtu = f.discover == Discover.Probe ? by.mtu : pathMtu(space, to, by.mtu);
  if (f.anySource) setAddress4(flowSource(f), route.source != 0 ? route.source : by.address);
  return 0;
}

/** Whether the flow, which knows its way, leads to a broadcast address: SO_BROADCAST allows that. */
export function flowIsBroadcast(f: Flow): bool {
  if (f.kind != <u8>FlowKind.Local) return f.kind == <u8>FlowKind.Broadcast;
  return isMapped4(flowDestination(f)) && address4(flowDestination(f)) == LOOPBACK_BROADCAST4;
}

function kindOf(i: Interface, to: u32): FlowKind {
  if (isMulticast4(to)) return FlowKind.Multicast;
  if (to == BROADCAST4 || to == i.broadcast) return FlowKind.Broadcast;
  // The network's own address is an old form of broadcast.
  return i.prefix < 31 && to == (i.address & netmask4(i.prefix)) ? FlowKind.Broadcast : FlowKind.Unicast;
}

/** The route to `to`, by `only` unless that is null; null if there is none. */
export function routeTo(space: InetSpace, to: u32, only: Interface | null): Route | null {
  let route = space.routes;
  while (route && (((route.destination ^ to) & netmask4(route.prefix)) != 0 || (only != null && route.interface != only)))
    route = route.next;
  return route;
}

/** Broadcasts and multicasts go where a route says, else by the first link that can. */
function anyRoute(space: InetSpace, to: u32, only: Interface | null): Route | null {
  const route = routeTo(space, to, only);
  if (route) return route;
  let first = space.routes;
  while (first && only != null && first.interface != only) first = first.next;
  return first;
}
