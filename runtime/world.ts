// The host's world at boot: the container that is no container, its tree from the boot archive, and who speaks first.

import { archiveBytes, archiveStart } from "../kernel/boot/memorymap";
import { option } from "../kernel/boot/options";
import { Container, ContainerState, setHostContainer, hostContainer } from "../kernel/container/container";
import { containerNew, setName } from "../kernel/container/lifecycle";
import { cpioFault, cpioFaultOffset, cpioUnpack } from "../kernel/fs/cpio";
import { memfsNew } from "../kernel/fs/memfs";
import { putLiteral } from "../kernel/lib/bytes";
import { log, logBytes, logEnd, logNumber, logStart, logText } from "../kernel/log/log";
import { fileSystemRelease } from "../kernel/vfs/entry";
import { vfsNew } from "../kernel/vfs/mount";
import { builderInit } from "./tree";

const text = memory.data(64, 8);

/** Makes the host's container with an empty tree; false when memory is short. */
function makeHost(): bool {
  const c = containerNew(text, 0);
  const fs = memfsNew(0, 0o755, 0, 0, 0, 0);
  if (!c || !fs) return false;
  const n = putLiteral(text, "memfs");
  const vfs = vfsNew(fs, 0, text, n, text, n);
  fileSystemRelease(fs);
  if (!vfs) return false;
  c.vfs = vfs;
  c.isHost = true;
  c.state = ContainerState.Running;
  setName(c.hostname, text, putLiteral(text, "cyrius"));
  setHostContainer(c);
  return builderInit();
}

/** Unpacks the boot archive into the host's root. */
function unpackArchive(): void {
  if (archiveBytes == 0) return;
  if (archiveStart + archiveBytes > 1 << 30) {
    log("boot", "the boot archive lies above 1 GiB: not read");
    return;
  }
  const r = cpioUnpack(<usize>archiveStart, <u32>archiveBytes, hostContainer.vfs.rootMount!.root);
  if (r >= 0) return;
  logStart("boot");
  logText("boot archive damaged at byte ");
  logNumber(cpioFaultOffset);
  logText(", fault ");
  logNumber(cpioFault);
  logEnd();
}

/** Brings the host's world up; false when memory is short. */
export function startWorld(): bool {
  if (!makeHost()) return false;
  unpackArchive();
  if (option("autorun")) autorun();
  return true;
}

import { FAILURE_BYTES, Failure, failureMessage } from "./failure";
import { create, hostRoot } from "./create";
import { start } from "./start";
import { Streams } from "./launch";
import { containerFind } from "../kernel/container/lifecycle";
import { fileNew, setFileRead, setFileWrite } from "../kernel/vfs/file";
import { File, FileKind, S_IFCHR } from "../kernel/vfs/inode";
import { anonymousInode } from "../kernel/vfs/nameless";
import { copyIn } from "../kernel/mm/user";
const streams = changetype<Streams>(memory.data(16, 8));
const failure = changetype<Failure>(memory.data(FAILURE_BYTES, 8));
const buffer = memory.data(4096, 8);
function consoleWrite(file: File, ua: u64, count: u32): i64 {
  const n = min<u32>(count, 4096);
  const r = copyIn(buffer, ua, n);
  if (r < 0) return r;
  logBytes(buffer, n);
  return n;
}
function consoleRead(file: File, ua: u64, count: u32): i64 { return 0; }
function autorun(): void {
  const host = hostRoot()!;
  setFileWrite(FileKind.Tty, consoleWrite);
  setFileRead(FileKind.Tty, consoleRead);
  const r = create(text, putLiteral(text, "c1"), host, buffer, putLiteral(buffer, "/bundle"), failure);
  if (r < 0) { logStart("create"); logBytes(failureMessage(failure), failure.length); logEnd(); return; }
  const f = fileNew(FileKind.Tty, 2, anonymousInode(), null, null)!;
  f.access = 3;
  streams.input = f; streams.output = f; streams.error = f;
  const c = containerFind(text, putLiteral(text, "c1"))!;
  const s = start(c, streams, failure);
  if (s < 0) { logStart("start"); logBytes(failureMessage(failure), failure.length); logEnd(); }
}
