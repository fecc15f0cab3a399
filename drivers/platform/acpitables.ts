// The tables by which firmware describes the machine (ACPI 6.5, 5.2): found from the root pointer, and read by whoever needs one.

import { physicalRead } from "../../shim/isa";
import { acpiRoot } from "../../kernel/boot/memorymap";

const scratch = memory.data(64, 16);

/** The root pointer in [from, to), 0 if it is not there. */
function searchRoot(from: u64, to: u64): u64 {
  for (let at = from; at < to; at += 16) {
    physicalRead(scratch, at, 8);
    if (load<u64>(scratch) == 0x2052545020445352) return at; // "RSD PTR "
  }
  return 0;
}

/** The root pointer that the loader told of, or that a BIOS leaves in its extended data area or its ROM (ACPI 6.5, 5.2.5.1). */
function findRoot(): u64 {
  if (acpiRoot != 0) return acpiRoot;
  physicalRead(scratch, 0x40e, 2);
  const area = (<u64>load<u16>(scratch)) << 4;
  const found = area != 0 ? searchRoot(area, area + 1024) : 0;
  return found != 0 ? found : searchRoot(0xe0000, 0x100000);
}

/** Physical address of the table with that signature, four characters; 0 when there is none. */
export function findTable(signature: u32): u64 {
  const root = findRoot();
  if (root == 0) return 0;
  physicalRead(scratch, root, 36);
  const wide = load<u8>(scratch, 15) >= 2 && load<u64>(scratch, 24) != 0;
  const list: u64 = wide ? load<u64>(scratch, 24) : load<u32>(scratch, 16);
  physicalRead(scratch, list, 36);
  const bytes = min<u32>(load<u32>(scratch, 4), 4096);
  const step: u32 = wide ? 8 : 4;
  for (let at: u32 = 36; at + step <= bytes; at += step) {
    physicalRead(scratch, list + at, step);
    const table: u64 = wide ? load<u64>(scratch) : load<u32>(scratch);
    physicalRead(scratch, table, 8);
    if (load<u32>(scratch) == signature) return table;
  }
  return 0;
}
