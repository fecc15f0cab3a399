// A container's network, by the annotations of its config.json: `cyrius.network` is "bridge" (an address on the switch, and the way out through the host),
// "host" (the host's own network) or "none" (loopback only, which is what a new network namespace has in OCI, and the default); `cyrius.publish`
// lists ports of the host that lead to the container, HOST:GUEST[/udp] separated by commas. A container on a network finds its names in /etc.

import { Container } from "../kernel/container/container";
import { Errno } from "../kernel/errno";
import { bytesEqualLiteral, bytesIndexOf, cstringLength, parseDecimal, putLiteral } from "../kernel/lib/bytes";
import { put, putByte, putBytes, putCstring, Text, textFree, textNew } from "../kernel/lib/text";
import { PAGE_SHIFT, PAGE_SIZE } from "../kernel/mm/frame";
import { containerJoin, containerUseHost, hostSpace, nameServer, nameServerCount } from "../kernel/net/host";
import { formatAddress4 } from "../kernel/net/inet/address";
import { Interface } from "../kernel/net/inet/interface";
import { Protocol } from "../kernel/net/inet/output";
import { natPublish } from "../kernel/net/nat";
import { Result } from "../kernel/result";
import { physicalWrite } from "../shim/isa";
import { filePageForWrite } from "../kernel/fs/pages";
import { FsContext, Path, S_IFREG } from "../kernel/vfs/inode";
import { makeNode, removeFile } from "../kernel/vfs/names";
import { pathRelease, walk } from "../kernel/vfs/walk";
import { Failure, fail, failBegin, failPut, failPutBytes } from "./failure";
import { Spec, specBytes, SpecString, stringListAt } from "./spec/model";
import { builder, makeDirectories } from "./tree";

const place = changetype<Path>(memory.data(8, 8));
const name = memory.data(32, 8);
const digits = memory.data(16, 8);

/** The value of an annotation, or null. */
function annotation(spec: Spec, wanted: string): SpecString | null {
  for (let i: u32 = 0; i + 1 < spec.annotations.count; i += 2) {
    const key = stringListAt(spec.annotations, i);
    if (bytesEqualLiteral(specBytes(key), key.length, wanted)) return stringListAt(spec.annotations, i + 1);
  }
  return null;
}

function failValue(failure: Failure, property: string, value: SpecString, error: i32, reason: string): Result {
  failBegin(failure, error);
  failPut(failure, property);
  failPut(failure, ': "');
  failPutBytes(failure, specBytes(value), value.length);
  failPut(failure, '": ');
  failPut(failure, reason);
  return -error;
}

function failMemory(failure: Failure): Result {
  fail(failure, Errno.ENOMEM, "out of memory");
  return -Errno.ENOMEM;
}

/** Gives the container the network that its specification asks for: 0, or -errno with the failure told. Its tree is resolved from `context`. */
export function applyNetwork(c: Container, spec: Spec, context: FsContext, failure: Failure): Result {
  const mode = annotation(spec, "cyrius.network");
  const publish = annotation(spec, "cyrius.publish");
  let by: Interface | null = null;
  let r: Result = 0;
  if (mode && bytesEqualLiteral(specBytes(mode), mode.length, "bridge")) {
    by = containerJoin(c);
    if (!by) return failMemory(failure);
  } else if (mode && bytesEqualLiteral(specBytes(mode), mode.length, "host")) {
    if (!hostSpace() || !containerUseHost(c)) return failMemory(failure);
  } else if (mode && !bytesEqualLiteral(specBytes(mode), mode.length, "none"))
    return failValue(failure, "annotations[cyrius.network]", mode, Errno.EINVAL, "none of bridge, host, none");
  if (publish)
    r = by
      ? publishAll(by, publish, failure)
      : failValue(failure, "annotations[cyrius.publish]", publish, Errno.EINVAL, "only with bridge");
  if (r < 0 || !mode || bytesEqualLiteral(specBytes(mode), mode.length, "none")) return r;
  r = writeNames(c, context, by);
  return r < 0 ? failMemory(failure) : 0;
}

// Published ports --------------------------------------------------------------------------------------------------------------------------

function publishAll(by: Interface, list: SpecString, failure: Failure): Result {
  let p = specBytes(list);
  const end = p + list.length;
  while (p < end) {
    const comma = bytesIndexOf(p, <u32>(end - p), 0x2c);
    const n = comma < 0 ? <u32>(end - p) : <u32>comma;
    const r = publishOne(by, p, n);
    if (r == -Errno.EINVAL)
      return failValue(failure, "annotations[cyrius.publish]", list, Errno.EINVAL, "not HOST:GUEST[/tcp|/udp] with ports");
    if (r == -Errno.EADDRINUSE)
      return failValue(failure, "annotations[cyrius.publish]", list, Errno.EADDRINUSE, "a port is published already");
    if (r < 0) return failMemory(failure);
    p += n + 1;
  }
  return 0;
}

