import { frameRetain, frameAlloc, framesFree, frameRelease, PAGE_SHIFT } from "../mm/frame";
import { heapFramesKept, heapObjectsUsed, kernelAlloc } from "../mm/heap";
import { random, seed } from "../lib/testing";
import { useTestMemory } from "../mm/testing";
import { checksum, checksumChange, checksumOf, checksumPacket } from "./checksum";
import { Exchange, exchangeStart } from "./exchange";
import {
  HEAD_ROOM,
  LINEAR_MAX,
  Packet,
  packetAddFrame,
  packetAppend,
  packetFree,
  packetLinear,
  packetMove,
  packetNew,
  packetOfFrame,
  packetPull,
  packetPush,
  packetPut,
  packetRead,
  packetShare,
  packetsKept,
  packetTrim,
  PACKET_MAX,
} from "./packet";
import { formatAddress4, ip4, netmask4, parseAddress4 } from "./inet/address";

let data: usize = 0;
let room: usize = 0;
let pieces: usize = 0;
const BYTES: u32 = 70000;

/** Frames that nobody uses. */
function frames(): u32 {
  return framesFree() + heapFramesKept();
}

function exchange(p: usize, bytes: u32): Exchange {
  store<u64>(pieces, p);
  store<u64>(pieces, bytes / 3, 8);
  store<u64>(pieces, p + bytes / 3, 16);
  store<u64>(pieces, bytes - bytes / 3, 24);
  const e = exchangeStart(pieces, bytes, 0, 0);
  e.kernel = true;
  return e;
}

function packetWith(bytes: u32): Packet {
  const p = packetNew(bytes)!;
  expect(packetAppend(p, exchange(data, bytes), bytes)).toBe(0);
  return p;
}

/** The packet's bytes are those of `data` from `from` on. */
function holds(p: Packet, from: u32, bytes: u32): bool {
  if (p.length != bytes) return false;
  memory.fill(room, 0xaa, BYTES);
  packetRead(p, 0, room, bytes);
  if (memory.compare(room, data + from, bytes) != 0) return false;
  memory.fill(room, 0xaa, BYTES);
  return packetMove(p, exchange(room, bytes), 0, bytes) == 0 && memory.compare(room, data + from, bytes) == 0;
}

/** RFC 1071 word by word, in network order. */
function slowChecksum(p: usize, bytes: u32): u16 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < bytes; i++) {
    sum += (i & 1) == 0 ? (<u32>load<u8>(p + i)) << 8 : <u32>load<u8>(p + i);
    if (sum > 0xffff) sum = (sum & 0xffff) + 1;
  }
  return bswap<u16>(<u16>~sum);
}

beforeAll(() => {
  useTestMemory(600);
  data = kernelAlloc(BYTES);
  room = kernelAlloc(BYTES);
  pieces = kernelAlloc(32);
  seed(7);
  for (let i: u32 = 0; i < BYTES; i++) store<u8>(data + i, <u8>random(256));
});

