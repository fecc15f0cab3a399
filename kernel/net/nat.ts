// Address translation (RFC 2663, RFC 4787, RFC 5382) for the containers behind the host's addresses: what they send out leaves with the host's address, and
// connections to published ports come to their container. Every connection has a Track, found from both directions; whoever is outside reaches a container
// only through one. Idle tracks end, and a container has a bounded number of them.

import { kernelAlloc, kernelFree } from "../mm/heap";
import { Errno } from "../errno";
import { randomU64 } from "../random";
import { Result } from "../result";
import { workInit, WorkItem, WORK_ITEM_BYTES } from "../task/work";
import { nowNs } from "../time/clock";
import { Timer, timerInit, TimerKind, timerSet, TIMER_BYTES } from "../time/timer";
import { Interface, interfaceByAddress } from "./inet/interface";
import { Protocol } from "./inet/output";
import { portFind, PortTable } from "./inet/ports";
import { InetSpace } from "./inet/space";
import { Packet } from "./packet";
import { SWITCH_GATEWAY, switchFind } from "./switch";
import { rewrite, Tuple, tupleOf } from "./nattuple";

/** A connection. Addresses and ports are in network order; of ICMP the identifier stands for both ports. */
@unmanaged
export class Track {
  /** Chains, for packets of the first direction and of the other. */
  next0: usize;
  next1: usize;
  /** The first packet's ends as it came ... */
  source: u32;
  destination: u32;
  sourcePort: u16;
  destinationPort: u16;
  /** ... and as it goes on. */
  newSource: u32;
  newDestination: u32;
  newSourcePort: u16;
  newDestinationPort: u16;
  protocol: u8;
  /** TCP: bits of the directions that have ended, SEEN once an answer has come. */
  state: u8;
  pad: u16;
  /** The container's end. */
  port: Interface;
  deadlineNs: u64;
}

/** A port of the host's that leads to a container. */
@unmanaged
export class Published {
  next: Published | null;
  port: Interface;
  protocol: u32;
  /** In network order. */
  hostPort: u16;
  guestPort: u16;
}

const SEEN: u8 = 4;
const BUCKETS: u32 = 2048;
const SECOND_NS: u64 = 1_000_000_000;
const SWEEP_NS: u64 = 10 * SECOND_NS;
/** How long a track lives without packets: RFC 5382 REQ-5, RFC 4787 REQ-5, RFC 5508 REQ-2. */
const TCP_OPEN_NS: u64 = 7440 * SECOND_NS;
const TCP_OTHER_NS: u64 = 240 * SECOND_NS;
const UDP_NS: u64 = 300 * SECOND_NS;
const ICMP_NS: u64 = 60 * SECOND_NS;
/** Most tracks of one container. */
const TRACKS_MAX: u32 = 8192;

/** Chains of tracks; a chain's link is the track's address, plus 1 if it stands there for its second direction. */
let buckets: usize = 0;
let tracks: u32 = 0;
let published: Published | null = null;
let secret: u64 = 0;
const timer = changetype<Timer>(memory.data(TIMER_BYTES, 8));
const work = changetype<WorkItem>(memory.data(WORK_ITEM_BYTES, 8));

/** To be called once at start-up; false when memory is short. */
export function natInit(): bool {
  secret = randomU64();
  workInit(work, sweep, 0);
  return timerInit(timer, TimerKind.Work, changetype<usize>(work));
}

function hashOf(source: u32, destination: u32, sourcePort: u16, destinationPort: u16, protocol: u8): u32 {
  let h = secret ^ source ^ ((<u64>destination) << 32);
  h = (h ^ (h >> 32)) * 0x9e37_79b9_7f4a_7c15;
  h ^= ((<u64>sourcePort) << 32) | ((<u64>destinationPort) << 16) | protocol;
  h = (h ^ (h >> 29)) * 0xbf58_476d_1ce4_e5b9;
  return (<u32>(h >> 40)) & (BUCKETS - 1);
}

@inline
function trackOf(link: usize): Track {
  return changetype<Track>(link & ~1);
}

@inline
function nextOf(link: usize): usize {
  return (link & 1) == 0 ? trackOf(link).next0 : trackOf(link).next1;
}

@inline
function slotOf(t: Track, second: bool): usize {
  const h = second
    ? hashOf(t.newDestination, t.newSource, t.newDestinationPort, t.newSourcePort, t.protocol)
    : hashOf(t.source, t.destination, t.sourcePort, t.destinationPort, t.protocol);
  return buckets + (h << 2);
}

