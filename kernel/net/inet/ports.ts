// Who has which port, for one protocol in one NetSpace: the ports in use, each with all its endpoints; connections by addresses and ports; and who gets what
// comes in. Rules of sharing a port: SO_REUSEADDR and SO_REUSEPORT of socket(7) as Linux has them, IPV6_V6ONLY of ipv6(7).
// Ephemeral ports are net.ipv4.ip_local_port_range, and begin at a random place (RFC 6056, 3.3.1).

import { Errno } from "../../errno";
import { kernelAlloc, kernelFree } from "../../mm/heap";
import { randomU64 } from "../../random";
import { Result } from "../../result";
import { SocketOption } from "../socket";
import { InetAddress } from "./address";
import { Endpoint, EndpointKind, endpointOf, InetSocket, localAddress, socketOfEndpoint } from "./inet";
import { ephemeral, rangeCount, rangeOf } from "./portrange";

/** A port that somebody has. */
@unmanaged
export class PortEntry {
  next: PortEntry | null;
  first: Endpoint | null;
  /** Endpoints, and those of them that listen. */
  count: u32;
  listeners: u32;
  port: u16;
  /** connect(2) has chosen it, and nobody has bound it: other connections may share it. */
  shared: bool;
  pad: u8;
  padding: u32;
}

@unmanaged
export class PortTable {
  /** Chains of PortEntry by port, and of connections by hash; powers of two of them. */
  ports: usize;
  portBuckets: u32;
  portCount: u32;
  connections: usize;
  connectionBuckets: u32;
  connectionCount: u32;
  /** Makes hashes unforeseeable. */
  secret: u64;
}

const FIRST_BUCKETS: u32 = 32;

/** A table, empty; null when memory is short. */
export function portTableNew(): PortTable | null {
  const p = kernelAlloc(offsetof<PortTable>());
  if (p == 0) return null;
  const table = changetype<PortTable>(p);
  table.ports = kernelAlloc(FIRST_BUCKETS << 2);
  table.connections = kernelAlloc(FIRST_BUCKETS << 2);
  if (table.ports == 0 || table.connections == 0) {
    portTableFree(table);
    return null;
  }
  table.portBuckets = FIRST_BUCKETS;
  table.connectionBuckets = FIRST_BUCKETS;
  table.secret = randomU64();
  return table;
}

/** Frees a table in which nothing is left. */
export function portTableFree(table: PortTable): void {
  kernelFree(table.ports);
  kernelFree(table.connections);
  kernelFree(changetype<usize>(table));
}

// Ports ------------------------------------------------------------------------------------------------------------------------------------

@inline
function portSlot(table: PortTable, port: u16): usize {
  return table.ports + (((<u32>port) & (table.portBuckets - 1)) << 2);
}

/** The entry of a port in use, or null. */
export function portFind(table: PortTable, port: u16): PortEntry | null {
  let entry = load<PortEntry | null>(portSlot(table, port));
  while (entry && entry.port != port) entry = entry.next;
  return entry;
}

function growPorts(table: PortTable): void {
  const more = table.portBuckets << 1;
  const p = kernelAlloc(more << 2);
  if (p == 0) return;
  for (let i: u32 = 0; i < table.portBuckets; i++) {
    let entry = load<PortEntry | null>(table.ports + (i << 2));
    while (entry) {
      const next = entry.next;
      const slot = p + (((<u32>entry.port) & (more - 1)) << 2);
      entry.next = load<PortEntry | null>(slot);
      store<PortEntry | null>(slot, entry);
      entry = next;
    }
  }
  kernelFree(table.ports);
  table.ports = p;
  table.portBuckets = more;
}

