// What the Internet protocols have in one container: interfaces, routes, tables of ports, counters. Made with the container's first need for it and kept
// by its NetSpace. Every packet, route and socket belongs to one InetSpace, so that one container never meets another's.

import { kernelAlloc, kernelFree } from "../../mm/heap";
import { loopbackMake } from "../loopback";
import { NetSpace } from "../space";
import { tcpSpaceEnd } from "../tcp/end";
import { interfaceFree } from "./configure";
import { COUNTERS } from "./counters";
import { fragmentsPurge } from "./fragment";
import { PortTable, portTableFree } from "./ports";
import { Interface } from "./interface";

/** A route: destinations that go out by an interface, some of them through a gateway. */
@unmanaged
export class Route {
  next: Route | null;
  destination: u32;
  prefix: u32;
  /** IPv4 address of the next hop, 0 for none: on the link. */
  gateway: u32;
  interface: Interface;
  /** Address that packets have unless they say otherwise. */
  source: u32;
  metric: u32;
}

@unmanaged
export class InetSpace {
  /** Whose it is, not counted. */
  net: NetSpace;
  interfaces: Interface | null;
  loopback: Interface;
  /** Longest prefix first, then least metric. */
  routes: Route | null;
  /** Goes up when interfaces, addresses, routes or path MTUs change: flows then look again. */
  generation: u32;
  /** Tables of kernel/net/inet/ports.ts, 0 while there is none. */
  tcp: usize;
  udp: usize;
  /** Raw and ping sockets (kernel/net/inet/raw.ts). */
  raw: usize;
  /** What parts of datagrams cost that are not whole yet (kernel/net/inet/fragment.ts). */
  fragments: usize;
  /** Path MTUs that routers told (kernel/net/inet/pathmtu.ts). */
  pathMtus: usize;
  /** What IPv4 packets are numbered with. */
  identification: u32;
  nextIndex: u32;
  /** net.ipv4.ip_unprivileged_port_start, ip_default_ttl. */
  portPrivileged: u16;
  hops: u8;
  /** Packets for others are passed on (the host's space, for its containers). */
  forwards: bool;
}
/** Bytes of the object: counters, u64 by Counter, follow it (kernel/net/inet/counters.ts). */
const SPACE_BYTES: u32 = (offsetof<InetSpace>() + 7) & ~7;

/** Counts one more of `counter` (a Counter). */
@inline
export function count(space: InetSpace, counter: u32): void {
  const at = changetype<usize>(space) + SPACE_BYTES + (counter << 3);
  store<u64>(at, load<u64>(at) + 1);
}

/** How many of `counter` there were. */
export function counted(space: InetSpace, counter: u32): u64 {
  return load<u64>(changetype<usize>(space) + SPACE_BYTES + (counter << 3));
}

/** The Internet side of a container's sockets, made if there is none yet; null when memory is short. */
export function inetOf(net: NetSpace): InetSpace | null {
  if (net.inet != 0) return changetype<InetSpace>(net.inet);
  return make(net);
}

function make(net: NetSpace): InetSpace | null {
  const p = kernelAlloc(SPACE_BYTES + COUNTERS * 8);
  if (p == 0) return null;
  const space = changetype<InetSpace>(p);
  space.net = net;
  space.generation = 1;
  space.nextIndex = 1;
  space.portPrivileged = 1024;
  space.hops = 64;
  if (!loopbackMake(space)) {
    kernelFree(p);
    return null;
  }
  net.inet = p;
  return space;
}

/** Frees the space with its interfaces and routes; its sockets have gone. For spaceRelease. */
export function inetFree(space: InetSpace): void {
  fragmentsPurge(space);
  while (space.routes) {
    const route = space.routes!;
    space.routes = route.next;
    kernelFree(changetype<usize>(route));
  }
  while (space.interfaces) {
    const i = space.interfaces!;
    space.interfaces = i.next;
    interfaceFree(i);
  }
  tcpSpaceEnd(space);
  if (space.udp != 0) portTableFree(changetype<PortTable>(space.udp));
  kernelFree(space.pathMtus);
  kernelFree(changetype<usize>(space));
}
