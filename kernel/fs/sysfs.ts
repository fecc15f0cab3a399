// sysfs: nothing but nodes. See sysfs(5).

import { Container } from "../container/container";
import { put, Text } from "../lib/text";
import { Result } from "../result";
import { FileSystem, FileSystemKind, Inode } from "../vfs/inode";
import { registerFileSystem } from "../vfs/operations";
import { Mountable, MountableOptions, registerMountable } from "./mountable";
import { addDirectory, addNumber, addText, lookupNode, nextInNode, Node, openSynthetic, syntheticNew } from "./synthetic";

let sysRoot: Node = changetype<Node>(0);

function showCpus(text: Text, inode: Inode): Result {
  put(text, "0\n");
  return 0;
}

function showClockSource(text: Text, inode: Inode): Result {
  put(text, "tsc\n");
  return 0;
}

/** There are no transparent huge pages. */
function showHugePages(text: Text, inode: Inode): Result {
  put(text, "always madvise [never]\n");
  return 0;
}

function buildSysfs(): void {
  sysRoot = addDirectory(null, "", 0o555);
  addDirectory(sysRoot, "block", 0o755);
  addDirectory(sysRoot, "bus", 0o755);
  addDirectory(addDirectory(sysRoot, "class", 0o755), "net", 0o755);
  const system = addDirectory(addDirectory(sysRoot, "devices", 0o755), "system", 0o755);
  const cpu = addDirectory(system, "cpu", 0o755);
  addText(cpu, "online", showCpus);
  addText(cpu, "possible", showCpus);
  addText(cpu, "present", showCpus);
  addNumber(cpu, "kernel_max", 0);
  addDirectory(cpu, "cpu0", 0o755);
  const clock = addDirectory(addDirectory(system, "clocksource", 0o755), "clocksource0", 0o755);
  addText(clock, "available_clocksource", showClockSource);
  addText(clock, "current_clocksource", showClockSource);
  addDirectory(system, "node", 0o755);
  addDirectory(sysRoot, "firmware", 0o755);
  addDirectory(addDirectory(sysRoot, "fs", 0o755), "cgroup", 0o755);
  const memoryNode = addDirectory(addDirectory(sysRoot, "kernel", 0o755), "mm", 0o755);
  addDirectory(memoryNode, "hugepages", 0o755);
  const huge = addDirectory(memoryNode, "transparent_hugepage", 0o755);
  addText(huge, "enabled", showHugePages);
  addNumber(huge, "hpage_pmd_size", 2 << 20);
  addDirectory(sysRoot, "module", 0o755);
}

function makeSysfs(container: Container, options: MountableOptions): FileSystem | null {
  return syntheticNew(FileSystemKind.Sys, changetype<usize>(container), sysRoot);
}

/** To be called once at start-up. */
export function sysfsInit(): void {
  buildSysfs();
  registerFileSystem(FileSystemKind.Sys, lookupNode, nextInNode, null, null, openSynthetic, null, null);
  registerMountable(Mountable.Sysfs, makeSysfs);
}
