import { heapObjectsUsed, kernelAlloc } from "../../mm/heap";
import { random, seed } from "../../lib/testing";
import { container, newProcess, startContainer } from "../../task/testing";
import { setCurrent } from "../../task/thread";
import { workSystemInit } from "../../task/work";
import { namelessInit } from "../../vfs/nameless";
import { checksum } from "../checksum";
import { Packet, packetFree, packetNew, packetPut, packetRead, packetsKept } from "../packet";
import { spaceOf } from "../space";
import { InetAddress, setAddress4 } from "./address";
import { fragmentIn, fragmentsPurge } from "./fragment";
import { inetInit } from "./start";
import { inetOf, InetSpace } from "./space";

let space: InetSpace = changetype<InetSpace>(0);
let data: usize = 0;
let room: usize = 0;
let identification: u16 = 0;

/** One part of the datagram, from `offset` on, as it comes in. */
function part(offset: u32, bytes: u32, more: bool): Packet {
  const p = packetNew(20 + bytes)!;
  const ip = packetPut(p, 20);
  memory.fill(ip, 0, 20);
  store<u8>(ip, 0x45);
  store<u16>(ip, bswap<u16>(<u16>(20 + bytes)), 2);
  store<u16>(ip, identification, 4);
  store<u16>(ip, bswap<u16>(<u16>((offset >> 3) | (more ? 0x2000 : 0))), 6);
  store<u8>(ip, 17, 9);
  store<u32>(ip, 0x0202_000a, 12);
  store<u32>(ip, 0x0f02_000a, 16);
  store<u16>(ip, checksum(ip, 20), 10);
  memory.copy(packetPut(p, bytes), data + offset, bytes);
  p.network = ip;
  p.protocol = 17;
  p.interface = changetype<usize>(space.loopback);
  setAddress4(changetype<InetAddress>(changetype<usize>(p) + offsetof<Packet>("sourceHigh")), 0x0202_000a);
  return p;
}

/** Offsets and lengths of parts, u32 each. */
let parts: usize = 0;
let count: u32 = 0;

/** Cuts `bytes` into parts of random lengths up to `most`, in random order. */
function cut(bytes: u32, most: u32): void {
  count = 0;
  let offset: u32 = 0;
  while (offset < bytes) {
    const n = min(bytes - offset, (random(most >> 3) + 1) << 3);
    store<u32>(parts + (count << 3), offset);
    store<u32>(parts + (count << 3), n, 4);
    count++;
    offset += n;
  }
  for (let i = count; i > 1; i--) {
    const other = random(i);
    const mine = load<u64>(parts + ((i - 1) << 3));
    store<u64>(parts + ((i - 1) << 3), load<u64>(parts + (other << 3)));
    store<u64>(parts + (other << 3), mine);
  }
}

beforeAll(() => {
  startContainer();
  workSystemInit();
  namelessInit();
  setCurrent(newProcess(null).leader);
  expect(inetInit()).toBeTruthy();
  space = inetOf(spaceOf(container)!)!;
  data = kernelAlloc(70000);
  room = kernelAlloc(70000);
  parts = kernelAlloc(70000);
  seed(11);
  for (let i: u32 = 0; i < 66000; i++) store<u8>(data + i, <u8>random(256));
});

describe("parts of a datagram", () => {
  it("come together in any order, some of them twice", () => {
    for (let round = 0; round < 200; round++) {
      const bytes = random(round % 4 == 0 ? 60000 : 3000) + 9;
      identification++;
      cut(bytes, 1400);
      let whole: Packet | null = null;
      for (let i: u32 = 0; i < count; i++) {
        const offset = load<u32>(parts + (i << 3));
        const n = load<u32>(parts + (i << 3), 4);
        if (i + 1 < count && random(4) == 0) expect(fragmentIn(space, part(offset, n, offset + n != bytes), 20)).toBeNull();
        whole = fragmentIn(space, part(offset, n, offset + n != bytes), 20);
        if (i + 1 < count) expect(whole).toBeNull();
      }
      expect(whole != null).toBeTruthy("all parts are there");
      if (!whole) return;
      expect(whole.length).toBe(bytes + 20);
      packetRead(whole, 20, room, bytes);
      expect(memory.compare(room, data, bytes)).toBe(0);
      packetFree(whole);
      expect(space.fragments).toBe(0);
    }
  });

  it("that overlap or contradict each other spoil it", () => {
    identification++;
    fragmentIn(space, part(0, 800, true), 20);
    expect(fragmentIn(space, part(400, 800, false), 20)).toBeNull();
    expect(space.fragments).toBe(0, "overlap");
    fragmentIn(space, part(0, 800, false), 20);
    identification++;
    fragmentIn(space, part(80, 80, false), 20);
    fragmentIn(space, part(160, 80, false), 20);
    expect(space.fragments).toBe(0, "two ends");
    identification++;
    fragmentIn(space, part(0, 81, true), 20);
    expect(space.fragments).toBe(0, "an odd length in the middle");
    identification++;
    fragmentIn(space, part(65528, 80, false), 20);
    expect(space.fragments).toBe(0, "beyond the end of all packets");
  });

  it("are bounded in what they cost, and go with their space", () => {
    const objects = heapObjectsUsed() - packetsKept();
    for (let i = 0; i < 3000; i++) {
      identification++;
      fragmentIn(space, part(0, 1400, true), 20);
    }
    expect(space.fragments <= 512 << 10).toBeTruthy();
    fragmentsPurge(space);
    expect(space.fragments).toBe(0);
    expect(heapObjectsUsed() - packetsKept()).toBe(objects);
  });
});
