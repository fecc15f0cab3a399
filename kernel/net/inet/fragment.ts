// IPv4 fragments: splitting what is too long for a link, and putting together what comes in parts (RFC 791, 3.2; RFC 815 for the idea of holes, here a
// sorted row of parts). Parts that overlap spoil the whole datagram (RFC 8200 4.5 and RFC 5722 say so for IPv6, Linux does so for both). What a space
// may hold is bounded, the oldest goes first; a datagram has 30 seconds to become whole.

import { Errno } from "../../errno";
import { kernelAlloc, kernelFree } from "../../mm/heap";
import { Result } from "../../result";
import { workInit, WorkItem, WORK_ITEM_BYTES } from "../../task/work";
import { nowNs } from "../../time/clock";
import { Timer, timerInit, TimerKind, timerSet, TIMER_BYTES } from "../../time/timer";
import { checksum } from "../checksum";
import {
  Packet,
  packetAddFrame,
  packetCost,
  packetFree,
  packetNew,
  packetPull,
  packetPush,
  packetPut,
  packetRead,
  packetsFree,
  packetShare,
  PACKET_MAX,
  packetSource,
  packetDestination,
} from "../packet";
import { frameAlloc, frameRelease, PAGE_SHIFT, PAGE_SIZE } from "../../mm/frame";
import { physicalWrite } from "../../../shim/isa";
import { setAddress4 } from "./address";
import { Counter } from "./counters";
import { Flow } from "./flow";
import { icmpTimeExceeded } from "./icmp";
import { IP4_HEADER_BYTES, send4 } from "./output";
import { count, InetSpace } from "./space";

/** More fragments, in network order as loaded. */
const MORE: u16 = 0x20;
const LIFETIME_NS: u64 = 30_000_000_000;
/** What parts may cost a space (net.ipv4.ipfrag_high_thresh is 4 MiB for a whole machine). */
const COST_MAX: usize = 512 << 10;

/** A datagram of which some parts have come. */
@unmanaged
class Datagram {
  /** In the row of all, oldest first. */
  next: Datagram | null;
  prev: Datagram | null;
  space: InetSpace;
  source: u32;
  destination: u32;
  identification: u16;
  protocol: u8;
  /** The last part has come: `bytes` is right. */
  hasEnd: bool;
  /** Bytes of data in all, and how many there are. */
  bytes: u32;
  have: u32;
  cost: u32;
  /** Parts by offset, which is in Packet.sequence; sequenceEnd is where they end. Their data begins behind the IP header. */
  parts: Packet | null;
  deadlineNs: u64;
}

let first: Datagram | null = null;
let last: Datagram | null = null;
const timer = changetype<Timer>(memory.data(TIMER_BYTES, 8));
const work = changetype<WorkItem>(memory.data(WORK_ITEM_BYTES, 8));
/** Where parts are joined. */
const bounce = memory.data(4096, 16);

/** To be called once at start-up; false when memory is short. */
export function fragmentInit(): bool {
  workInit(work, expire, 0);
  return timerInit(timer, TimerKind.Work, changetype<usize>(work));
}

// Coming in --------------------------------------------------------------------------------------------------------------------------------

function find(space: InetSpace, ip: usize): Datagram | null {
  let d = last;
  while (d) {
    if (
      d.space == space &&
      d.identification == load<u16>(ip, 4) &&
      d.source == load<u32>(ip, 12) &&
      d.destination == load<u32>(ip, 16) &&
      d.protocol == load<u8>(ip, 9)
    )
      return d;
    d = d.prev;
  }
  return null;
}

function begin(space: InetSpace, ip: usize): Datagram | null {
  const d = changetype<Datagram | null>(kernelAlloc(offsetof<Datagram>()));
  if (!d) return null;
  d.space = space;
  d.source = load<u32>(ip, 12);
  d.destination = load<u32>(ip, 16);
  d.identification = load<u16>(ip, 4);
  d.protocol = load<u8>(ip, 9);
  d.deadlineNs = nowNs() + LIFETIME_NS;
  d.prev = last;
  if (last) last!.next = d;
  else {
    first = d;
    timerSet(timer, d.deadlineNs);
  }
  last = d;
  return d;
}

/** Takes the datagram out of the row and frees it; its parts too. */
function drop(d: Datagram): void {
  const next = d.next;
  const prev = d.prev;
  if (next) next.prev = prev;
  else last = prev;
  if (prev) prev.next = next;
  else first = next;
  d.space.fragments -= d.cost;
  packetsFree(d.parts);
  kernelFree(changetype<usize>(d));
}

function fail(d: Datagram): void {
  count(d.space, Counter.IpReassemblyFailures);
  drop(d);
}

