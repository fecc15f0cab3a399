// Ids and permissions of System V IPC (sysvipc(7)): per container one table each for shared memory, semaphore sets and message queues. An id is
// a place in the table and a sequence number, so that the id of a removed object is not taken for the next one in its place.

import { Container } from "../container/container";
import { Errno } from "../errno";
import { kernelAlloc, kernelFree } from "../mm/heap";
import { Result } from "../result";
import { capable, Capability, Credentials, inGroup } from "../task/credentials";
import { wallNs } from "../time/clock";

export const enum IpcKind {
  SharedMemory = 0,
  Semaphores = 1,
  Messages = 2,
}
const KINDS: u32 = 3;

/** Flags of the get calls, beside the permissions in the low nine bits. */
export const IPC_CREAT: u32 = 0o1000;
export const IPC_EXCL: u32 = 0o2000;
export const IPC_NOWAIT: u32 = 0o4000;
const IPC_PRIVATE: i32 = 0;

const PLACE_BITS: u32 = 15;
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;
const SEQUENCE_MASK: u32 = 0xffff;

/** What the three kinds have in common; the first fields of each. */
@unmanaged
export class IpcObject {
  /** One for the table, one for each call that waits. */
  refs: u32;
  key: i32;
  id: i32;
  mode: u32;
  uid: u32;
  gid: u32;
  creatorUid: u32;
  creatorGid: u32;
  container: Container;
  /** No longer in the table: who waits gets EIDRM. */
  isRemoved: bool;
  kind: u8;
  pad: u16;
  /** Seconds since 1970 of creation or the last change by a control call. */
  changedSeconds: u64;
}

@unmanaged
class Table {
  places: usize;
  capacity: u32;
  count: u32;
  /** All places below are taken. */
  taken: u32;
  /** Most objects at a time. */
  limit: u32;
  /** Place given out last, and the sequence number that goes with it. */
  lastPlace: i32;
  sequence: u32;
}
const TABLE_BYTES: u32 = (offsetof<Table>() + 7) & ~7;

/** Most objects of each kind: SHMMNI, SEMMNI and MSGMNI of Linux. */
export const SEGMENTS_MAX: u32 = 4096;
export const SEMAPHORE_SETS_MAX: u32 = 32000;
export const MESSAGE_QUEUES_MAX: u32 = 32000;
const limits = memory.data<u32>([SEGMENTS_MAX, SEMAPHORE_SETS_MAX, MESSAGE_QUEUES_MAX]);

/** The table, or null when the container has none yet. */
function tableOf(c: Container, kind: IpcKind): Table | null {
  return c.ipc == 0 ? null : changetype<Table>(c.ipc + <usize>kind * TABLE_BYTES);
}

/** The table, made with the container's first object; null when memory is short. */
function tableMade(c: Container, kind: IpcKind): Table | null {
  if (c.ipc == 0) {
    c.ipc = kernelAlloc(KINDS * TABLE_BYTES);
    if (c.ipc == 0) return null;
    for (let k: u32 = 0; k < KINDS; k++) {
      const table = changetype<Table>(c.ipc + k * TABLE_BYTES);
      table.limit = load<u32>(limits + (k << 2));
      table.lastPlace = -1;
    }
  }
  return tableOf(c, kind);
}

@inline
function at(table: Table, place: u32): IpcObject {
  return changetype<IpcObject>(<usize>load<u32>(table.places + (place << 2)));
}

/** Objects of the kind that exist. */
export function ipcCount(c: Container, kind: IpcKind): u32 {
  const table = tableOf(c, kind);
  return table ? table.count : 0;
}

/** The highest place in use, -1 when there is none. */
export function ipcLastPlace(c: Container, kind: IpcKind): i32 {
  const table = tableOf(c, kind);
  if (!table) return -1;
  let place: i32 = <i32>table.capacity - 1;
  while (place >= 0 && changetype<usize>(at(table, <u32>place)) == 0) place--;
  return place;
}

/** The object in a place of the table, or a null pointer. */
export function ipcAt(c: Container, kind: IpcKind, place: u32): IpcObject {
  const table = tableOf(c, kind);
  return table && place < table.capacity ? at(table, place) : changetype<IpcObject>(0);
}

/** The object of `id`, or a null pointer (-EINVAL). */
export function ipcFind(c: Container, kind: IpcKind, id: i32): IpcObject {
  if (id < 0) return changetype<IpcObject>(0);
  const object = ipcAt(c, kind, (<u32>id) & PLACE_MASK);
  return changetype<usize>(object) != 0 && object.id == id ? object : changetype<IpcObject>(0);
}

/** The object of a key, or a null pointer; looks through the whole table, as only the get calls do. */
function findKey(c: Container, kind: IpcKind, key: i32): IpcObject {
  const table = tableOf(c, kind);
  if (table && key != IPC_PRIVATE)
    for (let place: u32 = 0; place < table.capacity; place++) {
      const object = at(table, place);
      if (changetype<usize>(object) != 0 && object.key == key) return object;
    }
  return changetype<IpcObject>(0);
}

