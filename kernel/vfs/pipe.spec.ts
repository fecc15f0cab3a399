import { Errno } from "../errno";
import { frameFailAfter, framesFree } from "../mm/frame";
import { heapObjectsUsed, kernelAlloc } from "../mm/heap";
import { useTestMemory } from "../mm/testing";
import { Process } from "../task/process";
import { setCurrent, threadAlloc } from "../task/thread";
import { setWaker, stopWaiting, Waiter, WaiterKind, waitOn, WAITER_BYTES } from "../task/wait";
import { fileRelease } from "./file";
import { OpenFlag } from "./flags";
import { File } from "./inode";
import { namelessInit } from "./nameless";
import {
  pipeBytes,
  pipeCapacity,
  pipeOf,
  PipePeer,
  pipePollQueue,
  pipeRead,
  pipeReadQueue,
  pipeSetCapacity,
  pipeWantRoom,
  pipeWrite,
  pipeWriteQueue,
  SlotFlag,
} from "./pipe";
import { pairedWriter, pipeFilesInit, pipePair, pipeReadKernel, pipeWriteKernel } from "./pipefile";

const AGAIN: i64 = -Errno.EAGAIN;
let reader: File = changetype<File>(0);
let writer: File = changetype<File>(0);
let from: usize = 0;
let to: usize = 0;
let objects: u32 = 0;
let woken = 0;

function onWake(owner: usize, waiter: Waiter): void {
  woken++;
}

const waiter = changetype<Waiter>(memory.data(WAITER_BYTES, 8));

/** How many wake-ups `queue` has had since the last call. */
function takeWoken(): i32 {
  const n = woken;
  woken = 0;
  return n;
}

function write(n: u32): i64 {
  return pipeWriteKernel(writer, from, n);
}

function read(n: u32): i64 {
  memory.fill(to, 0, n);
  return pipeReadKernel(reader, to, n);
}

beforeAll(() => {
  useTestMemory(2048);
  namelessInit();
  pipeFilesInit();
  setWaker(WaiterKind.Work, onWake);
  waiter.kind = <u8>WaiterKind.Work;
  const thread = threadAlloc(64)!;
  thread.process = changetype<Process>(kernelAlloc(offsetof<Process>())); // without an address space: every fault is EFAULT
  setCurrent(thread);
  from = kernelAlloc(1 << 20);
  to = kernelAlloc(1 << 20);
  for (let i: u32 = 0; i < 1 << 20; i++) store<u8>(from + i, <u8>(i * 31 + (i >> 8)));
  reader = pipePair(0, null)!; // fills the slabs, so that frames can be counted
  fileRelease(reader);
  fileRelease(pairedWriter);
});

beforeEach(() => {
  objects = heapObjectsUsed();
  reader = pipePair(OpenFlag.NonBlock, null)!;
  writer = pairedWriter;
  woken = 0;
});

afterEach(() => {
  stopWaiting(waiter);
  if (changetype<usize>(reader) != 0) fileRelease(reader);
  if (changetype<usize>(writer) != 0) fileRelease(writer);
  expect(heapObjectsUsed()).toBe(objects, "objects are given back");
});

