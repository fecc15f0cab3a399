// Packets for somebody else: a space passes them on if it is a router, else they are dropped.

import { Packet, packetFree } from "../packet";
import { Counter } from "./counters";
import { Interface } from "./interface";
import { count, InetSpace } from "./space";

/** A packet with a checked IPv4 header that is not for this space. Consumes it. */
export function forward4(space: InetSpace, by: Interface, p: Packet): void {
  count(space, Counter.IpAddressErrors);
  packetFree(p);
}
