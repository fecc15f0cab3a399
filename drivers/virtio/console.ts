// virtio-console with several ports (Virtual I/O Device 1.2, 5.3): each named port becomes a byte channel (kernel/channel.ts). Buffers are
// given back to the device only when their data has been passed on, so that a slow reader slows the host, not the kernel.

import { Channel, channelOpened, channelReceive, channelRegister, channelWritable } from "../../kernel/channel";
import { interruptRegister } from "../../kernel/interrupt";
import { log } from "../../kernel/log/log";
import { kernelAlloc } from "../../kernel/mm/heap";
import { pciRegister } from "../bus/pci";
import { ioapicRoute } from "../platform/ioapic";
import { DEVICE_WRITES, Queue, queueAdd, queueTake, takenBytes } from "./queue";
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

const F_MULTIPORT: u32 = 2;
const DEVICE_TYPE: u32 = 3;
const PORTS_MAX: u32 = 8;
const BUFFER_BYTES: u32 = 16384;
const RECEIVE_BUFFERS: u32 = 4;
const SEND_BUFFERS: u32 = 4;
const CONTROL_BUFFERS: u32 = 16;
const CONTROL_BYTES: u32 = 128;

/** Events on the control queues. */
const enum Event {
  DeviceReady = 0,
  PortAdd = 1,
  PortRemove = 2,
  PortReady = 3,
  ConsolePort = 4,
  Resize = 5,
  PortOpen = 6,
  PortName = 7,
}

@unmanaged
class Port {
  channel: Channel;
  device: Console;
  id: u32;
  receive: Queue | null;
  send: Queue | null;
  /** RECEIVE_BUFFERS and SEND_BUFFERS buffers of BUFFER_BYTES. */
  receiveBuffers: usize;
  sendBuffers: usize;
  /** Bit per send buffer that is free. */
  freeSend: u32;
  /** The receive buffer that is being passed on, or -1, the bytes in it, and how many of them have been taken. */
  received: i32;
  receivedBytes: u32;
  takenBytes: u32;
}

@unmanaged
class Console {
  transport: Transport;
  controlReceive: Queue | null;
  controlSend: Queue | null;
  controlBuffers: usize;
  sendBuffer: usize;
  /** Next slot of sendBuffer, which holds CONTROL_BUFFERS messages of 8 bytes. */
  nextMessage: u32;
  portCount: u32;
  ports: usize;
}

let device: Console = changetype<Console>(0);

@inline
function portAt(c: Console, id: u32): Port {
  return changetype<Port>(<usize>load<u32>(c.ports + (id << 2)));
}

function sendControl(c: Console, id: u32, event: Event, value: u32): void {
  while (queueTake(c.controlSend!) >= 0) {}
  const p = c.sendBuffer + (c.nextMessage++ % CONTROL_BUFFERS) * 8;
  store<u32>(p, id);
  store<u16>(p, <u16>event, 4);
  store<u16>(p, <u16>value, 6);
  if (queueAdd(c.controlSend!, p, 8, 0, 0)) transportNotify(c.transport, c.controlSend!);
}

/** Takes the bytes for a port as far as send buffers are free; returns how many. */
function portSend(driver: usize, p: usize, bytes: u32): u32 {
  const port = changetype<Port>(driver);
  let done: u32 = 0;
  while (done < bytes && port.freeSend != 0) {
    const i = ctz<u32>(port.freeSend);
    const n = min<u32>(bytes - done, BUFFER_BYTES);
    const buffer = port.sendBuffers + i * BUFFER_BYTES;
    memory.copy(buffer, p + done, n);
    if (!queueAdd(port.send!, buffer, n, 0, i)) break;
    port.freeSend &= ~(1 << i);
    done += n;
  }
  if (done != 0) transportNotify(port.device.transport, port.send!);
  return done;
}

function portRoom(driver: usize): u32 {
  return popcnt<u32>(changetype<Port>(driver).freeSend) * BUFFER_BYTES;
}

