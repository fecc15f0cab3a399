// Interfaces as ioctl requests see them: linux/sockios.h, linux/if.h, net/if_arp.h.

/** Requests about interfaces; those that change something are from Set on. */
export const enum InterfaceIoctl {
  GetName = 0x8910,
  GetList = 0x8912,
  GetFlags = 0x8913,
  SetFlags = 0x8914,
  GetAddress = 0x8915,
  SetAddress = 0x8916,
  GetPeerAddress = 0x8917,
  GetBroadcast = 0x8919,
  SetBroadcast = 0x891a,
  GetMask = 0x891b,
  SetMask = 0x891c,
  GetMetric = 0x891d,
  GetMtu = 0x8921,
  SetMtu = 0x8922,
  GetHardware = 0x8927,
  GetIndex = 0x8933,
  GetQueueLength = 0x8942,
  AddRoute = 0x890b,
  DeleteRoute = 0x890c,
  GetMap = 0x8970,
}

/** struct ifreq: name of 16 bytes, and a union of 24. */
export const INTERFACE_REQUEST_BYTES: u32 = 40;
/** struct ifconf: int length, pad, pointer. */
export const INTERFACE_LIST_BYTES: u32 = 16;
/** ARPHRD_ETHER and ARPHRD_LOOPBACK. */
export const HARDWARE_ETHERNET: u32 = 1;
export const HARDWARE_LOOPBACK: u32 = 772;
