// /proc/sys: settings of the kernel, read-only here. Values are Linux's defaults where they are promises to programs, and this kernel's own
// bounds where they are facts. See proc(5), sysctl(8).

import { MESSAGE_MAX, QUEUE_BYTES_DEFAULT } from "../ipc/message";
import { MQUEUE_MESSAGE_BYTES, MQUEUE_MESSAGES, MQUEUES_MAX } from "../ipc/mqueue";
import { SEGMENT_BYTES_MAX } from "../ipc/segment";
import { OPERATIONS_MAX, SEMAPHORES_MAX, SEMAPHORES_PER_SET } from "../ipc/semaphore";
import { MESSAGE_QUEUES_MAX, SEGMENTS_MAX, SEMAPHORE_SETS_MAX } from "../ipc/table";
import { put, putByte, putCstring, putHex, putUnsigned, Text } from "../lib/text";
import { KERNEL_RELEASE, KERNEL_VERSION, SYSTEM_NAME } from "../release";
import { randomBytes } from "../random";
import { BACKLOG_MAX, BUFFER_DEFAULT, BUFFER_MAX } from "../net/socket";
import { DATAGRAMS_MAX } from "../net/unix/unix";
import { Result } from "../result";
import { CAPABILITY_LAST } from "../task/credentials";
import { PID_MAX } from "../task/pids";
import { DESCRIPTORS_MAX } from "../vfs/fdtable";
import { Inode } from "../vfs/inode";
import { containerOf } from "./procsubject";
import { addDirectory, addNumber, addText, Node } from "./synthetic";

const bootId = memory.data(16, 8);
const uuid = memory.data(16, 8);

/** Appends 16 bytes as a version 4 UUID (RFC 9562). */
function putUuid(text: Text, p: usize): void {
  store<u8>(p, (load<u8>(p, 6) & 0x0f) | 0x40, 6);
  store<u8>(p, (load<u8>(p, 8) & 0x3f) | 0x80, 8);
  for (let i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) putByte(text, 0x2d);
    putHex(text, load<u8>(p + i), 2);
  }
  putByte(text, 0x0a);
}

function showBootId(text: Text, inode: Inode): Result {
  if (load<u64>(bootId) == 0) randomBytes(bootId, 16);
  putUuid(text, bootId);
  return 0;
}

function showUuid(text: Text, inode: Inode): Result {
  randomBytes(uuid, 16);
  putUuid(text, uuid);
  return 0;
}

/** A name of the container; what Linux says when it was never set. */
function putName(text: Text, name: usize): Result {
  if (name == 0 || load<u8>(name) == 0) put(text, "(none)");
  else putCstring(text, name);
  putByte(text, 0x0a);
  return 0;
}

function showHostname(text: Text, inode: Inode): Result {
  return putName(text, containerOf(inode).hostname);
}

function showDomainname(text: Text, inode: Inode): Result {
  return putName(text, containerOf(inode).domainname);
}

function showType(text: Text, inode: Inode): Result {
  put(text, SYSTEM_NAME);
  putByte(text, 0x0a);
  return 0;
}

function showRelease(text: Text, inode: Inode): Result {
  put(text, KERNEL_RELEASE);
  putByte(text, 0x0a);
  return 0;
}

function showKernelVersion(text: Text, inode: Inode): Result {
  put(text, KERNEL_VERSION);
  putByte(text, 0x0a);
  return 0;
}

/** What dumps would be called; none is ever written. */
function showCorePattern(text: Text, inode: Inode): Result {
  put(text, "core\n");
  return 0;
}

/** SEMMSL, SEMMNS, SEMOPM and SEMMNI. */
function showSemaphoreLimits(text: Text, inode: Inode): Result {
  putUnsigned(text, SEMAPHORES_PER_SET);
  putByte(text, 0x09);
  putUnsigned(text, SEMAPHORES_MAX);
  putByte(text, 0x09);
  putUnsigned(text, OPERATIONS_MAX);
  putByte(text, 0x09);
  putUnsigned(text, SEMAPHORE_SETS_MAX);
  putByte(text, 0x0a);
  return 0;
}

/** Makes the nodes under /proc/sys. */
export function addSysctls(sys: Node): void {
  const kernel = addDirectory(sys, "kernel");
  addNumber(kernel, "cap_last_cap", CAPABILITY_LAST);
  addText(kernel, "core_pattern", showCorePattern);
  addText(kernel, "domainname", showDomainname);
  addText(kernel, "hostname", showHostname);
  addNumber(kernel, "io_uring_disabled", 2);
  addNumber(kernel, "msgmax", MESSAGE_MAX);
  addNumber(kernel, "msgmnb", QUEUE_BYTES_DEFAULT);
  addNumber(kernel, "msgmni", MESSAGE_QUEUES_MAX);
  addNumber(kernel, "ngroups_max", 65536);
  addText(kernel, "osrelease", showRelease);
  addText(kernel, "ostype", showType);
  addNumber(kernel, "overflowgid", 65534);
  addNumber(kernel, "overflowuid", 65534);
  addNumber(kernel, "pid_max", PID_MAX);
  addNumber(kernel, "randomize_va_space", 2);
  addText(kernel, "sem", showSemaphoreLimits);
  addNumber(kernel, "shmall", SEGMENT_BYTES_MAX);
  addNumber(kernel, "shmmax", SEGMENT_BYTES_MAX);
  addNumber(kernel, "shmmni", SEGMENTS_MAX);
  addNumber(kernel, "tainted", 0);
  addNumber(kernel, "threads-max", PID_MAX);
  addText(kernel, "version", showKernelVersion);
  const random = addDirectory(kernel, "random");
  addText(random, "boot_id", showBootId);
  addNumber(random, "entropy_avail", 256);
  addNumber(random, "poolsize", 256);
  addText(random, "uuid", showUuid);

  const fs = addDirectory(sys, "fs");
  addNumber(fs, "file-max", i64.MAX_VALUE);
  addNumber(fs, "nr_open", DESCRIPTORS_MAX);
  addNumber(fs, "pipe-max-size", 1 << 20);

  const mqueue = addDirectory(fs, "mqueue");
  addNumber(mqueue, "msg_default", MQUEUE_MESSAGES);
  addNumber(mqueue, "msg_max", MQUEUE_MESSAGES);
  addNumber(mqueue, "msgsize_default", MQUEUE_MESSAGE_BYTES);
  addNumber(mqueue, "msgsize_max", MQUEUE_MESSAGE_BYTES);
  addNumber(mqueue, "queues_max", MQUEUES_MAX);

  const vm = addDirectory(sys, "vm");
  addNumber(vm, "max_map_count", 65530);
  addNumber(vm, "mmap_min_addr", 65536);
  addNumber(vm, "overcommit_memory", 1);
  addNumber(vm, "overcommit_ratio", 50);
  addNumber(vm, "swappiness", 60);

  const net = addDirectory(sys, "net");
  const core = addDirectory(net, "core");
  addNumber(core, "rmem_default", BUFFER_DEFAULT);
  addNumber(core, "rmem_max", BUFFER_MAX);
  addNumber(core, "somaxconn", BACKLOG_MAX);
  addNumber(core, "wmem_default", BUFFER_DEFAULT);
  addNumber(core, "wmem_max", BUFFER_MAX);
  addNumber(addDirectory(net, "unix"), "max_dgram_qlen", DATAGRAMS_MAX);
}
