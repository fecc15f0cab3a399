// What the boot loader put into memory beside the kernel: first the boot archive, then any files, with their names. They stay where they are,
// and the frame allocator leaves them out.

const MODULES_MAX: u32 = 64;
const NAME_MAX: u32 = 255;

@unmanaged
class Module {
  start: u64;
  bytes: u64;
  /** Offset of its name among `names`. */
  name: u32;
  nameLength: u32;
}
const MODULE_BYTES: u32 = 24;

const table = memory.data(64 * 24, 8);
const names = memory.data(8192, 8);
const NAMES_BYTES: u32 = 8192;
let count: u32 = 0;
let namesUsed: u32 = 0;
/** Modules for which there was no room in the table. */
export let modulesLost: u32 = 0;

@inline
function at(i: u32): Module {
  return changetype<Module>(table + i * MODULE_BYTES);
}

/** Remembers a module; `name` is a text ended by a NUL, or 0. Of a path the last part is kept. */
export function addModule(start: u64, bytes: u64, name: usize): void {
  let length: u32 = 0;
  let from = name;
  if (name != 0)
    for (let p = name; load<u8>(p) != 0; p++) {
      length++;
      if (load<u8>(p) != 0x2f && load<u8>(p) != 0x5c) continue;
      from = p + 1;
      length = 0;
    }
  if (count == MODULES_MAX || length > NAME_MAX || namesUsed + length > NAMES_BYTES) {
    modulesLost++;
    return;
  }
  const module = at(count++);
  module.start = start;
  module.bytes = bytes;
  module.name = namesUsed;
  module.nameLength = length;
  memory.copy(names + namesUsed, from, length);
  namesUsed += length;
}

export function moduleCount(): u32 {
  return count;
}

/** Physical address of module `i`'s first byte. */
export function moduleStart(i: u32): u64 {
  return at(i).start;
}

export function moduleBytes(i: u32): u64 {
  return at(i).bytes;
}

/** The name of module `i`, without folders: moduleNameLength(i) bytes. */
export function moduleName(i: u32): usize {
  return names + at(i).name;
}

export function moduleNameLength(i: u32): u32 {
  return at(i).nameLength;
}

/** Module `i` has been moved to the physical address `start`; 0: it has been given up. */
export function moveModule(i: u32, start: u64): void {
  at(i).start = start;
  if (start == 0) at(i).bytes = 0;
}
