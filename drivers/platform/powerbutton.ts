// The power button (ACPI 6.5, 4.8.2.2.1): an event of the fixed hardware, told by the system control interrupt. What is done about it is for the
// host's programs to say (kernel/power.ts).

import { in16, out16, out8, physicalRead } from "../../shim/isa";
import { interruptRegister } from "../../kernel/interrupt";
import { powerButtonPressed } from "../../kernel/power";
import { findTable } from "./acpitables";
import { gsiRoute } from "./ioapic";

const FADT: u32 = 0x50434146; // "FACP"
const MADT: u32 = 0x43495041; // "APIC"
const BUTTON: u32 = 1 << 8;
const ACPI_ENABLED: u32 = 1;
/** In the MADT's entries: an ISA line that is another line of the I/O APIC. */
const OVERRIDE: u8 = 2;
const ACTIVE_LOW: u32 = 3;
const EDGE: u32 = 1;

const fadt = memory.data(116, 8);
const entry = memory.data(16, 8);
let status: u32 = 0;

/** Listens to the button; false when this machine has none of that kind. */
export function powerButtonInit(): bool {
  const table = findTable(FADT);
  if (table == 0) return false;
  physicalRead(fadt, table, 116);
  status = load<u32>(fadt, 56);
  const bytes = <u32>load<u8>(fadt, 88);
  const flags = load<u32>(fadt, 112);
  // Bit 4: the button is a device of its own, not of the fixed hardware. Bit 20: there is no fixed hardware.
  if (status == 0 || bytes < 4 || flags & ((1 << 4) | (1 << 20)) || !enableAcpi()) return false;
  const vector = interruptRegister(onInterrupt, 0);
  if (vector < 0) return false;
  routeLine(load<u16>(fadt, 46), <u32>vector);
  out16(status, BUTTON);
  const enabled = status + bytes / 2;
  out16(enabled, in16(enabled) | BUTTON);
  return true;
}

/** Takes the fixed hardware over from the firmware, if that still has it. */
function enableAcpi(): bool {
  const controlBlock = load<u32>(fadt, 64);
  const command = load<u32>(fadt, 48);
  if (command == 0 || in16(controlBlock) & ACPI_ENABLED) return true;
  out8(command, load<u8>(fadt, 52));
  for (let i = 0; i < 1_000_000; i++) if (in16(controlBlock) & ACPI_ENABLED) return true;
  return false;
}

/** Routes the system control interrupt: level-triggered and active low, unless the MADT says otherwise (ACPI 6.5, 5.2.12.5). */
function routeLine(line: u32, vector: u32): void {
  let gsi = line;
  let flags = ACTIVE_LOW;
  const madt = findTable(MADT);
  if (madt != 0) {
    physicalRead(entry, madt, 8);
    const end = madt + min<u32>(load<u32>(entry, 4), 1 << 16);
    for (let at = madt + 44; at + 2 <= end; ) {
      physicalRead(entry, at, 10);
      if (load<u8>(entry) == OVERRIDE && load<u8>(entry, 3) == line) {
        gsi = load<u32>(entry, 4);
        flags = load<u16>(entry, 8);
      }
      at += max<u32>(load<u8>(entry, 1), 2);
    }
  }
  gsiRoute(gsi, vector, (flags & 3) == ACTIVE_LOW, ((flags >> 2) & 3) != EDGE);
}

function onInterrupt(argument: usize): void {
  if (!(in16(status) & BUTTON)) return;
  out16(status, BUTTON);
  powerButtonPressed();
}
