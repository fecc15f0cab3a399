// virtio-net (Virtual I/O Device 1.2, 5.1), on PCI and in memory: one pair of queues. What is received lies in frames that become the packets (small ones are
// copied, so that a frame is not held by a few bytes); what is sent is read by the device from where it lies. Checksums and segmentation are
// left to the device if it offers that; the device may use several buffers for one packet (VIRTIO_NET_F_MRG_RXBUF).

import { interruptRegister } from "../../kernel/interrupt";
import { kernelAlloc } from "../../kernel/mm/heap";
import { frameAllocLow, frameRelease, PAGE_SHIFT, PAGE_SIZE } from "../../kernel/mm/frame";
import { NetDevice, netDeviceReceive, netDeviceRegister } from "../../kernel/net/device";
import { Offload } from "../../kernel/net/inet/interface";
import { inetBegin, inetEnd } from "../../kernel/net/loopback";
import {
  Checksum,
  Packet,
  packetAddFrame,
  packetFree,
  packetNew,
  packetOfFrame,
  packetPiece,
  packetPush,
  packetPut,
  pieceAddress,
  pieceBytes,
} from "../../kernel/net/packet";
import { workInit, WorkItem, workSchedule, WORK_ITEM_BYTES } from "../../kernel/task/work";
import { pciRegister } from "../bus/pci";
import { ioapicRoute } from "../platform/ioapic";
import {
  chainAdd,
  chainBegin,
  chainEnd,
  DEVICE_WRITES,
  Queue,
  queueAdd,
  queueInterrupts,
  queueTake,
  queueWantsNotice,
  takenBytes,
} from "./queue";
import {
  Transport,
  transportAcknowledge,
  transportConfiguration,
  transportInterrupt,
  transportMmio,
  transportNotify,
  transportPci,
  transportQueue,
  transportReady,
  transportStart,
} from "./transport";

const F_CHECKSUM: u32 = 1;
const F_GUEST_CHECKSUM: u32 = 2;
const F_MAC: u32 = 1 << 5;
const F_MERGE: u32 = 1 << 15;
const DEVICE_TYPE: u32 = 1;

/** struct virtio_net_hdr: u8 flags, u8 kind, u16 header length, segment size, checksum start, checksum offset, buffers. */
const HEADER_BYTES: u32 = 12;
const NEEDS_CHECKSUM: u8 = 1;
const DATA_VALID: u8 = 2;

const RECEIVE_BUFFERS: u32 = 64;
const SEND_DESCRIPTORS: u32 = 256;
/** Packets up to this length are copied out of their frame. */
const COPY_MAX: u32 = 256;
/** Packets that one interrupt handles before others have their turn. */
const TURN: u32 = 128;

@unmanaged
class Net {
  transport: Transport;
  device: NetDevice;
  receive: Queue;
  send: Queue;
  work: WorkItem;
  /** Packets that wait for descriptors. */
  waitingFirst: Packet | null;
  waitingLast: Packet | null;
  waiting: u32;
}
/** Packets that wait at most; more are dropped, as on a wire that is full. */
const WAITING_MAX: u32 = 1000;

function offerFrame(n: Net, frame: u32): void {
  if (!queueAdd(n.receive, (<u64>frame) << PAGE_SHIFT, PAGE_SIZE, DEVICE_WRITES, frame)) frameRelease(frame);
}

// Receiving --------------------------------------------------------------------------------------------------------------------------------

/** A packet of the frame, which holds `bytes` behind the header: its own if they are few, else the frame, for which the device gets another. Null: dropped. */
function packetOf(n: Net, frame: u32, bytes: u32): Packet | null {
  const base = (<usize>frame) << PAGE_SHIFT;
  if (bytes <= COPY_MAX) {
    const small = packetNew(bytes);
    if (small) memory.copy(packetPut(small, bytes), base + HEADER_BYTES, bytes);
    offerFrame(n, frame);
    return small;
  }
  const fresh = frameAllocLow(0);
  const p = fresh != 0 ? packetOfFrame(frame, HEADER_BYTES, bytes) : null;
  if (p) offerFrame(n, <u32>(fresh >> PAGE_SHIFT));
  else {
    if (fresh != 0) frameRelease(<u32>(fresh >> PAGE_SHIFT));
    offerFrame(n, frame);
  }
  return p;
}

