// Pipes as open files: pipe(2), opening a FIFO, waiting, closing, polling, and the kernel's own ends (the standard streams of a container).
// A pipe hangs on Inode.content while somebody has it open; that of an anonymous pipe lies behind its inode.

import { Errno } from "../errno";
import { kernelFree } from "../mm/heap";
import { BLOCKED, Result } from "../result";
import { Credentials } from "../task/credentials";
import { current, park, Thread } from "../task/thread";
import { WaitQueue } from "../task/wait";
import { OperationKind, operationOpens } from "../task/operation";
import { fileNew, fileRelease, fileRetain, heldFile, setFilePoll, setFileQueue, setFileRelease } from "./file";
import { FileAccess, OpenFlag } from "./flags";
import { File, FileKind, FileSystemKind, INODE_BYTES, S_IFIFO } from "./inode";
import { namelessInode } from "./nameless";
import { setFifoOpener } from "./operations";
import {
  Pipe,
  PIPE_BYTES,
  pipeAttach,
  pipeClear,
  pipeDetach,
  pipeEmpty,
  pipeFull,
  pipeInit,
  pipeNew,
  pipeOf,
  pipePollQueue,
  pipeRead,
  pipeReadQueue,
  pipeWrite,
  pipeWriteQueue,
  PipePeer,
} from "./pipe";
import { pollOn, PollEvent } from "./poll";

/** The write end of the pipe that pipePair made last. */
export let pairedWriter: File = changetype<File>(0);

/**
 * A new pipe with a File for each end, one reference each: returns the read end and leaves the write end in `pairedWriter`; null when memory
 * is short. `flags` may have O_NONBLOCK and O_DIRECT. `owner` gives the inode its owner, null for root.
 */
export function pipePair(flags: u32, owner: Credentials | null): File | null {
  const inode = namelessInode(S_IFIFO | 0o600, owner ? owner.fsuid : 0, owner ? owner.fsgid : 0, PIPE_BYTES);
  if (!inode) return null;
  const pipe = changetype<Pipe>(changetype<usize>(inode) + INODE_BYTES);
  if (!pipeInit(pipe)) {
    kernelFree(changetype<usize>(inode));
    return null;
  }
  const keep = flags & (OpenFlag.NonBlock | OpenFlag.Direct);
  const reader = fileNew(FileKind.Pipe, keep | OpenFlag.ReadOnly, inode, null, null);
  if (!reader) {
    pipeClear(pipe);
    kernelFree(changetype<usize>(inode));
    return null;
  }
  inode.content = changetype<usize>(pipe);
  attach(reader, pipe);
  const writer = fileNew(FileKind.Pipe, keep | OpenFlag.WriteOnly, inode, null, null);
  if (!writer) {
    fileRelease(reader);
    return null;
  }
  attach(writer, pipe);
  pairedWriter = writer;
  return reader;
}

function attach(file: File, pipe: Pipe): void {
  file.kind = FileKind.Pipe;
  file.object = changetype<usize>(pipe);
  pipeAttach(pipe, file.access);
}

function releasePipe(file: File): void {
  if (file.object == 0) return;
  const pipe = pipeOf(file);
  if (pipeDetach(pipe, file.access)) return;
  pipeClear(pipe);
  const inode = file.inode;
  inode.content = 0;
  if (changetype<usize>(pipe) != changetype<usize>(inode) + INODE_BYTES) kernelFree(changetype<usize>(pipe));
}

/** Counts the opens of the other side, which an opener of this side waits for. */
@inline
function partnerOpens(pipe: Pipe, reading: bool): u32 {
  return reading ? pipe.writerOpens : pipe.readerOpens;
}

/**
 * Opens a FIFO (fifo(7)): a reader waits for a writer and the other way round; O_RDWR never waits. Returns 0; -ENXIO for a non-blocking writer
 * without a reader; -ENOMEM; -ERESTARTSYS; or BLOCKED, and then the call holds a half-open file that already counts for the other side.
 */