function linkIn(t: Track, second: bool): void {
  const slot = slotOf(t, second);
  const first = <usize>load<u32>(slot);
  if (second) t.next1 = first;
  else t.next0 = first;
  store<u32>(slot, (<u32>changetype<usize>(t)) | (second ? 1 : 0));
}

function linkOut(t: Track, second: bool): void {
  const wanted = changetype<usize>(t) | (second ? 1 : 0);
  let slot = slotOf(t, second);
  while (<usize>load<u32>(slot) != wanted) {
    const link = <usize>load<u32>(slot);
    slot = (link & ~1) + ((link & 1) == 0 ? offsetof<Track>("next0") : offsetof<Track>("next1"));
  }
  store<u32>(slot, <u32>nextOf(wanted));
}

/** The link of the track that packets with these ends belong to; 0 for none. */
function find(source: u32, destination: u32, sourcePort: u16, destinationPort: u16, protocol: u8): usize {
  if (buckets == 0) return 0;
  let link = <usize>load<u32>(buckets + (hashOf(source, destination, sourcePort, destinationPort, protocol) << 2));
  while (link != 0) {
    const t = trackOf(link);
    if (t.protocol == protocol) {
      if ((link & 1) == 0) {
        if (t.source == source && t.destination == destination && t.sourcePort == sourcePort && t.destinationPort == destinationPort) break;
      } else if (
        t.newDestination == source &&
        t.newSource == destination &&
        t.newDestinationPort == sourcePort &&
        t.newSourcePort == destinationPort
      )
        break;
    }
    link = nextOf(link);
  }
  return link;
}

function remove(t: Track): void {
  linkOut(t, false);
  linkOut(t, true);
  t.port.tracks--;
  tracks--;
  kernelFree(changetype<usize>(t));
}

/** Ends what has been idle for too long. */
function sweep(argument: usize): void {
  const now = nowNs();
  removeIf(null, now);
  if (tracks != 0) timerSet(timer, now + SWEEP_NS);
}

/** Removes the tracks of `port`, or those whose time is over. */
function removeIf(port: Interface | null, now: u64): void {
  if (buckets == 0) return;
  for (let i: u32 = 0; i < BUCKETS; i++) {
    let link = <usize>load<u32>(buckets + (i << 2));
    while (link != 0) {
      const t = trackOf(link);
      const next = nextOf(link);
      if (port ? t.port == port : t.deadlineNs <= now) {
        remove(t);
        // The other direction may have been the next in this chain.
        link = <usize>load<u32>(buckets + (i << 2));
        continue;
      }
      link = next;
    }
  }
}

/** A new track for a packet with the ends of `tuple`, with its new ends to be filled in by the caller; null when there may be no more. */
function begin(tuple: Tuple, port: Interface): Track | null {
  if (port.tracks >= TRACKS_MAX) return null;
  if (buckets == 0) buckets = kernelAlloc(BUCKETS << 2);
  if (buckets == 0) return null;
  const t = changetype<Track | null>(kernelAlloc(offsetof<Track>()));
  if (!t) return null;
  t.source = tuple.source;
  t.destination = tuple.destination;
  t.sourcePort = tuple.sourcePort;
  t.destinationPort = tuple.destinationPort;
  t.protocol = tuple.protocol;
  t.port = port;
  t.newSource = t.source;
  t.newDestination = t.destination;
  t.newSourcePort = t.sourcePort;
  t.newDestinationPort = t.destinationPort;
  return t;
}

/** Enters a track whose new ends stand. */
function enter(t: Track): void {
  linkIn(t, false);
  linkIn(t, true);
  t.port.tracks++;
  if (tracks++ == 0) timerSet(timer, nowNs() + SWEEP_NS);
}

/** A packet of the track goes by: it lives on. */
function refresh(t: Track, tuple: Tuple, second: bool): void {
  let life = t.protocol == <u8>Protocol.Udp ? UDP_NS : ICMP_NS;
  if (t.protocol == <u8>Protocol.Tcp) {
    if (second) t.state |= SEEN;
    if ((tuple.flags & 1) != 0) t.state |= second ? 2 : 1;
    // Reset, or closed from both sides.
    if ((tuple.flags & 4) != 0) t.state |= 3;
    life = t.state == SEEN ? TCP_OPEN_NS : TCP_OTHER_NS;
  }
  t.deadlineNs = nowNs() + life;
}

/** Gives the packet the ends that its track says, in place of those of `tuple`. */
function apply(p: Packet, tuple: Tuple, t: Track, second: bool): void {
  if (!tuple.isQuote) refresh(t, tuple, second);
  if (second) rewrite(p, tuple, t.destination, t.source, t.destinationPort, t.sourcePort);
  else rewrite(p, tuple, t.newSource, t.newDestination, t.newSourcePort, t.newDestinationPort);
}

