// ioctl requests about interfaces, of sockets of any family: netdevice(7). What would change something needs CAP_NET_ADMIN, and is not supported with it.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { netmask4 } from "../../kernel/net/inet/address";
import {
  Interface,
  interfaceByIndex,
  interfaceByName,
  interfaceHardware,
  InterfaceKind,
  interfaceName,
  INTERFACE_NAME_BYTES,
} from "../../kernel/net/inet/interface";
import { inetOf, InetSpace } from "../../kernel/net/inet/space";
import { Family, Socket } from "../../kernel/net/socket";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { current } from "../../kernel/task/thread";
import { HARDWARE_ETHERNET, HARDWARE_LOOPBACK, INTERFACE_LIST_BYTES, INTERFACE_REQUEST_BYTES, InterfaceIoctl } from "../types/netdevice";

/** A struct ifreq; the union. */
const request = memory.data(40, 8);
const union = request + 16;

/** An ioctl request about interfaces: 0 or -errno; -ENOTTY for requests that are none. */
export function interfaceIoctl(s: Socket, number: u32, ua: u64): Result {
  const space = inetOf(s.space);
  if (!space) return -Errno.ENOMEM;
  switch (number) {
    case InterfaceIoctl.GetList:
      return listOut(space, ua);
    case InterfaceIoctl.GetName:
    case InterfaceIoctl.GetFlags:
    case InterfaceIoctl.GetAddress:
    case InterfaceIoctl.GetPeerAddress:
    case InterfaceIoctl.GetBroadcast:
    case InterfaceIoctl.GetMask:
    case InterfaceIoctl.GetMetric:
    case InterfaceIoctl.GetMtu:
    case InterfaceIoctl.GetHardware:
    case InterfaceIoctl.GetIndex:
    case InterfaceIoctl.GetQueueLength:
    case InterfaceIoctl.GetMap:
      return getOne(space, number, ua);
    case InterfaceIoctl.SetFlags:
    case InterfaceIoctl.SetAddress:
    case InterfaceIoctl.SetBroadcast:
    case InterfaceIoctl.SetMask:
    case InterfaceIoctl.SetMtu:
    case InterfaceIoctl.AddRoute:
    case InterfaceIoctl.DeleteRoute:
      return capable(current.credentials, Capability.NetAdmin) ? -Errno.EOPNOTSUPP : -Errno.EPERM;
    default:
      return -Errno.ENOTTY;
  }
}

/** struct sockaddr_in of an address, at `p`. */
function addressAt(p: usize, v4: u32): void {
  memory.fill(p, 0, 16);
  store<u16>(p, <u16>Family.Inet);
  store<u32>(p, v4, 4);
}

function getOne(space: InetSpace, number: u32, ua: u64): Result {
  let r = copyIn(request, ua, INTERFACE_REQUEST_BYTES);
  if (r < 0) return r;
  const byIndex = number == InterfaceIoctl.GetName;
  if (!byIndex) cleanName();
  const i = byIndex ? interfaceByIndex(space, load<u32>(union)) : interfaceByName(space, request);
  if (!i) return -Errno.ENODEV;
  r = fill(i, number);
  return r < 0 ? r : copyOut(ua, request, INTERFACE_REQUEST_BYTES);
}

/** What follows the NUL is no part of the name. */
function cleanName(): void {
  store<u8>(request, 0, INTERFACE_NAME_BYTES - 1);
  let n: u32 = 0;
  while (load<u8>(request + n) != 0) n++;
  memory.fill(request + n, 0, INTERFACE_NAME_BYTES - n);
}

/** Puts the answer into the union: 0, -EADDRNOTAVAIL for an interface without an address. */
function fill(i: Interface, number: u32): Result {
  switch (number) {
    case InterfaceIoctl.GetName:
      memory.copy(request, interfaceName(i), INTERFACE_NAME_BYTES);
      return 0;
    case InterfaceIoctl.GetFlags:
      store<u16>(union, <u16>i.flags);
      return 0;
    case InterfaceIoctl.GetIndex:
      store<u32>(union, i.index);
      return 0;
    case InterfaceIoctl.GetMtu:
      store<u32>(union, i.mtu);
      return 0;
    case InterfaceIoctl.GetMetric:
      store<u32>(union, 0);
      return 0;
    case InterfaceIoctl.GetQueueLength:
      store<u32>(union, 1000);
      return 0;
    case InterfaceIoctl.GetMap:
      memory.fill(union, 0, 24);
      return 0;
    case InterfaceIoctl.GetHardware:
      memory.fill(union, 0, 16);
      store<u16>(union, <u16>(i.kind == InterfaceKind.Loopback ? HARDWARE_LOOPBACK : HARDWARE_ETHERNET));
      memory.copy(union + 2, interfaceHardware(i), 6);
      return 0;
  }
  if (i.address == 0) return -Errno.EADDRNOTAVAIL;
  if (number == InterfaceIoctl.GetMask) addressAt(union, netmask4(i.prefix));
  else if (number == InterfaceIoctl.GetBroadcast) addressAt(union, i.broadcast);
  else addressAt(union, i.address);
  return 0;
}

/** SIOCGIFCONF: interfaces that have an address, as many as fit; without a buffer, the bytes that are needed. */
function listOut(space: InetSpace, ua: u64): Result {
  let r = copyIn(request, ua, INTERFACE_LIST_BYTES);
  if (r < 0) return r;
  const room = load<i32>(request);
  const buffer = load<u64>(request, 8);
  if (room < 0) return -Errno.EINVAL;
  let bytes: u32 = 0;
  let i = space.interfaces;
  while (i) {
    if (i.address != 0 && (buffer == 0 || bytes + INTERFACE_REQUEST_BYTES <= <u32>room)) {
      memory.fill(request, 0, INTERFACE_REQUEST_BYTES);
      memory.copy(request, interfaceName(i), INTERFACE_NAME_BYTES);
      addressAt(union, i.address);
      if (buffer != 0) r = copyOut(buffer + bytes, request, INTERFACE_REQUEST_BYTES);
      if (r < 0) return r;
      bytes += INTERFACE_REQUEST_BYTES;
    }
    i = i.next;
  }
  store<u32>(request, bytes);
  return copyOut(ua, request, 4);
}