function offerReceive(port: Port, i: u32): void {
  queueAdd(port.receive!, port.receiveBuffers + i * BUFFER_BYTES, BUFFER_BYTES, DEVICE_WRITES, i);
}

/** Makes the queues and buffers of port `id` and says that it is ready; a port for which memory is short stays silent. */
function addPort(c: Console, id: u32): void {
  if (id >= PORTS_MAX || id >= c.portCount || changetype<usize>(portAt(c, id)) != 0) return;
  const port = changetype<Port>(kernelAlloc(offsetof<Port>()));
  const channel = changetype<Channel>(kernelAlloc(offsetof<Channel>()));
  if (changetype<usize>(port) == 0 || changetype<usize>(channel) == 0) return;
  port.channel = channel;
  port.device = c;
  port.id = id;
  port.receive = queueAtPort(c, id, 0);
  port.send = queueAtPort(c, id, 1);
  port.receiveBuffers = kernelAlloc(BUFFER_BYTES * RECEIVE_BUFFERS);
  port.sendBuffers = kernelAlloc(BUFFER_BYTES * SEND_BUFFERS);
  if (!port.receive || !port.send || port.receiveBuffers == 0 || port.sendBuffers == 0) return;
  port.freeSend = (1 << SEND_BUFFERS) - 1;
  port.received = -1;
  channel.driver = changetype<usize>(port);
  channel.send = portSend.index;
  channel.room = portRoom.index;
  store<u32>(c.ports + (id << 2), <u32>changetype<usize>(port));
  for (let i: u32 = 0; i < RECEIVE_BUFFERS; i++) offerReceive(port, i);
  transportNotify(c.transport, port.receive!);
  sendControl(c, id, Event.PortReady, 1);
}

/** Queues were all made before the device was started (they cannot be later); this finds those of a port. */
function queueAtPort(c: Console, id: u32, which: u32): Queue | null {
  return changetype<Queue | null>(<usize>load<u32>(c.ports + (PORTS_MAX << 2) + ((id * 2 + which) << 2)));
}

function control(c: Console, p: usize, bytes: u32): void {
  if (bytes < 8) return;
  const id = load<u32>(p);
  const value = load<u16>(p, 6);
  const event = <Event>load<u16>(p, 4);
  if (event == Event.PortAdd) {
    addPort(c, id);
    return;
  }
  if (id >= PORTS_MAX || changetype<usize>(portAt(c, id)) == 0) return;
  const port = portAt(c, id);
  if (event == Event.PortOpen) {
    channelOpened(port.channel, value != 0);
  } else if (event == Event.PortName && port.channel.name == 0) {
    const n = min<u32>(bytes - 8, 64);
    const name = kernelAlloc(n + 1);
    if (name == 0) return;
    memory.copy(name, p + 8, n);
    port.channel.name = name;
    port.channel.nameLength = n != 0 && load<u8>(name + n - 1) == 0 ? n - 1 : n;
    channelRegister(port.channel);
    sendControl(c, id, Event.PortOpen, 1);
  }
}

/** Passes on what came, as far as the channel's user takes it; a buffer that is done goes back to the device. */
function passOn(port: Port): void {
  let any = false;
  for (;;) {
    if (port.received < 0) {
      port.received = <i32>queueTake(port.receive!);
      if (port.received < 0) break;
      port.receivedBytes = takenBytes;
      port.takenBytes = 0;
    }
    const p = port.receiveBuffers + <u32>port.received * BUFFER_BYTES + port.takenBytes;
    port.takenBytes += channelReceive(port.channel, p, port.receivedBytes - port.takenBytes);
    if (port.takenBytes != port.receivedBytes) break;
    offerReceive(port, <u32>port.received);
    port.received = -1;
    any = true;
  }
  if (any) transportNotify(port.device.transport, port.receive!);
}