/**
 * Decides what a get call means: the id of the object that has the key; 0 with `ipcFound` a null pointer when a new one is to be made;
 * -ENOENT, -EEXIST or -EACCES. The caller checks sizes of what is found.
 */
export function ipcGet(c: Container, kind: IpcKind, key: i32, flags: u32): Result {
  ipcFound = findKey(c, kind, key);
  if (changetype<usize>(ipcFound) == 0) return key != IPC_PRIVATE && !(flags & IPC_CREAT) ? -Errno.ENOENT : 0;
  return (flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL) ? -Errno.EEXIST : 0;
}

/** What the last ipcGet found. */
export let ipcFound: IpcObject = changetype<IpcObject>(0);

/** Gives a new object, of zeroed memory, an id and its owner, and puts it into the table: its id, -ENOSPC or -ENOMEM. */
export function ipcAdd(c: Container, kind: IpcKind, object: IpcObject, key: i32, flags: u32, owner: Credentials): Result {
  const table = tableMade(c, kind);
  if (!table) return -Errno.ENOMEM;
  if (table.count == table.limit) return -Errno.ENOSPC;
  const place = freePlace(table);
  if (place < 0) return -Errno.ENOMEM;
  if (<i32>place <= table.lastPlace) table.sequence = (table.sequence + 1) & SEQUENCE_MASK;
  table.lastPlace = <i32>place;
  object.refs = 1;
  object.key = key;
  object.id = <i32>((table.sequence << PLACE_BITS) | (<u32>place));
  object.mode = flags & 0o777;
  object.uid = owner.euid;
  object.gid = owner.egid;
  object.creatorUid = owner.euid;
  object.creatorGid = owner.egid;
  object.container = c;
  object.kind = <u8>kind;
  object.changedSeconds = nowSeconds();
  store<u32>(table.places + ((<u32>place) << 2), <u32>changetype<usize>(object));
  table.count++;
  return object.id;
}

/** The lowest free place; -ENOMEM. */
function freePlace(table: Table): Result {
  while (table.taken < table.capacity && changetype<usize>(at(table, table.taken)) != 0) table.taken++;
  if (table.taken < table.capacity) return table.taken;
  const capacity = max<u32>(table.capacity * 2, 16);
  const p = kernelAlloc(capacity << 2);
  if (p == 0) return -Errno.ENOMEM;
  memory.copy(p, table.places, table.capacity << 2);
  kernelFree(table.places);
  table.places = p;
  const place = table.capacity;
  table.capacity = capacity;
  return place;
}

/** Takes the object out of the table; the caller lets go of the table's reference. */
export function ipcRemove(object: IpcObject): void {
  const table = tableOf(object.container, object.kind)!;
  const place = (<u32>object.id) & PLACE_MASK;
  store<u32>(table.places + (place << 2), 0);
  if (place < table.taken) table.taken = place;
  table.count--;
  object.isRemoved = true;
}

/** Frees the tables, which are empty. */
export function ipcTablesFree(c: Container): void {
  if (c.ipc == 0) return;
  for (let k: u32 = 0; k < KINDS; k++) kernelFree(changetype<Table>(c.ipc + k * TABLE_BYTES).places);
  kernelFree(c.ipc);
  c.ipc = 0;
}

/** 0 if `who` may do what `wanted` says (permission bits of any class, or of all), else -EACCES. */
export function ipcPermission(object: IpcObject, who: Credentials, wanted: u32): Result {
  const asked = (wanted >> 6) | (wanted >> 3) | wanted;
  let granted = object.mode;
  if (who.euid == object.creatorUid || who.euid == object.uid) granted >>= 6;
  else if (inGroup(who, object.creatorGid) || inGroup(who, object.gid)) granted >>= 3;
  return (asked & ~granted & 7) != 0 && !capable(who, Capability.IpcOwner) ? -Errno.EACCES : 0;
}

/** 0 if `who` may change or remove the object, else -EPERM. */
export function ipcOwnership(object: IpcObject, who: Credentials): Result {
  const owns = who.euid == object.creatorUid || who.euid == object.uid;
  return owns || capable(who, Capability.SysAdmin) ? 0 : -Errno.EPERM;
}

/** IPC_SET of owner and permissions: 0 or -EINVAL. */
export function ipcSetOwner(object: IpcObject, uid: u32, gid: u32, mode: u32): Result {
  if (uid == u32.MAX_VALUE || gid == u32.MAX_VALUE) return -Errno.EINVAL;
  object.uid = uid;
  object.gid = gid;
  object.mode = (object.mode & ~0o777) | (mode & 0o777);
  object.changedSeconds = nowSeconds();
  return 0;
}

export function nowSeconds(): u64 {
  return wallNs() / 1_000_000_000;
}
