import { useTestMemory } from "../../mm/testing";
import { kernelAlloc } from "../../mm/heap";
import { InetSpace } from "../inet/space";
import { bytesEqual } from "../../lib/bytes";
import { sackAdd, sackLeft, sackRight, Segment, SegmentFlag, segmentNew, SegmentOption } from "./segment";
import { headerBytes, headerRead, headerWrite } from "./wire";

const nowhere = changetype<InetSpace>(0);
let p: usize = 0;

/** Writes the bytes of a text of hexadecimal digits. */
function hex(text: string): usize {
  const at = kernelAlloc(64);
  let n: u32 = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const v = c >= 0x61 ? c - 0x57 : c - 0x30;
    if (c == 0x20) continue;
    const byte = load<u8>(at + (n >> 1));
    store<u8>(at + (n >> 1), <u8>((n & 1) == 0 ? v << 4 : byte | v));
    n++;
  }
  return at;
}

function blank(): Segment {
  return segmentNew(nowhere)!;
}

describe("a header", () => {
  beforeAll(() => {
    useTestMemory(512);
    p = kernelAlloc(64);
  });

  test("of a SYN is what a capture shows", () => {
    const s = blank();
    s.sourcePort = 0xa1b2;
    s.destinationPort = 80;
    s.sequence = 0x01020304;
    s.flags = <u8>SegmentFlag.Syn;
    s.window = 64240;
    s.options = <u8>(SegmentOption.MaximumSize | SegmentOption.Scale | SegmentOption.SackPermitted | SegmentOption.Timestamps);
    s.maximumSize = 1460;
    s.scale = 7;
    s.stamp = 0x11223344;
    const wanted = hex("a1b20050 01020304 00000000 a002faf0 00000000 020405b4 0402080a 11223344 00000000 01030307");
    expect(headerBytes(s)).toBe(40);
    headerWrite(s, p, s.sequence, s.flags);
    expect(bytesEqual(p, wanted, 40)).toBeTruthy();
    const back = blank();
    expect(headerRead(back, wanted, 40)).toBe(40);
    expect(back.options).toBe(s.options);
    expect(back.maximumSize).toBe(1460);
    expect(back.scale).toBe(7);
    expect(back.stamp).toBe(0x11223344);
    expect(back.sequence).toBe(0x01020304);
    expect(back.sourcePort).toBe(0xa1b2);
  });

  test("of an acknowledgment with SACK blocks", () => {
    const s = blank();
    s.flags = <u8>SegmentFlag.Ack;
    s.options = <u8>SegmentOption.Timestamps;
    s.stamp = 5;
    s.echo = 6;
    s.sequence = 1;
    s.acknowledgment = 2;
    s.window = 3;
    sackAdd(s, 0x10, 0x20);
    sackAdd(s, 0x30, 0xfffffff0);
    const wanted = hex(
      "00000000 00000001 00000002 d0100003 00000000 0101080a 00000005 00000006 01010512 00000010 00000020 00000030 fffffff0",
    );
    expect(headerBytes(s)).toBe(52);
    headerWrite(s, p, 1, s.flags);
    expect(bytesEqual(p, wanted, 52)).toBeTruthy();
    const back = blank();
    expect(headerRead(back, wanted, 52)).toBe(52);
    expect(back.sackCount).toBe(2);
    expect(sackLeft(back, 1)).toBe(0x30);
    expect(sackRight(back, 1)).toBe(0xfffffff0);
    expect(back.echo).toBe(6);
  });

  test("with malformed options counts without them", () => {
    const back = blank();
    // A length of 0, and one beyond the end.
    expect(headerRead(back, hex("00010002 00000001 00000002 60100003 00000000 08000000"), 24)).toBe(24);
    expect(back.options).toBe(0);
    expect(headerRead(back, hex("00010002 00000001 00000002 60100003 00000000 0101080a"), 24)).toBe(24);
    expect(back.options).toBe(0);
    // Options of a SYN mean nothing elsewhere.
    expect(headerRead(back, hex("00010002 00000001 00000002 60100003 00000000 020405b4"), 24)).toBe(24);
    expect(back.options).toBe(0);
  });

  test("that is shorter or longer than the packet is none", () => {
    const back = blank();
    expect(headerRead(back, hex("00010002 00000001 00000002 40100003 00000000"), 20)).toBe(0);
    expect(headerRead(back, hex("00010002 00000001 00000002 60100003 00000000"), 20)).toBe(0);
    expect(headerRead(back, p, 19)).toBe(0);
  });
});
