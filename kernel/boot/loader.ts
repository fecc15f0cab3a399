// Who booted us, and what they told: read once, before anything else, and copied, since it lies in memory that is about to be given out.

import { bootInfo, bootMagic } from "../../shim/isa";
import { ramRanges } from "./memorymap";
import { MULTIBOOT_MAGIC, readMultiboot } from "./multiboot";
import { PVH_MAGIC, readPvh } from "./pvh";

/** Reads the loader's structures; false when they are of no kind we know, or tell of no memory. */
export function readBootInfo(): bool {
  const info = bootInfo();
  // PVH's loaders leave anything in EAX (QEMU's qboot Multiboot1's number), so its structure is what counts.
  if (load<u32>(info) == PVH_MAGIC) readPvh(info);
  else if (bootMagic() == MULTIBOOT_MAGIC) readMultiboot(info);
  return ramRanges() != 0;
}