describe("a pipe", () => {
  test("gives back what was written, in order", () => {
    expect(read(1)).toBe(AGAIN);
    expect(write(10)).toBe(10);
    expect(write(5000)).toBe(5000);
    expect(pipeBytes(pipeOf(reader))).toBe(5010);
    expect(read(10)).toBe(10);
    expect(read(9999)).toBe(5000);
    expect(memory.compare(to, from, 5000)).toBe(0);
    expect(read(1)).toBe(AGAIN);
  });

  test("keeps one page when it is empty, for the next message", () => {
    const idle = framesFree();
    write(3 * 4096);
    expect(framesFree()).toBe(idle - 3);
    read(3 * 4096);
    expect(framesFree()).toBe(idle - 1);
    write(100);
    expect(framesFree()).toBe(idle - 1);
    read(100);
    expect(framesFree()).toBe(idle - 1);
  });

  test("gives its pages back when it is closed", () => {
    const idle = framesFree();
    write(65536);
    expect(framesFree()).toBe(idle - 16);
    fileRelease(reader);
    fileRelease(writer);
    reader = changetype<File>(0);
    writer = changetype<File>(0);
    expect(framesFree()).toBeGreaterThanOrEqual(idle);
  });

  test("takes 64 KiB, then the rest has to wait", () => {
    expect(write(100_000)).toBe(65536);
    expect(write(1)).toBe(AGAIN);
    expect(read(4095)).toBe(4095);
    expect(write(1)).toBe(AGAIN, "a page that is not read to its end is not free");
    expect(read(1)).toBe(1);
    expect(write(4096)).toBe(4096);
    expect(write(1)).toBe(AGAIN);
  });

  test("writes of up to PIPE_BUF bytes go as a whole or not at all", () => {
    for (let i = 0; i < 16; i++) expect(write(4000)).toBe(4000);
    expect(write(97)).toBe(AGAIN, "only 96 bytes are left of the last page");
    expect(write(96)).toBe(96);
  });

  test("small writes share pages", () => {
    let taken = 0;
    while (write(1) == 1) taken++;
    expect(taken).toBe(65536);
    expect(write(1)).toBe(AGAIN);
    expect(read(65536)).toBe(65536);
  });

  test("ends when all writers are gone, after what is left", () => {
    write(3);
    fileRelease(writer);
    writer = changetype<File>(0);
    expect(read(10)).toBe(3);
    expect(read(10)).toBe(0);
  });

  test("is broken without readers", () => {
    write(3);
    fileRelease(reader);
    reader = changetype<File>(0);
    expect(write(1)).toBe(-Errno.EPIPE);
  });

  test("wakes readers only when it was empty", () => {
    waitOn(pipeReadQueue(pipeOf(reader)), waiter);
    write(1);
    expect(takeWoken()).toBe(1);
    write(1);
    expect(takeWoken()).toBe(0);
  });

  test("wakes a writer when there is room for its rest, or for half the ring", () => {
    const pipe = pipeOf(reader);
    write(65536);
    pipeWantRoom(pipe, 100_000);
    waitOn(pipeWriteQueue(pipe), waiter);
    for (let i = 0; i < 7; i++) read(4096);
    expect(takeWoken()).toBe(0);
    read(4096);
    expect(takeWoken()).toBe(1);
    stopWaiting(waiter);
    write(65536);
    pipeWantRoom(pipe, 2);
    waitOn(pipeWriteQueue(pipe), waiter);
    read(4096);
    expect(takeWoken()).toBe(1);
  });

  test("tells those who poll of every write, of room, and of the end", () => {
    const pipe = pipeOf(reader);
    waitOn(pipePollQueue(pipe), waiter);
    write(1);
    write(1);
    expect(takeWoken()).toBe(2);
    write(65536);
    takeWoken();
    read(1);
    expect(takeWoken()).toBe(0);
    read(1);
    expect(takeWoken()).toBe(1);
    fileRelease(writer);
    writer = changetype<File>(0);
    expect(takeWoken()).toBe(1);
  });

  test("O_DIRECT keeps packets apart and drops what does not fit", () => {
    const pipe = pipeOf(reader);
    expect(pipeWrite(pipe, PipePeer.Kernel, from, 10, SlotFlag.Packet)).toBe(10);
    expect(pipeWrite(pipe, PipePeer.Kernel, from, 20, SlotFlag.Packet)).toBe(20);
    expect(pipeRead(pipe, PipePeer.Kernel, to, 4)).toBe(4);
    expect(pipeRead(pipe, PipePeer.Kernel, to, 100)).toBe(20);
    expect(read(1)).toBe(AGAIN);
  });

  test("changes its capacity", () => {
    const pipe = pipeOf(reader);
    expect(pipeSetCapacity(pipe, 5000, false)).toBe(8192);
    write(8192);
    expect(pipeSetCapacity(pipe, 4096, false)).toBe(-Errno.EBUSY);
    expect(pipeSetCapacity(pipe, 2 << 20, false)).toBe(-Errno.EPERM);
    expect(pipeSetCapacity(pipe, 2 << 20, true)).toBe(2 << 20);
    expect(pipeCapacity(pipe)).toBe(2 << 20);
    expect(read(9999)).toBe(8192);
    expect(memory.compare(to, from, 8192)).toBe(0);
  });

  test("reports what it could write before memory ran out", () => {
    frameFailAfter(1);
    expect(write(8192)).toBe(4096);
    expect(write(8192)).toBe(-Errno.ENOMEM);
    frameFailAfter(-1);
    expect(read(8192)).toBe(4096);
  });

  test("moves user memory, up to a bad address", () => {
    const end = (<u64>memory.size()) << 16;
    const pipe = pipeOf(reader);
    expect(pipeWrite(pipe, PipePeer.User, end - 10, 100)).toBe(10);
    expect(pipeWrite(pipe, PipePeer.User, end, 100)).toBe(-Errno.EFAULT);
    expect(pipeRead(pipe, PipePeer.User, end - 4, 100)).toBe(4);
    expect(pipeRead(pipe, PipePeer.User, end, 100)).toBe(-Errno.EFAULT);
    expect(pipeRead(pipe, PipePeer.User, to, 100)).toBe(6);
  });
});
