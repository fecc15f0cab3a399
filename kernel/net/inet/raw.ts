// Raw and ping sockets, which get ICMP. There are none yet.

import { Packet, packetFree } from "../packet";
import { InetSpace } from "./space";

/** Gives raw sockets for the packet's protocol a copy of it, network header and all: whether there were any. */
export function rawInput(space: InetSpace, p: Packet): bool {
  return false;
}

/** An answer to an echo has come in, from its ICMP header on. Consumes it. */
export function pingInput(space: InetSpace, p: Packet): void {
  packetFree(p);
}

/** An ICMP error about a packet of ours: icmp.ts has it in `news`. */
export function rawIcmpError(space: InetSpace): void {}