/** HOST:GUEST, /tcp or /udp behind it: 0, -EINVAL, -EADDRINUSE or -ENOMEM. */
function publishOne(by: Interface, p: usize, n: u32): Result {
  const colon = bytesIndexOf(p, n, 0x3a);
  if (colon < 0) return -Errno.EINVAL;
  const slash = bytesIndexOf(p, n, 0x2f);
  const guestEnd = slash < 0 ? n : <u32>slash;
  if (guestEnd <= <u32>colon) return -Errno.EINVAL;
  const host = parseDecimal(p, <u32>colon);
  const guest = parseDecimal(p + <u32>colon + 1, guestEnd - <u32>colon - 1);
  if (host < 1 || host > 65535 || guest < 1 || guest > 65535) return -Errno.EINVAL;
  let protocol = Protocol.Tcp;
  if (slash >= 0) {
    const rest = n - guestEnd;
    if (bytesEqualLiteral(p + guestEnd, rest, "/udp")) protocol = Protocol.Udp;
    else if (!bytesEqualLiteral(p + guestEnd, rest, "/tcp")) return -Errno.EINVAL;
  }
  return natPublish(by.space, protocol, <u16>host, by, <u16>guest);
}

// Names ------------------------------------------------------------------------------------------------------------------------------------

/** Writes /etc/hosts, /etc/hostname and /etc/resolv.conf, as far as nothing is mounted there: 0 or -ENOMEM. */
function writeNames(c: Container, context: FsContext, by: Interface | null): Result {
  const text = textNew();
  if (!text) return -Errno.ENOMEM;
  makeDirectories(context, name, putLiteral(name, "/etc"), 0o755);
  hostsText(text, c, by);
  let r = writeFile(c, context, text, putLiteral(name, "/etc/hosts"));
  text.length = 0;
  putCstring(text, c.hostname);
  putByte(text, 0x0a);
  if (r == 0 && cstringLength(c.hostname) != 0) r = writeFile(c, context, text, putLiteral(name, "/etc/hostname"));
  text.length = 0;
  for (let i: u32 = 0; i < nameServerCount; i++) {
    put(text, "nameserver ");
    putBytes(text, digits, formatAddress4(digits, nameServer(i)));
    putByte(text, 0x0a);
  }
  if (r == 0 && text.length != 0) r = writeFile(c, context, text, putLiteral(name, "/etc/resolv.conf"));
  textFree(text);
  return r;
}

function hostsText(text: Text, c: Container, by: Interface | null): void {
  put(text, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
  if (cstringLength(c.hostname) == 0) return;
  if (by) putBytes(text, digits, formatAddress4(digits, by.address));
  else put(text, "127.0.1.1");
  putByte(text, 0x09);
  putCstring(text, c.hostname);
  if (cstringLength(c.domainname) != 0) {
    putByte(text, 0x20);
    putCstring(text, c.hostname);
    putByte(text, 0x2e);
    putCstring(text, c.domainname);
  }
  putByte(text, 0x0a);
}

/** A file of the container's own with the text, at the path of `length` bytes at `name`; what is mounted there stays: 0 or -ENOMEM. */
function writeFile(c: Container, context: FsContext, text: Text, length: u32): Result {
  if (text.failed) return -Errno.ENOMEM;
  let r = walk(place, context, builder, null, name, length, 0);
  if (r == 0) {
    const mounted = place.mount != c.vfs.rootMount!;
    pathRelease(place);
    if (mounted) return 0;
    removeFile(context, builder, null, name, length);
  }
  const mask = context.umask;
  context.umask = 0;
  r = makeNode(context, builder, null, name, length, S_IFREG | 0o644, 0);
  context.umask = mask;
  // A tree that has something else there keeps it.
  if (r < 0) return r == -Errno.ENOMEM ? r : 0;
  r = walk(place, context, builder, null, name, length, 0);
  if (r < 0) return 0;
  const inode = place.entry.inode!;
  const bytes = min(text.length, PAGE_SIZE);
  r = filePageForWrite(inode, 0);
  if (r >= 0) {
    physicalWrite((<u64>r) << PAGE_SHIFT, text.data, bytes);
    inode.size = bytes;
  }
  pathRelease(place);
  return r < 0 ? -Errno.ENOMEM : 0;
}
