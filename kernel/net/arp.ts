// ARP (RFC 826): the hardware addresses of neighbours. Packets wait, a few for each neighbour, while it is asked for; one that does not answer is unreachable,
// and who sent is told. Entries are asked for again after a minute, and go on being used meanwhile; the table is bounded.

import { kernelAlloc, kernelFree } from "../mm/heap";
import { workInit, WorkItem, WORK_ITEM_BYTES } from "../task/work";
import { nowNs } from "../time/clock";
import { Timer, timerInit, TimerKind, timerSet, TIMER_BYTES } from "../time/timer";
import { BROADCAST_HARDWARE, ethernetTransmit, ETHERTYPE_ARP, ETHERTYPE_IP4, loadHardware, storeHardware } from "./ethernet";
import { IcmpCode, icmpUnreachable } from "./inet/icmp";
import { Interface, interfaceHardware } from "./inet/interface";
import { Packet, packetFree, packetLinear, packetNew, packetPut, packetsFree } from "./packet";

const ARP_BYTES: u32 = 28;
const REQUEST: u16 = 0x0100;
const REPLY: u16 = 0x0200;
const HARDWARE_ETHERNET: u16 = 0x0100;
const SECOND_NS: u64 = 1_000_000_000;
/** How often a neighbour is asked for, a second apart. */
const TRIES: u32 = 3;
/** An answer is good for so long; unused entries go after five times that. */
const FRESH_NS: u64 = 60 * SECOND_NS;
const WAITING_MAX: u32 = 16;
/** Most neighbours of an interface (net.ipv4.neigh.default.gc_thresh3). */
const NEIGHBOURS_MAX: u32 = 1024;

@unmanaged
export class Neighbour {
  next: Neighbour | null;
  address: u32;
  /** 0 while it is not known. */
  hardware: u64;
  /** When it was last heard of, and last used. */
  heardNs: u64;
  usedNs: u64;
  /** When it was last asked for, and how often since it was heard of. */
  askedNs: u64;
  tries: u32;
  waiting: u32;
  first: Packet | null;
  last: Packet | null;
  interface: Interface;
}

const timer = changetype<Timer>(memory.data(TIMER_BYTES, 8));
const work = changetype<WorkItem>(memory.data(WORK_ITEM_BYTES, 8));
/** The interface whose neighbours are looked after: there is one device. */
let watched: Interface | null = null;

/** To be called once at start-up; false when memory is short. */
export function arpInit(): bool {
  workInit(work, lookAfter, 0);
  return timerInit(timer, TimerKind.Work, changetype<usize>(work));
}

@inline
function firstOf(by: Interface): Neighbour | null {
  return changetype<Neighbour | null>(by.neighbours);
}

/** The interface's neighbour of that address, or null. */
export function neighbourFind(by: Interface, address: u32): Neighbour | null {
  let n = firstOf(by);
  while (n && n.address != address) n = n.next;
  return n;
}

function unlink(by: Interface, n: Neighbour): void {
  let before: Neighbour | null = null;
  let at = firstOf(by);
  while (at && at != n) {
    before = at;
    at = at.next;
  }
  if (before) before.next = n.next;
  else by.neighbours = changetype<usize>(n.next);
  packetsFree(n.first);
  kernelFree(changetype<usize>(n));
}

/** Makes room in a full table: the entry that was used longest ago goes. */
function evict(by: Interface): void {
  let oldest = firstOf(by);
  let count: u32 = 0;
  let n = oldest;
  while (n) {
    if (n.usedNs < oldest!.usedNs) oldest = n;
    count++;
    n = n.next;
  }
  if (count >= NEIGHBOURS_MAX) unlink(by, oldest!);
}

function make(by: Interface, address: u32): Neighbour | null {
  evict(by);
  const n = changetype<Neighbour | null>(kernelAlloc(offsetof<Neighbour>()));
  if (!n) return null;
  n.address = address;
  n.interface = by;
  n.next = firstOf(by);
  by.neighbours = changetype<usize>(n);
  watched = by;
  timerSet(timer, nowNs() + SECOND_NS);
  return n;
}

/** The hardware address of a neighbour; 0 when it is not known yet, and then the packet waits for it, or is freed. */
export function arpResolve(by: Interface, address: u32, p: Packet): u64 {
  const found = neighbourFind(by, address);
  const n = found ? found : make(by, address);
  if (!n) {
    packetFree(p);
    return 0;
  }
  const now = nowNs();
  n.usedNs = now;
  if (n.hardware != 0) {
    if (now > n.heardNs + FRESH_NS && now > n.askedNs + SECOND_NS) ask(n, now);
    return n.hardware;
  }
  if (n.waiting == WAITING_MAX) {
    by.sentDropped++;
    packetFree(p);
    return 0;
  }
  p.next = null;
  const last = n.last;
  if (last) last.next = p;
  else n.first = p;
  n.last = p;
  if (n.waiting++ == 0) ask(n, now);
  return 0;
}

