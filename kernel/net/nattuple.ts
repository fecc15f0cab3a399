// What translation looks at and changes in a packet: the two ends, in the headers of IPv4 and of TCP, UDP or ICMP, or in the packet that an ICMP error
// quotes (RFC 5508). Checksums follow the changes without being computed anew (RFC 1624).

import { checksum, checksumChange, checksumOf, checksumPacket } from "./checksum";
import { setAddress4 } from "./inet/address";
import { IP4_HEADER_BYTES, Protocol } from "./inet/output";
import { Checksum, Packet, packetDestination, packetLinear, packetSource } from "./packet";

@unmanaged
export class Tuple {
  source: u32;
  destination: u32;
  sourcePort: u16;
  destinationPort: u16;
  protocol: u8;
  /** TCP's flags. */
  flags: u8;
  /** The ends are those of an ICMP error's quoted packet, seen from its receiver. */
  isQuote: bool;
  pad: u8;
  /** Transport header, of the quoted packet if isQuote, whose header is at `quote`. */
  transport: usize;
  quote: usize;
}
const tuple = changetype<Tuple>(memory.data(32, 8));
if (offsetof<Tuple>() > 32) ERROR("Tuple is at most 32 bytes");

const ECHO_REPLY: u8 = 0;
const ECHO: u8 = 8;

/** The ends of a whole packet that begins with its checked IPv4 header; null when they cannot be told. */
export function tupleOf(p: Packet): Tuple | null {
  const headerBytes = ((<u32>load<u8>(p.data)) & 0xf) << 2;
  const protocol = load<u8>(p.data, 9);
  const wanted: u32 = protocol == <u8>Protocol.Tcp ? 20 : 8;
  if (!packetLinear(p, headerBytes + wanted)) return null;
  const t = tuple;
  const at = p.data + headerBytes;
  t.source = load<u32>(p.data, 12);
  t.destination = load<u32>(p.data, 16);
  t.protocol = protocol;
  t.isQuote = false;
  t.flags = 0;
  t.transport = at;
  if (protocol == <u8>Protocol.Icmp) return ofIcmp(p, headerBytes);
  if (protocol != <u8>Protocol.Tcp && protocol != <u8>Protocol.Udp) return null;
  t.sourcePort = load<u16>(at);
  t.destinationPort = load<u16>(at, 2);
  if (protocol == <u8>Protocol.Tcp) t.flags = load<u8>(at, 13);
  return t;
}

function ofIcmp(p: Packet, headerBytes: u32): Tuple | null {
  const t = tuple;
  const type = load<u8>(t.transport);
  if (type == ECHO || type == ECHO_REPLY) {
    t.sourcePort = load<u16>(t.transport, 4);
    t.destinationPort = t.sourcePort;
    return t;
  }
  if (type != 3 && type != 11 && type != 12) return null;
  // The quoted packet went the other way.
  const quote = t.transport + 8;
  if (!packetLinear(p, headerBytes + 8 + IP4_HEADER_BYTES)) return null;
  const quoteBytes = ((<u32>load<u8>(quote)) & 0xf) << 2;
  if (quoteBytes < IP4_HEADER_BYTES || !packetLinear(p, headerBytes + 8 + quoteBytes + 8)) return null;
  t.isQuote = true;
  t.quote = quote;
  t.transport = quote + quoteBytes;
  t.protocol = load<u8>(quote, 9);
  t.source = load<u32>(quote, 16);
  t.destination = load<u32>(quote, 12);
  if (t.protocol == <u8>Protocol.Icmp) {
    t.sourcePort = load<u16>(t.transport, 4);
    t.destinationPort = t.sourcePort;
    return t;
  }
  if (t.protocol != <u8>Protocol.Tcp && t.protocol != <u8>Protocol.Udp) return null;
  t.sourcePort = load<u16>(t.transport, 2);
  t.destinationPort = load<u16>(t.transport);
  return t;
}

/** Gives the packet with the ends of `t` these. */
export function rewrite(p: Packet, t: Tuple, source: u32, destination: u32, sourcePort: u16, destinationPort: u16): void {
  if (t.isQuote) return rewriteQuote(p, t, source, destination, sourcePort, destinationPort);
  if (t.protocol == <u8>Protocol.Icmp) {
    const sum = load<u16>(t.transport, 2);
    store<u16>(t.transport, checksumChange(sum, t.sourcePort, sourcePort), 2);
    store<u16>(t.transport, sourcePort, 4);
  } else {
    if (p.checksum != <u8>Checksum.ToCompute) fixTransport(t, source, destination, sourcePort, destinationPort);
    store<u16>(t.transport, sourcePort);
    store<u16>(t.transport, destinationPort, 2);
  }
  setEnds(p, source, destination);
}

function setEnds(p: Packet, source: u32, destination: u32): void {
  store<u32>(p.data, source, 12);
  store<u32>(p.data, destination, 16);
  setAddress4(packetSource(p), source);
  setAddress4(packetDestination(p), destination);
  fixHeader(p.data);
}

function fixHeader(ip: usize): void {
  store<u16>(ip, 0, 10);
  store<u16>(ip, checksum(ip, ((<u32>load<u8>(ip)) & 0xf) << 2), 10);
}

@inline
function change32(sum: u16, before: u32, after: u32): u16 {
  return checksumChange(checksumChange(sum, <u16>before, <u16>after), <u16>(before >> 16), <u16>(after >> 16));
}

function fixTransport(t: Tuple, source: u32, destination: u32, sourcePort: u16, destinationPort: u16): void {
  const isUdp = t.protocol == <u8>Protocol.Udp;
  const at = t.transport + (isUdp ? 6 : 16);
  let sum = load<u16>(at);
  if (isUdp && sum == 0) return;
  sum = change32(change32(sum, t.source, source), t.destination, destination);
  sum = checksumChange(checksumChange(sum, t.sourcePort, sourcePort), t.destinationPort, destinationPort);
  store<u16>(at, isUdp && sum == 0 ? 0xffff : sum);
}

/** An ICMP error goes to whoever sent the quoted packet, and quotes it as it was there. */
function rewriteQuote(p: Packet, t: Tuple, source: u32, destination: u32, sourcePort: u16, destinationPort: u16): void {
  const offender = load<u32>(p.data, 12);
  store<u32>(t.quote, destination, 12);
  store<u32>(t.quote, source, 16);
  fixHeader(t.quote);
  if (t.protocol == <u8>Protocol.Icmp) store<u16>(t.transport, sourcePort, 4);
  else {
    store<u16>(t.transport, destinationPort);
    store<u16>(t.transport, sourcePort, 2);
  }
  const icmp = p.data + (((<u32>load<u8>(p.data)) & 0xf) << 2);
  store<u16>(icmp, 0, 2);
  store<u16>(icmp, checksumOf(checksumPacket(0, p, icmp)), 2);
  setEnds(p, offender == t.source ? source : offender, destination);
}
