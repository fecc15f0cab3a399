// The memory devices: null(4), zero, full(4), random(4), urandom. Their numbers are Linux's (major 1).

import { Result } from "../result";
import { File, FileKind } from "../vfs/inode";
import { registerCharacterDevice } from "../vfs/operations";

const MEMORY_MAJOR: u32 = 1;

function openNull(file: File): Result {
  file.kind = FileKind.Null;
  return 0;
}

function openZero(file: File): Result {
  file.kind = FileKind.Zero;
  return 0;
}

function openFull(file: File): Result {
  file.kind = FileKind.Full;
  return 0;
}

function openRandom(file: File): Result {
  file.kind = FileKind.Random;
  return 0;
}

/** To be called once at start-up. */
export function memoryDevicesInit(): void {
  registerCharacterDevice(MEMORY_MAJOR, 3, 3, openNull);
  registerCharacterDevice(MEMORY_MAJOR, 5, 5, openZero);
  registerCharacterDevice(MEMORY_MAJOR, 7, 7, openFull);
  registerCharacterDevice(MEMORY_MAJOR, 8, 9, openRandom);
}
