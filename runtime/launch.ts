// From the specification of a process (OCI config.md, "Process") to a process that is ready to run: credentials, limits, descriptors,
// working directory, program. Used for a container's init and for exec.

import { Container } from "../kernel/container/container";
import { Errno } from "../kernel/errno";
import { bytesIndexOf, bytesStartWith, putLiteral } from "../kernel/lib/bytes";
import { Arguments, argumentsAppend, argumentsFree, argumentsNew } from "../kernel/program/arguments";
import { execute } from "../kernel/program/exec";
import { Result } from "../kernel/result";
import { actionsNew } from "../kernel/task/signal";
import { Credentials, credentialsNew, credentialsRelease } from "../kernel/task/credentials";
import { creationError, fpuReset, processDiscard, processLead, processNew } from "../kernel/task/lifecycle";
import { LIMIT_KINDS, LimitKind, UNLIMITED } from "../kernel/task/limits";
import { filterRetain } from "../kernel/task/filter";
import { Process } from "../kernel/task/process";
import { EntryWork } from "../kernel/task/thread";
import { fdInstall, fdTableNew } from "../kernel/vfs/fdtable";
import { fileRelease, fileRetain } from "../kernel/vfs/file";
import { ttyOf } from "../kernel/tty/files";
import { File, FileKind, isDirectory, Path } from "../kernel/vfs/inode";
import { fsContextNew, fsContextSetCwd } from "../kernel/vfs/mount";
import { maySearch } from "../kernel/vfs/permission";
import { pathRelease, walk, WalkFlag } from "../kernel/vfs/walk";
import { Failure, fail, failBegin, failPut, failPutBytes, failReason } from "./failure";
import { groupAt, specAt, specBytes, SpecProcess, SpecRlimit, SpecString, StringList, stringListAt } from "./spec/model";
import { builder, makeDirectories } from "./tree";

/** The three standard streams: each a File, of which the process gets references of its own. */
@unmanaged
export class Streams {
  input: File;
  output: File;
  error: File;
}

const place = changetype<Path>(memory.data(8, 8));
const candidate = memory.data(4096, 16);
const DEFAULT_PATH: string = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const defaultPath = memory.data(64, 8);

/** What a process has when config.json says nothing: Docker's usual limits. */
export function defaultLimits(limits: usize): void {
  for (let i: u32 = 0; i < LIMIT_KINDS; i++) setLimit(limits, i, UNLIMITED, UNLIMITED);
  setLimit(limits, LimitKind.Stack, 8 << 20, UNLIMITED);
  setLimit(limits, LimitKind.Core, 0, UNLIMITED);
  setLimit(limits, LimitKind.OpenFiles, 1024, 1 << 20);
  setLimit(limits, LimitKind.LockedMemory, 8 << 20, 8 << 20);
  setLimit(limits, LimitKind.PendingSignals, 16384, 16384);
  setLimit(limits, LimitKind.MessageQueues, 819200, 819200);
  setLimit(limits, LimitKind.Nice, 0, 0);
  setLimit(limits, LimitKind.RealtimePriority, 0, 0);
}

function setLimit(limits: usize, kind: u32, soft: u64, hard: u64): void {
  store<u64>(limits + (kind << 4), soft);
  store<u64>(limits + (kind << 4), hard, 8);
}

/** Credentials of process.user and process.capabilities; null when memory is short. `fallback` supplies capabilities exec leaves out. */
function makeCredentials(p: SpecProcess, fallback: SpecProcess): Credentials | null {
  const c = credentialsNew(p.additionalGids.count);
  if (!c) return null;
  c.uid = p.uid;
  c.euid = p.uid;
  c.suid = p.uid;
  c.fsuid = p.uid;
  c.gid = p.gid;
  c.egid = p.gid;
  c.sgid = p.gid;
  c.fsgid = p.gid;
  for (let i: u32 = 0; i < c.groupCount; i++) insertGroup(c, i, groupAt(p.additionalGids, i));
  const from = p.hasCapabilities ? p : fallback;
  c.bounding = from.bounding;
  c.inheritable = from.inheritable;
  c.permitted = from.permitted;
  c.effective = from.effective;
  c.ambient = from.ambient & from.permitted & from.inheritable;
  return c;
}

