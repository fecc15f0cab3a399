// What goes along with a datagram besides its data (cmsg(3) at IPPROTO_IP and IPPROTO_IPV6): asked for when it is sent, told when it is received. As there
// is one Exchange, there is one of these; Exchange.inet says what of it holds.

import { InetAddress } from "./address";

/** Bits of Exchange.inet. */
export const enum Control {
  /** To send: from this address, by this interface, with this time to live, type of service. */
  Source = 1,
  Interface = 2,
  Hops = 4,
  Service = 8,
  /** Received: source, destination, interface, hops, service, port, stampNs, drops are those of the datagram. */
  Received = 0x10,
  /** Received from the error queue. */
  Error = 0x20,
}

@unmanaged
export class InetControl {
  sourceHigh: u64;
  sourceLow: u64;
  destinationHigh: u64;
  destinationLow: u64;
  offenderHigh: u64;
  offenderLow: u64;
  stampNs: u64;
  interface: u32;
  hops: u32;
  service: u32;
  drops: u32;
  /** Port it was sent to, in network order. */
  port: u32;
  /** struct sock_extended_err. */
  errno: u32;
  origin: u32;
  type: u32;
  code: u32;
  info: u32;
}
export const control: InetControl = changetype<InetControl>(memory.data(96, 8));
if (offsetof<InetControl>() > 96) ERROR("InetControl is at most 96 bytes");

@inline
export function controlSource(): InetAddress {
  return changetype<InetAddress>(changetype<usize>(control));
}
@inline
export function controlDestination(): InetAddress {
  return changetype<InetAddress>(changetype<usize>(control) + 16);
}
@inline
export function controlOffender(): InetAddress {
  return changetype<InetAddress>(changetype<usize>(control) + 32);
}
