// The host's space with a device of the spec's, a container behind the switch, and the outside played by byte vectors.

import { heapObjectsUsed, kernelAlloc } from "../mm/heap";
import { random, seed } from "../lib/testing";
import { workSystemInit } from "../task/work";
import { startContainer, container, newProcess } from "../task/testing";
import { setCurrent } from "../task/thread";
import { namelessInit } from "../vfs/nameless";
import { checksum, checksumOf, checksumPacket } from "./checksum";
import { NetDevice, netDeviceReceive, netDeviceRegister } from "./device";
import { storeHardware } from "./ethernet";
import { inetInit } from "./inet/start";
import { ip4, setAddress4 } from "./inet/address";
import { counted, InetSpace } from "./inet/space";
import { Counter } from "./inet/counters";
import { Flow, flowDestination, flowSource, FLOW_BYTES } from "./inet/flow";
import { Interface } from "./inet/interface";
import { inetOutput, Protocol, pseudoSum } from "./inet/output";
import { interfaceRemove } from "./inet/configure";
import { containerJoin, hostNetworkStart, hostSpace } from "./host";
import { inetBegin, inetEnd } from "./loopback";
import { natForget, natPublish } from "./nat";
import { neighboursFree } from "./arp";
import { fragmentsPurge } from "./inet/fragment";
import { Checksum, Packet, packetFree, packetNew, packetPush, packetPut, packetRead, packetsKept } from "./packet";
import { Container, setHostContainer } from "../container/container";

const OURS: u64 = 0x0605_0403_0202;
const ROUTER: u64 = 0x1111_1111_1102;
const HOST: u32 = ip4(10, 0, 2, 15);
const OUTSIDE: u32 = ip4(93, 184, 216, 34);

/** The last frame that the device was given, without its Ethernet header. */
let sent: usize = 0;
let sentBytes: u32 = 0;
let frames: u32 = 0;
let device: NetDevice = changetype<NetDevice>(0);
let host: InetSpace = changetype<InetSpace>(0);
let port: Interface = changetype<Interface>(0);
let flow: Flow = changetype<Flow>(0);

function send(driver: usize, p: Packet): void {
  frames++;
  const type = load<u16>(p.data, 12);
  sentBytes = p.length - 14;
  packetRead(p, 14, sent, sentBytes);
  packetFree(p);
  if (type == 0x0608 && load<u16>(sent, 6) == 0x0100) answer();
}

/** The router answers every ARP request. */
function answer(): void {
  const p = packetNew(60)!;
  const at = packetPut(p, 42);
  storeHardware(at, OURS);
  storeHardware(at + 6, ROUTER);
  store<u16>(at, 0x0608, 12);
  memory.copy(at + 14, sent, 8);
  store<u16>(at, 0x0200, 20);
  storeHardware(at + 22, ROUTER);
  store<u32>(at, load<u32>(sent, 24), 28);
  storeHardware(at + 32, OURS);
  store<u32>(at, load<u32>(sent, 14), 38);
  netDeviceReceive(device, p);
}

/** A packet with a UDP or TCP header and `bytes` of data comes from outside to the host. */
function arrive(protocol: u8, from: u32, fromPort: u16, to: u32, toPort: u16, bytes: u32): void {
  const header: u32 = protocol == 6 ? 20 : 8;
  const p = packetNew(34 + header + bytes)!;
  const at = packetPut(p, 34 + header + bytes);
  memory.fill(at, 0, 34 + header);
  storeHardware(at, OURS);
  storeHardware(at + 6, ROUTER);
  store<u16>(at, 8, 12);
  const ip = at + 14;
  store<u8>(ip, 0x45);
  store<u16>(ip, bswap<u16>(<u16>(20 + header + bytes)), 2);
  store<u8>(ip, 64, 8);
  store<u8>(ip, protocol, 9);
  store<u32>(ip, from, 12);
  store<u32>(ip, to, 16);
  store<u16>(ip, checksum(ip, 20), 10);
  const transport = ip + 20;
  store<u16>(transport, bswap<u16>(fromPort));
  store<u16>(transport, bswap<u16>(toPort), 2);
  if (protocol == 17) store<u16>(transport, bswap<u16>(<u16>(8 + bytes)), 4);
  else store<u16>(transport, 0x1050, 12);
  for (let i: u32 = 0; i < bytes; i++) store<u8>(transport + header + i, <u8>i);
  const sum = transport + (protocol == 6 ? 16 : 6);
  store<u16>(sum, transportChecksum(ip, 20 + header + bytes));
  inetBegin();
  netDeviceReceive(device, p);
  inetEnd();
}

