// Descriptors that stand for a process (pidfd_open(2)): never for another one that got its number. The file holds the process object, which
// outlives its reaping; it is readable, for poll(2), once the process has ended.

import { put, putByte, putSigned, Text } from "../lib/text";
import { fileNew, setFileDescribe, setFilePoll, setFileRelease } from "../vfs/file";
import { OpenFlag } from "../vfs/flags";
import { File, FileKind } from "../vfs/inode";
import { anonymousInode } from "../vfs/nameless";
import { PollEvent, pollOn } from "../vfs/poll";
import { processRelease, processRetain } from "./lifecycle";
import { endQueue, Process, ProcessState } from "./process";

/** A file that stands for `process`; `flags` may have O_NONBLOCK, which waitid(2) heeds. Null when memory is short. */
export function pidFileNew(process: Process, flags: u32): File | null {
  const file = fileNew(FileKind.PidFd, OpenFlag.ReadWrite | flags, anonymousInode(), null, null);
  if (file) file.object = changetype<usize>(processRetain(process));
  return file;
}

/** The process of a file of kind PidFd, dead or alive. */
@inline
export function pidFileProcess(file: File): Process {
  return changetype<Process>(file.object);
}

function poll(file: File, poller: usize): u32 {
  const process = pidFileProcess(file);
  if (poller != 0) pollOn(poller, endQueue(process));
  return process.state == ProcessState.Running ? 0 : PollEvent.In | PollEvent.ReadNormal;
}

function describe(file: File, text: Text): void {
  const process = pidFileProcess(file);
  const number: i64 = process.state == ProcessState.Gone ? -1 : process.pid;
  put(text, "Pid:\t");
  putSigned(text, number);
  put(text, "\nNSpid:\t");
  putSigned(text, number);
  putByte(text, 0x0a);
}

function release(file: File): void {
  if (file.object != 0) processRelease(pidFileProcess(file));
}

/** To be called once at start-up. */
export function pidFileInit(): void {
  setFilePoll(FileKind.PidFd, poll);
  setFileDescribe(FileKind.PidFd, describe);
  setFileRelease(FileKind.PidFd, release);
}
