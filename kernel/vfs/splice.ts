// Moving bytes between pipes and other files inside the kernel, for splice(2) and tee(2): a slot of a pipe at a time, through the scratch page.
// Nothing here waits: -EAGAIN.

import { physicalRead } from "../../shim/isa";
import { Errno } from "../errno";
import { scratchPage } from "../lib/scratch";
import { PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { socketReadKernel } from "../net/transfer";
import { Result } from "../result";
import { fileTake } from "./copy";
import { File, FileKind } from "./inode";
import { Pipe, pipeConsume, pipeOf, PipePeer, pipeFull, pipeSlotAt, pipeWrite } from "./pipe";

/** True when fileToPipe works for the kind, or the file is regular. */
export function canGive(file: File): bool {
  return file.kind == FileKind.Regular || file.kind == FileKind.Socket || file.kind == FileKind.Zero;
}

/** Moves up to `count` bytes from a pipe that is not empty to a file: the bytes; the file's error when there are none. */
export function pipeToFile(pipe: Pipe, to: File, count: u32): Result {
  let done: u32 = 0;
  while (done < count && pipe.head != pipe.tail) {
    const slot = pipeSlotAt(pipe, pipe.tail);
    const bytes = min<u32>(slot.length, count - done);
    physicalRead(scratchPage, ((<u64>slot.frame) << PAGE_SHIFT) + slot.offset, bytes);
    const r = fileTake(to, scratchPage, bytes);
    if (r < 0) return done != 0 ? <Result>done : r;
    pipeConsume(pipe, <u32>r);
    done += <u32>r;
    if (<u32>r < bytes) break;
  }
  return done;
}

/** Moves bytes from a socket or /dev/zero into a pipe that is not full: the bytes, 0 at the end, -EAGAIN ... */
export function fileToPipe(from: File, to: File, count: u32): Result {
  const pipe = pipeOf(to);
  let done: u32 = 0;
  while (done < count && !pipeFull(pipe)) {
    const bytes = min(PAGE_SIZE, count - done);
    let r: Result = bytes;
    if (from.kind == FileKind.Socket) r = socketReadKernel(from, scratchPage, bytes);
    else memory.fill(scratchPage, 0, bytes);
    if (r <= 0) return done != 0 ? <Result>done : r;
    const written = pipeWrite(pipe, PipePeer.Kernel, scratchPage, <u32>r);
    if (written < 0) return done != 0 ? <Result>done : written;
    done += <u32>written;
    if (<u32>r < bytes || written < r) break;
  }
  return done;
}

/** Copies up to `count` bytes from one pipe to another that has room, slot by slot; with `takes` they leave the first. */
export function pipeCopy(from: Pipe, to: Pipe, count: u32, takes: bool): Result {
  let done: u32 = 0;
  let place = from.tail;
  while (done < count && place != from.head && !pipeFull(to)) {
    const slot = pipeSlotAt(from, place);
    const bytes = min<u32>(slot.length, count - done);
    physicalRead(scratchPage, ((<u64>slot.frame) << PAGE_SHIFT) + slot.offset, bytes);
    const r = pipeWrite(to, PipePeer.Kernel, scratchPage, bytes, slot.flags);
    if (r < 0) return done != 0 ? <Result>done : r;
    done += <u32>r;
    if (takes) pipeConsume(from, <u32>r);
    place++;
    if (<u32>r < bytes) break;
  }
  return done == 0 ? -Errno.EAGAIN : <Result>done;
}
