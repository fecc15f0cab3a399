// Descriptors on their way from one process to another (SCM_RIGHTS of unix(7)): the files that a message carries. While they are in flight they count in
// File.inFlight, and against RLIMIT_NOFILE of the user who sent them. Files are released through one list and not by
// recursion, since a file that goes may be a socket with further files in its queue.

import { kernelAlloc, kernelFree } from "../mm/heap";
import { fileRelease, fileRetain } from "../vfs/file";
import { File } from "../vfs/inode";
import { InFlightUser, NetSpace, spaceRelease, spaceRetain, userLeave, userOf } from "./space";

/** Most descriptors in one message (SCM_MAX_FD). */
export const RIGHTS_MAX: u32 = 253;

@unmanaged
export class Rights {
  /** In the list of those to be released. */
  next: Rights | null;
  count: u32;
  /** Whose count they are in while in flight, and the space that user belongs to, held; null while not in flight. */
  user: InFlightUser | null;
  space: NetSpace | null;
}
const RIGHTS_BYTES: u32 = 16;
if (offsetof<Rights>() != RIGHTS_BYTES) ERROR("Rights is 16 bytes");

/** Rights with room for `count` files, none in them yet (`count` counts up as rightsAdd is called); null when memory is short. */
export function rightsNew(count: u32): Rights | null {
  return changetype<Rights | null>(kernelAlloc(RIGHTS_BYTES + (count << 2)));
}

@inline
export function rightsFile(rights: Rights, i: u32): File {
  return changetype<File>(<usize>load<u32>(changetype<usize>(rights) + RIGHTS_BYTES + (i << 2)));
}

/** Adds a file, of which the rights take a reference. */
export function rightsAdd(rights: Rights, file: File): void {
  store<u32>(changetype<usize>(rights) + RIGHTS_BYTES + (rights.count++ << 2), <u32>changetype<usize>(fileRetain(file)));
}

/** The same files once more, not in flight (for a look with MSG_PEEK); null when memory is short. */
export function rightsCopy(rights: Rights): Rights | null {
  const copy = rightsNew(rights.count);
  if (!copy) return null;
  for (let i: u32 = 0; i < rights.count; i++) rightsAdd(copy, rightsFile(rights, i));
  return copy;
}

/** Told when a file begins to be in flight, and when it no longer is: for the families that collect what nobody can receive. */
type FlightWatcher = (file: File, began: bool) => void;
let flightWatcher: u32 = 0;

export function setFlightWatcher(watcher: FlightWatcher): void {
  flightWatcher = watcher.index;
}

/** Puts the rights in flight on behalf of user `uid` of `space`. Returns false when memory is short. */
export function rightsTakeOff(rights: Rights, space: NetSpace, uid: u32): bool {
  const user = userOf(space, uid);
  if (!user) return false;
  user.inFlight += rights.count;
  rights.user = user;
  rights.space = spaceRetain(space);
  for (let i: u32 = 0; i < rights.count; i++) {
    const file = rightsFile(rights, i);
    if (file.inFlight++ == 0) call_indirect<void>(flightWatcher, file, true);
  }
  return true;
}

/** The rights have arrived: they are not in flight any more. */
export function rightsLand(rights: Rights): void {
  const space = rights.space;
  if (!space) return;
  for (let i: u32 = 0; i < rights.count; i++) {
    const file = rightsFile(rights, i);
    if (--file.inFlight == 0) call_indirect<void>(flightWatcher, file, false);
  }
  userLeave(space, rights.user!, rights.count);
  rights.user = null;
  rights.space = null;
  spaceRelease(space);
}

let releasing: Rights | null = null;
let isReleasing = false;

/** Frees the rights and lets go of their files. */
export function rightsFree(rights: Rights): void {
  rightsLand(rights);
  rights.next = releasing;
  releasing = rights;
  if (!isReleasing) rightsResume();
}

/** Puts the release of files off, for a walk that those files' closing would disturb. */
export function rightsDefer(): void {
  isReleasing = true;
}

/** Lets go of what has been put off. */
export function rightsResume(): void {
  isReleasing = true;
  for (let r: Rights | null = releasing; r; r = releasing) {
    releasing = r.next;
    for (let i: u32 = 0; i < r.count; i++) fileRelease(rightsFile(r, i));
    kernelFree(changetype<usize>(r));
  }
  isReleasing = false;
}
