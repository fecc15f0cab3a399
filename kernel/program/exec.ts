// Putting a new program into a process (execve(2)). Everything that can fail is done on a new address space while the old program is still
// whole; then one step without failure switches over.

import { fpuRestore, writeFsBase, writeUserGsBase } from "../../shim/isa";
import { Errno } from "../errno";
import * as elf from "./elf";
import { PAGE_SIZE } from "../mm/frame";
import { cstringLength } from "../lib/bytes";
import { mapRegion } from "../mm/map";
import { AddressSpace, spaceLoad, spaceNew, spaceRelease, WRITE_EXECUTE_ALONE } from "../mm/space";
import { spaceAwake } from "../mm/trim";
import { USER_END } from "../mm/user";
import { VmaFlag } from "../mm/vma";
import { randomBytes } from "../random";
import { Result } from "../result";
import { capable, Capability, Credentials, credentialsRelease } from "../task/credentials";
import { credentialsCommit } from "../task/identity";
import { processTimersExec } from "../task/itimer";
import { becomeLeader, endOtherThreads, fpuReset, programSet, vforkDone } from "../task/lifecycle";
import { LimitKind, softLimit } from "../task/limits";
import { actionsCopy, actionsRelease, actionsResetForExec, actionsRetain, SignalActions } from "../task/signal";
import { current, EntryWork, NEVER, parkUninterruptible, Thread } from "../task/thread";
import { childQueue } from "../task/process";
import { fdCloseForExec } from "../vfs/fdtable";
import { FsContext, Inode, isRegular, isSymlink, Mount, MountFlag, Path } from "../vfs/inode";
import { permission, Want } from "../vfs/permission";
import { inodeRead } from "../vfs/regular";
import { pathRelease, walk, WalkFlag } from "../vfs/walk";
import { Arguments, argumentsReplaceFirst } from "./arguments";
import { credentialsForExec, execIsSecure, execPersonalityMask } from "./privileges";
import { buildStack, ProgramFacts } from "./stack";

/** Interpreters of interpreters (Linux: BINPRM recursion of 5). */
const SCRIPT_DEPTH: u32 = 5;
const SCRIPT_LINE: u32 = 256;
/** Where a program that can stand anywhere is put: two thirds up the address space, as Linux does, plus randomness. */
const MOVABLE_BASE: u64 = 0x5555_5555_4000;

const SIGCHLD: u32 = 17;
/** Linux's _STK_LIM. */
const SECURE_STACK_BYTES: u64 = 8 << 20;
/** Bits of Process.personality (personality(2)): addresses are the same every time; page 0 can be read; what can be read can be executed. */
const ADDR_NO_RANDOMIZE: u32 = 0x0040000;
const MMAP_PAGE_ZERO: u32 = 0x0100000;
const READ_IMPLIES_EXEC: u32 = 0x0400000;

const line = memory.data(256, 16);
/** Room for a path, and for the descriptor that it is below. */
const NAME_BYTES: u32 = 4096 + 32;
const nameBuffer = memory.data(NAME_BYTES, 16);
/** The name execve was given: AT_EXECFN and comm. */
const givenName = memory.data(NAME_BYTES, 16);
/** A descriptor alone was given: comm is the name of its file. */
let namedByEntry: bool = false;
const interpreterName = memory.data(4096, 16);
const facts = changetype<ProgramFacts>(memory.data(48, 8));
const place = changetype<Path>(memory.data(8, 8));
const interpreterPlace = changetype<Path>(memory.data(8, 8));
const random = memory.data(16, 8);

/** Checks that what a path led to may be run: 0, -ELOOP or -EACCES. */
function mayExecute(at: Path, c: Credentials): Result {
  const inode = at.entry.inode!;
  if (isSymlink(inode)) return -Errno.ELOOP; // a path that was not to be followed
  if (!isRegular(inode) || at.mount.flags & MountFlag.NoExec) return -Errno.EACCES;
  return permission(inode, c, Want.Execute);
}

/** Finds the program `name` (length without NUL) from `base`; fills `at`. 0, or walk's errors, or -EACCES. */
function findProgram(at: Path, context: FsContext, c: Credentials, base: Path | null, name: usize, length: u32, flags: u32): Result {
  let r = walk(at, context, c, base, name, length, flags);
  if (r < 0) return r;
  r = mayExecute(at, c);
  if (r < 0) pathRelease(at);
  return r;
}

@inline
function isBlank(c: u8): bool {
  return c == 0x20 || c == 0x09;
}