function portMake(table: PortTable, port: u16): PortEntry | null {
  if (table.portCount >= table.portBuckets && table.portBuckets < 65536) growPorts(table);
  const p = kernelAlloc(offsetof<PortEntry>());
  if (p == 0) return null;
  const entry = changetype<PortEntry>(p);
  const slot = portSlot(table, port);
  entry.port = port;
  entry.next = load<PortEntry | null>(slot);
  store<PortEntry | null>(slot, entry);
  table.portCount++;
  return entry;
}

function portUnlink(table: PortTable, entry: PortEntry): void {
  let slot = portSlot(table, entry.port);
  while (load<PortEntry | null>(slot) != entry) slot = changetype<usize>(load<PortEntry | null>(slot)) + offsetof<PortEntry>("next");
  store<PortEntry | null>(slot, entry.next);
  table.portCount--;
  kernelFree(changetype<usize>(entry));
}

/** Puts an endpoint with a port among those of its port's entry. Listeners come first, so that nobody who looks for one goes through connections. */
export function portJoin(entry: PortEntry, e: Endpoint): void {
  let before: Endpoint | null = null;
  let next = entry.first;
  if (!e.listening)
    while (next && next.listening) {
      before = next;
      next = next.portNext;
    }
  e.portEntry = entry;
  e.portNext = next;
  e.portPrev = before;
  if (next) next.portPrev = e;
  if (before) before.portNext = e;
  else entry.first = e;
  entry.count++;
  if (e.listening) entry.listeners++;
}

function portUnjoin(entry: PortEntry, e: Endpoint): void {
  const next = e.portNext;
  const prev = e.portPrev;
  if (next) next.portPrev = prev;
  if (prev) prev.portNext = next;
  else entry.first = next;
  e.portEntry = null;
  e.portNext = null;
  e.portPrev = null;
  entry.count--;
  if (e.listening) entry.listeners--;
}

/** Gives up the port of an endpoint, if it has one. */
export function portLeave(table: PortTable, e: Endpoint): void {
  const entry = e.portEntry;
  if (!entry) return;
  portUnjoin(entry, e);
  if (entry.count == 0) portUnlink(table, entry);
}

/** Whether `s` may listen at its port: 0 or -EADDRINUSE. */
export function portMayListen(s: InetSocket): Result {
  const entry = s.portEntry;
  if (!entry) return -Errno.EADDRINUSE;
  return mayShare(s, entry, true) ? 0 : -Errno.EADDRINUSE;
}

/** The endpoint begins to listen, or ends. */
export function portListen(e: Endpoint, on: bool): void {
  if (e.listening == on) return;
  const entry = e.portEntry;
  if (entry) portUnjoin(entry, e);
  e.listening = on;
  if (entry) portJoin(entry, e);
}

// Binding ----------------------------------------------------------------------------------------------------------------------------------

@inline
function isAny(high: u64, low: u64): bool {
  return high == 0 && (low == 0 || low == 0xffff_0000);
}

@inline
function isMapped(high: u64, low: u64): bool {
  return high == 0 && <u32>low == 0xffff_0000;
}

/** Whether sockets bound to these two addresses could get the same packets. */
function overlap(a: Endpoint, b: Endpoint): bool {
  const aAny = isAny(a.localHigh, a.localLow);
  const bAny = isAny(b.localHigh, b.localLow);
  const a4 = isMapped(a.localHigh, a.localLow);
  const b4 = isMapped(b.localHigh, b.localLow);
  // :: takes IPv4 too, unless it is for IPv6 alone; 0.0.0.0 takes nothing else.
  if (aAny && !a4) return b4 ? !a.onlyV6 : true;
  if (bAny && !b4) return a4 ? !b.onlyV6 : true;
  if (a4 != b4) return false;
  if (aAny || bAny) return true;
  return a.localHigh == b.localHigh && a.localLow == b.localLow;
}

