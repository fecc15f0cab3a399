// Packets for somebody else: a space passes them on if it is a router (RFC 1812), as the host's is for its containers; else they are dropped. From outside only
// what translation has led to a container is passed on, and what a container sends outside leaves with the host's address.

import { checksum } from "../checksum";
import { natOutput } from "../nat";
import { Packet, PacketFlag, packetDestination, packetFree, packetSource } from "../packet";
import { Counter } from "./counters";
import { Flow, flowAim, FlowKind, flowRoute, FLOW_BYTES } from "./flow";
import { IcmpCode, icmpTimeExceeded, icmpUnreachable } from "./icmp";
import { Interface, InterfaceKind } from "./interface";
import { output4 } from "./output";
import { count, InetSpace } from "./space";

const flow = changetype<Flow>(memory.data(FLOW_BYTES, 8));
/** DF, in network order as loaded. */
const DONT_FRAGMENT: u16 = 0x40;

/** A whole packet with a checked IPv4 header that is not for this space; `translated`: its ends have been changed on the way in. Consumes it. */
export function forward4(space: InetSpace, by: Interface, p: Packet, translated: bool): void {
  if (!space.forwards || (p.flags & (<u16>PacketFlag.Broadcast)) != 0) return refuse(space, p);
  p.flags |= <u16>PacketFlag.Forwarded;
  if (load<u8>(p.network, 8) <= 1) {
    count(space, Counter.IpHeaderErrors);
    icmpTimeExceeded(space, p, 0);
    packetFree(p);
    return;
  }
  flow.bound = 0;
  flow.discover = 0;
  flowAim(flow, packetSource(p), packetDestination(p));
  flow.anySource = true;
  if (flowRoute(space, flow) < 0 || flow.kind != <u8>FlowKind.Unicast) {
    count(space, Counter.IpNoRoutes);
    icmpUnreachable(space, p, IcmpCode.NetUnreachable, 0);
    packetFree(p);
    return;
  }
  pass(space, by, p, translated);
}

function refuse(space: InetSpace, p: Packet): void {
  count(space, Counter.IpAddressErrors);
  packetFree(p);
}

/** Sends the packet on along `flow`, if it may go there. */
function pass(space: InetSpace, by: Interface, p: Packet, translated: bool): void {
  const outside = flow.interface.kind == InterfaceKind.Device;
  // Nobody outside reaches a container but by a track, and containers have their own way to each other.
  if (!translated && !outside) return refuse(space, p);
  if (outside && by.kind == InterfaceKind.Device) return refuse(space, p);
  if (p.length > flow.mtu && (load<u16>(p.network, 6) & DONT_FRAGMENT) != 0) {
    icmpUnreachable(space, p, IcmpCode.TooLong, flow.mtu);
    packetFree(p);
    return;
  }
  if (outside && !translated && !natOutput(space, p, flow.interface)) {
    count(space, Counter.IpOutDiscards);
    packetFree(p);
    return;
  }
  count(space, Counter.IpForwarded);
  store<u8>(p.network, load<u8>(p.network, 8) - 1, 8);
  store<u16>(p.network, 0, 10);
  store<u16>(p.network, checksum(p.network, ((<u32>load<u8>(p.network)) & 0xf) << 2), 10);
  output4(space, p, flow);
}