/** The checksum of the transport part of the IPv4 packet at `ip`: 0 when it has the right one. */
function transportChecksum(ip: usize, bytes: u32): u16 {
  const p = packetNew(bytes)!;
  memory.copy(packetPut(p, bytes), ip, bytes);
  p.protocol = load<u8>(ip, 9);
  p.sourceLow = 0xffff_0000 | ((<u64>load<u32>(ip, 12)) << 32);
  p.destinationLow = 0xffff_0000 | ((<u64>load<u32>(ip, 16)) << 32);
  p.sourceHigh = 0;
  p.destinationHigh = 0;
  const sum = checksumOf(checksumPacket(pseudoSum(p, bytes - 20), p, p.data + 20));
  packetFree(p);
  return sum;
}

/** The container sends a UDP datagram. */
function leave(from: u32, fromPort: u16, to: u32, toPort: u16, bytes: u32): i64 {
  const p = packetNew(bytes)!;
  memory.fill(packetPut(p, bytes), 0x55, bytes);
  const udp = packetPush(p, 8);
  store<u16>(udp, bswap<u16>(fromPort));
  store<u16>(udp, bswap<u16>(toPort), 2);
  store<u16>(udp, bswap<u16>(<u16>(8 + bytes)), 4);
  store<u16>(udp, 0, 6);
  p.checksum = <u8>Checksum.ToCompute;
  p.checksumAt = 6;
  setAddress4(flowSource(flow), from);
  setAddress4(flowDestination(flow), to);
  flow.anySource = false;
  flow.generation = 0;
  inetBegin();
  const r = inetOutput(port.space, p, flow, Protocol.Udp);
  inetEnd();
  return r;
}

/** Lets go of what packets have left behind. */
function forget(): void {
  natForget(port);
  fragmentsPurge(host);
  fragmentsPurge(port.space);
  neighboursFree(device.interface!);
}

beforeAll(() => {
  startContainer();
  workSystemInit();
  namelessInit();
  setHostContainer(container);
  setCurrent(newProcess(null).leader);
  expect(inetInit()).toBeTruthy();
  sent = kernelAlloc(70000);
  flow = changetype<Flow>(kernelAlloc(FLOW_BYTES));
  device = changetype<NetDevice>(kernelAlloc(offsetof<NetDevice>()));
  device.send = send.index;
  device.hardware = OURS;
  device.mtu = 1500;
  expect(netDeviceRegister(device)).toBeTruthy();
  const settings = memory.data<u8>([
    0x31, 0x30, 0x2e, 0x30, 0x2e, 0x32, 0x2e, 0x31, 0x35, 0x2f, 0x32, 0x34, 0x2c, 0x31, 0x30, 0x2e, 0x30, 0x2e, 0x32, 0x2e, 0x32,
  ]);
  hostNetworkStart(settings, 21);
  host = hostSpace()!;
  port = join();
  seed(3);
});

/** Another container on the switch. */
function join(): Interface {
  return containerJoin(changetype<Container>(kernelAlloc(offsetof<Container>())))!;
}

describe("what a container sends outside", () => {
  it("leaves with the host's address, and the answer finds its way back", () => {
    expect(leave(port.address, 4000, OUTSIDE, 53, 100)).toBe(0);
    expect(load<u32>(sent, 12)).toBe(HOST);
    expect(load<u32>(sent, 16)).toBe(OUTSIDE);
    expect(load<u8>(sent, 8)).toBe(63);
    expect(checksum(sent, 20)).toBe(0);
    expect(transportChecksum(sent, sentBytes)).toBe(0);
    const fromPort = bswap<u16>(load<u16>(sent, 20));
    const before = counted(port.space, Counter.UdpNoPorts);
    arrive(17, OUTSIDE, 53, HOST, fromPort, 64);
    // Nobody listens in the container: it is told so by ICMP, which leaves as the host's own.
    expect(counted(port.space, Counter.UdpNoPorts)).toBe(before + 1);
    expect(load<u8>(sent, 9)).toBe(1);
    expect(load<u32>(sent, 12)).toBe(HOST);
    expect(load<u32>(sent, 28 + 16)).toBe(HOST, "the quoted packet is the one that came");
    expect(bswap<u16>(load<u16>(sent, 28 + 22))).toBe(fromPort);
  });

  it("gets a port of its own when two containers use the same", () => {
    leave(port.address, 5000, OUTSIDE, 53, 10);
    const first = load<u16>(sent, 20);
    const second = join();
    const mine = port;
    port = second;
    leave(port.address, 5000, OUTSIDE, 53, 10);
    expect(load<u16>(sent, 20) != first).toBeTruthy();
    port = mine;
    interfaceRemove(second);
  });

  it("must carry its own address", () => {
    const before = frames;
    const dropped = port.sentDropped;
    leave(ip4(172, 17, 9, 9), 4001, OUTSIDE, 53, 10);
    leave(HOST, 4001, OUTSIDE, 53, 10);
    expect(frames).toBe(before);
    expect(port.sentDropped).toBe(dropped + 2);
  });

  it("is split when it is longer than the link takes", () => {
    const before = frames;
    leave(port.address, 4002, OUTSIDE, 53, 1700);
    expect(frames - before).toBe(2);
    expect(checksum(sent, 20)).toBe(0);
  });
});

