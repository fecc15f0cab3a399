// /proc/sysvipc: the System V objects of the container, one line each. See proc(5), sysvipc(7).

import { MessageQueue } from "../ipc/message";
import { Segment, segmentAttachCount } from "../ipc/segment";
import { SemaphoreSet } from "../ipc/semaphore";
import { ipcAt, IpcKind, ipcLastPlace, IpcObject } from "../ipc/table";
import { put, putByte, putOctal, putSigned, putUnsigned, Text } from "../lib/text";
import { PAGE_SHIFT } from "../mm/frame";
import { Result } from "../result";
import { Inode } from "../vfs/inode";
import { containerOf } from "./procsubject";

/** A column: a space and the number, padded on the left to `width`. */
function column(text: Text, value: u64, width: i32): void {
  putByte(text, 0x20);
  putUnsigned(text, value, width);
}

/** Key, id and permissions. */
function putHead(text: Text, object: IpcObject): void {
  putSigned(text, object.key, 10);
  column(text, object.id, 10);
  put(text, "  ");
  putOctal(text, object.mode, 4, 0x20);
}

function putOwners(text: Text, object: IpcObject): void {
  column(text, object.uid, 5);
  column(text, object.gid, 5);
  column(text, object.creatorUid, 5);
  column(text, object.creatorGid, 5);
}

export function showSegments(text: Text, inode: Inode): Result {
  put(text, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid");
  put(text, "      atime      dtime      ctime                   rss                  swap\n");
  const c = containerOf(inode);
  const last = ipcLastPlace(c, IpcKind.SharedMemory);
  for (let place = 0; place <= last; place++) {
    const s = changetype<Segment>(ipcAt(c, IpcKind.SharedMemory, place));
    if (changetype<usize>(s) == 0) continue;
    putHead(text, s);
    column(text, s.bytes, 21);
    column(text, s.creatorPid, 5);
    column(text, s.lastPid, 5);
    putByte(text, 0x20);
    column(text, segmentAttachCount(s), 5);
    putOwners(text, s);
    column(text, s.attachedSeconds, 10);
    column(text, s.detachedSeconds, 10);
    column(text, s.changedSeconds, 10);
    column(text, (<u64>s.inode.pageCount) << PAGE_SHIFT, 21);
    column(text, 0, 21);
    putByte(text, 0x0a);
  }
  return 0;
}

export function showSemaphores(text: Text, inode: Inode): Result {
  put(text, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n");
  const c = containerOf(inode);
  const last = ipcLastPlace(c, IpcKind.Semaphores);
  for (let place = 0; place <= last; place++) {
    const s = changetype<SemaphoreSet>(ipcAt(c, IpcKind.Semaphores, place));
    if (changetype<usize>(s) == 0) continue;
    putHead(text, s);
    column(text, s.count, 10);
    putOwners(text, s);
    column(text, s.operatedSeconds, 10);
    column(text, s.changedSeconds, 10);
    putByte(text, 0x0a);
  }
  return 0;
}

export function showMessages(text: Text, inode: Inode): Result {
  put(text, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n");
  const c = containerOf(inode);
  const last = ipcLastPlace(c, IpcKind.Messages);
  for (let place = 0; place <= last; place++) {
    const q = changetype<MessageQueue>(ipcAt(c, IpcKind.Messages, place));
    if (changetype<usize>(q) == 0) continue;
    putHead(text, q);
    putByte(text, 0x20);
    column(text, q.bytes, 10);
    column(text, q.count, 10);
    column(text, q.lastSender, 5);
    column(text, q.lastReceiver, 5);
    putOwners(text, q);
    column(text, q.sentSeconds, 10);
    column(text, q.receivedSeconds, 10);
    column(text, q.changedSeconds, 10);
    putByte(text, 0x0a);
  }
  return 0;
}
