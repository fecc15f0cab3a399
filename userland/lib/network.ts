// What host call 55, networkList, tells of the host's network and of those of containers.

import { fromBytes, toBytes } from "./bytes";
import { addressOf, call, Call } from "./call";

const enum List {
  Interfaces = 0,
  Routes = 1,
  Sockets = 2,
  Published = 3,
  NameServers = 4,
}

/** What an interface is. */
export const KIND_LOOPBACK: u32 = 0;
export const KIND_BRIDGE: u32 = 3;
/** Flags of an interface, Linux's values. */
export const FLAG_UP: u32 = 1;
const ERANGE: i64 = -34;

/** What `list` of container `id` ("": the host) says; networkError is 0 or -errno. */
function records(list: List, id: string): StaticArray<u8> {
  const i = toBytes(id);
  for (let capacity = 4096; ; capacity <<= 2) {
    const buffer = new StaticArray<u8>(capacity);
    const n = call(Call.NetworkList, list, addressOf(i), i.length, addressOf(buffer), capacity, 0);
    if (n == ERANGE) continue;
    networkError = min<i64>(n, 0);
    const exact = new StaticArray<u8>(<i32>max<i64>(n, 0));
    memory.copy(changetype<usize>(exact), changetype<usize>(buffer), exact.length);
    return exact;
  }
}

/** 0, or why the last list is empty. */
export let networkError: i64 = 0;

export class InterfaceRecord {
  index: u32;
  kind: u32;
  flags: u32;
  mtu: u32;
  address: u32;
  prefix: u32;
  hardware: u64;
  name: string;
  receivedPackets: u64;
  receivedBytes: u64;
  sentPackets: u64;
  sentBytes: u64;

  constructor(p: usize) {
    this.index = load<u32>(p);
    this.kind = load<u32>(p, 4);
    this.flags = load<u32>(p, 8);
    this.mtu = load<u32>(p, 12);
    this.address = load<u32>(p, 16);
    this.prefix = load<u32>(p, 20);
    this.hardware = load<u64>(p, 32);
    let n = 0;
    while (n < 16 && load<u8>(p + 40 + n) != 0) n++;
    this.name = fromBytes(p + 40, n);
    this.receivedPackets = load<u64>(p, 56);
    this.receivedBytes = load<u64>(p, 64);
    this.sentPackets = load<u64>(p, 88);
    this.sentBytes = load<u64>(p, 96);
  }
}

/** The interfaces of container `id` ("": of the host), in order of index. */
export function interfaces(id: string): InterfaceRecord[] {
  const list: InterfaceRecord[] = [];
  const bytes = records(List.Interfaces, id);
  for (let at = 0; at < bytes.length; at += 120) list.push(new InterfaceRecord(changetype<usize>(bytes) + at));
  return list;
}

export class RouteRecord {
  constructor(
    public destination: u32,
    public prefix: u32,
    public gateway: u32,
    public source: u32,
    public interfaceIndex: u32,
    public metric: u32,
  ) {}
}

/** The routes of container `id` ("": of the host), those that are tried first first. */
export function routes(id: string): RouteRecord[] {
  const list: RouteRecord[] = [];
  const bytes = records(List.Routes, id);
  for (let at = 0; at < bytes.length; at += 24) {
    const p = changetype<usize>(bytes) + at;
    list.push(new RouteRecord(load<u32>(p), load<u32>(p, 4), load<u32>(p, 8), load<u32>(p, 12), load<u32>(p, 16), load<u32>(p, 20)));
  }
  return list;
}

export class SocketRecord {
  family: u32;
  protocol: u32;
  state: u32;
  localPort: u16;
  remotePort: u16;
  localHigh: u64;
  localLow: u64;
  remoteHigh: u64;
  remoteLow: u64;
  received: u32;
  sent: u32;

  constructor(p: usize) {
    this.family = load<u32>(p);
    this.protocol = load<u32>(p, 4);
    this.state = load<u32>(p, 8);
    this.localPort = load<u16>(p, 12);
    this.remotePort = load<u16>(p, 14);
    this.localHigh = load<u64>(p, 16);
    this.localLow = load<u64>(p, 24);
    this.remoteHigh = load<u64>(p, 32);
    this.remoteLow = load<u64>(p, 40);
    this.received = load<u32>(p, 48);
    this.sent = load<u32>(p, 52);
  }

  get protocolName(): string {
    switch (this.protocol) {
      case 1:
      case 58:
        return "icmp";
      case 6:
        return "tcp";
      case 17:
        return "udp";
      default:
        return this.protocol.toString();
    }
  }

  /** TCP's states by their names in RFC 9293; of others, whether they have a peer. */
  get stateName(): string {
    if (this.protocol != 6) return this.state == 1 ? "connected" : "open";
    return this.state < <u32>STATES.length ? STATES[this.state] : this.state.toString();
  }
}

/** By Linux's numbers, which the kernel has. */
const STATES: string[] = [
  "",
  "established",
  "syn-sent",
  "syn-received",
  "fin-wait-1",
  "fin-wait-2",
  "time-wait",
  "closed",
  "close-wait",
  "last-ack",
  "listen",
  "closing",
];

/** The Internet sockets of container `id` ("": of the host). */
export function sockets(id: string): SocketRecord[] {
  const list: SocketRecord[] = [];
  const bytes = records(List.Sockets, id);
  for (let at = 0; at < bytes.length; at += 56) list.push(new SocketRecord(changetype<usize>(bytes) + at));
  return list;
}

/** A port of the host that leads to a container. */
export class PublishedRecord {
  constructor(
    public protocol: u32,
    public hostPort: u16,
    public guestPort: u16,
    public address: u32,
  ) {}

  get protocolName(): string {
    return this.protocol == 17 ? "udp" : "tcp";
  }
}

/** The published ports that lead to container `id` (""; to all). */
export function publishedPorts(id: string): PublishedRecord[] {
  const list: PublishedRecord[] = [];
  const bytes = records(List.Published, id);
  for (let at = 0; at < bytes.length; at += 16) {
    const p = changetype<usize>(bytes) + at;
    list.push(new PublishedRecord(load<u32>(p), load<u16>(p, 4), load<u16>(p, 6), load<u32>(p, 8)));
  }
  return list;
}

/** The name servers that the host knows. */
export function nameServers(): u32[] {
  const list: u32[] = [];
  const bytes = records(List.NameServers, "");
  for (let at = 0; at < bytes.length; at += 4) list.push(load<u32>(changetype<usize>(bytes) + at));
  return list;
}

/** True when what `interfaces` said is the host's own network. */
export function isHostNetwork(list: InterfaceRecord[]): bool {
  for (let i = 0; i < list.length; i++) if (list[i].kind == KIND_BRIDGE) return true;
  return false;
}

/** The address of container `id` on the switch; 0 when it has none. */
export function containerAddress(id: string): u32 {
  const list = interfaces(id);
  for (let i = 0; i < list.length; i++) if (list[i].kind != KIND_LOOPBACK && list[i].address != 0) return list[i].address;
  return 0;
}
