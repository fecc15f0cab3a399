// For tests/host.test.ts: booted in place of init, checks the host's system calls against docs/host-syscalls.md on the kernel itself, prints
// a line per check that fails and how many there were, and switches the machine off. With arguments it plays its own children.

import { Errno } from "../../kernel/errno";
import { toBytes } from "../lib/bytes";
import { address, addressOf, call, Call } from "../lib/call";
import {
  containerCreate,
  containerDelete,
  containerExec,
  containerKill,
  containerList,
  containerStart,
  containerState,
  containerWait,
} from "../lib/containers";
import * as files from "../lib/files";
import { complain } from "../lib/output";
import * as process from "../lib/process";
import { BAD_ADDRESS, checks, failures, holds, same } from "./check";
import { checkNetwork } from "./network";

const SELF: string = "/bin/init";
const PAGE: i64 = 4096;
const LONG: u32 = 4096;
const SECOND_NS: u64 = 1_000_000_000;

function checkConvention(): void {
  same(call(<Call>0, 0, 0, 0, 0, 0, 0), -Errno.ENOSYS, "call 0");
  same(call(<Call>62, 0, 0, 0, 0, 0, 0), -Errno.ENOSYS, "call 62");
  same(files.open("", 0), -Errno.ENOENT, "an empty path");
  same(files.open("a\0b", 0), -Errno.EINVAL, "a NUL in a path");
  same(files.open("x".repeat(LONG), 0), -Errno.ENAMETOOLONG, "a path of 4,096 bytes");
  same(call(Call.Open, BAD_ADDRESS, 3, 0, 0, 0, 0), -Errno.EFAULT, "a path at a bad address");
  same(files.open("/", 0o4000), -Errno.EINVAL, "an unknown flag");
}

function checkFiles(): void {
  const info = new files.Stat();
  const text = toBytes("0123456789");
  const p = changetype<usize>(text);
  const fd = <i32>files.open("/tmp/f", 2 | files.O_CREAT | files.O_EXCL, 0o640);
  same(fd, 3, "open takes the lowest number");
  same(files.open("/tmp/f", 2 | files.O_CREAT | files.O_EXCL), -Errno.EEXIST, "O_EXCL");
  same(files.writeAll(fd, p, 10), 0, "write");
  same(files.seek(fd, -4, 2), 6, "seek from the end");
  same(files.seek(fd, -7, 1), -Errno.EINVAL, "seek before the start");
  same(files.read(fd, p, 10), 4, "read to the end");
  same(load<u8>(p), 0x36, "what was read");
  same(files.read(fd, p, 10), 0, "read at the end");
  same(call(Call.Write, fd, BAD_ADDRESS, 4, 0, 0, 0), -Errno.EFAULT, "write from a bad address");
  same(call(Call.Resize, fd, 5000, 0, 0, 0, 0), 0, "resize");
  same(files.statDescriptor(fd, info), 0, "statDescriptor");
  same(info.size, 5000, "size");
  same(info.mode, files.S_IFREG | 0o640, "mode: there is no umask");
  same(files.close(fd), 0, "close");
  same(files.close(fd), -Errno.EBADF, "close again");
  same(files.rename("/tmp/f", "/tmp/g"), 0, "rename");
  same(files.makeLink("/tmp/g", "/tmp/h"), 0, "makeLink");
  same(files.makeSymlink("g", "/tmp/s"), 0, "makeSymlink");
  same(files.setMode("/tmp/s", 0o600), 0, "setMode follows");
  same(files.setOwner("/tmp/g", 7, 8), 0, "setOwner");
  same(files.setTimes("/tmp/g", 1, 2), 0, "setTimes");
  same(files.stat("/tmp/g", info), 0, "stat");
  holds(
    info.links == 2 && info.mode == (files.S_IFREG | 0o600) && info.uid == 7 && info.gid == 8 && info.modifyNs == 2,
    "what they changed",
  );
  same(files.stat("/tmp/s", info, false), 0, "stat of a symlink");
  holds(info.isSymlink && info.size == 1, "the symlink");
  const target = new StaticArray<u8>(1);
  const s = toBytes("/tmp/s");
  same(call(Call.ReadSymlink, addressOf(s), s.length, addressOf(target), 0, 0, 0), -Errno.ERANGE, "readSymlink without room");
  same(call(Call.ReadSymlink, addressOf(s), s.length, addressOf(target), 1, 0, 0), 1, "readSymlink");
  checkDirectories();
}

