// setsockopt and getsockopt at SOL_SOCKET: socket(7), unix(7). Other levels belong to protocols; AF_UNIX has none.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { socketAddress, socketOptionChanged, socketPeeksFrom } from "../../kernel/net/family";
import {
  BUFFER_MAX,
  Family,
  FOREVER,
  hasRoom,
  RECEIVE_BUFFER_MIN,
  SEND_BUFFER_MIN,
  Socket,
  socketOf,
  SocketOption,
  SocketState,
  takeError,
  wakeEverybody,
} from "../../kernel/net/socket";
import { asUnix } from "../../kernel/net/unix/unix";
import { wantLinger } from "../../kernel/net/transfer";
import { Result } from "../../kernel/result";
import { capable, Capability } from "../../kernel/task/credentials";
import { Thread } from "../../kernel/task/thread";
import { SocketOptionName, SOL_SOCKET } from "../types/socket";
import { isNone } from "./descriptor";
import { getDeviceIndex, getDeviceName, getProtocolOption, setDeviceIndex, setDeviceName, setProtocolOption } from "./inetoption";
import { addressBytes, notSocket, socketFor } from "./socketfile";

const SECOND_NS: u64 = 1_000_000_000;
const I32_MAX: u32 = 0x7fff_ffff;

/** The value that comes in or goes out: at most 16 bytes of those that are not lists. */
const value = memory.data(16, 8);

/** The bit of Socket.options that an option switches, or 0. */
function bitOf(name: u32): u32 {
  switch (name) {
    case SocketOptionName.Debug:
      return SocketOption.Debug;
    case SocketOptionName.ReuseAddress:
      return SocketOption.ReuseAddress;
    case SocketOptionName.DontRoute:
      return SocketOption.DontRoute;
    case SocketOptionName.Broadcast:
      return SocketOption.Broadcast;
    case SocketOptionName.KeepAlive:
      return SocketOption.KeepAlive;
    case SocketOptionName.OutOfBandInline:
      return SocketOption.OutOfBandInline;
    case SocketOptionName.NoCheck:
      return SocketOption.NoCheck;
    case SocketOptionName.ReusePort:
      return SocketOption.ReusePort;
    case SocketOptionName.PassCredentials:
      return SocketOption.PassCredentials;
    case SocketOptionName.PassSecurity:
      return SocketOption.PassSecurity;
    case SocketOptionName.Timestamp:
      return SocketOption.Timestamp;
    case SocketOptionName.TimestampNs:
      return SocketOption.TimestampNs;
    case SocketOptionName.ReceiveOverflow:
      return SocketOption.ReceiveOverflow;
    case SocketOptionName.LockFilter:
      return SocketOption.LockFilter;
    default:
      return 0;
  }
}

export function sysSetsockopt(t: Thread, fd: i32, level: u32, name: u32, ua: u64, length: i32): Result {
  if (length < 0) return -Errno.EINVAL;
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  if (level != SOL_SOCKET) return setProtocolOption(t, socketOf(file), level, name, ua, <u32>length);
  if (name == SocketOptionName.BindToDevice) return setDeviceName(t, socketOf(file), ua, <u32>length);
  if (length < 4) return -Errno.EINVAL;
  const bytes = min<u32>(length, 16);
  const r = copyIn(value, ua, bytes);
  return r < 0 ? r : set(t, socketOf(file), name, load<i32>(value), bytes);
}

function set(t: Thread, s: Socket, name: u32, v: i32, bytes: u32): Result {
  switch (name) {
    case SocketOptionName.SendBuffer:
      return setSendLimit(s, min<u32>(v, BUFFER_MAX));
    case SocketOptionName.ReceiveBuffer:
      return setReceiveLimit(s, min<u32>(v, BUFFER_MAX));
    case SocketOptionName.SendBufferForce:
      return capable(t.credentials, Capability.NetAdmin) ? setSendLimit(s, <u32>max(v, 0)) : -Errno.EPERM;
    case SocketOptionName.ReceiveBufferForce:
      return capable(t.credentials, Capability.NetAdmin) ? setReceiveLimit(s, <u32>max(v, 0)) : -Errno.EPERM;
    case SocketOptionName.BsdCompatible:
      return 0;
    case SocketOptionName.Priority:
      if ((v < 0 || v > 6) && !mayAdminister(t)) return -Errno.EPERM;
      s.priority = v;
      return 0;
    case SocketOptionName.Mark:
      if (!mayAdminister(t)) return -Errno.EPERM;
      s.mark = v;
      return 0;
    case SocketOptionName.ReceiveLow:
      s.receiveLow = v < 0 ? I32_MAX : max<u32>(v, 1);
      return 0;
    case SocketOptionName.PeekOffset:
      if (!socketPeeksFrom(s)) return -Errno.EOPNOTSUPP;
      s.peekOffset = max(v, -1);
      return 0;
    case SocketOptionName.DetachFilter:
      return -Errno.ENOENT;
    case SocketOptionName.BindToIndex:
      return setDeviceIndex(t, s, <u32>v);
    case SocketOptionName.Linger:
      return setLinger(s, bytes);
    case SocketOptionName.ReceiveTimeout:
    case SocketOptionName.ReceiveTimeoutNew:
    case SocketOptionName.SendTimeout:
    case SocketOptionName.SendTimeoutNew:
      return setTimeout(s, name == SocketOptionName.SendTimeout || name == SocketOptionName.SendTimeoutNew, bytes);
    default:
      return setBit(t, s, name, v != 0);
  }
}

