// PCI (PCI Local Bus 3.0, 6): finding devices by configuration mechanism 1, their capabilities and BARs, and MSI-X. Drivers register what they
// can drive; the scan calls them.

import { in16, in32, in8, mmioRead32, mmioWrite32, out16, out32 } from "../../shim/isa";
import { apicId } from "../platform/apic";

const ADDRESS: u32 = 0xcf8;
const DATA: u32 = 0xcfc;
const COMMAND: u32 = 4;
const COMMAND_MEMORY_MASTER: u32 = 6;
const COMMAND_NO_INTX: u32 = 0x400;
const STATUS_CAPABILITIES: u32 = 0x10;
const CAPABILITY_MSIX: u8 = 0x11;

type Probe = (device: u32) => bool;

/** Registered drivers: vendor, first and last device id, probe function. */
const drivers = memory.data(16 * 16, 8);
let driverCount: u32 = 0;

/** Registers a driver for devices [first, last] of `vendor`; `probe` gets the device's address and says whether it took it. */
export function pciRegister(vendor: u32, first: u32, last: u32, probe: Probe): void {
  const d = drivers + driverCount++ * 16;
  store<u32>(d, vendor);
  store<u32>(d, first, 4);
  store<u32>(d, last, 8);
  store<u32>(d, probe.index, 12);
}

@inline
function select(device: u32, register: u32): void {
  out32(ADDRESS, 0x8000_0000 | (device << 8) | (register & 0xfc));
}

export function pciRead8(device: u32, register: u32): u32 {
  select(device, register);
  return in8(DATA + (register & 3));
}
export function pciRead16(device: u32, register: u32): u32 {
  select(device, register);
  return in16(DATA + (register & 2));
}
export function pciRead32(device: u32, register: u32): u32 {
  select(device, register);
  return in32(DATA);
}
export function pciWrite16(device: u32, register: u32, value: u32): void {
  select(device, register);
  out16(DATA + (register & 2), value);
}

/** True when there is a PCI bus at all. */
export function pciPresent(): bool {
  return pciRead16(0, 0) != 0xffff;
}

/** Offset of the next capability of type `id` after `from` (0: the first); 0 when there is none. */
export function pciCapability(device: u32, id: u8, from: u32): u32 {
  if (!(pciRead16(device, 6) & STATUS_CAPABILITIES)) return 0;
  let at = pciRead8(device, from == 0 ? 0x34 : from + 1) & 0xfc;
  for (let n = 0; at != 0 && n < 48; n++) {
    if (pciRead8(device, at) == id) return at;
    at = pciRead8(device, at + 1) & 0xfc;
  }
  return 0;
}

/** Physical address of memory BAR `index`; 0 when it is none, or the firmware gave it no address. */
export function pciBar(device: u32, index: u32): u64 {
  const low = pciRead32(device, 0x10 + index * 4);
  if (low & 1) return 0;
  const high = (low >> 1) & 2 ? pciRead32(device, 0x14 + index * 4) : 0;
  return ((<u64>high) << 32) | (low & 0xffff_fff0);
}

/** Lets the device answer to memory accesses and do DMA. */
export function pciEnable(device: u32): void {
  pciWrite16(device, COMMAND, pciRead16(device, COMMAND) | COMMAND_MEMORY_MASTER | COMMAND_NO_INTX);
}

/** Routes entry 0 of the MSI-X table to `vector` of this CPU and switches MSI-X on; false when the device has none. */
export function pciUseMsix(device: u32, vector: u32): bool {
  const at = pciCapability(device, CAPABILITY_MSIX, 0);
  if (at == 0) return false;
  const table = pciRead32(device, at + 4);
  const base = pciBar(device, table & 7);
  if (base == 0) return false;
  const entry = base + (table & ~7);
  mmioWrite32(entry, 0xfee0_0000 | (apicId() << 12));
  mmioWrite32(entry + 4, 0);
  mmioWrite32(entry + 8, vector);
  mmioWrite32(entry + 12, mmioRead32(entry + 12) & ~1);
  pciWrite16(device, at + 2, (pciRead16(device, at + 2) | 0x8000) & ~0x4000);
  return true;
}

function probe(device: u32): void {
  const id = pciRead32(device, 0);
  for (let i: u32 = 0; i < driverCount; i++) {
    const d = drivers + i * 16;
    const number = id >> 16;
    if (load<u32>(d) != (id & 0xffff) || number < load<u32>(d, 4) || number > load<u32>(d, 8)) continue;
    if (call_indirect<bool>(load<u32>(d, 12), device)) return;
  }
}

function scanBus(bus: u32, depth: u32): void {
  for (let slot: u32 = 0; slot < 32; slot++) {
    const first = (bus << 8) | (slot << 3);
    if (pciRead16(first, 0) == 0xffff) continue;
    const functions: u32 = pciRead8(first, 0x0e) & 0x80 ? 8 : 1;
    for (let f: u32 = 0; f < functions; f++) {
      const device = first | f;
      if (pciRead16(device, 0) == 0xffff) continue;
      if ((pciRead8(device, 0x0e) & 0x7f) == 1 && depth < 8) scanBus(pciRead8(device, 0x19), depth + 1);
      else probe(device);
    }
  }
}

/** Finds all devices and hands them to the registered drivers. */
export function pciScan(): void {
  if (pciPresent()) scanBus(0, 0);
}
