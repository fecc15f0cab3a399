// Interfaces: the loopback device of every space, a container's end of the switch, and the machine's own device. Names, flags and counters are those
// that netdevice(7) shows. An interface belongs to one space; what sends for it depends on its kind.

import { InetSpace } from "./space";

export const enum InterfaceKind {
  Loopback = 0,
  /** A container's port of the switch (kernel/net/switch.ts). */
  Port = 1,
  /** A network device (kernel/net/device.ts). */
  Device = 2,
  /** The host's end of the switch. */
  Bridge = 3,
}

/** Interface flags, with Linux's values. */
export const enum InterfaceFlag {
  Up = 1,
  Broadcast = 2,
  Loopback = 8,
  Running = 0x40,
  Multicast = 0x1000,
  LowerUp = 0x10000,
}

/** What a device does by itself. */
export const enum Offload {
  /** Fills in the transport checksum. */
  Checksum = 1,
  /** Cuts long TCP packets over IPv4 into segments. */
  Segments = 2,
}

/** Longest interface name, and its NUL (IFNAMSIZ). */
export const INTERFACE_NAME_BYTES: u32 = 16;

@unmanaged
export class Interface {
  /** Of its space, in order of index. */
  next: Interface | null;
  space: InetSpace;
  index: u32;
  kind: u32;
  /** Bits of InterfaceFlag. */
  flags: u32;
  /** Longest packet without the link's header. */
  mtu: u32;
  /** Bits of Offload. */
  offload: u32;
  /** IPv4: address, length of the prefix, broadcast address; address 0 for none. */
  address: u32;
  prefix: u32;
  broadcast: u32;
  /** Device, port: what the kind's functions know it by. */
  driver: usize;
  /** Neighbours on the link (kernel/net/arp.ts). */
  neighbours: usize;
  /** Connections that are translated for it (kernel/net/nat.ts). */
  tracks: u32;
  /** Hardware address: six bytes in memory order. */
  hardware: u64;
  /** NUL-padded name. */
  name0: u64;
  name1: u64;
  receivedPackets: u64;
  receivedBytes: u64;
  receivedErrors: u64;
  receivedDropped: u64;
  sentPackets: u64;
  sentBytes: u64;
  sentErrors: u64;
  sentDropped: u64;
}

/** Address of the interface's name: INTERFACE_NAME_BYTES, NUL-padded. */
@inline
export function interfaceName(i: Interface): usize {
  return changetype<usize>(i) + offsetof<Interface>("name0");
}

/** Address of the six bytes of its hardware address. */
@inline
export function interfaceHardware(i: Interface): usize {
  return changetype<usize>(i) + offsetof<Interface>("hardware");
}

/** Counts a packet that came in. */
@inline
export function countReceived(i: Interface, bytes: u32): void {
  i.receivedPackets++;
  i.receivedBytes += bytes;
}

/** Counts a packet that went out. */
@inline
export function countSent(i: Interface, bytes: u32): void {
  i.sentPackets++;
  i.sentBytes += bytes;
}

/** The space's interface of that index, or null. */
export function interfaceByIndex(space: InetSpace, index: u32): Interface | null {
  let i = space.interfaces;
  while (i && i.index != index) i = i.next;
  return i;
}

/** The space's interface of the NUL-padded name at `name`, or null. */
export function interfaceByName(space: InetSpace, name: usize): Interface | null {
  let i = space.interfaces;
  while (i && (i.name0 != load<u64>(name) || i.name1 != load<u64>(name, 8))) i = i.next;
  return i;
}

/** The interface that has the IPv4 address, or null. */
export function interfaceByAddress(space: InetSpace, v4: u32): Interface | null {
  if (v4 == 0) return null;
  let i = space.interfaces;
  while (i && i.address != v4) i = i.next;
  return i;
}