function mayAdminister(t: Thread): bool {
  return capable(t.credentials, Capability.NetAdmin) || capable(t.credentials, Capability.NetRaw);
}

function setBit(t: Thread, s: Socket, name: u32, on: bool): Result {
  const bit = bitOf(name);
  if (bit == 0) return -Errno.ENOPROTOOPT;
  if (bit == SocketOption.Debug && on && !capable(t.credentials, Capability.NetAdmin)) return -Errno.EACCES;
  if (bit == SocketOption.LockFilter && !on && (s.options & bit) != 0) return -Errno.EPERM;
  // The two clocks exclude each other.
  if (bit == SocketOption.Timestamp || bit == SocketOption.TimestampNs) s.options &= ~(SocketOption.Timestamp | SocketOption.TimestampNs);
  if (on) s.options |= bit;
  else s.options &= ~bit;
  socketOptionChanged(s, bit);
  return 0;
}

/** Linux doubles what is asked for, since its own use counts too. */
function setSendLimit(s: Socket, bytes: u32): Result {
  const before = hasRoom(s);
  s.sendLimit = max(min<u32>(bytes, I32_MAX / 2) * 2, SEND_BUFFER_MIN);
  socketOptionChanged(s, SocketOption.SendBufferLocked);
  if (!before && hasRoom(s)) wakeEverybody(s);
  return 0;
}

function setReceiveLimit(s: Socket, bytes: u32): Result {
  s.receiveLimit = max(min<u32>(bytes, I32_MAX / 2) * 2, RECEIVE_BUFFER_MIN);
  socketOptionChanged(s, SocketOption.ReceiveBufferLocked);
  return 0;
}

function setLinger(s: Socket, bytes: u32): Result {
  if (bytes < 8) return -Errno.EINVAL;
  if (load<u32>(value) != 0) {
    s.options |= SocketOption.Linger;
    s.lingerSeconds = load<u32>(value, 4);
    if (s.lingerSeconds != 0) wantLinger();
  } else s.options &= ~SocketOption.Linger;
  return 0;
}

/** struct timeval: zero means no timeout, a negative time not to wait at all. */
function setTimeout(s: Socket, sending: bool, bytes: u32): Result {
  if (bytes < 16) return -Errno.EINVAL;
  const seconds = load<i64>(value);
  const microseconds = load<i64>(value, 8);
  if (microseconds < 0 || microseconds >= 1_000_000) return -Errno.EDOM;
  let ns: u64 = <u64>microseconds * 1000;
  if (seconds < 0) ns = 0;
  else if (seconds == 0 && ns == 0) ns = FOREVER;
  else ns = <u64>seconds > FOREVER / SECOND_NS - 1 ? FOREVER : ns + <u64>seconds * SECOND_NS;
  if (sending) s.sendTimeoutNs = ns;
  else s.receiveTimeoutNs = ns;
  return 0;
}

export function sysGetsockopt(t: Thread, fd: i32, level: u32, name: u32, ua: u64, lengthUa: u64): Result {
  const file = socketFor(t, fd);
  if (isNone(file)) return notSocket(t, fd);
  let r = copyIn(value, lengthUa, 4);
  if (r < 0) return r;
  const room = load<i32>(value);
  if (room < 0) return -Errno.EINVAL;
  const s = socketOf(file);
  if (level != SOL_SOCKET) return getProtocolOption(s, level, name, ua, lengthUa, <u32>room);
  if (name == SocketOptionName.BindToDevice) return getDeviceName(s, ua, lengthUa, <u32>room);
  if (name == SocketOptionName.PeerName) return peerNameOut(s, ua, lengthUa, room);
  if (name == SocketOptionName.PeerGroups) return peerGroupsOut(s, ua, lengthUa, room);
  r = get(s, name);
  return r < 0 ? r : valueOut(ua, lengthUa, value, min<u32>(room, <u32>r));
}