/**
 * A whole packet has come to the host's space by an interface: if it belongs to a track, or is for a published port, its ends are changed, and true is
 * returned.
 */
export function natInput(space: InetSpace, p: Packet): bool {
  const tuple = tupleOf(p);
  if (!tuple) return false;
  const link = find(tuple.source, tuple.destination, tuple.sourcePort, tuple.destinationPort, tuple.protocol);
  if (link != 0) {
    apply(p, tuple, trackOf(link), (link & 1) != 0);
    return true;
  }
  if (!published || tuple.isQuote || !interfaceByAddress(space, tuple.destination)) return false;
  const to = publishedAt(tuple.protocol, tuple.destinationPort);
  if (!to) return false;
  const t = begin(tuple, to.port);
  if (!t) return false;
  t.newDestination = to.port.address;
  t.newDestinationPort = to.guestPort;
  // One container calls another by the host's address: answers must come back this way.
  const fine = switchFind(tuple.source) ? masquerade(space, t, SWITCH_GATEWAY) : true;
  return finish(p, tuple, t, fine);
}

/** Enters the track if it is fine and its second direction is new, and sends the packet its way. */
function finish(p: Packet, tuple: Tuple, t: Track, fine: bool): bool {
  if (!fine || find(t.newDestination, t.newSource, t.newDestinationPort, t.newSourcePort, t.protocol) != 0) {
    kernelFree(changetype<usize>(t));
    return false;
  }
  enter(t);
  apply(p, tuple, t, false);
  return true;
}

/** A container's packet is about to leave by `by`, with the host's address there: true, or false when it cannot. */
export function natOutput(space: InetSpace, p: Packet, by: Interface): bool {
  const tuple = tupleOf(p);
  if (!tuple || tuple.isQuote) return false;
  const port = switchFind(tuple.source);
  const t = port ? begin(tuple, port) : null;
  if (!t) return false;
  return finish(p, tuple, t, masquerade(space, t, by.address));
}

/** Gives the track `address` as its new source, and a port that nobody else has there, its own if it can be. */
function masquerade(space: InetSpace, t: Track, address: u32): bool {
  t.newSource = address;
  for (let tries = 0; tries < 64; tries++) {
    if (tries != 0) t.newSourcePort = bswap<u16>(<u16>(1024 + (randomU64() % 64512)));
    if (t.protocol == <u8>Protocol.Icmp) t.newDestinationPort = t.newSourcePort;
    const taken = find(t.newDestination, t.newSource, t.newDestinationPort, t.newSourcePort, t.protocol) != 0;
    if (!taken && !isHostPort(space, t.protocol, t.newSourcePort)) return true;
  }
  return false;
}

/** Whether a socket of the host, or a published port, has the port. */
function isHostPort(space: InetSpace, protocol: u8, port: u16): bool {
  const table = protocol == <u8>Protocol.Tcp ? space.tcp : protocol == <u8>Protocol.Udp ? space.udp : 0;
  if (table != 0 && portFind(changetype<PortTable>(table), bswap<u16>(port))) return true;
  return publishedAt(protocol, port) != null;
}

// Published ports --------------------------------------------------------------------------------------------------------------------------

/** Who has the host's port (in network order), or null. */
function publishedAt(protocol: u8, port: u16): Published | null {
  let at = published;
  while (at && (at.hostPort != port || at.protocol != <u32>protocol)) at = at.next;
  return at;
}

/** The ports that are published, newest first. */
export function publishedFirst(): Published | null {
  return published;
}

/** Leads the host's port to a container's: 0, -EADDRINUSE when it is taken, -ENOMEM. */
export function natPublish(space: InetSpace, protocol: Protocol, hostPort: u16, port: Interface, guestPort: u16): Result {
  if (isHostPort(space, <u8>protocol, bswap<u16>(hostPort))) return -Errno.EADDRINUSE;
  const entry = changetype<Published | null>(kernelAlloc(offsetof<Published>()));
  if (!entry) return -Errno.ENOMEM;
  entry.protocol = protocol;
  entry.hostPort = bswap<u16>(hostPort);
  entry.guestPort = bswap<u16>(guestPort);
  entry.port = port;
  entry.next = published;
  published = entry;
  return 0;
}

/** A container goes: its tracks and published ports with it. */
export function natForget(port: Interface): void {
  if (port.tracks != 0) removeIf(port, 0);
  let before: Published | null = null;
  let at = published;
  while (at) {
    const next = at.next;
    if (at.port == port) {
      if (before) before.next = next;
      else published = next;
      kernelFree(changetype<usize>(at));
    } else before = at;
    at = next;
  }
}
