import { heapObjectsUsed } from "../mm/heap";
import { useTestMemory } from "../mm/testing";
import { ringDrop, ringFree, ringNew, ringPeek, ringPut, ringRead, ringRoom, ringTruncate, ringUsed, ringWrite } from "./ring";

const bytes = memory.data(64, 8);
const out = memory.data(64, 8);

describe("byte ring", () => {
  test("keeps order around its end and never takes more than fits", () => {
    useTestMemory(512);
    const before = heapObjectsUsed();
    const ring = ringNew(16)!;
    for (let i = 0; i < 64; i++) store<u8>(bytes + i, <u8>i);
    let written: u32 = 0;
    let next: u32 = 0;
    for (let round: u32 = 0; round < 200; round++) {
      const n = ringWrite(ring, bytes + (written & 31), 1 + (round % 19));
      expect(n <= 16).toBe(true);
      written += n;
      const got = ringPeek(ring, out, 1 + (round % 7));
      for (let i: u32 = 0; i < got; i++) expect(load<u8>(out + i) & 31).toBe(<u8>((next + i) & 31));
      ringDrop(ring, got);
      next += got;
      expect(ringUsed(ring)).toBe(written - next);
      expect(ringRoom(ring)).toBe(16 - (written - next));
    }
    ringTruncate(ring, 1);
    ringPut(ring, 0xaa);
    expect(ringRead(ring, out, 64)).toBe(2);
    expect(load<u8>(out + 1)).toBe(0xaa);
    ringFree(ring);
    expect(heapObjectsUsed()).toBe(before);
  });
});
