// Brings the open files up, and the file systems that are nothing but text: what each of them registers.

import { cgroupInit } from "../fs/cgroupfs";
import { memoryDevicesInit } from "../fs/devices";
import { devptsInit } from "../fs/devpts";
import { procfsInit } from "../fs/procfs";
import { shownInit } from "../fs/shown";
import { syntheticInit } from "../fs/synthetic";
import { sysfsInit } from "../fs/sysfs";
import { socketsInit } from "../net/transfer";
import { epollInit } from "./epoll";
import { eventFdInit } from "./eventfd";
import { fileInit } from "./file";
import { inotifyInit } from "./inotify";
import { lockInit } from "./lock";
import { namelessInit } from "./nameless";
import { pipeFilesInit } from "./pipefile";
import { pollInit } from "./poll";
import { timerFileInit } from "./timerfd";

/** To be called once at start-up, with the heap ready. Returns false when memory is short. */
export function openFilesInit(): bool {
  fileInit();
  pollInit();
  lockInit();
  pipeFilesInit();
  epollInit();
  eventFdInit();
  timerFileInit();
  inotifyInit();
  socketsInit();
  memoryDevicesInit();
  syntheticInit();
  procfsInit();
  sysfsInit();
  cgroupInit();
  devptsInit();
  shownInit();
  return namelessInit();
}