describe("packets", () => {
  it("hold data of any length, and give everything back", () => {
    packetFree(packetNew(1)!);
    const objects = heapObjectsUsed() - packetsKept();
    const before = frames();
    const lengths = memory.data<u32>([0, 1, 95, 96, 97, LINEAR_MAX, LINEAR_MAX + 1, 4096, 4097, 65535]);
    for (let i: u32 = 0; i < 10; i++) {
      const n = load<u32>(lengths + (i << 2));
      const p = packetWith(n);
      expect(holds(p, 0, n)).toBeTruthy("of " + n.toString());
      packetFree(p);
    }
    expect(heapObjectsUsed() - packetsKept()).toBe(objects);
    expect(frames()).toBe(before);
  });

  it("are pulled, trimmed, pushed and gathered at random", () => {
    for (let round = 0; round < 300; round++) {
      const n = random(2) == 0 ? random(300) + 1 : random(PACKET_MAX) + 1;
      const p = packetWith(n);
      let from: u32 = 0;
      let to = n;
      for (let step = 0; step < 6; step++) {
        if (random(2) == 0) {
          const less = random(to - from + 1);
          packetPull(p, less);
          from += less;
        } else {
          to -= random(to - from + 1);
          packetTrim(p, to - from);
        }
        expect(p.length).toBe(to - from);
      }
      const wanted = min<u32>(to - from, random(100));
      if (packetLinear(p, wanted)) expect(memory.compare(p.data, data + from, wanted)).toBe(0);
      expect(holds(p, from, to - from)).toBeTruthy("round " + round.toString());
      packetFree(p);
    }
  });

  it("take headers in front", () => {
    const p = packetWith(5000);
    memory.copy(packetPush(p, 20), data + 100, 20);
    expect(p.length).toBe(5020);
    expect(packetLinear(p, 20)).toBeTruthy();
    expect(memory.compare(p.data, data + 100, 20)).toBe(0);
    packetPush(p, HEAD_ROOM - 20);
    expect(packetLinear(p, 1000)).toBeFalsy("there is no room");
    packetFree(p);
  });

  it("share frames with what is sent again", () => {
    const before = frames();
    const p = packetWith(20000);
    const taken = frames();
    const q = packetShare(p, 3000, 9000)!;
    expect(taken - frames() < 2).toBeTruthy("only a header is new");
    packetFree(p);
    expect(holds(q, 3000, 9000)).toBeTruthy();
    const r = packetShare(q, 8999, 1)!;
    packetFree(q);
    expect(holds(r, 11999, 1)).toBeTruthy();
    packetFree(r);
    const small = packetWith(50);
    const copy = packetShare(small, 10, 30)!;
    packetFree(small);
    expect(holds(copy, 10, 30)).toBeTruthy();
    packetFree(copy);
    expect(frames()).toBe(before);
  });

  it("can be a frame that a driver filled", () => {
    const frame = frameAlloc();
    memory.copy((<usize>frame) << PAGE_SHIFT, data, 4096);
    const p = packetOfFrame(frame, 12, 1500)!;
    expect(holds(p, 12, 1500)).toBeTruthy();
    const more = frameAlloc();
    memory.copy((<usize>more) << PAGE_SHIFT, data + 1512, 2000);
    frameRetain(more);
    expect(packetAddFrame(p, more, 0, 2000)).toBeTruthy();
    expect(holds(p, 12, 3500)).toBeTruthy();
    packetFree(p);
    frameRelease(more);
  });
});

describe("the Internet checksum", () => {
  it("is that of RFC 1071, for all lengths, also over pieces of odd length", () => {
    const example = memory.data<u8>([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
    expect(bswap<u16>(~checksum(example, 8))).toBe(0xddf2, "RFC 1071, 3");
    for (let n: u32 = 0; n < 200; n++) expect(checksum(data + n, n)).toBe(slowChecksum(data + n, n));
    for (let round = 0; round < 100; round++) {
      const n = random(30000) + 4000;
      const p = packetWith(n);
      const from = random(3000);
      packetPull(p, from);
      expect(packetLinear(p, 21)).toBeTruthy();
      expect(checksumOf(checksumPacket(0, p, p.data + 20))).toBe(slowChecksum(data + from + 20, n - from - 20));
      packetFree(p);
    }
  });

  it("follows a change of one word (RFC 1624)", () => {
    const p = packetNew(40)!;
    const at = packetPut(p, 40);
    for (let round = 0; round < 500; round++) {
      memory.copy(at, data + random(BYTES - 40), 40);
      store<u16>(at, 0, 10);
      const old = checksum(at, 40);
      const before = load<u16>(at, 20);
      const after = <u16>random(65536);
      store<u16>(at, after, 20);
      expect(checksumChange(old, before, after)).toBe(checksum(at, 40));
    }
    packetFree(p);
  });
});

describe("addresses", () => {
  it("are written and read", () => {
    for (let round = 0; round < 200; round++) {
      const v4 = ip4(random(256), random(256), random(256), random(256));
      const n = formatAddress4(room, v4);
      expect(parseAddress4(room, n)).toBe(<i64>v4);
    }
    const bad = ["", "1.2.3", "1.2.3.", "1.2.3.256", "1.2.3.4.", "1.2.3.4 ", "01.2.3.4", "1..2.3", "a.2.3.4", "1.2.3.0004"];
    for (let i = 0; i < bad.length; i++) {
      const n = <u32>String.UTF8.encodeUnsafe(changetype<usize>(bad[i]), bad[i].length, room);
      expect(parseAddress4(room, n)).toBe(-1, bad[i]);
    }
    expect(netmask4(0)).toBe(0);
    expect(netmask4(20)).toBe(ip4(255, 255, 240, 0));
    expect(netmask4(32)).toBe(0xffff_ffff);
  });
});
