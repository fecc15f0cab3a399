import { heapObjectsUsed, kernelAlloc } from "../mm/heap";
import { frameFailAfter } from "../mm/frame";
import { useTestMemory } from "../mm/testing";
import { hasWaiters, setWaker, Waiter, WaiterKind, wakeAllFor } from "../task/wait";
import { fileRelease } from "./file";
import { OpenFlag } from "./flags";
import { File } from "./inode";
import { namelessInit } from "./nameless";
import { pipeOf, pipePollQueue } from "./pipe";
import { pairedWriter, pipeFilesInit, pipePair, pipeReadKernel, pipeWriteKernel } from "./pipefile";
import { filePoll, PollEvent, pollInit, pollOn, pollSetAdd, pollSetFile, pollSetFree, pollSetIgnore, pollSetNew } from "./poll";

const READABLE: u32 = PollEvent.In | PollEvent.ReadNormal;
const WRITABLE: u32 = PollEvent.Out | PollEvent.WriteNormal;
let reader: File = changetype<File>(0);
let writer: File = changetype<File>(0);
let bytes: usize = 0;
let told: usize = 0;
let times = 0;

function tell(owner: usize, waiter: Waiter): void {
  told = owner;
  times++;
}

beforeAll(() => {
  useTestMemory(1024);
  namelessInit();
  pipeFilesInit();
  pollInit();
  setWaker(WaiterKind.EpollItem, tell);
  bytes = kernelAlloc(65536);
});

beforeEach(() => {
  reader = pipePair(OpenFlag.NonBlock, null)!;
  writer = pairedWriter;
  told = 0;
  times = 0;
});

afterEach(() => {
  fileRelease(reader);
  fileRelease(writer);
});

describe("polling a pipe", () => {
  test("tells what each end is ready for", () => {
    expect(filePoll(reader, 0)).toBe(0);
    expect(filePoll(writer, 0)).toBe(WRITABLE);
    pipeWriteKernel(writer, bytes, 65536);
    expect(filePoll(reader, 0)).toBe(READABLE);
    expect(filePoll(writer, 0)).toBe(0);
    pipeReadKernel(reader, bytes, 4096);
    expect(filePoll(writer, 0)).toBe(WRITABLE);
  });
});

describe("a poll set", () => {
  test("hears of wake-ups until it is freed, and holds its files", () => {
    const objects = heapObjectsUsed();
    const set = pollSetNew(0x1234, WaiterKind.EpollItem, 2)!;
    expect(pollSetAdd(set, reader)).toBe(0);
    expect(pollSetAdd(set, writer)).toBe(WRITABLE);
    expect(reader.refs).toBe(2);
    expect(pollSetFile(set, 1) == writer).toBe(true);
    expect(changetype<usize>(pollSetFile(set, 2))).toBe(0);
    pipeWriteKernel(writer, bytes, 1);
    expect(told).toBe(0x1234);
    expect(times).toBe(2, "once for each end");
    pollSetFree(set);
    pipeWriteKernel(writer, bytes, 1);
    expect(times).toBe(2);
    expect(reader.refs).toBe(1);
    expect(hasWaiters(pipePollQueue(pipeOf(reader)))).toBe(false);
    expect(heapObjectsUsed()).toBe(objects);
  });

  test("allocates when a file has more queues than there is room for", () => {
    const objects = heapObjectsUsed();
    const set = pollSetNew(1, WaiterKind.EpollItem, 1)!;
    pollSetAdd(set, reader);
    pollOn(changetype<usize>(set), pipePollQueue(pipeOf(reader)));
    expect(heapObjectsUsed()).toBe(objects + 2);
    pipeWriteKernel(writer, bytes, 1);
    expect(times).toBe(2);
    pollSetFree(set);
    expect(heapObjectsUsed()).toBe(objects);
  });

  test("does not hear of what it ignores", () => {
    const set = pollSetNew(1, WaiterKind.EpollItem, 1)!;
    pollSetAdd(set, reader);
    const queue = pipePollQueue(pipeOf(reader));
    wakeAllFor(queue, PollEvent.Out);
    expect(times).toBe(1, "it ignores nothing at first");
    pollSetIgnore(set, <u16>PollEvent.Out);
    wakeAllFor(queue, PollEvent.Out);
    expect(times).toBe(1);
    wakeAllFor(queue, PollEvent.Out | PollEvent.In);
    expect(times).toBe(2, "one of the events is wanted");
    pollSetFree(set);
  });

  test("remembers that memory was short", () => {
    const set = pollSetNew(1, WaiterKind.EpollItem, 1)!;
    pollSetAdd(set, reader);
    frameFailAfter(0);
    while (!set.failed) pollOn(changetype<usize>(set), pipePollQueue(pipeOf(reader)));
    frameFailAfter(-1);
    expect(set.failed).toBe(true);
    pollSetFree(set);
    expect(hasWaiters(pipePollQueue(pipeOf(reader)))).toBe(false);
  });
});