function checkDirectories(): void {
  same(files.makeDirectory("/tmp/d", 0o700), 0, "makeDirectory");
  same(files.makeNode("/tmp/d/fifo", files.S_IFIFO | 0o600, 0), 0, "makeNode");
  same(files.makeNode("/tmp/d/x", files.S_IFDIR | 0o600, 0), -Errno.EINVAL, "makeNode of a directory");
  same(files.remove("/tmp/d"), -Errno.ENOTEMPTY, "remove of a directory with content");
  same(files.setDirectory("/tmp/d"), 0, "setDirectory");
  holds(files.getDirectory() == "/tmp/d", "getDirectory");
  same(call(Call.GetDirectory, address(0), 1, 0, 0, 0, 0), -Errno.ERANGE, "getDirectory without room");
  same(files.setDirectory("fifo"), -Errno.ENOTDIR, "setDirectory to a FIFO");
  const names: string[] = [];
  same(files.listDirectory("/tmp", names), 0, "readDirectory");
  holds(names.join(" ") == "d g h s", `names: ${names.join(" ")}`);
  const fd = files.open("/tmp", files.O_DIRECTORY);
  same(call(Call.ReadDirectory, fd, BAD_ADDRESS, 8, 0, 0, 0), -Errno.EINVAL, "readDirectory without room");
  files.close(<i32>fd);
  same(files.remove("fifo"), 0, "remove of a relative path");
  same(files.setDirectory("/"), 0, "back to the root");
  for (let i = 0; i < names.length; i++) same(files.remove("/tmp/" + names[i]), 0, `remove of ${names[i]}`);
  same(files.remove("/tmp/g"), -Errno.ENOENT, "remove of nothing");
}

function checkMemoryAndTime(): void {
  const end = call(Call.Grow, 0, 0, 0, 0, 0, 0);
  same(end % PAGE, 0, "the data segment ends at a page");
  same(call(Call.Grow, 1, 0, 0, 0, 0, 0), -Errno.EINVAL, "grow by a byte");
  same(call(Call.Grow, (<u64>1) << 40, 0, 0, 0, 0, 0), -Errno.ENOMEM, "grow out of the range");
  same(call(Call.Grow, 0, 0, 0, 0, 0, 0), end, "a refused grow changes nothing");
  const started = process.monotonicTime();
  process.sleep(20_000_000);
  holds(process.monotonicTime() - started >= 20_000_000, "sleep");
  same(call(Call.Time, 2, 0, 0, 0, 0, 0), -Errno.EINVAL, "an unknown clock");
  same(call(Call.Poll, 0, 65, 0, 0, 0, 0), -Errno.EINVAL, "poll of 65");
  holds(!process.readable(0, 10_000_000), "nothing was typed");
  const entry = new StaticArray<u8>(8);
  store<i32>(changetype<usize>(entry), 99);
  same(call(Call.Poll, addressOf(entry), 1, 0, 0, 0, 0), 1, "poll of a bad descriptor");
  same(load<u16>(changetype<usize>(entry), 6), 32, "POLLNVAL");
}

/** Starts a child of this program and waits for it: its wait status. */
function child(role: string): i64 {
  const pid = process.spawn(SELF, [SELF, role], 0, 1, 2, false);
  if (pid < 0) return pid;
  const ended = process.wait(<u32>pid);
  same(ended >> 32, pid, "wait tells the pid");
  return ended & 0xffff_ffff;
}

function checkProcesses(): void {
  same(call(Call.GetPid, 0, 0, 0, 0, 0, 0), 1, "getpid");
  same(process.wait(0), -Errno.ECHILD, "wait without children");
  same(process.spawn("/bin/none", ["x"], 0, 1, 2, false), -Errno.ENOENT, "spawn of nothing");
  same(process.spawn("/mnt/busybox/rootfs/bin/busybox", ["x"], 0, 1, 2, false), -Errno.ENOEXEC, "spawn of a Linux program");
  same(process.spawn(SELF, ["x"], 0, 1, 77, false), -Errno.EBADF, "spawn with a bad descriptor");
  same(child("status"), 7 << 8, "exit code of a child");
  same(child("orphan"), 0, "a child that leaves a child");
  holds(process.wait(0) > 0, "the orphan came to process 1");
  same(child("fault"), 11, "a fault ends the process");
  const pid = <u32>process.spawn(SELF, [SELF, "sleep"], 0, 1, 2, false);
  same(process.wait(pid, process.WaitFlag.NoWait), -Errno.EAGAIN, "wait without waiting");
  same(process.kill(pid, 65), -Errno.EINVAL, "kill with signal 65");
  same(process.kill(pid, 15), 0, "kill");
  same(process.wait(pid), ((<i64>pid) << 32) | 15, "a killed child");
  same(process.kill(pid, 15), -Errno.ESRCH, "kill of nobody");
  same(process.kill(1, 9), -Errno.EPERM, "kill of process 1");
}