/** First what has been sent: that makes room for the answers to what came. */
function servePort(port: Port): void {
  let sent = false;
  for (let i = queueTake(port.send!); i >= 0; i = queueTake(port.send!)) {
    port.freeSend |= 1 << (<u32>i);
    sent = true;
  }
  if (sent) channelWritable(port.channel);
  passOn(port);
}

function interrupt(argument: usize): void {
  const c = changetype<Console>(argument);
  transportAcknowledge(c.transport);
  const queue = c.controlReceive!;
  let any = false;
  for (let i = queueTake(queue); i >= 0; i = queueTake(queue)) {
    const p = c.controlBuffers + <u32>i * CONTROL_BYTES;
    control(c, p, takenBytes);
    queueAdd(queue, p, CONTROL_BYTES, DEVICE_WRITES, <u32>i);
    any = true;
  }
  if (any) transportNotify(c.transport, queue);
  for (let id: u32 = 0; id < c.portCount; id++) if (changetype<usize>(portAt(c, id)) != 0) servePort(portAt(c, id));
}

/** Queue numbers: port 0 has 0 and 1, control 2 and 3, port n from 4 + 2 (n - 1). */
function makeQueues(c: Console): bool {
  const t = c.transport;
  c.controlReceive = transportQueue(t, 2, CONTROL_BUFFERS);
  c.controlSend = transportQueue(t, 3, CONTROL_BUFFERS);
  for (let id: u32 = 0; id < c.portCount; id++)
    for (let which: u32 = 0; which < 2; which++) {
      const q = transportQueue(t, (id == 0 ? 0 : 2 + id * 2) + which, 16);
      store<u32>(c.ports + (PORTS_MAX << 2) + ((id * 2 + which) << 2), <u32>changetype<usize>(q));
    }
  c.controlBuffers = kernelAlloc(CONTROL_BUFFERS * CONTROL_BYTES);
  c.sendBuffer = kernelAlloc(CONTROL_BUFFERS * 8);
  return c.controlReceive != null && c.controlSend != null && c.controlBuffers != 0 && c.sendBuffer != 0;
}

function start(t: Transport): bool {
  const c = changetype<Console>(kernelAlloc(offsetof<Console>()));
  if (changetype<usize>(c) == 0 || changetype<usize>(device) != 0) return false;
  c.transport = t;
  c.ports = kernelAlloc(PORTS_MAX * 12);
  if (c.ports == 0 || !transportStart(t, F_MULTIPORT)) return false;
  if (!(t.featuresLow & F_MULTIPORT)) {
    log("virtio-console", "no named ports: not used");
    return false;
  }
  c.portCount = min<u32>(transportConfiguration(t, 4), PORTS_MAX);
  const vector = interruptRegister(interrupt, changetype<usize>(c));
  if (vector < 0) return false;
  if (t.isPci) {
    if (!transportInterrupt(t, <u32>vector)) return false;
  } else ioapicRoute(t.device, <u32>vector);
  if (!makeQueues(c)) return false;
  device = c;
  transportReady(t);
  for (let i: u32 = 0; i < CONTROL_BUFFERS; i++)
    queueAdd(c.controlReceive!, c.controlBuffers + i * CONTROL_BYTES, CONTROL_BYTES, DEVICE_WRITES, i);
  transportNotify(t, c.controlReceive!);
  sendControl(c, u32.MAX_VALUE, Event.DeviceReady, 1);
  return true;
}

function probePci(address: u32): bool {
  const t = transportPci(address);
  return t != null && start(t);
}

/** For the scan of memory-mapped devices: takes the block if it is a console. */
export function consoleProbeMmio(base: u64, number: u32): bool {
  const t = transportMmio(base, DEVICE_TYPE, number);
  return t != null && start(t);
}

/** Registers the driver: transitional and version 1 device numbers. */
export function consoleRegister(): void {
  pciRegister(0x1af4, 0x1003, 0x1003, probePci);
  pciRegister(0x1af4, 0x1043, 0x1043, probePci);
}