/** Drops the space's datagrams, oldest first, until their cost is no more than `most`. */
function shed(space: InetSpace, most: usize): void {
  let d = first;
  while (d && space.fragments > most) {
    const next = d.next;
    if (d.space == space) fail(d);
    d = next;
  }
}

/** The space goes. */
export function fragmentsPurge(space: InetSpace): void {
  let d = first;
  while (d) {
    const next = d.next;
    if (d.space == space) drop(d);
    d = next;
  }
}

function expire(argument: usize): void {
  const now = nowNs();
  while (first && first!.deadlineNs <= now) {
    const d = first!;
    const part = d.parts;
    count(d.space, Counter.IpReassemblyTimeouts);
    // The sender is told if the first part has come, with the ports in it (RFC 792).
    if (part && part.sequence == 0) icmpTimeExceeded(d.space, part, 1);
    fail(d);
  }
  if (first) timerSet(timer, first!.deadlineNs);
}

/** A part has come, whose header has `headerBytes`: the whole datagram, with its header, if this was the last that lacked; else null. */
export function fragmentIn(space: InetSpace, p: Packet, headerBytes: u32): Packet | null {
  count(space, Counter.IpReassemblyRequests);
  const ip = p.network;
  const field = load<u16>(ip, 6);
  const offset = ((<u32>bswap<u16>(field)) & 0x1fff) << 3;
  const more = (field & MORE) != 0;
  packetPull(p, headerBytes);
  const bytes = p.length;
  p.sequence = offset;
  p.sequenceEnd = offset + bytes;
  const found = find(space, ip);
  const d = found ? found : begin(space, ip);
  // All but the last part are of eight bytes each, and none is empty.
  const bad = bytes == 0 || (more && (bytes & 7) != 0) || offset + bytes > PACKET_MAX - headerBytes;
  const place = d && !bad ? insert(d, p, more) : Place.None;
  if (place != Place.Taken) {
    packetFree(p);
    if (place == Place.None) {
      if (d) fail(d);
      else count(space, Counter.IpReassemblyFailures);
    }
    return null;
  }
  if (!d) return null;
  d.cost += packetCost(p);
  space.fragments += packetCost(p);
  if (!d.hasEnd || d.have != d.bytes) {
    if (space.fragments > COST_MAX) shed(space, (COST_MAX / 4) * 3);
    return null;
  }
  const whole = join(d);
  count(space, whole ? Counter.IpReassemblies : Counter.IpReassemblyFailures);
  drop(d);
  return whole;
}

/** What became of a part. */
const enum Place {
  Taken,
  /** It has come before. */
  Again,
  /** It overlaps another, or contradicts what is known of the end. */
  None,
}

/** Puts a part in its place. */
function insert(d: Datagram, p: Packet, more: bool): Place {
  if (!more && d.hasEnd && d.bytes != p.sequenceEnd) return Place.None;
  let before: Packet | null = null;
  let at = d.parts;
  while (at && at.sequence < p.sequence) {
    before = at;
    at = at.next;
  }
  if (at && at.sequence == p.sequence && at.sequenceEnd == p.sequenceEnd) return Place.Again;
  if (before && before.sequenceEnd > p.sequence) return Place.None;
  if (at && at.sequence < p.sequenceEnd) return Place.None;
  if (!more) {
    d.hasEnd = true;
    d.bytes = p.sequenceEnd;
  }
  // Nothing lies behind the end: it would have overlapped or be the last in the row.
  const lastEnd = at ? endOf(at) : p.sequenceEnd;
  if (d.hasEnd && lastEnd > d.bytes) return Place.None;
  p.next = at;
  if (before) before.next = p;
  else d.parts = p;
  d.have += p.length;
  return Place.Taken;
}

function endOf(p: Packet): u32 {
  while (p.next) p = p.next!;
  return p.sequenceEnd;
}

/** The parts of a datagram that is whole, as one packet with the header of the first; null when memory is short. */
function join(d: Datagram): Packet | null {
  const head = d.parts!;
  const headerBytes = ((<u32>load<u8>(head.network)) & 0xf) << 2;
  const whole = packetNew(headerBytes + d.bytes);
  if (!whole) return null;
  memory.copy(packetPut(whole, headerBytes), head.network, headerBytes);
  if (!copyParts(d, whole)) {
    packetFree(whole);
    return null;
  }
  whole.interface = head.interface;
  whole.flags = head.flags;
  whole.network = whole.data;
  whole.protocol = head.protocol;
  whole.hops = head.hops;
  whole.service = head.service;
  setAddress4(packetSource(whole), d.source);
  setAddress4(packetDestination(whole), d.destination);
  store<u16>(whole.network, bswap<u16>(<u16>whole.length), 2);
  store<u16>(whole.network, 0, 6);
  return whole;
}

