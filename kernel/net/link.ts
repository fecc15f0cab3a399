// From the Internet protocols to a link: which way a packet leaves, by the kind of its interface.

import { Errno } from "../errno";
import { Result } from "../result";
import { ethernetSend } from "./ethernet";
import { FlowKind } from "./inet/flow";
import { Interface, InterfaceFlag, InterfaceKind } from "./inet/interface";
import { loopbackSend } from "./loopback";
import { Packet, packetFree } from "./packet";
import { switchSend } from "./switch";

/** Sends a packet that begins with its IP header to `nextHop` on the interface's link: 0, -ENETDOWN or -ENOBUFS. Consumes it. */
export function linkSend(by: Interface, p: Packet, nextHop: u32, kind: FlowKind): Result {
  if ((by.flags & InterfaceFlag.Up) == 0) {
    by.sentDropped++;
    packetFree(p);
    return -Errno.ENETDOWN;
  }
  if (by.kind == InterfaceKind.Loopback) {
    loopbackSend(by.space, p);
    return 0;
  }
  if (by.kind != InterfaceKind.Device) return switchSend(by, p, nextHop, kind);
  ethernetSend(by, p, nextHop, kind);
  return 0;
}
