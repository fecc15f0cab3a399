// Sockets that only messages refer to. A socket sent over itself, or two sent over each other, keep each other alive when every descriptor has been
// closed; nobody can receive those messages any more. When a file is left to messages alone (fileRelease notices), collection runs
// before the next return to user mode: a socket in flight is alive if somebody outside of messages holds it, or if it lies in the queue of one that
// is alive or not in flight; the queues of the others are emptied, which closes them. No recursion, no allocation. Sockets reach those of their own
// container only, so each container's are collected by themselves, and what others have in flight costs nothing.

import { workInit, WorkItem, workSchedule, WORK_ITEM_BYTES } from "../../task/work";
import { setOrphanHandler } from "../../vfs/file";
import { File, FileKind } from "../../vfs/inode";
import { Rights, rightsDefer, rightsFile, rightsResume, setFlightWatcher } from "../rights";
import { Family, socketOf } from "../socket";
import { NetSpace, spaceRelease, spaceRetain } from "../space";
import { asUnix, dropMessages, UnixSocket } from "./unix";

const work = changetype<WorkItem>(memory.data(WORK_ITEM_BYTES, 8));

/** Spaces with a socket that was left to messages, each held. */
let firstSpace: NetSpace | null = null;
/** While one is collected: its sockets whose files are in flight. */
let first: UnixSocket | null = null;

@inline
function flightsOf(space: NetSpace): UnixSocket | null {
  return changetype<UnixSocket | null>(space.flights);
}

/** The AF_UNIX socket behind a file, or null. */
function unixSocketOf(file: File): UnixSocket | null {
  if (file.kind != FileKind.Socket || file.object == 0) return null;
  const s = socketOf(file);
  return s.family == Family.Unix ? asUnix(s) : null;
}

/** A file is in flight now (`began`) or no longer: keeps the list. */
function onFlight(file: File, began: bool): void {
  const s = unixSocketOf(file);
  if (!s) return;
  const next = s.flightNext;
  const prev = s.flightPrev;
  const space = s.space;
  if (began) {
    const head = flightsOf(space);
    s.flightNext = head;
    s.flightPrev = null;
    if (head) head.flightPrev = s;
    space.flights = changetype<usize>(s);
    return;
  }
  if (next) next.flightPrev = prev;
  if (prev) prev.flightNext = next;
  else space.flights = changetype<usize>(next);
  s.flightNext = null;
  s.flightPrev = null;
}

function onOrphan(file: File): void {
  const s = unixSocketOf(file);
  if (!s || s.space.collectable) return;
  const space = spaceRetain(s.space);
  space.collectable = true;
  space.collectNext = firstSpace;
  firstSpace = space;
  workSchedule(work);
}

const enum Mark {
  /** Not in flight, or held by somebody else too: what is in its queue can be received. */
  Alive = 0,
  /** Only messages refer to it. */
  Candidate = 1,
}

/** Sockets found alive whose queues have not been looked at. */
let found: UnixSocket | null = null;

type Visitor = (s: UnixSocket) => void;

/** Calls `visit` for every candidate in the queue of `s`, and of the connections that wait in it. */
function visitQueue(s: UnixSocket, visit: Visitor): void {
  visitMessages(s, visit);
  let waiting = s.acceptFirst;
  while (waiting) {
    visitMessages(waiting, visit);
    waiting = waiting.acceptNext;
  }
}

function visitMessages(s: UnixSocket, visit: Visitor): void {
  let m = s.firstMessage;
  while (m) {
    const rights = m.rights;
    if (rights) visitRights(rights, visit);
    m = m.next;
  }
}

function visitRights(rights: Rights, visit: Visitor): void {
  for (let i: u32 = 0; i < rights.count; i++) {
    const s = unixSocketOf(rightsFile(rights, i));
    if (s && s.marked == Mark.Candidate) call_indirect<void>(visit.index, s);
  }
}

function countInternal(s: UnixSocket): void {
  s.internal++;
}

function markAlive(s: UnixSocket): void {
  s.marked = Mark.Alive;
  s.markNext = found;
  found = s;
}

/** Marks those in flight, and counts them: 0 when somebody else holds every one. */
function markCandidates(): u32 {
  let candidates: u32 = 0;
  let s = first;
  while (s) {
    const file = s.file!;
    const isCandidate = file.refs == file.inFlight;
    s.marked = isCandidate ? Mark.Candidate : Mark.Alive;
    s.internal = 0;
    if (isCandidate) candidates++;
    s = s.flightNext;
  }
  return candidates;
}

/** The deferred work. */
function collectAll(argument: usize): void {
  for (let space = firstSpace; space; space = firstSpace) {
    firstSpace = space.collectNext;
    space.collectable = false;
    first = flightsOf(space);
    collect();
    first = null;
    spaceRelease(space);
  }
}

/** Frees the messages that nobody can receive. */
function collect(): void {
  if (markCandidates() == 0) return;
  let s = first;
  while (s) {
    if (s.marked == Mark.Candidate) visitQueue(s, countInternal);
    s = s.flightNext;
  }
  // Who is referred to by more than the queues of candidates is alive, and so is what those can receive.
  found = null;
  s = first;
  while (s) {
    if (s.marked == Mark.Candidate && s.internal != s.file!.inFlight) markAlive(s);
    s = s.flightNext;
  }
  for (s = found; s; s = found) {
    found = s.markNext;
    visitQueue(s, markAlive);
  }
  emptyTheDead();
}

/** Empties the queues of what is still a candidate. The files in them go when all are empty. */
function emptyTheDead(): void {
  let dead: UnixSocket | null = null;
  let s = first;
  while (s) {
    if (s.marked == Mark.Candidate) {
      s.markNext = dead;
      dead = s;
    }
    s = s.flightNext;
  }
  rightsDefer();
  s = dead;
  while (s) {
    let waiting = s.acceptFirst;
    while (waiting) {
      dropMessages(waiting);
      waiting = waiting.acceptNext;
    }
    dropMessages(s);
    s = s.markNext;
  }
  rightsResume();
}

/** To be called once at start-up. */
export function collectInit(): void {
  workInit(work, collectAll, 0);
  setOrphanHandler(onOrphan);
  setFlightWatcher(onFlight);
}