/** Adds the next buffer of a packet that lies in several: false when it cannot be. */
function merge(n: Net, p: Packet): bool {
  const r = queueTake(n.receive);
  if (r < 0) return false;
  const frame = <u32>r;
  const bytes = takenBytes;
  const fresh = frameAllocLow(0);
  if (fresh != 0) {
    offerFrame(n, <u32>(fresh >> PAGE_SHIFT));
    if (packetAddFrame(p, frame, 0, bytes)) return true;
    frameRelease(frame);
    return false;
  }
  offerFrame(n, frame);
  return false;
}

function receiveOne(n: Net, frame: u32, bytes: u32): void {
  const header = (<usize>frame) << PAGE_SHIFT;
  const flags = load<u8>(header);
  const buffers: u32 = (n.transport.featuresLow & F_MERGE) != 0 ? load<u16>(header, 10) : 1;
  if (bytes <= HEADER_BYTES || buffers > 17) {
    offerFrame(n, frame);
    return;
  }
  const p = packetOf(n, frame, bytes - HEADER_BYTES);
  let whole = p != null;
  for (let i: u32 = 1; i < buffers; i++) {
    if (p) whole = merge(n, p) && whole;
    else skipBuffer(n);
  }
  if (!p) return;
  if (!whole) {
    packetFree(p);
    return;
  }
  if ((flags & (NEEDS_CHECKSUM | DATA_VALID)) != 0) p.checksum = <u8>Checksum.Verified;
  netDeviceReceive(n.device, p);
}

function skipBuffer(n: Net): void {
  const r = queueTake(n.receive);
  if (r >= 0) offerFrame(n, <u32>r);
}

/** Takes what has come in, as much as is one turn. */
function receive(n: Net): void {
  let done: u32 = 0;
  inetBegin();
  while (done < TURN) {
    const r = queueTake(n.receive);
    if (r < 0) break;
    receiveOne(n, <u32>r, takenBytes);
    done++;
  }
  inetEnd();
  if (done == 0) return;
  if (queueWantsNotice(n.receive)) transportNotify(n.transport, n.receive);
  if (done == TURN) workSchedule(n.work);
}

// Sending ----------------------------------------------------------------------------------------------------------------------------------

/** Frees what the device has sent. */
function reclaim(n: Net): void {
  for (let r = queueTake(n.send); r >= 0; r = queueTake(n.send)) packetFree(changetype<Packet>(<usize>r));
}

/** Offers the packet, with its header in front, to the device: false when it lacks descriptors. */
function offerPacket(n: Net, p: Packet): bool {
  const q = n.send;
  if (!chainBegin(q, 1 + <u32>p.pieceCount)) return false;
  chainAdd(q, p.data, p.linear);
  for (let i: u32 = 0; i < p.pieceCount; i++) {
    const at = packetPiece(p, i);
    chainAdd(q, pieceAddress(at), pieceBytes(at));
  }
  chainEnd(q, <u32>changetype<usize>(p));
  return true;
}

/** The driver's part of NetDevice: sends a packet that begins with its Ethernet header. */
function sendPacket(driver: usize, p: Packet): void {
  const n = changetype<Net>(driver);
  const start = p.transport - p.data;
  const header = packetPush(p, HEADER_BYTES);
  memory.fill(header, 0, HEADER_BYTES);
  if (p.checksum == <u8>Checksum.ToCompute) {
    store<u8>(header, NEEDS_CHECKSUM);
    store<u16>(header, <u16>start, 6);
    store<u16>(header, p.checksumAt, 8);
  }
  reclaim(n);
  // Somebody waits for this to be sent: the device is to say when it is.
  if (p.owner != 0) queueInterrupts(n.send, true);
  if (n.waitingFirst == null && offerPacket(n, p)) {
    if (queueWantsNotice(n.send)) transportNotify(n.transport, n.send);
    return;
  }
  queueInterrupts(n.send, true);
  hold(n, p);
}