function checkMachine(): void {
  same(process.terminalMode(0, process.TerminalMode.Ask), 0, "the console is canonical");
  same(process.terminalMode(0, process.TerminalMode.Raw), 0, "the mode before raw");
  same(process.terminalMode(0, process.TerminalMode.Canonical), 1, "the mode before canonical");
  const fd = <i32>files.open("/bin", 0);
  same(process.terminalMode(fd, process.TerminalMode.Ask), -Errno.ENOTTY, "the mode of a directory");
  files.close(fd);
  holds(process.systemInformation().pageBytes == 4096, "systemInformation");
  const cursor = new process.Cursor();
  const buffer = new StaticArray<u8>(8192);
  let log = "";
  for (let piece = process.readLog(cursor, buffer); piece != ""; piece = process.readLog(cursor, buffer)) log += piece;
  holds(log.startsWith("[") && log.endsWith("\n"), "the log is whole lines");
  holds(log.includes("is ended by signal 11"), "the log tells of the fault");
  const fresh = new process.Cursor();
  same(call(Call.Log, fresh.address, addressOf(buffer), 4, 0, 0, 0), -Errno.ERANGE, "a log line without room");
  same(call(Call.Power, 9, 0, 0, 0, 0, 0), -Errno.EINVAL, "an unknown way to end");
}

function checkContainers(): void {
  const bundle = "/mnt/busybox";
  same(containerCreate("-c", bundle, false), -Errno.EINVAL, "an id that begins with -");
  same(containerCreate("c", "mnt/busybox", false), -Errno.EINVAL, "a relative bundle");
  same(containerCreate("c", "/mnt/none", false), -Errno.ENOENT, "no bundle");
  same(containerCreate("c", bundle, true), 0, "create");
  same(containerCreate("c", bundle, true), -Errno.EEXIST, "create again");
  same(containerWait("c", 0, 0), -Errno.EBUSY, "wait for a container that was not started");
  same(containerDelete("c", false), -Errno.EBUSY, "delete of a created container");
  same(containerExec("c", ["true"], false), -Errno.EBUSY, "exec in a created container");
  same(containerStart("c", false), 1, "start");
  same(containerStart("c", false), -Errno.EBUSY, "start again");
  const state = containerState("c");
  holds(state !== null && state.includes('"status":"running"'), "state");
  same(containerWait("c", 0, process.WaitFlag.NoWait), -Errno.EAGAIN, "wait without waiting for a container");
  same(containerWait("c", 99, 0), -Errno.ECHILD, "wait for no process");
  const pid = <u32>containerExec("c", ["sh", "-c", "exit 3"], false);
  same(containerWait("c", pid, 0), 3 << 8, "exit code of exec");
  same(containerWait("c", pid, 0), -Errno.ECHILD, "wait for exec again");
  same(containerExec("c", ["none"], false), -Errno.ENOENT, "exec of nothing");
  same(containerKill("c", 65, false), -Errno.EINVAL, "signal 65");
  same(containerKill("c", 9, false), 0, "kill of a container");
  same(containerWait("c", 0, 0), 9, "wait for a container");
  same(containerList().length, 1, "list");
  same(containerDelete("c", false), 0, "delete");
  same(containerDelete("c", false), -Errno.ENOENT, "delete again");
  same(containerList().length, 0, "list of none");
}

/** What a child does: its exit code. */
function play(role: string): i32 {
  if (role == "status") return 7;
  if (role == "fault") return load<u8>(0xffff_0000);
  if (role == "orphan") process.spawn(SELF, [SELF, "short"], 0, 1, 2, false);
  else if (role == "short") process.sleep(SECOND_NS / 10);
  else process.sleep(1000 * SECOND_NS);
  return 0;
}

/** Writes `text` to a new file. */
function write(path: string, text: string): void {
  const bytes = toBytes(text);
  const fd = <i32>files.open(path, files.O_WRONLY | files.O_CREAT | files.O_TRUNC, 0o644);
  files.writeAll(fd, changetype<usize>(bytes), bytes.length);
  files.close(fd);
}

function contentIs(path: string, text: string, what: string): void {
  const content = files.readFile(path, 100);
  holds(content !== null && content == text, what);
}

