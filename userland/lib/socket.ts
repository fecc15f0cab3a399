// Sockets: host calls 46 to 54. Every function gives a value >= 0 or -errno. Internet addresses are IPv4 here: four bytes as they lie in memory.

import { address, call, Call } from "./call";

export const AF_INET: u32 = 2;
export const SOCK_STREAM: u32 = 1;
export const SOCK_DGRAM: u32 = 2;
/** Added to a type, or given to accept: no call on the socket waits. */
export const SOCK_NONBLOCK: u32 = 0o4000;
export const IPPROTO_ICMP: u32 = 1;
/** This call does not wait. */
export const MSG_DONTWAIT: u32 = 0x40;

/** sockaddr_in: u16 family, u16 port in network order, u32 address, 8 bytes of zero. */
const NAME_BYTES: u32 = 16;
const name: usize = memory.data(16, 8);

function setName(v4: u32, port: u16): u64 {
  store<u64>(name, AF_INET | ((<u64>bswap<u16>(port)) << 16) | ((<u64>v4) << 32));
  store<u64>(name, 0, 8);
  return address(name);
}

/** Who sent what was received last, or the name that was asked for. */
export function namedAddress(): u32 {
  return load<u32>(name, 4);
}
export function namedPort(): u16 {
  return bswap<u16>(load<u16>(name, 2));
}

/** A new socket; its descriptor. */
export function socket(type: u32, protocol: u32 = 0): i64 {
  return call(Call.Socket, AF_INET, type, protocol, 0, 0, 0);
}

export function bind(fd: i32, v4: u32, port: u16): i64 {
  return call(Call.Bind, fd, setName(v4, port), NAME_BYTES, 0, 0, 0);
}

export function listen(fd: i32, backlog: u32): i64 {
  return call(Call.Listen, fd, backlog, 0, 0, 0, 0);
}

/** The descriptor of a new connection; `flags` may be SOCK_NONBLOCK. */
export function accept(fd: i32, flags: u32 = 0): i64 {
  return call(Call.Accept, fd, flags, 0, 0, 0, 0);
}

export function connect(fd: i32, v4: u32, port: u16): i64 {
  return call(Call.Connect, fd, setName(v4, port), NAME_BYTES, 0, 0, 0);
}

/** Sends up to `n` bytes at `from` to the peer. */
export function send(fd: i32, from: usize, n: u32, flags: u32 = 0): i64 {
  return call(Call.Send, fd, address(from), n, flags, 0, 0);
}

/** Sends a datagram. */
export function sendTo(fd: i32, from: usize, n: u32, v4: u32, port: u16): i64 {
  return call(Call.Send, fd, address(from), n, 0, setName(v4, port), NAME_BYTES);
}

/** Receives up to `capacity` bytes; 0 at the end. */
export function receive(fd: i32, to: usize, capacity: u32, flags: u32 = 0): i64 {
  return call(Call.Receive, fd, address(to), capacity, flags, 0, 0);
}

/** Receives a datagram; namedAddress and namedPort tell who sent it. */
export function receiveFrom(fd: i32, to: usize, capacity: u32, flags: u32 = 0): i64 {
  return call(Call.Receive, fd, address(to), capacity, flags, address(name), NAME_BYTES);
}

/** Nothing more is sent. */
export function endSending(fd: i32): i64 {
  return call(Call.Shutdown, fd, 1, 0, 0, 0, 0);
}

/** Asks for the peer's name: namedAddress, namedPort. */
export function peerName(fd: i32): i64 {
  return call(Call.SocketName, fd, 1, address(name), NAME_BYTES, 0, 0);
}

/** A TCP socket that listens at `port` of all addresses; its descriptor. */
export function listenAt(port: u16, flags: u32 = 0): i64 {
  const fd = socket(SOCK_STREAM | flags);
  if (fd < 0) return fd;
  let r = bind(<i32>fd, 0, port);
  if (r >= 0) r = listen(<i32>fd, 128);
  if (r >= 0) return fd;
  call(Call.Close, fd, 0, 0, 0, 0, 0);
  return r;
}