/** Whether `other`, which has the port, keeps `s` from having it too. */
function conflicts(s: InetSocket, other: Endpoint, stream: bool): bool {
  const own = endpointOf(s);
  if (other == own) return false;
  if (other.kind == EndpointKind.Waiting) return (s.options & SocketOption.ReuseAddress) == 0 && overlap(own, other);
  const o = socketOfEndpoint(other);
  if (s.device != 0 && o.device != 0 && s.device != o.device) return false;
  if ((s.options & o.options & SocketOption.ReusePort) != 0 && (s.uid == o.uid || other.connected)) return false;
  // Two streams may have the same address with SO_REUSEADDR as long as the other does not listen; two datagram sockets always.
  if ((s.options & o.options & SocketOption.ReuseAddress) != 0 && !(stream && other.listening)) return false;
  return overlap(own, other);
}

/** Whether `s`, with the local address it has by now, may have the port of `entry`. */
function mayShare(s: InetSocket, entry: PortEntry, stream: bool): bool {
  let other = entry.first;
  while (other) {
    if (conflicts(s, other, stream)) return false;
    other = other.portNext;
  }
  return true;
}

/** bind(2): gives `s`, whose local address stands, the port (0: any free one): 0, -EADDRINUSE or -ENOMEM. */
export function portBind(table: PortTable, s: InetSocket, port: u16, stream: bool): Result {
  if (port == 0) return bindAny(table, s, stream);
  let entry = portFind(table, port);
  if (entry && !mayShare(s, entry, stream)) return -Errno.EADDRINUSE;
  if (!entry) entry = portMake(table, port);
  if (!entry) return -Errno.ENOMEM;
  entry.shared = false;
  s.localPort = port;
  portJoin(entry, endpointOf(s));
  return 0;
}

/** Where the search goes on. */
let nextEphemeral: u32 = 0;

function bindAny(table: PortTable, s: InetSocket, stream: bool): Result {
  rangeOf(s);
  const start = <u32>(randomU64() % rangeCount);
  for (let i: u32 = 0; i < rangeCount; i++) {
    const port = ephemeral(start + i);
    if (portFind(table, port)) continue;
    return portBind(table, s, port, stream);
  }
  // All are in use; perhaps one can be shared.
  for (let i: u32 = 0; i < rangeCount; i++) {
    const port = ephemeral(start + i);
    const entry = portFind(table, port);
    if (!entry || (!entry.shared && mayShare(s, entry, stream))) return portBind(table, s, port, stream);
  }
  return -Errno.EADDRINUSE;
}

// Connections ------------------------------------------------------------------------------------------------------------------------------

/** Hash of a connection, from the local side's point of view. */
@inline
export function connectionHash(table: PortTable, local: InetAddress, localPort: u16, remote: InetAddress, remotePort: u16): u32 {
  let h = table.secret ^ local.low ^ rotl<u64>(local.high, 17);
  h = (h ^ (h >> 32)) * 0x9e37_79b9_7f4a_7c15;
  h ^= remote.low ^ rotl<u64>(remote.high, 29) ^ (((<u64>localPort) << 16) | remotePort);
  h = (h ^ (h >> 29)) * 0xbf58_476d_1ce4_e5b9;
  return (<u32>(h >> 32)) ^ (<u32>h);
}

@inline
function connectionSlot(table: PortTable, hash: u32): usize {
  return table.connections + ((hash & (table.connectionBuckets - 1)) << 2);
}

/** The connection between these, or null. */
export function connectionFind(
  table: PortTable,
  local: InetAddress,
  localPort: u16,
  remote: InetAddress,
  remotePort: u16,
): Endpoint | null {
  const hash = connectionHash(table, local, localPort, remote, remotePort);
  let e = load<Endpoint | null>(connectionSlot(table, hash));
  while (e) {
    if (
      e.hash == hash &&
      e.remoteLow == remote.low &&
      e.localLow == local.low &&
      e.remotePort == remotePort &&
      e.localPort == localPort &&
      e.remoteHigh == remote.high &&
      e.localHigh == local.high
    )
      return e;
    e = e.connectionNext;
  }
  return null;
}