/**
 * Handles `#!` in the first `bytes` bytes of `line`: puts the interpreter, its argument and `name` in front of the arguments, and the
 * interpreter's path into nameBuffer. Returns the path's length, 0 when this is no script, or an error.
 */
function script(a: Arguments, bytes: u32, nameLength: u32): Result {
  if (bytes < 2 || load<u8>(line) != 0x23 || load<u8>(line, 1) != 0x21) return 0;
  let end: u32 = 2;
  while (end < bytes && load<u8>(line + end) != 0x0a && load<u8>(line + end) != 0) end++;
  if (end == SCRIPT_LINE) end--; // a longer line is cut (execve(2))
  while (end > 2 && isBlank(load<u8>(line + end - 1))) end--;
  let from: u32 = 2;
  while (from < end && isBlank(load<u8>(line + from))) from++;
  if (from == end) return -Errno.ENOEXEC;
  let pathEnd = from;
  while (pathEnd < end && !isBlank(load<u8>(line + pathEnd))) pathEnd++;
  let argument = pathEnd;
  while (argument < end && isBlank(load<u8>(line + argument))) argument++;

  // interpreter NUL [argument NUL] script NUL
  const length = pathEnd - from;
  memory.copy(interpreterName, line + from, length);
  store<u8>(interpreterName + length, 0);
  let n = length + 1;
  let count: u32 = 2;
  if (argument < end) {
    memory.copy(interpreterName + n, line + argument, end - argument);
    n += end - argument;
    store<u8>(interpreterName + n, 0);
    n++;
    count++;
  }
  if (n + nameLength + 1 > 4096) return -Errno.ENAMETOOLONG;
  memory.copy(interpreterName + n, nameBuffer, nameLength + 1);
  const r = argumentsReplaceFirst(a, interpreterName, n + nameLength + 1, count);
  if (r < 0) return r;
  memory.copy(nameBuffer, line + from, length);
  store<u8>(nameBuffer + length, 0);
  return length;
}

/** Opens the dynamic linker that the program names; fills interpreterPlace. */
function findInterpreter(context: FsContext, c: Credentials, inode: Inode): Result {
  const bytes = <u32>elf.interpreterBytes;
  if (inodeRead(inode, elf.interpreterOffset, interpreterName, bytes) != bytes) return -Errno.EIO;
  if (load<u8>(interpreterName + bytes - 1) != 0) return -Errno.ENOEXEC;
  return findProgram(interpreterPlace, context, c, null, interpreterName, bytes - 1, WalkFlag.Follow);
}

/** A random number of pages below 2^bits, in bytes; 0 for a program that wants none. */
function randomPages(bits: u64): u64 {
  if (facts.fixed) return 0;
  randomBytes(random, 8);
  return (load<u64>(random) & (((<u64>1) << bits) - 1)) << 12;
}

/**
 * Where the segments read last go: 0 for a program with fixed addresses. A dynamic linker, and what has none (a static PIE, or a dynamic linker
 * that is run itself), stands among the mappings, so that it does not take the place of what it loads.
 */
function chooseBias(isInterpreter: bool, space: AddressSpace): u64 {
  if (!elf.isDynamic) return 0;
  const alignment = elf.loadAlignment();
  if (isInterpreter || elf.interpreterBytes == 0) {
    const bytes = elf.highest - elf.lowest;
    return ((space.mmapTop - bytes) & ~(alignment - 1)) - elf.lowest;
  }
  return ((MOVABLE_BASE + randomPages(24)) & ~(alignment - 1)) - elf.lowest;
}

/** Finds the interpreter, maps both into `space` and fills `facts`: the address to start at, or an error. */
function mapAll(space: AddressSpace, context: FsContext, c: Credentials): Result {
  const inode = place.entry.inode!;
  const named = elf.interpreterBytes != 0;
  if (named) {
    const r = findInterpreter(context, c, inode);
    if (r < 0) return r;
  }
  const r = mapBoth(space, inode, named);
  if (named) pathRelease(interpreterPlace);
  return r;
}