function checkTrees(): void {
  for (let i = 1; i <= 3; i++) files.makeDirectory(`/tmp/t${i}`);
  const info = new files.Stat();
  same(files.mountTree("", "/tmp/t1"), 0, "an empty tree");
  write("/tmp/t1/a", "one");
  write("/tmp/t1/b", "one");
  same(files.sealTree("/tmp/t1/a"), -Errno.ENOTDIR, "seal a file");
  same(files.sealTree("/tmp/t2"), -Errno.EINVAL, "seal no tree");
  same(files.sealTree("/tmp/t1"), 0, "seal");
  same(files.remove("/tmp/t1/a"), -Errno.EROFS, "remove in a sealed tree");
  same(files.mountTree("/none", "/tmp/t2"), -Errno.ENOENT, "over nothing");
  same(files.mountTree("/tmp", "/tmp/t2"), -Errno.EINVAL, "over what it is in");
  same(files.mountTree("/tmp/t1", "/tmp/t2"), 0, "a tree over another");
  same(files.unmountTree("/tmp/t1"), -Errno.EBUSY, "unmount what a tree stands on");
  same(files.remove("/tmp/t2/a"), 0, "remove what is below");
  write("/tmp/t2/b", "two");
  same(files.setAttribute("/tmp/t2/b", "security.x", "value"), 0, "an attribute");
  same(files.setAttribute("/tmp/t2/b", "system.x", "value"), -Errno.EOPNOTSUPP, "an attribute of an unknown kind");
  same(files.setAttribute("/tmp/t2/b", "security.capability", "value"), -Errno.EINVAL, "malformed capabilities");
  same(files.setAttribute("/tmp/t2/b", "user." + "x".repeat(256), ""), -Errno.ERANGE, "an attribute's name too long");
  same(files.mountTree("/tmp/t2", "/tmp/t3"), 0, "a third tree");
  same(files.stat("/tmp/t3/a", info), -Errno.ENOENT, "removed in the middle");
  contentIs("/tmp/t3/b", "two", "changed in the middle");
  contentIs("/tmp/t1/a", "one", "the lowest is as it was");
  same(files.rename("/tmp/t3", "/tmp/t4"), -Errno.EBUSY, "rename a tree");
  same(files.makeDirectory("/tmp/above"), 0, "a directory for trees");
  same(files.unmountTree("/tmp/t3"), 0, "unmount the highest");
  same(files.unmountTree("/tmp/t3"), -Errno.EINVAL, "unmount it again");
  files.makeDirectory("/tmp/above/tree");
  same(files.mountTree("/tmp/t2", "/tmp/above/tree"), 0, "a tree in a directory");
  same(files.rename("/tmp/above", "/tmp/moved"), 0, "which moves with it");
  contentIs("/tmp/moved/tree/b", "two", "there it is");
  const open = files.open("/tmp/moved/tree/b", files.O_RDONLY);
  same(files.unmountTree("/tmp/moved/tree"), -Errno.EBUSY, "unmount what is open");
  files.close(<i32>open);
  same(files.unmountTree("/tmp/moved/tree"), 0, "unmount what was open");
  const child = process.spawn(SELF, [SELF, "root", "/tmp/t2"], 0, 1, 2, false);
  same(process.wait(<u32>child) & 0xffffffff, 0, "a program in a root of its own");
  same(files.unmountTree("/tmp/t2"), 0, "unmount the second");
  same(files.unmountTree("/tmp/t1"), 0, "unmount the first");
  same(files.stat("/tmp/t1/a", info), -Errno.ENOENT, "and all is gone");
  // As deep as it goes.
  let made = 0;
  for (; made < 200; made++) {
    files.makeDirectory(`/tmp/d${made}`);
    if (files.mountTree(made == 0 ? "" : `/tmp/d${made - 1}`, `/tmp/d${made}`) < 0) break;
    if (made == 0) write("/tmp/d0/deep", "deep");
  }
  same(made, 128, "trees on each other");
  contentIs("/tmp/d127/deep", "deep", "through 128 trees");
  for (let i = made - 1; i >= 0; i--) files.unmountTree(`/tmp/d${i}`);
}

/** The child of checkTrees: status 0 when there is no way out of `root`. */
function insideRoot(root: string): i32 {
  const info = new files.Stat();
  if (files.setRoot(root) != 0 || files.getDirectory() != "/") return 1;
  if (files.stat("/../../tmp", info) != -Errno.ENOENT || files.stat("/b", info) != 0) return 2;
  files.makeSymlink("/../b", "/link");
  return files.stat("/link", info) == 0 ? 0 : 3;
}

export function main(): i32 {
  const words = process.programArguments();
  if (words.length == 3) return insideRoot(words[2]);
  if (words.length > 1) return play(words[1]);
  checkConvention();
  checkFiles();
  checkTrees();
  checkMemoryAndTime();
  checkProcesses();
  checkMachine();
  checkNetwork();
  checkContainers();
  complain(`\n${checks} checks, ${failures} failed`);
  process.power(process.PowerAction.Off);
  return 1;
}
