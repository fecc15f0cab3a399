// The loopback device of every space: what is sent to an address of our own comes in again. Packets neither get checksums nor are they split; they wait in
// one queue, which is emptied when the call that sent them has done its part (inetEnd), and if nobody brackets it, before the kernel returns to user
// mode. So no protocol is ever entered from within itself.

import { kernelAlloc } from "../mm/heap";
import { workInit, WorkItem, workSchedule, WORK_ITEM_BYTES } from "../task/work";
import { ip4 } from "./inet/address";
import { inetInput } from "./inet/input";
import { countReceived, countSent, Interface, InterfaceFlag, InterfaceKind } from "./inet/interface";
import { InetSpace } from "./inet/space";
import { Checksum, Packet, packetDisown, PacketFlag, packetFree } from "./packet";

/** As on Linux: more than an IPv4 packet can hold. */
const MTU: u32 = 65536;
/** "lo". */
const NAME: u64 = 0x6f6c;

const work = changetype<WorkItem>(memory.data(WORK_ITEM_BYTES, 8));
let first: Packet | null = null;
let last: Packet | null = null;
/** Calls that will empty the queue when they are done. */
let depth: u32 = 0;
let draining = false;

/** To be called once at start-up. */
export function loopbackInit(): void {
  workInit(work, drainLater, 0);
}

function drainLater(argument: usize): void {
  drain();
}

/** Gives a new space its loopback device; false when memory is short. */
export function loopbackMake(space: InetSpace): bool {
  const i = changetype<Interface>(kernelAlloc(offsetof<Interface>()));
  if (changetype<usize>(i) == 0) return false;
  i.space = space;
  i.index = space.nextIndex++;
  i.kind = InterfaceKind.Loopback;
  i.flags = InterfaceFlag.Up | InterfaceFlag.Loopback | InterfaceFlag.Running | InterfaceFlag.LowerUp;
  i.mtu = MTU;
  i.name0 = NAME;
  i.address = ip4(127, 0, 0, 1);
  i.prefix = 8;
  space.loopback = i;
  space.interfaces = i;
  return true;
}

/** Sends a packet, which begins with its network header, to the space itself. */
export function loopbackSend(space: InetSpace, p: Packet): void {
  const lo = space.loopback;
  countSent(lo, p.length);
  countReceived(lo, p.length);
  if (p.owner != 0) packetDisown(p);
  p.interface = changetype<usize>(lo);
  p.flags |= <u16>PacketFlag.Looped;
  p.checksum = <u8>Checksum.Verified;
  loopbackLater(p);
}

/** A packet, with its interface, comes in when the call that sent it has done its part. */
export function loopbackLater(p: Packet): void {
  p.next = null;
  const tail = last;
  if (tail) tail.next = p;
  else first = p;
  last = p;
  if (depth == 0 && !draining) workSchedule(work);
}

/** Begins a call that may send and will end with inetEnd. */
@inline
export function inetBegin(): void {
  depth++;
}

/** Ends it: what was sent to the machine itself comes in. All sockets must be in order. */
@inline
export function inetEnd(): void {
  if (--depth == 0 && first != null && !draining) drain();
}

function drain(): void {
  draining = true;
  while (first) {
    const p = first!;
    first = p.next;
    if (!first) last = null;
    inetInput(p);
  }
  draining = false;
}

/** Drops what is on its way to an interface that goes. */
export function loopbackPurge(i: Interface): void {
  let before: Packet | null = null;
  let p = first;
  while (p) {
    const next = p.next;
    if (p.interface == changetype<usize>(i)) {
      if (before) before.next = next;
      else first = next;
      if (!next) last = before;
      packetFree(p);
    } else before = p;
    p = next;
  }
}
