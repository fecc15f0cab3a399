// Making and releasing Container objects, and finding them by id. What is in them (mounts, first process) is the runtime's business.

import { Errno } from "../errno";
import { bytesEqual } from "../lib/bytes";
import { ipcEnd } from "../ipc/start";
import { accountClose, accountNew } from "../mm/account";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { NetSpace, spaceLeave } from "../net/space";
import { randomU64 } from "../random";
import { filterRelease } from "../task/filter";
import { setContainerCount } from "../task/lifecycle";
import { schedulerReserve } from "../task/scheduler";
import { PtyInstance, ptyInstanceFree } from "../tty/pty";
import { nowNs } from "../time/clock";
import { vfsRelease } from "../vfs/mount";
import { Container, ContainerState, firstContainer, setFirstContainer } from "./container";
import { missingFree } from "./missing";

/** utsname fields: 64 bytes and a NUL. */
export const NAME_BYTES: u32 = 65;
export const ID_MAX: u32 = 255;
const WEIGHT_DEFAULT: u32 = 100;

let count: u32 = 0;
let last: Container | null = null;

/** Containers that exist, the host's world included. */
export function containerCount(): u32 {
  return count;
}

/** The container of that id, or null. The host's world has no id. */
export function containerFind(id: usize, length: u32): Container | null {
  let c = firstContainer;
  while (c) {
    if (c.idLength == length && length != 0 && bytesEqual(c.id, id, length)) return c;
    c = c.next;
  }
  return null;
}

/** True for 1 to 255 bytes of [A-Za-z0-9_.+-], first a letter or digit. */
export function idIsValid(id: usize, length: u32): bool {
  if (length == 0 || length > ID_MAX) return false;
  for (let i: u32 = 0; i < length; i++) {
    const c = load<u8>(id + i);
    const alphanumeric = (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
    if (!alphanumeric && (i == 0 || (c != 0x5f && c != 0x2e && c != 0x2b && c != 0x2d))) return false;
  }
  return true;
}

/** A container in state Creating, in the list of all, without a tree or processes; null when memory is short. */
export function containerNew(id: usize, idLength: u32): Container | null {
  const p = kernelAlloc(offsetof<Container>());
  const text = kernelAlloc(idLength + 1 + 2 * NAME_BYTES);
  if (p == 0 || text == 0) {
    kernelFree(p);
    kernelFree(text);
    return null;
  }
  const c = changetype<Container>(p);
  const account = schedulerReserve(c, count + 1, 1) ? accountNew() : null;
  if (!account) {
    kernelFree(c.runQueue);
    kernelFree(p);
    kernelFree(text);
    return null;
  }
  c.account = account;
  c.refs = 1;
  c.state = ContainerState.Creating;
  c.hostname = text;
  c.domainname = text + NAME_BYTES;
  c.id = text + 2 * NAME_BYTES;
  memory.copy(c.id, id, idLength);
  c.idLength = idLength;
  c.weight = WEIGHT_DEFAULT;
  c.createdNs = nowNs();
  c.identity = randomU64();
  c.prev = last;
  if (last) last!.next = c;
  else setFirstContainer(c);
  last = c;
  setContainerCount(++count);
  return c;
}

/** Drops a reference; the last one frees the object, which has been removed and has no process any more. */
export function containerRelease(c: Container): void {
  if (--c.refs != 0) return;
  if (changetype<usize>(c.vfs) != 0) vfsRelease(c.vfs);
  if (c.ptys != 0) ptyInstanceFree(changetype<PtyInstance>(c.ptys));
  missingFree(c);
  if (c.net != 0) spaceLeave(changetype<NetSpace>(c.net));
  ipcEnd(c);
  filterRelease(c.filter);
  kernelFree(c.pidTable);
  kernelFree(c.runQueue);
  kernelFree(c.hostname);
  accountClose(c.account);
  kernelFree(changetype<usize>(c));
}

/** Takes a container without processes out of the list: its id is free again. */
export function containerRemove(c: Container): void {
  const next = c.next;
  const prev = c.prev;
  if (next) next.prev = prev;
  else last = prev;
  if (prev) prev.next = next;
  else setFirstContainer(next);
  setContainerCount(--count);
  containerRelease(c);
}

/** Sets a utsname field (Container.hostname or domainname): 0, or -EINVAL when the name is longer than 64 bytes. */
export function setName(field: usize, name: usize, length: u32): i64 {
  if (length >= NAME_BYTES) return -Errno.EINVAL;
  memory.fill(field, 0, NAME_BYTES);
  memory.copy(field, name, length);
  return 0;
}
