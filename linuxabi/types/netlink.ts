// Options of AF_NETLINK sockets: linux/netlink.h.

export const SOL_NETLINK: u32 = 270;

export const enum NetlinkOption {
  AddMembership = 1,
  DropMembership = 2,
  PacketInfo = 3,
  BroadcastError = 4,
  NoBufferErrors = 5,
  ListMemberships = 9,
  CapAcknowledgments = 10,
  ExtendedAcknowledgments = 11,
  StrictCheck = 12,
}
