// Names of AF_UNIX sockets (unix(7), "Address format"): pathnames, which are an inode of type socket in the container's tree; abstract names, which
// exist in the container's NetSpace alone and are told apart by socket type; and autobind, which makes such names up.
// An address is what bind(2) takes: the family in two bytes, and then the name's bytes.

import { Errno } from "../../errno";
import { bytesEqual, bytesHash } from "../../lib/bytes";
import { kernelAlloc, kernelFree } from "../../mm/heap";
import { Result } from "../../result";
import { current } from "../../task/thread";
import { FsContext, Path, S_IFMT, S_IFSOCK } from "../../vfs/inode";
import { makeSocket, removeFile } from "../../vfs/names";
import { permission, Want } from "../../vfs/permission";
import { pathRelease, walk, WalkFlag } from "../../vfs/walk";
import { Family } from "../socket";
import { NetSpace } from "../space";
import { UnixSocket } from "./unix";

/** struct sockaddr_un: the family and 108 bytes of name. */
export const UNIX_ADDRESS_MAX: u32 = 110;
const FAMILY_BYTES: u32 = 2;
/** Names that autobind can make up: five hexadecimal digits. */
const AUTOBIND_NAMES: u32 = 1 << 20;
const AUTOBIND_LENGTH: u32 = 6;
const FIRST_BUCKETS: u32 = 16;

@unmanaged
export class UnixName {
  refs: u32;
  /** Bytes behind the header: with the NUL at the end of a pathname, or that before an abstract name. */
  length: u32;
  hash: u32;
  /** Abstract: the next of the chain, and who is bound to it; null once that socket is closed. */
  next: UnixName | null;
  socket: UnixSocket | null;
  padding: u32;
}
const NAME_BYTES: u32 = 24;
if (offsetof<UnixName>() != NAME_BYTES) ERROR("UnixName is 24 bytes");

@inline
export function unixNameBytes(name: UnixName): usize {
  return changetype<usize>(name) + NAME_BYTES;
}

function nameNew(bytes: usize, length: u32): UnixName | null {
  const p = kernelAlloc(NAME_BYTES + length);
  if (p == 0) return null;
  const name = changetype<UnixName>(p);
  name.refs = 1;
  name.length = length;
  memory.copy(p + NAME_BYTES, bytes, length);
  return name;
}

export function unixNameRelease(name: UnixName): void {
  if (--name.refs == 0) kernelFree(changetype<usize>(name));
}

/** Writes the address of a socket, of at most UNIX_ADDRESS_MAX bytes, to `p`; returns its length. Unbound: the family alone. */
export function unixAddress(s: UnixSocket, p: usize): u32 {
  store<u16>(p, Family.Unix);
  const name = s.name;
  if (!name) return FAMILY_BYTES;
  memory.copy(p + FAMILY_BYTES, unixNameBytes(name), name.length);
  return FAMILY_BYTES + name.length;
}

/** What is wrong with an address to connect or send to: 0 or -EINVAL. */
export function unixCheckAddress(address: usize, length: u32): Result {
  if (length <= FAMILY_BYTES || length > UNIX_ADDRESS_MAX) return -Errno.EINVAL;
  return load<u16>(address) == Family.Unix ? 0 : -Errno.EINVAL;
}

@inline
function isAbstract(address: usize): bool {
  return load<u8>(address, FAMILY_BYTES) == 0;
}

/** Bytes of a pathname, which ends at a NUL or with the address. */
function pathLength(address: usize, length: u32): u32 {
  let n: u32 = 0;
  while (n < length - FAMILY_BYTES && load<u8>(address + FAMILY_BYTES + n) != 0) n++;
  return n;
}

// Abstract names ----------------------------------------------------------------------------------------------------------------------------

@inline
function bucketOf(space: NetSpace, hash: u32): usize {
  return space.buckets + ((hash & (space.bucketCount - 1)) << 2);
}

/** Socket types have names of their own each. */
@inline
function hashOf(bytes: usize, length: u32, type: u32): u32 {
  return bytesHash(bytes, length) ^ (type << 1);
}

function abstractFind(space: NetSpace, bytes: usize, length: u32, type: u32): UnixSocket | null {
  if (space.bucketCount == 0) return null;
  const hash = hashOf(bytes, length, type);
  let name = changetype<UnixName | null>(<usize>load<u32>(bucketOf(space, hash)));
  while (name) {
    const same = name.hash == hash && name.length == length && bytesEqual(unixNameBytes(name), bytes, length);
    const s = name.socket;
    if (same && s && s.type == type) return s;
    name = name.next;
  }
  return null;
}

/** Makes room for one more name: false when memory is short. */
function reserveName(space: NetSpace): bool {
  if (space.nameCount < space.bucketCount * 2) return true;
  const count = max<u32>(FIRST_BUCKETS, space.bucketCount * 2);
  const buckets = kernelAlloc(count << 2);
  if (buckets == 0) return space.bucketCount != 0; // longer chains work, too
  for (let i: u32 = 0; i < space.bucketCount; i++) {
    let name = changetype<UnixName | null>(<usize>load<u32>(space.buckets + (i << 2)));
    while (name) {
      const next = name.next;
      const slot = buckets + ((name.hash & (count - 1)) << 2);
      name.next = changetype<UnixName | null>(<usize>load<u32>(slot));
      store<u32>(slot, <u32>changetype<usize>(name));
      name = next;
    }
  }
  kernelFree(space.buckets);
  space.buckets = buckets;
  space.bucketCount = count;
  return true;
}

