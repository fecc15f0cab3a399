// Brings the open files up: what each kind of file registers.

import { memoryDevicesInit } from "../fs/devices";
import { fileInit } from "./file";
import { lockInit } from "./lock";
import { namelessInit } from "./nameless";
import { pipeFilesInit } from "./pipefile";
import { pollInit } from "./poll";

/** To be called once at start-up, with the heap ready. Returns false when memory is short. */
export function openFilesInit(): bool {
  fileInit();
  pollInit();
  lockInit();
  pipeFilesInit();
  memoryDevicesInit();
  return namelessInit();
}