function hold(n: Net, p: Packet): void {
  if (n.waiting == WAITING_MAX) {
    packetFree(p);
    return;
  }
  p.next = null;
  const last = n.waitingLast;
  if (last) last.next = p;
  else n.waitingFirst = p;
  n.waitingLast = p;
  n.waiting++;
}

/** Sends what waited for descriptors. */
function sendWaiting(n: Net): void {
  reclaim(n);
  let sent = false;
  while (n.waitingFirst) {
    const p = n.waitingFirst!;
    const next = p.next;
    if (!offerPacket(n, p)) break;
    n.waitingFirst = next;
    if (!next) n.waitingLast = null;
    n.waiting--;
    sent = true;
  }
  if (sent && queueWantsNotice(n.send)) transportNotify(n.transport, n.send);
  // With nothing on its way there is nothing to hear of.
  if (n.waiting == 0 && n.send.freeCount == n.send.size) queueInterrupts(n.send, false);
}

// ------------------------------------------------------------------------------------------------------------------------------------------

function interrupt(argument: usize): void {
  const n = changetype<Net>(argument);
  transportAcknowledge(n.transport);
  sendWaiting(n);
  receive(n);
}

function workAgain(argument: usize): void {
  receive(changetype<Net>(argument));
}

/** The address in the device's configuration, or one of the local kind. */
function readHardware(t: Transport): u64 {
  if ((t.featuresLow & F_MAC) == 0) return 0x0100_0000_0002 | 0x5452_0000;
  return (<u64>transportConfiguration(t, 0)) | ((<u64>(transportConfiguration(t, 4) & 0xffff)) << 32);
}

function allocate(): Net | null {
  const n = changetype<Net>(kernelAlloc(offsetof<Net>()));
  const device = changetype<NetDevice>(kernelAlloc(offsetof<NetDevice>()));
  const work = changetype<WorkItem>(kernelAlloc(WORK_ITEM_BYTES));
  if (changetype<usize>(n) == 0 || changetype<usize>(device) == 0 || changetype<usize>(work) == 0) return null;
  n.device = device;
  n.work = work;
  workInit(work, workAgain, changetype<usize>(n));
  device.driver = changetype<usize>(n);
  device.send = sendPacket.index;
  device.mtu = 1500;
  return n;
}

function makeQueues(n: Net): bool {
  const receive = transportQueue(n.transport, 0, RECEIVE_BUFFERS);
  const send = transportQueue(n.transport, 1, SEND_DESCRIPTORS);
  if (!receive || !send) return false;
  n.receive = receive;
  n.send = send;
  queueInterrupts(send, false);
  return true;
}

function start(t: Transport): bool {
  const n = allocate();
  if (!n) return false;
  n.transport = t;
  if (!transportStart(t, F_CHECKSUM | F_GUEST_CHECKSUM | F_MAC | F_MERGE)) return false;
  const vector = interruptRegister(interrupt, changetype<usize>(n));
  if (vector < 0) return false;
  if (t.isPci) {
    if (!transportInterrupt(t, <u32>vector)) return false;
  } else ioapicRoute(t.device, <u32>vector);
  if (!makeQueues(n)) return false;
  n.device.hardware = readHardware(t);
  n.device.offload = (t.featuresLow & F_CHECKSUM) != 0 ? Offload.Checksum : 0;
  if (!netDeviceRegister(n.device)) return false;
  transportReady(t);
  for (let i: u32 = 0; i < RECEIVE_BUFFERS; i++) {
    const page = frameAllocLow(0);
    if (page == 0) break;
    offerFrame(n, <u32>(page >> PAGE_SHIFT));
  }
  transportNotify(t, n.receive);
  return true;
}

function probePci(address: u32): bool {
  const t = transportPci(address);
  return t != null && start(t);
}

/** For the scan of memory-mapped devices: takes the block if it is a network device. */
export function netProbeMmio(base: u64, number: u32): bool {
  const t = transportMmio(base, DEVICE_TYPE, number);
  return t != null && start(t);
}

/** Registers the driver: transitional and version 1 device numbers. */
export function netRegister(): void {
  pciRegister(0x1af4, 0x1000, 0x1000, probePci);
  pciRegister(0x1af4, 0x1041, 0x1041, probePci);
}