function mapBoth(space: AddressSpace, inode: Inode, named: bool): Result {
  if (!elf.hasSegments()) return -Errno.ENOEXEC;
  let bias = chooseBias(false, space);
  facts.headers = elf.headersAddress == 0 ? 0 : elf.headersAddress + bias;
  facts.headerCount = elf.segmentCount;
  facts.entry = elf.entryOffset + bias;
  facts.interpreterBase = 0;
  let r = elf.mapProgram(space, inode, place.entry, bias, false);
  if (r < 0) return r;
  // The heap has no room to grow among the mappings.
  if (elf.isDynamic && !named && !facts.fixed) space.brkStart = MOVABLE_BASE;
  space.brkStart += randomPages(13);
  space.brk = space.brkStart;
  if (!named) return <Result>facts.entry;
  const interpreter = interpreterPlace.entry.inode!;
  r = interpreter.size < elf.HEADER_BYTES ? -Errno.EIO : elf.readProgram(interpreter);
  if (r >= 0 && !elf.hasSegments()) r = -Errno.ENOEXEC;
  if (r >= 0) {
    bias = chooseBias(true, space);
    r = elf.mapProgram(space, interpreter, interpreterPlace.entry, bias, true);
    facts.interpreterBase = elf.lowest + bias;
    if (r >= 0) r = <Result>(elf.entryOffset + bias);
  } else if (r == -Errno.ENOEXEC) r = -Errno.ELIBBAD;
  return r;
}

/**
 * Replaces the program of thread `t`'s process. `name` (length without NUL) is looked up from `base` (null: the working directory) with
 * walk flags `flags`; `a` holds arguments and environment and stays the caller's. When `t` is not the current thread its process must have no
 * program yet (the first program of a container). A name below a descriptor is shown to the program and its interpreter as `shown`; when the
 * descriptor will be closed (`vanishes`) no interpreter finds it: -ENOENT. 0, or an error that leaves the old program untouched; BLOCKED while
 * other threads end.
 */
export function execute(
  t: Thread,
  base: Path | null,
  name: usize,
  length: u32,
  flags: u32,
  a: Arguments,
  shown: usize = 0,
  shownLength: u32 = 0,
  vanishes: bool = false,
): Result {
  const process = t.process;
  const context = process.paths!;
  const c = t.credentials;
  memory.copy(nameBuffer, name, length);
  store<u8>(nameBuffer + length, 0);
  namedByEntry = shown != 0 && length == 0;
  let r = findProgram(place, context, c, base, nameBuffer, length, flags);
  if (r < 0) return r;
  if (shown != 0) {
    length = shownLength;
    memory.copy(nameBuffer, shown, length + 1);
  }
  const givenLength = length;
  memory.copy(givenName, nameBuffer, length + 1);
  for (let depth: u32 = 0; ; depth++) {
    const inode = place.entry.inode!;
    if (inode.writers > 0) r = -Errno.ETXTBSY;
    else {
      memory.fill(line, 0, SCRIPT_LINE);
      r = script(a, inodeRead(inode, 0, line, SCRIPT_LINE), length);
    }
    if (r > 0 && vanishes) r = -Errno.ENOENT;
    if (r <= 0) break;
    length = <u32>r;
    pathRelease(place);
    if (depth == SCRIPT_DEPTH) return -Errno.ELOOP;
    r = findProgram(place, context, c, null, nameBuffer, length, WalkFlag.Follow);
    if (r < 0) return r;
  }
  if (r == 0) r = elf.readProgram(place.entry.inode!);
  if (r >= 0 && t == current && !endOtherThreads(process, t)) r = parkUninterruptible(childQueue(process), NEVER);
  if (r >= 0) r = replace(t, a, givenLength);
  pathRelease(place);
  return r;
}

