// Configuring a space: interfaces, addresses and routes come and go. Flows look again afterwards (InetSpace.generation).

import { Errno } from "../../errno";
import { kernelAlloc, kernelFree } from "../../mm/heap";
import { Result } from "../../result";
import { neighboursFree } from "../arp";
import { loopbackPurge } from "../loopback";
import { natForget } from "../nat";
import { netmask4 } from "./address";
import { Interface, InterfaceKind } from "./interface";
import { InetSpace, Route } from "./space";
import { switchLeave } from "../switch";

/** A new interface at the end of the space's list, down and without an address; its name is the eight bytes of `name`. Null when memory is short. */
export function interfaceAdd(space: InetSpace, kind: InterfaceKind, name: u64, mtu: u32): Interface | null {
  const i = changetype<Interface | null>(kernelAlloc(offsetof<Interface>()));
  if (!i) return null;
  i.space = space;
  i.index = space.nextIndex++;
  i.kind = kind;
  i.mtu = mtu;
  i.name0 = name;
  let last = space.interfaces!;
  while (last.next) last = last.next!;
  last.next = i;
  space.generation++;
  return i;
}

/** Frees what an interface has, off its space's list already. */
export function interfaceFree(i: Interface): void {
  if (i.kind == InterfaceKind.Port) {
    natForget(i);
    switchLeave(i);
  }
  neighboursFree(i);
  loopbackPurge(i);
  kernelFree(changetype<usize>(i));
}

/** Takes an interface away, with its routes. */
export function interfaceRemove(i: Interface): void {
  const space = i.space;
  routesRemove(space, i);
  let before = space.interfaces!;
  while (before.next != i) before = before.next!;
  before.next = i.next;
  space.generation++;
  interfaceFree(i);
}

/** Adds a route to destination/prefix by the interface: 0, -EEXIST when there is one of that metric, -ENOBUFS. */
export function routeAdd(space: InetSpace, destination: u32, prefix: u32, gateway: u32, by: Interface, source: u32, metric: u32): Result {
  destination &= netmask4(prefix);
  let before: Route | null = null;
  let at = space.routes;
  while (at && (at.prefix > prefix || (at.prefix == prefix && at.metric <= metric))) {
    if (at.prefix == prefix && at.metric == metric && at.destination == destination) return -Errno.EEXIST;
    before = at;
    at = at.next;
  }
  const route = changetype<Route | null>(kernelAlloc(offsetof<Route>()));
  if (!route) return -Errno.ENOBUFS;
  route.destination = destination;
  route.prefix = prefix;
  route.gateway = gateway;
  route.interface = by;
  route.source = source;
  route.metric = metric;
  route.next = at;
  if (before) before.next = route;
  else space.routes = route;
  space.generation++;
  return 0;
}

/** Removes all routes by an interface. */
export function routesRemove(space: InetSpace, by: Interface): void {
  let before: Route | null = null;
  let at = space.routes;
  while (at) {
    const next = at.next;
    if (at.interface == by) {
      if (before) before.next = next;
      else space.routes = next;
      kernelFree(changetype<usize>(at));
    } else before = at;
    at = next;
  }
  space.generation++;
}