describe("what comes from outside", () => {
  it("reaches no container without a track or a published port", () => {
    const before = counted(port.space, Counter.IpReceives);
    arrive(17, OUTSIDE, 53, port.address, 4000, 10);
    arrive(6, OUTSIDE, 53, port.address, 80, 10);
    arrive(17, OUTSIDE, 99, HOST, 4000, 10);
    expect(counted(port.space, Counter.IpReceives)).toBe(before);
  });

  it("reaches the container at a published port", () => {
    expect(natPublish(host, Protocol.Udp, 8053, port, 53)).toBe(0);
    expect(natPublish(host, Protocol.Udp, 8053, port, 54)).toBe(-98);
    const before = counted(port.space, Counter.UdpNoPorts);
    arrive(17, OUTSIDE, 777, HOST, 8053, 10);
    expect(counted(port.space, Counter.UdpNoPorts)).toBe(before + 1);
    leave(port.address, 53, OUTSIDE, 777, 20);
    expect(load<u32>(sent, 12)).toBe(HOST);
    expect(bswap<u16>(load<u16>(sent, 20))).toBe(8053);
    expect(transportChecksum(sent, sentBytes)).toBe(0);
  });

  it("may be anything: nothing panics, nothing stays", () => {
    interfaceRemove(port);
    port = join();
    forget();
    const objects = heapObjectsUsed() - packetsKept();
    expect(natPublish(host, Protocol.Udp, 8053, port, 53)).toBe(0);
    for (let round = 0; round < 200000; round++) {
      const bytes = random(round % 10 == 0 ? 1500 : 120) + 1;
      const p = packetNew(bytes)!;
      const at = packetPut(p, bytes);
      for (let i: u32 = 0; i < bytes; i++) store<u8>(at + i, <u8>random(256));
      // Mostly what passes the first looks.
      if (bytes >= 34 && random(8) != 0) {
        storeHardware(at, OURS);
        store<u16>(at, random(20) == 0 ? 0x0608 : 8, 12);
        const ip = at + 14;
        store<u8>(ip, random(4) == 0 ? <u8>(0x40 | random(16)) : 0x45);
        store<u16>(ip, bswap<u16>(<u16>(bytes - 14 - (random(6) == 0 ? random(20) : 0))), 2);
        store<u16>(ip, random(4) == 0 ? <u16>random(65536) : 0, 6);
        store<u8>(ip, load<u8>(memory.data<u8>([1, 6, 17, 17, 1, 41]) + random(6)), 9);
        store<u32>(ip, random(3) == 0 ? OUTSIDE : ip4(random(256), 0, 2, 2), 12);
        store<u32>(ip, random(4) == 0 ? port.address : HOST, 16);
        store<u16>(ip, 0, 10);
        const header = ((<u32>load<u8>(ip)) & 15) << 2;
        if (header <= bytes - 14) store<u16>(ip, checksum(ip, header), 10);
        if (bytes >= 38 && random(2) == 0) store<u16>(ip, bswap<u16>(8053), 22);
      }
      inetBegin();
      netDeviceReceive(device, p);
      inetEnd();
    }
    expect(port.tracks > 0).toBeTruthy("some of it was let in");
    forget();
    // What routers said of paths is kept in one object a space.
    const paths: u32 = (host.pathMtus != 0 ? 1 : 0) + (port.space.pathMtus != 0 ? 1 : 0);
    expect(heapObjectsUsed() - packetsKept()).toBe(objects + paths);
  });
});
