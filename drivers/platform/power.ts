// Power off and reboot through ACPI (ACPI 6.5, 4.8.3 and 4.8.4): the FADT's registers, and the sleep type of S5 from the bytes of \_S5_ in the
// DSDT, which is a constant package in practice. As last resorts the PCI reset register and the keyboard controller.

import { in16, in8, mmioWrite8, out16, out8, physicalRead } from "../../shim/isa";
import { setPower } from "../../kernel/power";
import { findTable } from "./acpitables";

const header = memory.data(320, 16);
const scratch = memory.data(64, 16);

let pm1a: u32 = 0;
let pm1b: u32 = 0;
let sleepType: u32 = 0;
let resetSpace: u32 = 255;
let resetAddress: u64 = 0;
let resetValue: u32 = 0;
/** Hardware-reduced ACPI: the sleep control register, 0 if there is none. */
let sleepControl: u64 = 0;
let sleepControlSpace: u32 = 0;

/** Reads \_S5_'s first value from the DSDT: NameOp "_S5_" PackageOp length count, then a byte constant. */
function findSleepType(dsdt: u64): bool {
  physicalRead(scratch, dsdt, 8);
  const bytes = min<u32>(load<u32>(scratch, 4), 1 << 20);
  for (let at: u32 = 36; at + 16 < bytes; at++) {
    physicalRead(scratch, dsdt + at, 16);
    if (load<u32>(scratch) != 0x5f35535f || load<u8>(scratch, 4) != 0x12) continue;
    const lengthBytes = <u32>(load<u8>(scratch, 5) >> 6) + 1;
    let p = scratch + 5 + lengthBytes + 1;
    if (load<u8>(p) == 0x0a) p++;
    sleepType = load<u8>(p);
    return true;
  }
  return false;
}

function powerOff(): void {
  if (sleepControl != 0) write8(sleepControlSpace, sleepControl, (sleepType << 2) | 0x20);
  if (pm1a != 0) {
    out16(pm1a, (in16(pm1a) & ~0x3c00) | (sleepType << 10) | 0x2000);
    if (pm1b != 0) out16(pm1b, (in16(pm1b) & ~0x3c00) | (sleepType << 10) | 0x2000);
  }
}

function write8(space: u32, address: u64, value: u32): void {
  if (space == 1) out8(<u32>address, value);
  else if (space == 0) mmioWrite8(address, value);
}

function reboot(): void {
  if (resetSpace <= 1) write8(resetSpace, resetAddress, resetValue);
  out8(0xcf9, 6);
  for (let i = 0; i < 100_000 && in8(0x64) & 2; i++) {}
  out8(0x64, 0xfe);
}

/** Reads the tables and registers both ways to end. */
export function powerInit(): void {
  setPower(powerOff, reboot);
  const fadt = findTable(0x50434146); // "FACP"
  if (fadt == 0) return;
  physicalRead(scratch, fadt, 8);
  const bytes = min<u32>(load<u32>(scratch, 4), 276);
  memory.fill(header, 0, 320);
  physicalRead(header, fadt, bytes);
  pm1a = load<u32>(header, 64);
  pm1b = load<u32>(header, 68);
  if (load<u32>(header, 112) & (1 << 10)) {
    resetSpace = load<u8>(header, 116);
    resetAddress = load<u64>(header, 120);
    resetValue = load<u8>(header, 128);
  }
  if (bytes >= 256 && load<u32>(header, 112) & (1 << 20)) {
    sleepControlSpace = load<u8>(header, 244);
    sleepControl = load<u64>(header, 248);
    pm1a = 0;
  }
  let dsdt: u64 = load<u32>(header, 40);
  if (bytes >= 148 && load<u64>(header, 140) != 0) dsdt = load<u64>(header, 140);
  if (dsdt == 0 || !findSleepType(dsdt)) sleepType = 5;
}
