// Intrusive doubly linked lists. A List is embedded in its owner, a Link in each member; members find their object by the offset of
// the link. Insertion and removal are O(1) and never allocate.

@unmanaged
export class Link {
  next: Link | null;
  prev: Link | null;
}

@unmanaged
export class List {
  first: Link | null;
  last: Link | null;
}

/** Bytes that an embedded List or Link takes (two u32 fields in the owner). */
export const LIST_BYTES: u32 = 8;

export function listAppend(list: List, link: Link): void {
  link.next = null;
  link.prev = list.last;
  if (list.last) list.last!.next = link;
  else list.first = link;
  list.last = link;
}

export function listPrepend(list: List, link: Link): void {
  link.prev = null;
  link.next = list.first;
  if (list.first) list.first!.prev = link;
  else list.last = link;
  list.first = link;
}

/** Unlinks a member of `list`. */
export function listRemove(list: List, link: Link): void {
  if (link.prev) link.prev!.next = link.next;
  else list.first = link.next;
  if (link.next) link.next!.prev = link.prev;
  else list.last = link.prev;
  link.next = null;
  link.prev = null;
}