/** Keeps the group list sorted. */
function insertGroup(c: Credentials, count: u32, gid: u32): void {
  let at = count;
  for (; at > 0 && load<u32>(c.groups + ((at - 1) << 2)) > gid; at--)
    store<u32>(c.groups + (at << 2), load<u32>(c.groups + ((at - 1) << 2)));
  store<u32>(c.groups + (at << 2), gid);
}

function appendAll(a: Arguments, list: StringList): Result {
  for (let i: u32 = 0; i < list.count; i++) {
    const s = stringListAt(list, i);
    const r = argumentsAppend(a, specBytes(s), s.length);
    if (r < 0) return r;
  }
  return 0;
}

/** The strings the program is started with; null with the failure told. HOME is not invented: runc leaves it to the image too. */
function makeArguments(p: SpecProcess, failure: Failure): Arguments | null {
  const a = argumentsNew();
  let r: Result = -Errno.ENOMEM;
  if (a) {
    a.argumentCount = p.args.count;
    a.environmentCount = p.env.count;
    r = appendAll(a, p.args);
    if (r == 0) r = appendAll(a, p.env);
    if (r == 0) return a;
    argumentsFree(a);
  }
  fail(failure, <i32>-r, r == -Errno.E2BIG ? "process.args: arguments and environment are too long" : "out of memory");
  return null;
}

/** Value of PATH in process.env: pointer in `pathValue`; its length. */
let pathValue: usize = 0;
function findPath(p: SpecProcess): u32 {
  for (let i: u32 = 0; i < p.env.count; i++) {
    const s = stringListAt(p.env, i);
    if (!bytesStartWith(specBytes(s), s.length, "PATH=")) continue;
    pathValue = specBytes(s) + 5;
    return s.length - 5;
  }
  pathValue = defaultPath;
  return putLiteral(defaultPath, DEFAULT_PATH);
}

/** Runs args[0] as a path, or, when it has no slash, as found in PATH (execvp(3)): 0, or execve's errors. */
function executeFirst(process: Process, p: SpecProcess, a: Arguments): Result {
  const name = stringListAt(p.args, 0);
  const bytes = specBytes(name);
  const t = process.leader;
  if (bytesIndexOf(bytes, name.length, 0x2f) >= 0) return execute(t, null, bytes, name.length, WalkFlag.Follow, a);
  if (name.length == 0) return -Errno.ENOENT;
  const length = findPath(p);
  let denied = false;
  let from: u32 = 0;
  while (from <= length) {
    let to = from;
    while (to < length && load<u8>(pathValue + to) != 0x3a) to++;
    let n = to - from;
    if (n + name.length + 2 < 4096) {
      memory.copy(candidate, pathValue + from, n);
      if (n == 0) store<u8>(candidate + n++, 0x2e);
      store<u8>(candidate + n++, 0x2f);
      memory.copy(candidate + n, bytes, name.length);
      const r = execute(t, null, candidate, n + name.length, WalkFlag.Follow, a);
      if (r == 0 || (r != -Errno.ENOENT && r != -Errno.ENOTDIR && r != -Errno.EACCES)) return r;
      denied = denied || r == -Errno.EACCES;
    }
    from = to + 1;
  }
  return denied ? -Errno.EACCES : -Errno.ENOENT;
}

/** Why the program could not be started, for people. */
function failProgram(failure: Failure, name: SpecString, error: Result): void {
  failBegin(failure, <i32>-error);
  failPut(failure, 'process.args[0]: "');
  failPutBytes(failure, specBytes(name), name.length);
  failPut(failure, '": ');
  switch (<i32>-error) {
    case Errno.ENOENT:
      failPut(failure, bytesIndexOf(specBytes(name), name.length, 0x2f) < 0 ? "not found in $PATH" : "no such file or directory");
      break;
    case Errno.ENOEXEC:
      failPut(failure, "not a program this machine can run");
      break;
    case Errno.ENOTDIR:
      failPut(failure, "a part of the path is not a directory");
      break;
    case Errno.E2BIG:
      failPut(failure, "arguments too long");
      break;
    default:
      failReason(failure, error);
  }
}

