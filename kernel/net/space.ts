// What the sockets of one container have in common: their list (/proc/net), the abstract names of AF_UNIX, and how many descriptors each user has in
// flight. Made with a container's first socket; the container and every socket hold it.

import { Container } from "../container/container";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { inetFree, InetSpace } from "./inet/space";
import { Socket } from "./socket";
import { tcpContainerGone } from "./tcp/end";

/** How many descriptors of a user are in flight. */
@unmanaged
export class InFlightUser {
  next: InFlightUser | null;
  uid: u32;
  inFlight: u32;
}

@unmanaged
export class NetSpace {
  refs: u32;
  /** Sockets, newest first. */
  first: Socket | null;
  /** Abstract names: chains of UnixName by hash, a power of two of them. */
  buckets: usize;
  bucketCount: u32;
  nameCount: u32;
  /** Next number that autobind tries (unix(7)). */
  nextName: u32;
  users: InFlightUser | null;
  /** The Internet protocols' part, an InetSpace (kernel/net/inet/space.ts); 0 while there is none. */
  inet: usize;
  /** AF_UNIX sockets whose files are in flight (kernel/net/unix/collect.ts); and the list of spaces that are to be collected. */
  flights: usize;
  collectNext: NetSpace | null;
  collectable: bool;
}

/** The space of a container, made if there is none yet; null when memory is short. */
export function spaceOf(c: Container): NetSpace | null {
  if (c.net != 0) return changetype<NetSpace>(c.net);
  c.net = kernelAlloc(offsetof<NetSpace>());
  if (c.net == 0) return null;
  const space = changetype<NetSpace>(c.net);
  space.refs = 1;
  space.nextName = <u32>c.identity;
  return space;
}

@inline
export function spaceRetain(space: NetSpace): NetSpace {
  space.refs++;
  return space;
}

/** Drops a reference. Names and users have gone with the sockets. */
export function spaceRelease(space: NetSpace): void {
  if (--space.refs != 0) return;
  kernelFree(space.buckets);
  if (space.inet != 0) inetFree(changetype<InetSpace>(space.inet));
  kernelFree(changetype<usize>(space));
}

/** The container goes, and lets go of its space. */
export function spaceLeave(space: NetSpace): void {
  tcpContainerGone(space);
  spaceRelease(space);
}

/** The count of user `uid`, made if there is none; null when memory is short. One that stays at 0 must be left with userLeave. */
export function userOf(space: NetSpace, uid: u32): InFlightUser | null {
  let user = space.users;
  while (user && user.uid != uid) user = user.next;
  if (user) return user;
  user = changetype<InFlightUser | null>(kernelAlloc(offsetof<InFlightUser>()));
  if (!user) return null;
  user.uid = uid;
  user.next = space.users;
  space.users = user;
  return user;
}

/** Takes `count` descriptors off the user's count, which is freed when it comes to 0. */
export function userLeave(space: NetSpace, user: InFlightUser, count: u32): void {
  user.inFlight -= count;
  if (user.inFlight != 0) return;
  if (space.users == user) space.users = user.next;
  else {
    let before = space.users!;
    while (before.next != user) before = before.next!;
    before.next = user.next;
  }
  kernelFree(changetype<usize>(user));
}

/** Descriptors that user `uid` has in flight. */
export function inFlightOf(space: NetSpace, uid: u32): u32 {
  let user = space.users;
  while (user && user.uid != uid) user = user.next;
  return user ? user.inFlight : 0;
}