/** Binds to an abstract name: 0, -EADDRINUSE, -ENOMEM. */
function bindAbstract(s: UnixSocket, bytes: usize, length: u32): Result {
  const space = s.space;
  if (abstractFind(space, bytes, length, s.type)) return -Errno.EADDRINUSE;
  const name = reserveName(space) ? nameNew(bytes, length) : null;
  if (!name) return -Errno.ENOMEM;
  name.hash = hashOf(bytes, length, s.type);
  name.socket = s;
  const slot = bucketOf(space, name.hash);
  name.next = changetype<UnixName | null>(<usize>load<u32>(slot));
  store<u32>(slot, <u32>changetype<usize>(name));
  space.nameCount++;
  s.name = name;
  return 0;
}

function unbindAbstract(space: NetSpace, name: UnixName): void {
  const slot = bucketOf(space, name.hash);
  let at = changetype<UnixName>(<usize>load<u32>(slot));
  if (at == name) store<u32>(slot, <u32>changetype<usize>(name.next));
  else {
    while (at.next != name) at = at.next!;
    at.next = name.next;
  }
  name.next = null;
  name.socket = null;
  space.nameCount--;
}

const madeUp = memory.data(8, 8);

/** Binds to an abstract name of five hexadecimal digits that nobody has: 0, -ENOSPC, -ENOMEM. A bound socket stays as it is. */
export function unixAutobind(s: UnixSocket): Result {
  if (s.name) return 0;
  const space = s.space;
  for (let tries: u32 = 0; tries < AUTOBIND_NAMES; tries++) {
    const n = space.nextName++;
    store<u8>(madeUp, 0);
    for (let i: u32 = 0; i < 5; i++) {
      const digit = <u8>((n >> ((4 - i) << 2)) & 15);
      store<u8>(madeUp + 1 + i, digit < 10 ? 0x30 + digit : 0x57 + digit);
    }
    const r = bindAbstract(s, madeUp, AUTOBIND_LENGTH);
    if (r != -Errno.EADDRINUSE) return r;
  }
  return -Errno.ENOSPC;
}

// Pathnames ---------------------------------------------------------------------------------------------------------------------------------

const place = changetype<Path>(memory.data(8, 8));

@inline
function context(): FsContext {
  return changetype<FsContext>(current.process.paths);
}

const pathText = memory.data(112, 8);

/** Makes an inode of type socket and binds to it: 0, -EADDRINUSE, -ENOMEM, or what mknod(2) says. */
function bindPath(s: UnixSocket, address: usize, length: u32): Result {
  const n = pathLength(address, length);
  memory.copy(pathText, address + FAMILY_BYTES, n);
  store<u8>(pathText + n, 0);
  const name = nameNew(pathText, n + 1);
  if (!name) return -Errno.ENOMEM;
  const r = makeSocket(context(), current.credentials, pathText, n, place);
  if (r < 0 || s.name) {
    unixNameRelease(name);
    if (r < 0) return r == -Errno.EEXIST ? -Errno.EADDRINUSE : r;
    // Bound already: what was made goes again, as it does on Linux.
    pathRelease(place);
    removeFile(context(), current.credentials, null, pathText, n);
    return -Errno.EINVAL;
  }
  s.mount = place.mount;
  s.entry = place.entry;
  place.entry.inode!.content = changetype<usize>(s);
  s.name = name;
  return 0;
}

/** bind(2): 0, -EINVAL for a bad address or a bound socket, -EADDRINUSE, -ENOSPC, -ENOMEM, or what mknod(2) says. */
export function unixBind(s: UnixSocket, address: usize, length: u32): Result {
  if (length == FAMILY_BYTES && load<u16>(address) == Family.Unix) return unixAutobind(s);
  const r = unixCheckAddress(address, length);
  if (r < 0) return r;
  if (!isAbstract(address)) return bindPath(s, address, length);
  return s.name ? -Errno.EINVAL : bindAbstract(s, address + FAMILY_BYTES, length - FAMILY_BYTES);
}

/** The socket is closed: nobody finds it any more. Its name stays for those who are connected to it. */
export function unixUnbind(s: UnixSocket): void {
  const name = s.name;
  const entry = s.entry;
  if (entry) {
    entry.inode!.content = 0;
    place.mount = s.mount!;
    place.entry = entry;
    s.mount = null;
    s.entry = null;
    pathRelease(place);
  } else if (name && name.socket == s) unbindAbstract(s.space, name);
}

/**
 * The socket of that type that `s` means by an address, not counted: -ECONNREFUSED when nobody is bound to it, -EPROTOTYPE when its type is
 * another, -EACCES without permission to write, or what the path walk says.
 */
export function unixFind(s: UnixSocket, address: usize, length: u32): Result {
  if (isAbstract(address)) {
    const found = abstractFind(s.space, address + FAMILY_BYTES, length - FAMILY_BYTES, s.type);
    return found ? <Result>changetype<usize>(found) : -Errno.ECONNREFUSED;
  }
  const n = pathLength(address, length);
  let r = walk(place, context(), current.credentials, null, address + FAMILY_BYTES, n, WalkFlag.Follow);
  if (r < 0) return r;
  const inode = place.entry.inode!;
  r = permission(inode, current.credentials, Want.Write);
  if (r >= 0) {
    const found = (inode.mode & S_IFMT) == S_IFSOCK ? inode.content : 0;
    if (found == 0) r = -Errno.ECONNREFUSED;
    else if (changetype<UnixSocket>(found).type != s.type) r = -Errno.EPROTOTYPE;
    else r = found;
  }
  pathRelease(place);
  return r;
}
