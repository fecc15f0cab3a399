// UDP (RFC 768): datagrams that come in. There are no UDP sockets yet, so that every port is closed.

import { Packet, packetFree } from "../packet";
import { Counter } from "./counters";
import { IcmpCode, icmpUnreachable } from "./icmp";
import { count, InetSpace } from "./space";

/** A datagram has come in, with its header in one part. Consumes it. */
export function udpInput(space: InetSpace, p: Packet): void {
  count(space, Counter.UdpNoPorts);
  icmpUnreachable(space, p, IcmpCode.PortUnreachable, 0);
  packetFree(p);
}

/** An ICMP error about a datagram of ours: icmp.ts has it in `news`. */
export function udpIcmpError(space: InetSpace): void {
  count(space, Counter.UdpInErrors);
}
