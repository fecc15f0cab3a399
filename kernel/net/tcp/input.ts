// TCP's way in. There are no TCP sockets yet: nobody answers.

import { packetFree, Packet } from "../packet";
import { Counter } from "../inet/counters";
import { count, InetSpace } from "../inet/space";

/** A segment has come in, with its header in one part and a right checksum. Consumes it. */
export function tcpInput(space: InetSpace, p: Packet): void {
  count(space, Counter.TcpIn);
  packetFree(p);
}

/** An ICMP error about a segment of ours: kernel/net/inet/icmp.ts has it in `news`. */
export function tcpIcmpError(space: InetSpace): void {
  count(space, Counter.TcpInErrors);
}
