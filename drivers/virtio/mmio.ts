// Virtio devices in memory, as QEMU's microvm has them: 24 blocks of registers at fixed places (with ACPI, which is its default), interrupts
// on the second I/O APIC. Only probed where there is no PCI bus, since elsewhere these addresses belong to somebody.

import { pciPresent } from "../bus/pci";
import { consoleProbeMmio } from "./console";
import { netProbeMmio } from "./net";

const BASE: u64 = 0xfeb0_0000;
const STEP: u64 = 0x200;
const BLOCKS: u32 = 24;

/** Hands each block that holds a device to its driver. */
export function mmioScan(): void {
  if (pciPresent()) return;
  for (let i: u32 = 0; i < BLOCKS; i++) {
    const base = BASE + <u64>i * STEP;
    if (!consoleProbeMmio(base, i)) netProbeMmio(base, i);
  }
}
