// The switch that joins containers: the host's space has one end of it, the bridge with the gateway's address, and every container that wants to be on it
// has a port with an address of its own (172.17.0.0/16). Since all ends are in this machine, who has an address is known: packets go from port
// to port by their next hop, without Ethernet headers or ARP, and come in like those of the loopback device. What a container sends must carry its own
// address; who it may reach is decided by kernel/net/nat.ts and the routes of its space.

import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { FlowKind } from "./inet/flow";
import { countReceived, countSent, Interface, InterfaceFlag, InterfaceKind } from "./inet/interface";
import { interfaceAdd, interfaceRemove, routeAdd } from "./inet/configure";
import { InetSpace } from "./inet/space";
import { loopbackLater } from "./loopback";
import { Checksum, Packet, packetDisown, PacketFlag, packetFree, packetShare } from "./packet";

/** 172.17.0.0/16, as Docker's default bridge; .0.1 is the host. */
const NETWORK: u32 = 0x0000_11ac;
const PREFIX: u32 = 16;
const GATEWAY: u32 = 0x0100_11ac;
const BROADCAST: u32 = 0xffff_11ac;
const MTU: u32 = 1500;
/** "eth0" and "bridge0". */
const PORT_NAME: u64 = 0x30_6874_65;
const BRIDGE_NAME: u64 = 0x0030_6567_6469_7262;

/** Ports by the lower half of their address, as a number: an array of Interface that grows. */
let ports: usize = 0;
let capacity: u32 = 0;
let count: u32 = 0;
/** Where the search for a free address begins. */
let nextHost: u32 = 2;
let bridge: Interface | null = null;

/** The number of an address on the switch: its lower 16 bits. */
@inline
function hostOf(v4: u32): u32 {
  return bswap<u32>(v4) & 0xffff;
}

@inline
function portAt(host: u32): Interface | null {
  return host < capacity ? changetype<Interface | null>(<usize>load<u32>(ports + (host << 2))) : null;
}

/** The container's end that has the address, or null. */
export function switchFind(v4: u32): Interface | null {
  return (v4 & 0xffff) == NETWORK ? portAt(hostOf(v4)) : null;
}

/** The gateway's address, which containers have for a router. */
export const SWITCH_GATEWAY: u32 = GATEWAY;

/** Gives the host's space its end of the switch: false when memory is short. */
export function switchStart(space: InetSpace): bool {
  const i = interfaceAdd(space, InterfaceKind.Bridge, BRIDGE_NAME, MTU);
  if (!i) return false;
  bridge = i;
  space.forwards = true;
  return address(space, i, GATEWAY);
}

function address(space: InetSpace, i: Interface, v4: u32): bool {
  i.flags = InterfaceFlag.Up | InterfaceFlag.Broadcast | InterfaceFlag.Running | InterfaceFlag.Multicast | InterfaceFlag.LowerUp;
  i.address = v4;
  i.prefix = PREFIX;
  i.broadcast = BROADCAST;
  // Of the local kind, and the address in it: 02:42:172:17:x:y.
  i.hardware = 0x4202 | ((<u64>v4) << 16);
  return routeAdd(space, NETWORK, PREFIX, 0, i, v4, 0) >= 0;
}

function grow(host: u32): bool {
  if (host < capacity) return true;
  const more = max<u32>(capacity * 2, 64);
  const p = kernelAlloc(more << 2);
  if (p == 0) return false;
  memory.copy(p, ports, capacity << 2);
  kernelFree(ports);
  ports = p;
  capacity = more;
  return true;
}

/** The next address that nobody has: the one given back longest ago, as far as that is known. 0 when all are taken or memory is short. */
function freeHost(): u32 {
  if (count >= 65533) return 0;
  let host: u32 = 0;
  do {
    if (nextHost >= 65535) nextHost = 2;
    host = nextHost++;
  } while (portAt(host) != null);
  return grow(host) ? host : 0;
}

/** Puts a container's space on the switch: its interface eth0, or null when memory is short. */
export function switchJoin(space: InetSpace): Interface | null {
  const host = freeHost();
  if (host == 0) return null;
  const i = interfaceAdd(space, InterfaceKind.Port, PORT_NAME, MTU);
  if (!i) return null;
  const v4 = NETWORK | bswap<u32>(host);
  if (!address(space, i, v4) || routeAdd(space, 0, 0, GATEWAY, i, v4, 0) < 0) {
    interfaceRemove(i);
    return null;
  }
  store<u32>(ports + (host << 2), <u32>changetype<usize>(i));
  count++;
  return i;
}

/** Takes an interface that goes off the switch. */
export function switchLeave(i: Interface): void {
  const host = hostOf(i.address);
  if (portAt(host) != i) return;
  store<u32>(ports + (host << 2), 0);
  count--;
}

/** Sends a packet that begins with its IPv4 header from one end to the one that has `nextHop`: 0 or -EHOSTUNREACH. Consumes it. */
export function switchSend(from: Interface, p: Packet, nextHop: u32, kind: FlowKind): Result {
  countSent(from, p.length);
  if (p.owner != 0) packetDisown(p);
  // A container speaks for itself only.
  if (from.kind == InterfaceKind.Port && load<u32>(p.network, 12) != from.address) {
    from.sentDropped++;
    packetFree(p);
    return 0;
  }
  if (kind != FlowKind.Unicast) {
    flood(from, p);
    return 0;
  }
  const to = nextHop == GATEWAY ? bridge : switchFind(nextHop);
  if (!to) {
    packetFree(p);
    return -Errno.EHOSTUNREACH;
  }
  deliver(to, p);
  return 0;
}

function deliver(to: Interface, p: Packet): void {
  p.interface = changetype<usize>(to);
  // It has not been on a wire.
  if (p.checksum == <u8>Checksum.Done) p.checksum = <u8>Checksum.Unknown;
  p.flags &= <u16>PacketFlag.Broadcast;
  countReceived(to, p.length);
  loopbackLater(p);
}

/** A copy for everybody else. */
function flood(from: Interface, p: Packet): void {
  p.flags |= <u16>PacketFlag.Broadcast;
  for (let host: u32 = 1; host < capacity; host++) {
    const to = host == 1 ? bridge : portAt(host);
    if (!to || to == from) continue;
    const copy = packetShare(p, 0, p.length);
    if (!copy) break;
    copy.network = copy.data;
    copy.transport = copy.data + (p.transport - p.network);
    copy.protocol = p.protocol;
    copy.checksum = p.checksum;
    copy.checksumAt = p.checksumAt;
    copy.flags = p.flags;
    deliver(to, copy);
  }
  packetFree(p);
}