/** Writes a value and its length: 0, -EFAULT or BLOCKED. */
function valueOut(ua: u64, lengthUa: u64, p: usize, bytes: u32): Result {
  const r = copyOut(ua, p, bytes);
  if (r < 0) return r;
  store<u32>(value, bytes);
  return copyOut(lengthUa, value, 4);
}

@inline
function number(v: u32): Result {
  store<u32>(value, v);
  return 4;
}

/** Puts the value of an option at `value`: its bytes, or -ENOPROTOOPT. */
function get(s: Socket, name: u32): Result {
  switch (name) {
    case SocketOptionName.Type:
      return number(s.type);
    case SocketOptionName.Domain:
      return number(s.family);
    case SocketOptionName.Protocol:
      return number(s.protocol);
    case SocketOptionName.Error:
      return number(<u32>-takeError(s));
    case SocketOptionName.AcceptsConnections:
      return number(s.state == SocketState.Listening ? 1 : 0);
    case SocketOptionName.SendBuffer:
      return number(s.sendLimit);
    case SocketOptionName.ReceiveBuffer:
      return number(s.receiveLimit);
    case SocketOptionName.ReceiveLow:
      return number(s.receiveLow);
    case SocketOptionName.SendLow:
      return number(1);
    case SocketOptionName.BsdCompatible:
      return number(0);
    case SocketOptionName.Priority:
      return number(s.priority);
    case SocketOptionName.Mark:
      return number(s.mark);
    case SocketOptionName.PeekOffset:
      return socketPeeksFrom(s) ? number(s.peekOffset) : -Errno.EOPNOTSUPP;
    case SocketOptionName.BindToIndex:
      return number(getDeviceIndex(s));
    case SocketOptionName.Linger:
      store<u32>(value, (s.options & SocketOption.Linger) != 0 ? 1 : 0);
      store<u32>(value, s.lingerSeconds, 4);
      return 8;
    case SocketOptionName.ReceiveTimeout:
    case SocketOptionName.ReceiveTimeoutNew:
      return getTimeout(s.receiveTimeoutNs);
    case SocketOptionName.SendTimeout:
    case SocketOptionName.SendTimeoutNew:
      return getTimeout(s.sendTimeoutNs);
    case SocketOptionName.PeerCredentials:
      return getPeerCredentials(s);
    default: {
      const bit = bitOf(name);
      return bit == 0 ? -Errno.ENOPROTOOPT : number((s.options & bit) != 0 ? 1 : 0);
    }
  }
}

function getTimeout(ns: u64): Result {
  const shown = ns == FOREVER ? 0 : ns;
  store<u64>(value, shown / SECOND_NS);
  store<u64>(value, (shown % SECOND_NS) / 1000, 8);
  return 16;
}

/** struct ucred of the process at the other end, as it was when the connection came to be. */
function getPeerCredentials(s: Socket): Result {
  const c = s.family == Family.Unix ? asUnix(s).peerCredentials : null;
  store<u32>(value, c ? asUnix(s).peerPid : 0);
  store<u32>(value, c ? c.euid : u32.MAX_VALUE, 4);
  store<u32>(value, c ? c.egid : u32.MAX_VALUE, 8);
  return 12;
}

/** SO_PEERNAME: getpeername(2) for those who have room for all of it. */
function peerNameOut(s: Socket, ua: u64, lengthUa: u64, room: u32): Result {
  const r = socketAddress(s, true, addressBytes);
  if (r < 0) return r;
  return <u32>r < room ? -Errno.EINVAL : valueOut(ua, lengthUa, addressBytes, room);
}

/** SO_PEERGROUPS: -ENODATA without a peer; -ERANGE when there is not enough room, with the length that is needed. */
function peerGroupsOut(s: Socket, ua: u64, lengthUa: u64, room: u32): Result {
  const c = s.family == Family.Unix ? asUnix(s).peerCredentials : null;
  if (!c) return -Errno.ENODATA;
  const bytes = c.groupCount << 2;
  if (room >= bytes) return valueOut(ua, lengthUa, c.groups, bytes);
  store<u32>(value, bytes);
  const r = copyOut(lengthUa, value, 4);
  return r < 0 ? r : -Errno.ERANGE;
}