/** Goes to process.cwd, which is made if it is missing, as runc does: 0, or -errno with the failure told. */
function enterDirectory(process: Process, p: SpecProcess, failure: Failure): Result {
  const context = process.paths!;
  const path = specBytes(p.cwd);
  makeDirectories(context, path, p.cwd.length, 0o755);
  let r = walk(place, context, builder, null, path, p.cwd.length, WalkFlag.Follow);
  if (r == 0) {
    r = isDirectory(place.entry.inode!) ? maySearch(place.entry.inode!, process.leader.credentials) : -Errno.ENOTDIR;
    if (r == 0) fsContextSetCwd(context, place);
    pathRelease(place);
  }
  if (r == 0) return 0;
  failBegin(failure, <i32>-r);
  failPut(failure, 'process.cwd: "');
  failPutBytes(failure, path, p.cwd.length);
  failPut(failure, r == -Errno.ENOTDIR ? '": not a directory' : r == -Errno.EACCES ? '": permission denied' : '": cannot be entered');
  return r;
}

/** The terminal becomes the controlling terminal of the process's session, with its group in the foreground. */
function takeTerminal(process: Process, file: File): void {
  if (file.kind != FileKind.Tty) return;
  const tty = ttyOf(file);
  process.terminal = changetype<usize>(tty);
  tty.session = process.pid;
  tty.foreground = process.pid;
}

/** Descriptors 0, 1 and 2; the table is empty, so that only memory can be short. */
function installStreams(process: Process, streams: Streams): bool {
  return install(process, streams.input) && install(process, streams.output) && install(process, streams.error);
}

function install(process: Process, file: File): bool {
  if (fdInstall(process.files!, fileRetain(file), 0, 3, false) >= 0) return true;
  fileRelease(file);
  return false;
}

/** Fills in a new process: 0, or -errno with the failure told. */
function prepare(process: Process, p: SpecProcess, streams: Streams, failure: Failure): Result {
  const actions = actionsNew();
  const files = fdTableNew();
  const paths = fsContextNew(process.container.vfs);
  if (actions) process.actions = actions;
  process.files = files;
  process.paths = paths;
  if (!actions || !files || !paths || !installStreams(process, streams)) {
    fail(failure, Errno.ENOMEM, "out of memory");
    return -Errno.ENOMEM;
  }
  defaultLimits(process.limits);
  for (let i: u32 = 0; i < p.rlimits.count; i++) {
    const limit = specAt<SpecRlimit>(p.rlimits, i);
    setLimit(process.limits, limit.resource, limit.soft, limit.hard);
  }
  if (p.hasUmask) paths.umask = p.umask;
  if (p.hasOomScoreAdj) process.oomScoreAdjust = p.oomScoreAdj;
  process.leader.noNewPrivileges = p.noNewPrivileges;
  const filter = filterRetain(process.container.filter);
  process.leader.filter = filter;
  if (filter) process.leader.entry |= EntryWork.Seccomp;
  if (p.terminal) takeTerminal(process, streams.input);
  const entered = enterDirectory(process, p, failure);
  if (entered < 0) return entered;
  const a = makeArguments(p, failure);
  if (!a) return -failure.errno;
  const r = executeFirst(process, p, a);
  argumentsFree(a);
  if (r < 0) failProgram(failure, stringListAt(p.args, 0), r);
  return r;
}

/**
 * Makes a process of `c` that runs `p`, in a session and group of its own, not yet started; `own` is the container's process object, whose
 * capabilities are used when `p` has none. Null, with the failure told, when that cannot be.
 */
export function launch(c: Container, p: SpecProcess, own: SpecProcess, streams: Streams, failure: Failure): Process | null {
  const credentials = makeCredentials(p, own);
  if (!credentials) {
    fail(failure, Errno.ENOMEM, "out of memory");
    return null;
  }
  const process = processNew(c, null, credentials);
  credentialsRelease(credentials);
  if (!process) {
    const error = <i32>-creationError(c);
    fail(failure, error, error == Errno.EAGAIN ? "linux.resources.pids.limit: reached" : "out of memory");
    return null;
  }
  processLead(process);
  fpuReset(process.leader);
  if (prepare(process, p, streams, failure) == 0) return process;
  processDiscard(process);
  return null;
}
