// Addresses of 16 bytes for both families, in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that sockets and tables need one kind only.
// An IPv4 address by itself is the u32 that load<u32> gives of its four bytes.

/** The address itself; an InetAddress is a pointer to 16 bytes in somebody's structure. */
@unmanaged
export class InetAddress {
  high: u64;
  low: u64;
}

/** Low half of ::ffff:0.0.0.0, as loaded. */
const MAPPED: u64 = 0xffff_0000;
/** Low half of ::1, as loaded. */
const V6_LOOPBACK: u64 = 0x0100_0000_0000_0000;

/** An IPv4 address from its four parts. */
@inline
export function ip4(a: u32, b: u32, c: u32, d: u32): u32 {
  return a | (b << 8) | (c << 16) | (d << 24);
}

/** 127.0.0.1 and 255.255.255.255. */
export const LOOPBACK4: u32 = 0x0100_007f;
export const BROADCAST4: u32 = 0xffff_ffff;
/** 127.255.255.255, the broadcast address of the loopback network. */
export const LOOPBACK_BROADCAST4: u32 = 0xffff_ff7f;

@inline
export function isMapped4(a: InetAddress): bool {
  return a.high == 0 && (a.low & 0xffff_ffff) == MAPPED;
}

/** The IPv4 address in a mapped one. */
@inline
export function address4(a: InetAddress): u32 {
  return <u32>(a.low >> 32);
}

@inline
export function setAddress4(a: InetAddress, v4: u32): void {
  a.high = 0;
  a.low = MAPPED | ((<u64>v4) << 32);
}

@inline
export function setAddress(a: InetAddress, from: InetAddress): void {
  a.high = from.high;
  a.low = from.low;
}

@inline
export function addressEquals(a: InetAddress, b: InetAddress): bool {
  return a.high == b.high && a.low == b.low;
}

/** :: or 0.0.0.0. */
@inline
export function isAnyAddress(a: InetAddress): bool {
  return a.high == 0 && (a.low == 0 || a.low == MAPPED);
}

/** 127.0.0.0/8 or ::1. */
@inline
export function isLoopbackAddress(a: InetAddress): bool {
  return isMapped4(a) ? isLoopback4(address4(a)) : a.high == 0 && a.low == V6_LOOPBACK;
}

/** ::1. */
export function setLoopback6(a: InetAddress): void {
  a.high = 0;
  a.low = V6_LOOPBACK;
}

@inline
export function isLoopback4(v4: u32): bool {
  return (v4 & 0xff) == 127;
}

/** 224.0.0.0/4. */
@inline
export function isMulticast4(v4: u32): bool {
  return (v4 & 0xf0) == 0xe0;
}

/** A multicast address of either family. */
export function isMulticastAddress(a: InetAddress): bool {
  return isMapped4(a) ? isMulticast4(address4(a)) : (a.high & 0xff) == 0xff;
}

/** fe80::/10: an address of one link (RFC 4291, 2.5.6). */
@inline
export function isLinkLocalAddress(a: InetAddress): bool {
  return (a.high & 0xc0ff) == 0x80fe;
}

/** The netmask of a prefix of `bits` <= 32. */
export function netmask4(bits: u32): u32 {
  return bits == 0 ? 0 : bswap<u32>(0xffff_ffff << (32 - bits));
}

/** Parses a.b.c.d of `n` bytes: the address, or -1 (strictly: four decimal parts without leading zeros). */
export function parseAddress4(p: usize, n: u32): i64 {
  let v4: u32 = 0;
  let at: u32 = 0;
  for (let part: u32 = 0; part < 4; part++) {
    if (part != 0 && (at >= n || load<u8>(p + at++) != 0x2e)) return -1;
    const from = at;
    let value: u32 = 0;
    while (at < n && at - from < 3 && <u32>load<u8>(p + at) - 0x30 < 10) value = value * 10 + load<u8>(p + at++) - 0x30;
    if (at == from || value > 255 || (at - from > 1 && load<u8>(p + from) == 0x30)) return -1;
    v4 |= value << (part << 3);
  }
  return at == n ? <i64>v4 : -1;
}

/** Writes a.b.c.d to `p` (15 bytes): its length. */
export function formatAddress4(p: usize, v4: u32): u32 {
  let at: u32 = 0;
  for (let part: u32 = 0; part < 4; part++) {
    const value = (v4 >> (part << 3)) & 0xff;
    if (part != 0) store<u8>(p + at++, 0x2e);
    if (value >= 100) store<u8>(p + at++, <u8>(0x30 + value / 100));
    if (value >= 10) store<u8>(p + at++, <u8>(0x30 + ((value / 10) % 10)));
    store<u8>(p + at++, <u8>(0x30 + (value % 10)));
  }
  return at;
}
