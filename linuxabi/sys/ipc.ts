// What the control calls of System V IPC share: which object a command means, and struct ipc64_perm in and out.

import { Errno } from "../../kernel/errno";
import {
  ipcAt,
  ipcFind,
  ipcFound,
  IpcKind,
  ipcLastPlace,
  IpcObject,
  ipcOwnership,
  ipcPermission,
  ipcSetOwner,
} from "../../kernel/ipc/table";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { IpcPermission } from "../types/ipc";

const READ: u32 = 0o444;

/** The object of the last stat or ownedObject call that succeeded. */
export let ipcObject: IpcObject = changetype<IpcObject>(0);

/** Ends a get call that has found its object: the id, or -EACCES when the permissions in `flags` are not the caller's. */
export function foundId(t: Thread, flags: u32): Result {
  const r = ipcPermission(ipcFound, t.credentials, flags & 0o777);
  return r < 0 ? r : ipcFound.id;
}

/** Finds the object of `id`, for which the caller must have the `wanted` permissions: 0, -EINVAL or -EACCES. */
export function permittedObject(t: Thread, kind: IpcKind, id: i32, wanted: u32): Result {
  ipcObject = ipcFind(t.process.container, kind, id);
  return changetype<usize>(ipcObject) == 0 ? -Errno.EINVAL : ipcPermission(ipcObject, t.credentials, wanted);
}

/** Finds the object of `id`, which the caller must own: 0, -EINVAL or -EPERM. */
export function ownedObject(t: Thread, kind: IpcKind, id: i32): Result {
  ipcObject = ipcFind(t.process.container, kind, id);
  return changetype<usize>(ipcObject) == 0 ? -Errno.EINVAL : ipcOwnership(ipcObject, t.credentials);
}

/** The same for the object in a place of the table, as ipcs(1) asks; `any`: readable for everybody. */
export function placedObject(t: Thread, kind: IpcKind, place: i32, any: bool): Result {
  ipcObject = place < 0 ? changetype<IpcObject>(0) : ipcAt(t.process.container, kind, <u32>place);
  if (changetype<usize>(ipcObject) == 0) return -Errno.EINVAL;
  return any ? 0 : ipcPermission(ipcObject, t.credentials, READ);
}

/** The highest place in use, 0 when there is none: what the commands that tell limits return. */
export function highestPlace(t: Thread, kind: IpcKind): Result {
  return max<i32>(ipcLastPlace(t.process.container, kind), 0);
}

/** Fills the permissions of a status structure, which the caller has cleared. */
export function putPermission(out: IpcPermission, object: IpcObject): void {
  out.key = object.key;
  out.uid = object.uid;
  out.gid = object.gid;
  out.creatorUid = object.creatorUid;
  out.creatorGid = object.creatorGid;
  out.mode = object.mode;
  out.sequence = <u16>((<u32>object.id) >> 15);
}

/** IPC_SET's part that is common: 0 or -EINVAL. */
export function takePermission(object: IpcObject, wanted: IpcPermission): Result {
  return ipcSetOwner(object, wanted.uid, wanted.gid, wanted.mode);
}