function growConnections(table: PortTable): void {
  const more = table.connectionBuckets << 1;
  const p = kernelAlloc(more << 2);
  if (p == 0) return;
  const old = table.connections;
  const buckets = table.connectionBuckets;
  table.connections = p;
  table.connectionBuckets = more;
  for (let i: u32 = 0; i < buckets; i++) {
    let e = load<Endpoint | null>(old + (i << 2));
    while (e) {
      const next = e.connectionNext;
      linkConnection(table, e);
      e = next;
    }
  }
  kernelFree(old);
}

@inline
function linkConnection(table: PortTable, e: Endpoint): void {
  const slot = connectionSlot(table, e.hash);
  const first = load<Endpoint | null>(slot);
  e.connectionNext = first;
  e.connectionPrev = null;
  if (first) first.connectionPrev = e;
  store<Endpoint | null>(slot, e);
}

/** Most buckets: one run of the heap. */
const CONNECTION_BUCKETS_MAX: u32 = 1 << 18;

/** Enters an endpoint whose addresses and ports stand; that they are not there yet is the caller's business. */
export function connectionAdd(table: PortTable, e: Endpoint): void {
  if (table.connectionCount >= table.connectionBuckets && table.connectionBuckets < CONNECTION_BUCKETS_MAX) growConnections(table);
  const local = localAddress(e);
  const remote = changetype<InetAddress>(changetype<usize>(e) + offsetof<Endpoint>("remoteHigh"));
  e.hash = connectionHash(table, local, e.localPort, remote, e.remotePort);
  linkConnection(table, e);
  e.connected = true;
  table.connectionCount++;
}

/** Takes a connection out, if it is in. */
export function connectionRemove(table: PortTable, e: Endpoint): void {
  if (!e.connected) return;
  const next = e.connectionNext;
  const prev = e.connectionPrev;
  if (next) next.connectionPrev = prev;
  if (prev) prev.connectionNext = next;
  else store<Endpoint | null>(connectionSlot(table, e.hash), next);
  e.connected = false;
  e.connectionNext = null;
  e.connectionPrev = null;
  table.connectionCount--;
}

/** Whether a connection to the socket's remote end from its local address and `port` may be made. A `Waiting` one may be taken over. */
type Free = (e: Endpoint) => bool;

/**
 * connect(2): gives `s`, whose addresses and remote port stand, a local port such that the connection is new, and enters it: 0; -EADDRNOTAVAIL when no port
 * is left, or the one that is bound has that connection already; -ENOMEM. `free` says whether an old connection may make way, and removes it then.
 */
export function portConnect(table: PortTable, s: InetSocket, free: Free): Result {
  const e = endpointOf(s);
  if (s.localPort != 0) {
    if (!isFree(table, s, s.localPort, free)) return -Errno.EADDRNOTAVAIL;
    connectionAdd(table, e);
    return 0;
  }
  rangeOf(s);
  if (nextEphemeral == 0) nextEphemeral = (<u32>randomU64()) >> 1;
  for (let i: u32 = 0; i < rangeCount; i++) {
    const port = ephemeral(nextEphemeral + i);
    let entry = portFind(table, port);
    if (entry && (!entry.shared || !isFree(table, s, port, free))) continue;
    // The connection that made way may have been the last at its port.
    if (entry) entry = portFind(table, port);
    if (!entry) {
      entry = portMake(table, port);
      if (!entry) return -Errno.ENOMEM;
      entry.shared = true;
    }
    // Uneven steps, so that the next port is not foreseen by whoever sees this one.
    nextEphemeral = (nextEphemeral + i + 1 + ((<u32>table.secret) & 7)) & 0x7fff_ffff;
    s.localPort = port;
    portJoin(entry, e);
    connectionAdd(table, e);
    return 0;
  }
  return -Errno.EADDRNOTAVAIL;
}

