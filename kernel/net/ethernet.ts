// Ethernet (RFC 894): 14 bytes of header, destination, source and type, around IPv4 and ARP. Nothing else is spoken on a wire.

import { arpInput, arpResolve } from "./arp";
import { netDeviceSend, NetDevice } from "./device";
import { isMulticast4 } from "./inet/address";
import { FlowKind } from "./inet/flow";
import { inetInput } from "./inet/input";
import { countReceived, countSent, Interface, interfaceHardware } from "./inet/interface";
import { Packet, PacketFlag, packetFree, packetLinear, packetPull, packetPush } from "./packet";

export const ETHERNET_HEADER_BYTES: u32 = 14;
/** Types, in network order as loaded. */
export const ETHERTYPE_IP4: u16 = 0x0008;
export const ETHERTYPE_ARP: u16 = 0x0608;
/** The broadcast address, as a hardware address is loaded. */
export const BROADCAST_HARDWARE: u64 = 0xffff_ffff_ffff;

/** The six bytes at `p` as a number. */
@inline
export function loadHardware(p: usize): u64 {
  return (<u64>load<u32>(p)) | ((<u64>load<u16>(p, 4)) << 32);
}

@inline
export function storeHardware(p: usize, hardware: u64): void {
  store<u32>(p, <u32>hardware);
  store<u16>(p, <u16>(hardware >> 32), 4);
}

/** The group address that an IPv4 multicast address has (RFC 1112, 6.4). */
function multicastHardware(v4: u32): u64 {
  return 0x5e_0001 | ((<u64>(v4 & 0xffff_7f00)) << 16);
}

/** Sends a packet that begins with its IPv4 header to `nextHop`. What waits for its address is kept. Consumes it. */
export function ethernetSend(by: Interface, p: Packet, nextHop: u32, kind: FlowKind): void {
  if (kind == FlowKind.Broadcast) return ethernetTransmit(by, p, BROADCAST_HARDWARE, ETHERTYPE_IP4);
  if (isMulticast4(nextHop)) return ethernetTransmit(by, p, multicastHardware(nextHop), ETHERTYPE_IP4);
  const hardware = arpResolve(by, nextHop, p);
  if (hardware != 0) ethernetTransmit(by, p, hardware, ETHERTYPE_IP4);
}

/** Puts the header in front and gives the packet to the device. Consumes it. */
export function ethernetTransmit(by: Interface, p: Packet, to: u64, type: u16): void {
  countSent(by, p.length);
  const header = packetPush(p, ETHERNET_HEADER_BYTES);
  storeHardware(header, to);
  storeHardware(header + 6, loadHardware(interfaceHardware(by)));
  store<u16>(header, type, 12);
  netDeviceSend(changetype<NetDevice>(by.driver), p);
}

/** A frame has come in. Consumes it. */
export function ethernetInput(by: Interface, p: Packet): void {
  if (!packetLinear(p, ETHERNET_HEADER_BYTES)) {
    by.receivedErrors++;
    packetFree(p);
    return;
  }
  countReceived(by, p.length);
  const to = loadHardware(p.data);
  const type = load<u16>(p.data, 12);
  // The first bit of an address says that it is a group's.
  if ((to & 1) != 0) p.flags |= <u16>PacketFlag.Broadcast;
  const ours = (to & 1) != 0 || to == loadHardware(interfaceHardware(by));
  p.interface = changetype<usize>(by);
  packetPull(p, ETHERNET_HEADER_BYTES);
  if (ours && type == ETHERTYPE_IP4) return inetInput(p);
  if (ours && type == ETHERTYPE_ARP) return arpInput(by, p);
  if (ours) by.receivedDropped++;
  packetFree(p);
}
