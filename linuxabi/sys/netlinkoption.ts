// setsockopt and getsockopt at SOL_NETLINK: netlink(7).

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { NETLINK_GROUPS, NetlinkSocket } from "../../kernel/net/netlink/netlink";
import { Result } from "../../kernel/result";
import { NetlinkOption, SOL_NETLINK } from "../types/netlink";

const value = memory.data(8, 8);

/** Options that are a bit of NetlinkSocket.switches, by number. */
function isSwitch(name: u32): bool {
  switch (name) {
    case NetlinkOption.PacketInfo:
    case NetlinkOption.BroadcastError:
    case NetlinkOption.NoBufferErrors:
    case NetlinkOption.CapAcknowledgments:
    case NetlinkOption.ExtendedAcknowledgments:
    case NetlinkOption.StrictCheck:
      return true;
    default:
      return false;
  }
}

export function setNetlinkOption(s: NetlinkSocket, level: u32, name: u32, ua: u64, length: u32): Result {
  if (level != SOL_NETLINK) return -Errno.ENOPROTOOPT;
  if (length >= 4) {
    const r = copyIn(value, ua, 4);
    if (r < 0) return r;
  } else store<u32>(value, 0);
  const v = load<u32>(value);
  if (name == NetlinkOption.AddMembership || name == NetlinkOption.DropMembership) {
    if (v == 0 || v > NETLINK_GROUPS) return -Errno.EINVAL;
    const bit = (<u64>1) << (v - 1);
    s.groups = name == NetlinkOption.AddMembership ? s.groups | bit : s.groups & ~bit;
    return 0;
  }
  if (!isSwitch(name)) return -Errno.ENOPROTOOPT;
  s.switches = v != 0 ? s.switches | (1 << name) : s.switches & ~(1 << name);
  return 0;
}

export function getNetlinkOption(s: NetlinkSocket, level: u32, name: u32, ua: u64, lengthUa: u64, room: u32): Result {
  if (level != SOL_NETLINK) return -Errno.ENOPROTOOPT;
  let bytes: u32 = 4;
  if (name == NetlinkOption.ListMemberships) {
    store<u64>(value, s.groups);
    bytes = 8;
  } else if (isSwitch(name)) {
    if (room < 4) return -Errno.EINVAL;
    store<u32>(value, (s.switches >> name) & 1);
  } else return -Errno.ENOPROTOOPT;
  const r = copyOut(ua, value, min(room, bytes));
  if (r < 0) return r;
  store<u32>(value, bytes);
  return copyOut(lengthUa, value, 4);
}