function isFree(table: PortTable, s: InetSocket, port: u16, free: Free): bool {
  const e = endpointOf(s);
  const remote = changetype<InetAddress>(changetype<usize>(e) + offsetof<Endpoint>("remoteHigh"));
  const other = connectionFind(table, localAddress(e), port, remote, s.remotePort);
  return !other || call_indirect<bool>(free.index, other);
}

// Who gets what comes in -------------------------------------------------------------------------------------------------------------------

/** How well a bound endpoint fits a packet to `local` (of interface `device`): 0 not at all. */
function fitness(e: Endpoint, local: InetAddress, device: u32): u32 {
  const s = socketOfEndpoint(e);
  if (s.device != 0 && s.device != device) return 0;
  let score: u32 = s.device != 0 ? 9 : 1;
  const is4 = isMapped(local.high, local.low);
  if (isAny(e.localHigh, e.localLow)) {
    const any4 = isMapped(e.localHigh, e.localLow);
    if (is4 ? !any4 && e.onlyV6 : any4) return 0;
    // What is for one family only fits better.
    if (any4 == is4) score += 1;
    return score;
  }
  return e.localLow == local.low && e.localHigh == local.high ? score + 4 : 0;
}

/** Of the n that fit best, the last has the chance of one in n to take the place of whoever was chosen before. */
function isChosen(hash: u32, n: u32): bool {
  hash += n * 0x9e37_79b9;
  hash = (hash ^ (hash >> 16)) * 0x85eb_ca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2_ae35;
  return <u32>((<u64>(hash ^ (hash >> 16)) * n) >> 32) == 0;
}

/** The listener for a connection to `local` and `port`: of several that fit best (SO_REUSEPORT), one chosen by the hash. Null when there is none. */
export function listenerFind(table: PortTable, local: InetAddress, port: u16, device: u32, hash: u32): InetSocket | null {
  const entry = portFind(table, port);
  if (!entry || entry.listeners == 0) return null;
  let best: u32 = 0;
  let found: Endpoint | null = null;
  let equals: u32 = 0;
  let e = entry.first;
  while (e && e.listening) {
    const score = fitness(e, local, device);
    if (score > best) {
      best = score;
      found = e;
      equals = 1;
    } else if (score == best && score != 0) {
      if (isChosen(hash, ++equals)) found = e;
    }
    e = e.portNext;
  }
  return found ? socketOfEndpoint(found) : null;
}

/** The datagram socket for what comes from `remote` to `local`: a connected one before others; of several that fit best, one chosen by the hash. */
export function datagramFind(
  table: PortTable,
  local: InetAddress,
  port: u16,
  remote: InetAddress,
  remotePort: u16,
  device: u32,
  hash: u32,
): InetSocket | null {
  const entry = portFind(table, port);
  if (!entry) return null;
  let best: u32 = 0;
  let found: Endpoint | null = null;
  let equals: u32 = 0;
  let e = entry.first;
  while (e) {
    const score = datagramFitness(e, local, remote, remotePort, device);
    if (score > best) {
      best = score;
      found = e;
      equals = 1;
    } else if (score == best && score != 0 && (socketOfEndpoint(e).options & SocketOption.ReusePort) != 0) {
      if (isChosen(hash, ++equals)) found = e;
    }
    e = e.portNext;
  }
  return found ? socketOfEndpoint(found) : null;
}

/** How well a datagram socket fits what comes from `remote` to `local`: 0 not at all. */
export function datagramFitness(e: Endpoint, local: InetAddress, remote: InetAddress, remotePort: u16, device: u32): u32 {
  if (e.remotePort != 0) {
    if (e.remotePort != remotePort || e.remoteLow != remote.low || e.remoteHigh != remote.high) return 0;
    const score = fitness(e, local, device);
    return score == 0 ? 0 : score + 16;
  }
  return fitness(e, local, device);
}
