// The I/O APIC (Intel 82093AA datasheet): routes interrupt lines to vectors. QEMU's microvm has a second one for its virtio devices.

import { mmioRead32, mmioWrite32 } from "../../shim/isa";
import { apicId } from "./apic";

const FIRST: u64 = 0xfec0_0000;
const SECOND: u64 = 0xfec1_0000;
const TABLE: u32 = 0x10;
const ACTIVE_LOW: u32 = 1 << 13;
const LEVEL: u32 = 1 << 15;

function write(base: u64, register: u32, value: u32): void {
  mmioWrite32(base, register);
  mmioWrite32(base + 0x10, value);
}

function read(base: u64, register: u32): u32 {
  mmioWrite32(base, register);
  return mmioRead32(base + 0x10);
}

/** Routes line `pin` of the second I/O APIC to `vector`: level-triggered, active high. */
export function ioapicRoute(pin: u32, vector: u32): void {
  route(SECOND, pin, vector | LEVEL);
}

/** Routes ISA interrupt `line` to `vector`: edge-triggered, active high. */
export function isaRoute(line: u32, vector: u32): void {
  route(FIRST, line, vector);
}

/** Routes line `gsi` of the first I/O APIC to `vector`. */
export function gsiRoute(gsi: u32, vector: u32, isActiveLow: bool, isLevel: bool): void {
  route(FIRST, gsi, vector | (isActiveLow ? ACTIVE_LOW : 0) | (isLevel ? LEVEL : 0));
}

function route(base: u64, pin: u32, low: u32): void {
  const last = (read(base, 1) >> 16) & 0xff;
  if (pin > last) return;
  write(base, TABLE + pin * 2 + 1, apicId() << 24);
  write(base, TABLE + pin * 2, low);
}