/** Asks who has the address: everybody, or who had it last. */
function ask(n: Neighbour, now: u64): void {
  n.askedNs = now;
  n.tries++;
  const to = n.hardware != 0 && n.tries <= TRIES ? n.hardware : BROADCAST_HARDWARE;
  send(n.interface, REQUEST, to, n.address, to == BROADCAST_HARDWARE ? 0 : to);
}

function send(by: Interface, operation: u16, to: u64, address: u32, hardware: u64): void {
  const p = packetNew(ARP_BYTES);
  if (!p) return;
  const at = packetPut(p, ARP_BYTES);
  store<u16>(at, HARDWARE_ETHERNET);
  store<u16>(at, ETHERTYPE_IP4, 2);
  store<u8>(at, 6, 4);
  store<u8>(at, 4, 5);
  store<u16>(at, operation, 6);
  storeHardware(at + 8, loadHardware(interfaceHardware(by)));
  store<u32>(at, by.address, 14);
  storeHardware(at + 18, hardware);
  store<u32>(at, address, 24);
  p.transport = at;
  ethernetTransmit(by, p, to, ETHERTYPE_ARP);
}

/** An ARP packet has come in, from its header on. Consumes it. */
export function arpInput(by: Interface, p: Packet): void {
  if (packetLinear(p, ARP_BYTES)) handle(by, p.data);
  else by.receivedErrors++;
  packetFree(p);
}

function handle(by: Interface, at: usize): void {
  if (load<u16>(at) != HARDWARE_ETHERNET || load<u16>(at, 2) != ETHERTYPE_IP4 || load<u16>(at, 4) != 0x0406) return;
  const hardware = loadHardware(at + 8);
  const from = load<u32>(at, 14);
  const isForUs = load<u32>(at, 24) == by.address && by.address != 0;
  // A group is nobody's address, and nobody else has ours.
  if ((hardware & 1) != 0 || hardware == 0 || from == by.address) return;
  const known = neighbourFind(by, from);
  // Only who asks us, or was asked, gets an entry: others could fill the table.
  const n = known ? known : isForUs && from != 0 ? make(by, from) : null;
  if (n) heard(n, hardware);
  if (isForUs && load<u16>(at, 6) == REQUEST) send(by, REPLY, hardware, from, hardware);
}

/** The neighbour has told its address: what waited goes. */
function heard(n: Neighbour, hardware: u64): void {
  n.hardware = hardware;
  n.heardNs = nowNs();
  n.usedNs = max(n.usedNs, n.heardNs);
  n.tries = 0;
  let p = n.first;
  n.first = null;
  n.last = null;
  n.waiting = 0;
  while (p) {
    const next = p.next;
    ethernetTransmit(n.interface, p, hardware, ETHERTYPE_IP4);
    p = next;
  }
}

/** Once a second while there are neighbours: asks again, gives up, forgets. */
function lookAfter(argument: usize): void {
  const by = watched;
  if (!by) return;
  const now = nowNs();
  let n = firstOf(by);
  while (n) {
    const next = n.next;
    if (n.waiting != 0 && n.hardware == 0) {
      if (n.tries < TRIES) ask(n, now);
      else fail(n);
    } else if (n.hardware != 0 && n.tries > TRIES + TRIES) {
      // It has not answered for a while: from now on packets wait again.
      n.hardware = 0;
      n.tries = 0;
    } else if (now > n.usedNs + 5 * FRESH_NS) unlink(by, n);
    n = next;
  }
  if (firstOf(by)) timerSet(timer, now + SECOND_NS);
}

/** Nobody has the address: who sent what waited is told. */
function fail(n: Neighbour): void {
  const space = n.interface.space;
  let p = n.first;
  n.first = null;
  n.last = null;
  n.waiting = 0;
  n.tries = 0;
  while (p) {
    const next = p.next;
    icmpUnreachable(space, p, IcmpCode.HostUnreachable, 0);
    packetFree(p);
    p = next;
  }
}

/** The interface goes. */
export function neighboursFree(by: Interface): void {
  let n = firstOf(by);
  while (n) {
    const next = n.next;
    unlink(by, n);
    n = next;
  }
  if (watched == by) watched = null;
}