/** The part of execute that builds the new address space and switches to it. */
function replace(t: Thread, a: Arguments, nameLength: u32): Result {
  const process = t.process;
  const space = spaceNew(process.container);
  if (!space) return -Errno.ENOMEM;
  const old = process.space;
  if (old && (old.writeExecute & WRITE_EXECUTE_ALONE) == 0) space.writeExecute = old.writeExecute;
  if (old) space.mergesEqual = old.mergesEqual;
  const made = credentialsForExec(t, place.mount, place.entry.inode!);
  if (made < 0) {
    spaceRelease(space);
    return made;
  }
  facts.host = process.host;
  facts.fixed = (process.personality & ~execPersonalityMask & ADDR_NO_RANDOMIZE) != 0;
  const stackLimit = min<u64>(max<u64>(softLimit(process, LimitKind.Stack), 128 << 20), (USER_END / 6) * 5);
  const stackRandom: u64 = facts.fixed ? 0 : (<u64>16) << 30;
  space.mmapTop = (USER_END - stackLimit - stackRandom - randomPages(28)) & ~(<u64>PAGE_SIZE - 1);
  const credentials = changetype<Credentials>(<usize>made);
  // Handlers do not outlive their program; who shares them (CLONE_SIGHAND) keeps its own.
  const actions = process.actions.refs > 1 ? actionsCopy(process.actions) : actionsRetain(process.actions);
  if (!actions) {
    credentialsRelease(credentials);
    spaceRelease(space);
    return -Errno.ENOMEM;
  }
  facts.secure = execIsSecure ? 1 : 0;
  let start = mapAll(space, process.paths!, t.credentials);
  let stack: Result = 0;
  if (start >= 0) {
    stack = buildStack(space, a, facts, changetype<usize>(givenName), nameLength + 1, credentials, elf.executableStack);
    if (stack < 0) start = stack;
  }
  // As mmap(2) would: page 0 is for the privileged, and nobody is told that it is not there.
  const showsZero = (process.personality & ~execPersonalityMask & MMAP_PAGE_ZERO) != 0 && capable(credentials, Capability.SysRawio);
  if (start >= 0 && showsZero) mapRegion(space, 0, PAGE_SIZE, VmaFlag.Read | VmaFlag.Execute, null, 0, null);
  if (start < 0) {
    actionsRelease(actions);
    credentialsRelease(credentials);
    spaceRelease(space);
    return start;
  }
  commit(t, space, credentials, actions, place.mount, <u64>start, <u64>stack);
  return 0;
}

/** Cannot fail: the process is the new program from here on. */
function commit(
  t: Thread,
  space: AddressSpace,
  credentials: Credentials,
  actions: SignalActions,
  mount: Mount,
  start: u64,
  stack: u64,
): void {
  const process = t.process;
  const old = process.space;
  process.space = space;
  if (t == current) {
    spaceAwake(space);
    spaceLoad(space);
  }
  if (old) {
    process.maxPages = max(process.maxPages, old.maxPages);
    spaceRelease(old);
  }
  vforkDone(process);
  becomeLeader(t);
  if (process.files) fdCloseForExec(process.files!);
  actionsRelease(process.actions);
  process.actions = actions;
  actionsResetForExec(actions);
  processTimersExec(process);
  process.dumpable = credentials.uid == credentials.euid && credentials.gid == credentials.egid && isReadable(t);
  if (execIsSecure) becomeSecure(t);
  // Linux takes READ_IMPLIES_EXEC from every 64-bit program.
  process.personality &= ~(execPersonalityMask | READ_IMPLIES_EXEC);
  credentialsCommit(t, credentials);
  programSet(process, mount, place.entry);
  setName(t);
  process.executed = true;
  process.exitSignal = SIGCHLD;

  memory.fill(changetype<usize>(t) + offsetof<Thread>("r15"), 0, offsetof<Thread>("call") - offsetof<Thread>("r15"));
  t.rip = start;
  t.rsp = stack;
  t.cs = 0x33;
  t.ss = 0x2b;
  t.rflags = 0x202;
  t.fullReturn = 1;
  t.fsBase = 0;
  t.gsBase = 0;
  t.altStack = 0;
  t.altStackBytes = 0;
  t.altStackFlags = 2;
  t.clearTid = 0;
  t.robustList = 0;
  t.rseq = 0;
  t.entry &= ~EntryWork.UserDispatch;
  fpuReset(t);
  if (t == current) {
    fpuRestore(t.fpu);
    writeFsBase(0);
    writeUserGsBase(0);
  }
}

/** A program that its user may not read shows nobody its memory. */
function isReadable(t: Thread): bool {
  return permission(place.entry.inode!, t.credentials, Want.Read) == 0;
}

/** What a program with more privileges than its user's must not take over: the parent's signal, and a stack without bounds. */
function becomeSecure(t: Thread): void {
  t.parentDeathSignal = 0;
  const soft = t.process.limits + ((<usize>LimitKind.Stack) << 4);
  store<u64>(soft, min<u64>(load<u64>(soft), SECURE_STACK_BYTES));
}

/** comm: the last component of the name execve was given, 15 bytes at most. */
function setName(t: Thread): void {
  const entry = place.entry;
  let from = namedByEntry ? entry.name : givenName;
  const end = from + (namedByEntry ? entry.nameLength : cstringLength(givenName));
  for (let p = from; p + 1 < end && !namedByEntry; p++) if (load<u8>(p) == 0x2f) from = p + 1;
  const to = changetype<usize>(t) + offsetof<Thread>("name0");
  t.name0 = 0;
  t.name1 = 0;
  memory.copy(to, from, min<usize>(end - from, 15));
}