function openFifo(file: File): Result {
  const t = current;
  const inode = file.inode;
  const reading = (file.access & FileAccess.Read) != 0;
  const held = heldFile(t);
  if (changetype<usize>(held) != 0 && held.inode == inode) return openFifoAgain(t, file, pipeOf(held), reading);
  // An anonymous pipe, opened again through /proc/self/fd: nobody has to come.
  const anonymous = inode.fs.kind == FileSystemKind.Pipe;
  const nonBlocking = (file.flags & OpenFlag.NonBlock) != 0;
  let pipe = changetype<Pipe>(inode.content);
  if (!reading && nonBlocking && !anonymous && (inode.content == 0 || pipe.readers == 0)) return -Errno.ENXIO;
  if (inode.content == 0) {
    const fresh = pipeNew();
    if (!fresh) return -Errno.ENOMEM;
    pipe = fresh;
    inode.content = changetype<usize>(pipe);
  }
  attach(file, pipe);
  if (anonymous || file.access == (FileAccess.Read | FileAccess.Write)) return 0;
  if (reading ? pipe.writers != 0 : pipe.readers != 0) return 0;
  if (nonBlocking) {
    // No hang-up is reported before a writer has come: see pollPipe.
    file.position = pipe.writerOpens;
    return 0;
  }
  const seen = partnerOpens(pipe, reading);
  const r = park(reading ? pipeReadQueue(pipe) : pipeWriteQueue(pipe));
  if (r != BLOCKED) return r;
  operationOpens();
  t.opKind = OperationKind.File;
  t.opObject = changetype<usize>(fileRetain(file));
  t.opData = seen;
  return BLOCKED;
}

/** A later run of an open that waited. The file held since then gives way to the new one when the call ends. */
function openFifoAgain(t: Thread, file: File, pipe: Pipe, reading: bool): Result {
  if (partnerOpens(pipe, reading) == <u32>t.opData) return park(reading ? pipeReadQueue(pipe) : pipeWriteQueue(pipe));
  attach(file, pipe);
  return 0;
}

function queueOfPipe(file: File, writing: bool): WaitQueue {
  return writing ? pipeWriteQueue(pipeOf(file)) : pipeReadQueue(pipeOf(file));
}

function pollPipe(file: File, poller: usize): u32 {
  const pipe = pipeOf(file);
  if (poller != 0) pollOn(poller, pipePollQueue(pipe));
  let events: u32 = 0;
  if ((file.access & FileAccess.Read) != 0) {
    if (!pipeEmpty(pipe)) events |= PollEvent.In | PollEvent.ReadNormal;
    if (pipe.writers == 0 && <u32>file.position != pipe.writerOpens) events |= PollEvent.HangUp;
  }
  if ((file.access & FileAccess.Write) != 0) {
    if (!pipeFull(pipe)) events |= PollEvent.Out | PollEvent.WriteNormal;
    if (pipe.readers == 0) events |= PollEvent.Error;
  }
  return events;
}

/**
 * For a part of the kernel that holds a read end: reads up to `count` > 0 bytes to linear address `p`. Returns the bytes; 0 when all writers are
 * gone and nothing is left; -EAGAIN when there is nothing yet: a Work waiter on pipePollQueue then runs when there is.
 */
export function pipeReadKernel(file: File, p: usize, count: u32): Result {
  return pipeRead(pipeOf(file), PipePeer.Kernel, p, count);
}

/** As pipeReadKernel, for a write end: returns the bytes taken, -EAGAIN when the pipe is full, -EPIPE without readers, -ENOMEM. */
export function pipeWriteKernel(file: File, p: usize, count: u32): Result {
  return pipeWrite(pipeOf(file), PipePeer.Kernel, p, count);
}

/** To be called once at start-up. */
export function pipeFilesInit(): void {
  setFileRelease(FileKind.Pipe, releasePipe);
  setFilePoll(FileKind.Pipe, pollPipe);
  setFileQueue(FileKind.Pipe, queueOfPipe);
  setFifoOpener(openFifo);
}
