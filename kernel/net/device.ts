// Network devices, as drivers offer them: what they are like, how packets are given to them, and what comes in. The first one becomes eth0 of the host's
// space when that is brought up (kernel/net/host.ts); until then, what it receives is dropped.

import { Interface } from "./inet/interface";
import { Packet, packetFree } from "./packet";
import { ethernetInput } from "./ethernet";

@unmanaged
export class NetDevice {
  /** The driver's object, and its function send(driver, packet), which consumes a packet that begins with its Ethernet header. */
  driver: usize;
  send: u32;
  /** Bits of Offload (kernel/net/inet/interface.ts). */
  offload: u32;
  /** Hardware address: six bytes in memory order. */
  hardware: u64;
  mtu: u32;
  /** The interface that stands for it, null while there is none. */
  interface: Interface | null;
}

/** The machine's device, or null. */
export let netDevice: NetDevice | null = null;

/** A driver has found its device; only the first is used. False for others. */
export function netDeviceRegister(device: NetDevice): bool {
  if (netDevice) return false;
  netDevice = device;
  return true;
}

/** A packet has come in, which begins with its Ethernet header. Consumes it. */
export function netDeviceReceive(device: NetDevice, p: Packet): void {
  const i = device.interface;
  if (i) ethernetInput(i, p);
  else packetFree(p);
}

/** Gives the device a packet that begins with its Ethernet header. Consumes it. */
export function netDeviceSend(device: NetDevice, p: Packet): void {
  call_indirect<void>(device.send, device.driver, p);
}
