// Brings System V IPC and message queues up, and takes a container's objects away with it.

import { Container } from "../container/container";
import { MessageQueue, messagesInit, queueDestroy } from "./message";
import { mqueuesEnd, mqueuesInit } from "./mqueue";
import { Segment, segmentFree, segmentsInit } from "./segment";
import { SemaphoreSet, semaphoresInit, setDestroy } from "./semaphore";
import { ipcAt, IpcKind, ipcLastPlace, ipcTablesFree } from "./table";

/** To be called once at start-up. */
export function ipcInit(): void {
  segmentsInit();
  semaphoresInit();
  messagesInit();
  mqueuesInit();
}

/** Removes every object of the container, which has no process any more. */
export function ipcEnd(c: Container): void {
  for (let place = ipcLastPlace(c, IpcKind.SharedMemory); place >= 0; place = ipcLastPlace(c, IpcKind.SharedMemory))
    segmentFree(changetype<Segment>(ipcAt(c, IpcKind.SharedMemory, <u32>place)));
  for (let place = ipcLastPlace(c, IpcKind.Semaphores); place >= 0; place = ipcLastPlace(c, IpcKind.Semaphores))
    setDestroy(changetype<SemaphoreSet>(ipcAt(c, IpcKind.Semaphores, <u32>place)));
  for (let place = ipcLastPlace(c, IpcKind.Messages); place >= 0; place = ipcLastPlace(c, IpcKind.Messages))
    queueDestroy(changetype<MessageQueue>(ipcAt(c, IpcKind.Messages, <u32>place)));
  ipcTablesFree(c);
  mqueuesEnd(c);
}
