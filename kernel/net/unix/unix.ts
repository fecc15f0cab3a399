// AF_UNIX sockets, after unix(7): the object, and what sending, receiving, naming and closing have in common. Two connected sockets hold each other; a
// listener's queue holds the sockets made for connections that nobody has accepted yet. Datagram senders may have to wait for
// room in another socket's queue: calls on its room queue, pollers through a relay (see relayJoin).

import { kernelAlloc } from "../../mm/heap";
import { Credentials, credentialsRelease, credentialsRetain } from "../../task/credentials";
import { current } from "../../task/thread";
import { hasWaiters, wakeAll, WaitQueue } from "../../task/wait";
import { Entry, Mount } from "../../vfs/inode";
import { Message, messageFree } from "../message";
import { rightsFree } from "../rights";
import { Family, hasRoom, pollQueue, Socket, socketFree, socketInit, SocketType, writeQueue } from "../socket";
import { NetSpace } from "../space";
import { UnixName, unixNameRelease } from "./name";

/** Datagrams that a queue takes from others than its peer, and one more (net.unix.max_dgram_qlen). */
export const DATAGRAMS_MAX: u32 = 10;

@unmanaged
export class UnixSocket extends Socket {
  /** What it is bound to; accepted sockets share their listener's. */
  name: UnixName | null;
  /** Where the file of a pathname stands, held; whose inode's content is this socket. */
  mount: Mount | null;
  entry: Entry | null;
  /** Counted. */
  peer: UnixSocket | null;
  /** Connections (datagrams) that the queue takes, and one more. */
  backlog: u32;
  /** Connections that wait to be accepted, each counted. */
  acceptFirst: UnixSocket | null;
  acceptLast: UnixSocket | null;
  acceptNext: UnixSocket | null;
  accepting: u32;
  /** Calls that wait for room in the queue. */
  roomFirst: usize;
  roomLast: usize;
  /** Connected senders whose pollers want to hear of room, and for one of those: where it stands. */
  relays: UnixSocket | null;
  relayTo: UnixSocket | null;
  relayNext: UnixSocket | null;
  relayPrev: UnixSocket | null;
  /** The urgent byte that has not been read, in the receive queue; and how many messages of the queue urgent.ts has to look at. */
  urgent: Message | null;
  marks: u32;
  /** SO_PEERCRED and SO_PEERGROUPS; of a listener its own. */
  peerPid: u32;
  peerCredentials: Credentials | null;
  /** Among the sockets whose files are in flight, and the marks of kernel/net/unix/collect.ts. */
  flightNext: UnixSocket | null;
  flightPrev: UnixSocket | null;
  markNext: UnixSocket | null;
  internal: u32;
  marked: u32;
}

@inline
export function asUnix(s: Socket): UnixSocket {
  return changetype<UnixSocket>(s);
}

@inline
export function roomQueue(s: UnixSocket): WaitQueue {
  return changetype<WaitQueue>(changetype<usize>(s) + offsetof<UnixSocket>("roomFirst"));
}

/** A new socket with one reference, without a file; null when memory is short. */
export function unixNew(space: NetSpace, type: SocketType, protocol: u32): UnixSocket | null {
  const p = kernelAlloc(offsetof<UnixSocket>());
  if (p == 0) return null;
  const s = changetype<UnixSocket>(p);
  socketInit(s, space, Family.Unix, type, protocol);
  s.backlog = DATAGRAMS_MAX;
  return s;
}

/** Drops a reference; the last one frees what is left of the socket, which has been closed. */
export function unixRelease(s: UnixSocket): void {
  if (--s.refs != 0) return;
  const name = s.name;
  if (name) unixNameRelease(name);
  forgetPeerCredentials(s);
  socketFree(s);
}

export function forgetPeerCredentials(s: UnixSocket): void {
  const c = s.peerCredentials;
  if (c) credentialsRelease(c);
  s.peerCredentials = null;
  s.peerPid = 0;
}

/** Notes the calling process as the one at the other end. */
export function setPeerCredentials(s: UnixSocket): void {
  forgetPeerCredentials(s);
  s.peerPid = current.process.pid;
  s.peerCredentials = credentialsRetain(current.credentials);
}

/** `s` learns who `from` (a listener) belongs to. */
export function copyPeerCredentials(s: UnixSocket, from: UnixSocket): void {
  forgetPeerCredentials(s);
  const c = from.peerCredentials;
  if (!c) return;
  // A process of another container has no number here.
  s.peerPid = from.space == s.space ? from.peerPid : 0;
  s.peerCredentials = credentialsRetain(c);
}

/** True when `s` talks in a connection: listen and accept work. */
@inline
export function isConnectionBased(s: Socket): bool {
  return s.type != SocketType.Datagram;
}

/** True when the queue takes no more from senders (or connectors) that are not its peer. */
@inline
export function isFull(s: UnixSocket): bool {
  return (isConnectionBased(s) ? s.accepting : s.messages) > s.backlog;
}

/** Room has come up in the queue: those who wait for it look again. */
export function wakeRoom(s: UnixSocket): void {
  if (hasWaiters(roomQueue(s))) wakeAll(roomQueue(s));
  for (let sender: UnixSocket | null = s.relays; sender; sender = s.relays) {
    relayLeave(sender);
    wakeAll(pollQueue(sender));
  }
}

/**
 * Somebody polls `s`, whose peer has no room: when it has, whoever polls `s` is told. The pollers cannot stand on the peer's own queue, since they
 * hold `s` alone, which may get another peer.
 */
export function relayJoin(s: UnixSocket, to: UnixSocket): void {
  if (s.relayTo == to) return;
  relayLeave(s);
  const first = to.relays;
  s.relayTo = to;
  s.relayNext = first;
  s.relayPrev = null;
  if (first) first.relayPrev = s;
  to.relays = s;
}

export function relayLeave(s: UnixSocket): void {
  const to = s.relayTo;
  if (!to) return;
  const next = s.relayNext;
  const prev = s.relayPrev;
  if (next) next.relayPrev = prev;
  if (prev) prev.relayNext = next;
  else to.relays = next;
  s.relayTo = null;
  s.relayNext = null;
  s.relayPrev = null;
}

/** Frees a message that is in no queue: its sender gets its room back, its descriptors are closed. */
export function dropMessage(m: Message): void {
  const sender = asUnix(m.sender);
  const hadRoom = hasRoom(sender);
  sender.sendCharge -= m.charge;
  if (!hadRoom && hasRoom(sender)) {
    wakeAll(writeQueue(sender));
    wakeAll(pollQueue(sender));
  }
  const rights = m.rights;
  if (rights) rightsFree(rights);
  messageFree(m);
  unixRelease(sender);
}

/** Empties the receive queue. */
export function dropMessages(s: UnixSocket): void {
  let m = s.firstMessage;
  s.firstMessage = null;
  s.lastMessage = null;
  s.messages = 0;
  s.bytes = 0;
  s.urgent = null;
  s.marks = 0;
  while (m) {
    const next = m.next;
    dropMessage(m);
    m = next;
  }
}