/** Copies all data behind the header: into the contiguous part, if it has room, else into frames. */
function copyParts(d: Datagram, whole: Packet): bool {
  let p = d.parts;
  if (whole.pieceRoom == 0) {
    while (p) {
      packetRead(p, 0, packetPut(whole, p.length), p.length);
      p = p.next;
    }
    return true;
  }
  let within: u32 = 0;
  for (let left = d.bytes; left != 0; ) {
    const bytes = min(left, PAGE_SIZE);
    let done: u32 = 0;
    while (done < bytes) {
      const n = min(bytes - done, p!.length - within);
      packetRead(p!, within, bounce + done, n);
      done += n;
      within += n;
      if (within != p!.length) continue;
      p = p!.next;
      within = 0;
    }
    const frame = frameAlloc();
    if (frame == 0) return false;
    physicalWrite((<u64>frame) << PAGE_SHIFT, bounce, bytes);
    if (!packetAddFrame(whole, frame, 0, bytes)) {
      frameRelease(frame);
      return false;
    }
    left -= bytes;
  }
  return true;
}

// Going out --------------------------------------------------------------------------------------------------------------------------------

/** Sends a packet with its IPv4 header in parts that fit the flow's MTU: 0, -EMSGSIZE or -ENOBUFS. Its transport checksum is done. Consumes it. */
export function fragmentOut(space: InetSpace, p: Packet, f: Flow): Result {
  const headerBytes = ((<u32>load<u8>(p.network)) & 0xf) << 2;
  const step = (f.mtu - headerBytes) & ~7;
  if (f.mtu < headerBytes + 8) {
    packetFree(p);
    return -Errno.EMSGSIZE;
  }
  const bytes = p.length - headerBytes;
  // A packet that is a fragment already is split further.
  const field = <u32>bswap<u16>(load<u16>(p.network, 6));
  let r: Result = 0;
  for (let offset: u32 = 0; offset < bytes && r >= 0; offset += step) {
    const n = min(step, bytes - offset);
    const part = packetShare(p, headerBytes + offset, n);
    if (!part) {
      r = -Errno.ENOBUFS;
      break;
    }
    addHeader(part, p.network, offset == 0 ? headerBytes : 0, (<u16>(field + (offset >> 3))) | (offset + n < bytes ? 0x2000 : 0));
    part.checksum = p.checksum;
    part.protocol = p.protocol;
    count(space, Counter.IpFragments);
    r = send4(part, f);
  }
  count(space, r >= 0 ? Counter.IpFragmented : Counter.IpFragmentFailures);
  packetFree(p);
  return r;
}

/** Gives a part its header, after that at `ip`: with all options (`whole` bytes) if it is the first, else with those that every part has (RFC 791). */
function addHeader(part: Packet, ip: usize, whole: u32, field: u16): void {
  const options = whole != 0 ? whole - IP4_HEADER_BYTES : copiedOptions(ip);
  const headerBytes = IP4_HEADER_BYTES + options;
  const to = packetPush(part, headerBytes);
  memory.copy(to, ip, IP4_HEADER_BYTES);
  memory.copy(to + IP4_HEADER_BYTES, whole != 0 ? ip + IP4_HEADER_BYTES : copied, options);
  part.network = to;
  part.transport = to + headerBytes;
  store<u8>(to, <u8>(0x40 | (headerBytes >> 2)));
  store<u16>(to, bswap<u16>(<u16>part.length), 2);
  store<u16>(to, bswap<u16>(field), 6);
  store<u16>(to, 0, 10);
  store<u16>(to, checksum(to, headerBytes), 10);
}

/** Options with the "copied" bit, padded to words; their bytes. */
const copied = memory.data(40, 8);
function copiedOptions(ip: usize): u32 {
  const end = ip + (((<u32>load<u8>(ip)) & 0xf) << 2);
  let at = ip + IP4_HEADER_BYTES;
  let n: u32 = 0;
  while (at < end && load<u8>(at) != 0) {
    const bytes: u32 = load<u8>(at) == 1 ? 1 : at + 1 < end ? load<u8>(at, 1) : 0;
    if (bytes == 0 || at + bytes > end) break;
    if ((load<u8>(at) & 0x80) != 0) {
      memory.copy(copied + n, at, bytes);
      n += bytes;
    }
    at += bytes;
  }
  while ((n & 3) != 0) store<u8>(copied + n++, 0);
  return n;
}
