// How a virtio device is reached: through PCI capabilities (Virtual I/O Device 1.2, 4.1) or a block of registers in memory (4.2). One object for
// both, so that drivers do not care. Only devices of version 1 are driven.

import { mmioRead16, mmioRead32, mmioRead8, mmioWrite16, mmioWrite32, mmioWrite8 } from "../../shim/isa";
import { kernelAlloc } from "../../kernel/mm/heap";
import { pciBar, pciCapability, pciEnable, pciRead32, pciRead8, pciUseMsix } from "../bus/pci";
import { Queue, queueNew } from "./queue";

const CAPABILITY_VENDOR: u8 = 9;
const VERSION_1: u64 = (<u64>1) << 32;

const enum Status {
  Acknowledge = 1,
  Driver = 2,
  DriverOk = 4,
  FeaturesOk = 8,
  Failed = 128,
}

@unmanaged
export class Transport {
  isPci: bool;
  pad0: u8;
  pad1: u16;
  /** PCI address, or number of the register block. */
  device: u32;
  /** PCI: common configuration, notification area, device configuration. MMIO: the block, -, its configuration. */
  common: u64;
  notify: u64;
  interruptStatus: u64;
  configuration: u64;
  notifyMultiplier: u32;
  /** Features both sides have. */
  featuresLow: u32;
}

/** The transport of PCI device `device`; null when it is not a version 1 device or memory is short. */
export function transportPci(device: u32): Transport | null {
  const t = changetype<Transport>(kernelAlloc(offsetof<Transport>()));
  if (changetype<usize>(t) == 0) return null;
  t.isPci = true;
  t.device = device;
  for (let at = pciCapability(device, CAPABILITY_VENDOR, 0); at != 0; at = pciCapability(device, CAPABILITY_VENDOR, at)) {
    const base = pciBar(device, pciRead8(device, at + 4)) + pciRead32(device, at + 8);
    switch (pciRead8(device, at + 3)) {
      case 1:
        t.common = base;
        break;
      case 2:
        t.notify = base;
        t.notifyMultiplier = pciRead32(device, at + 16);
        break;
      case 3:
        t.interruptStatus = base;
        break;
      case 4:
        t.configuration = base;
        break;
    }
  }
  if (t.common == 0 || t.notify == 0) return null;
  pciEnable(device);
  return t;
}

/** The transport of the register block at `base`; null when there is no version 1 device of type `type` or memory is short. */
export function transportMmio(base: u64, type: u32, number: u32): Transport | null {
  if (mmioRead32(base) != 0x74726976 || mmioRead32(base + 4) != 2 || mmioRead32(base + 8) != type) return null;
  const t = changetype<Transport>(kernelAlloc(offsetof<Transport>()));
  if (changetype<usize>(t) == 0) return null;
  t.device = number;
  t.common = base;
  t.configuration = base + 0x100;
  return t;
}

function status(t: Transport): u32 {
  return t.isPci ? mmioRead8(t.common + 20) : mmioRead32(t.common + 0x70);
}

function setStatus(t: Transport, value: u32): void {
  if (t.isPci) mmioWrite8(t.common + 20, value);
  else mmioWrite32(t.common + 0x70, value);
}

function deviceFeatures(t: Transport, word: u32): u32 {
  if (t.isPci) {
    mmioWrite32(t.common, word);
    return mmioRead32(t.common + 4);
  }
  mmioWrite32(t.common + 0x14, word);
  return mmioRead32(t.common + 0x10);
}

function driverFeatures(t: Transport, word: u32, value: u32): void {
  if (t.isPci) {
    mmioWrite32(t.common + 8, word);
    mmioWrite32(t.common + 12, value);
  } else {
    mmioWrite32(t.common + 0x24, word);
    mmioWrite32(t.common + 0x20, value);
  }
}

/** Resets the device and agrees on features: those of `wanted` (low 32 bits) that it has, and version 1. False when it refuses. */
export function transportStart(t: Transport, wanted: u32): bool {
  setStatus(t, 0);
  for (let i = 0; i < 1_000_000 && status(t) != 0; i++) {}
  setStatus(t, Status.Acknowledge);
  setStatus(t, Status.Acknowledge | Status.Driver);
  const high = deviceFeatures(t, 1);
  if (!(high & (<u32>(VERSION_1 >> 32)))) return false;
  t.featuresLow = deviceFeatures(t, 0) & wanted;
  driverFeatures(t, 0, t.featuresLow);
  driverFeatures(t, 1, <u32>(VERSION_1 >> 32));
  setStatus(t, Status.Acknowledge | Status.Driver | Status.FeaturesOk);
  return (status(t) & Status.FeaturesOk) != 0;
}

/** All queues are set up: the device may work. */
export function transportReady(t: Transport): void {
  setStatus(t, Status.Acknowledge | Status.Driver | Status.FeaturesOk | Status.DriverOk);
}

/** Sends the device's interrupts to `vector`; PCI only (MMIO interrupts go through the I/O APIC). */
export function transportInterrupt(t: Transport, vector: u32): bool {
  return t.isPci && pciUseMsix(t.device, vector);
}

/** Makes queue `index` with at most `most` descriptors; null when the device has none or memory is short. */
export function transportQueue(t: Transport, index: u32, most: u32): Queue | null {
  if (t.isPci) {
    mmioWrite16(t.common + 22, index);
    const size = mmioRead16(t.common + 24);
    if (size == 0) return null;
    const q = queueNew(min<u32>(size, most), index);
    if (!q) return null;
    mmioWrite16(t.common + 24, q.size);
    mmioWrite16(t.common + 26, 0); // entry 0 of the MSI-X table
    write64(t.common + 32, q.descriptors);
    write64(t.common + 40, q.available);
    write64(t.common + 48, q.used);
    q.doorbell = t.notify + <u64>mmioRead16(t.common + 30) * t.notifyMultiplier;
    mmioWrite16(t.common + 28, 1);
    return q;
  }
  mmioWrite32(t.common + 0x30, index);
  const size = mmioRead32(t.common + 0x34);
  if (size == 0) return null;
  const q = queueNew(min<u32>(size, most), index);
  if (!q) return null;
  mmioWrite32(t.common + 0x38, q.size);
  write64(t.common + 0x80, q.descriptors);
  write64(t.common + 0x90, q.available);
  write64(t.common + 0xa0, q.used);
  q.doorbell = t.common + 0x50;
  mmioWrite32(t.common + 0x44, 1);
  return q;
}

function write64(pa: u64, value: usize): void {
  mmioWrite32(pa, <u32>value);
  mmioWrite32(pa + 4, 0);
}

/** Tells the device that the queue has new buffers. */
export function transportNotify(t: Transport, q: Queue): void {
  if (t.isPci) mmioWrite16(q.doorbell, q.index);
  else mmioWrite32(q.doorbell, q.index);
}

/** Reads and clears why the device interrupted; for MMIO the device wants it acknowledged. */
export function transportAcknowledge(t: Transport): void {
  if (t.isPci) return; // MSI-X needs none
  const why = mmioRead32(t.common + 0x60);
  mmioWrite32(t.common + 0x64, why);
}

/** A 32-bit word of the device's configuration. */
export function transportConfiguration(t: Transport, offset: u32): u32 {
  return mmioRead32(t.configuration + offset);
}
