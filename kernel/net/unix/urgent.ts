// Urgent data of AF_UNIX streams (MSG_OOB, as Linux has it since 5.15): one byte, the last of the send call, that is told by SIGURG and POLLPRI and read with
// MSG_OOB, or in its place with SO_OOBINLINE. It is a message of its own; once it has been read it stays in the queue without bytes as
// the mark that SIOCATMARK tells of, and at which a call that has some bytes stops. A second urgent byte makes an ordinary one of the first.

import { Errno } from "../../errno";
import { Result } from "../../result";
import { fileSignalUrgent } from "../../vfs/asyncfile";
import { exchange, MessageFlag } from "../exchange";
import { Message, messageMove } from "../message";
import { SocketOption, unlinkMessage } from "../socket";
import { dropMessage, UnixSocket } from "./unix";

/** The last message in the queue of `s` is the urgent byte from now on. */
export function urgentArrived(s: UnixSocket): void {
  if (!s.urgent) s.marks++;
  s.urgent = s.lastMessage;
  const file = s.file;
  if (file) fileSignalUrgent(file);
}

@inline
function isMark(m: Message): bool {
  return m.taken == m.length;
}

@inline
function isInline(s: UnixSocket): bool {
  return (s.options & SocketOption.OutOfBandInline) != 0;
}

/**
 * What a call that receives from `s`, whose queue has marks, and has `done` bytes, finds at `m`: that message or a later one, or null when it has to stop. Unless
 * it only peeks, marks that it passes go, and so does an urgent byte that is skipped.
 */
export function urgentPass(s: UnixSocket, first: Message, done: u32, peeks: bool): Message | null {
  let m: Message | null = first;
  while (m && isMark(m)) {
    if (done != 0 && !s.urgent) return null;
    const next: Message | null = m.next;
    if (!peeks) dropMark(s, m);
    m = next;
  }
  if (!m || m != s.urgent) return m;
  if (done != 0) return null;
  if (peeks) return isInline(s) ? m : m.next;
  s.urgent = null;
  s.marks--;
  if (isInline(s)) return m;
  unlinkMessage(s, m, null);
  dropMessage(m);
  return s.firstMessage;
}

/** The first message is a mark that has been passed. */
function dropMark(s: UnixSocket, m: Message): void {
  s.marks--;
  unlinkMessage(s, m, null);
  dropMessage(m);
}

/** recv(2) with MSG_OOB: 1 byte; -EINVAL when there is none or it is in the stream, -EFAULT. */
export function urgentReceive(s: UnixSocket): Result {
  const e = exchange;
  const m = s.urgent;
  if (!m || isInline(s)) return -Errno.EINVAL;
  const r = e.left == 0 ? -Errno.EFAULT : messageMove(m, e, true, 0, 1);
  if (r < 0 && r != -Errno.EFAULT) return r;
  if ((e.flags & MessageFlag.Peek) == 0) {
    s.urgent = null;
    m.taken = 1;
    s.bytes--;
  }
  if (r < 0) return r;
  e.result |= MessageFlag.OutOfBand;
  return 1;
}

/** SIOCATMARK: 1 when the next byte is the urgent one, or was. */
export function urgentAtMark(s: UnixSocket): Result {
  const m = s.firstMessage;
  if (!m || s.marks == 0) return 0;
  return m == s.urgent || (isMark(m) && (!s.urgent || m.next == s.urgent)) ? 1 : 0;
}

/** Whether there is something that nobody has read, be it urgent. */
export function isUnread(s: UnixSocket): bool {
  const m = s.firstMessage;
  return m != null && (s.marks == 0 || !isMark(m) || m.next != null);
}
