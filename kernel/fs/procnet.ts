// /proc/PID/net: the sockets of the container. Formats: proc(5), unix(7).

import { put, putByte, putBytes, putHex, putUnsigned, Text } from "../lib/text";
import { Family, Socket, SocketState } from "../net/socket";
import { NetSpace } from "../net/space";
import { UnixName, unixNameBytes } from "../net/unix/name";
import { asUnix } from "../net/unix/unix";
import { Result } from "../result";
import { Inode } from "../vfs/inode";
import { containerOf } from "./procsubject";

/** Flag of a listener (__SO_ACCEPTCON). */
const ACCEPTS: u32 = 0x10000;
/** States as linux/net.h numbers them. */
const UNCONNECTED: u32 = 1;
const CONNECTED: u32 = 3;

/** /proc/net/unix. The kernel's addresses are nobody's business: the first column is zero. */
export function showUnixSockets(text: Text, inode: Inode): Result {
  put(text, "Num       RefCount Protocol Flags    Type St Inode Path\n");
  const net = containerOf(inode).net;
  let s = net != 0 ? changetype<NetSpace>(net).first : null;
  while (s) {
    if (s.family == Family.Unix) putSocket(text, s);
    s = s.spaceNext;
  }
  return 0;
}

function putSocket(text: Text, s: Socket): void {
  const file = s.file;
  putHex(text, 0, 16);
  put(text, ": ");
  // Linux counts one more for the open file itself.
  putHex(text, s.refs + (file ? 1 : 0), 8);
  put(text, " 00000000 ");
  putHex(text, s.state == SocketState.Listening ? ACCEPTS : 0, 8);
  putByte(text, 0x20);
  putHex(text, s.type, 4);
  putByte(text, 0x20);
  putHex(text, s.state == SocketState.Connected ? CONNECTED : UNCONNECTED, 2);
  putByte(text, 0x20);
  putUnsigned(text, file ? file.inode.number : 0, 5);
  const name = asUnix(s).name;
  if (name) putName(text, name);
  putByte(text, 0x0a);
}

/** A pathname without its NUL; an abstract name with @ for every NUL. */
function putName(text: Text, name: UnixName): void {
  putByte(text, 0x20);
  const p = unixNameBytes(name);
  if (load<u8>(p) != 0) {
    putBytes(text, p, name.length - 1);
    return;
  }
  for (let i: u32 = 0; i < name.length; i++) {
    const byte = load<u8>(p + i);
    putByte(text, byte == 0 ? 0x40 : byte);
  }
}
