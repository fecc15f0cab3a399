import { frameFailAfter, framesFree } from "../../kernel/mm/frame";
import { heapBytesUsed, heapObjectsUsed } from "../../kernel/mm/heap";
import { useTestMemory } from "../../kernel/mm/testing";
import { bytesLength, bytesOf, failure, failureText, giveSpare, takeSpare } from "../testing";
import { specFree } from "./model";
import { specParse } from "./parse";
import { config, richConfig, runcSpec, umociConfig } from "./vectors";

useTestMemory(1024);

describe("out of memory", () => {
  it("is ENOMEM at every allocation, and leaves nothing behind", () => {
    let args = '"args":["x"';
    for (let i = 0; i < 600; i++) args += ',"argument ' + i.toString() + '"';
    const texts = [runcSpec(), richConfig(), config(args + "]")];
    for (let t = 0; t < texts.length; t++) {
      const p = bytesOf(texts[t]);
      const objects = heapObjectsUsed();
      const bytes = heapBytesUsed();
      const frames = framesFree();
      let failures = 0;
      for (let n = 0; ; n++) {
        const spare = takeSpare(2048);
        frameFailAfter(n);
        const spec = specParse(p, bytesLength, failure);
        frameFailAfter(-1);
        giveSpare(spare);
        if (spec) {
          specFree(spec);
          break;
        }
        failures++;
        expect(failureText()).toBe("12: out of memory");
        expect(heapObjectsUsed()).toBe(objects);
      }
      expect(failures).toBeGreaterThan(1); // the array of nodes and the arena at least
      expect(heapBytesUsed()).toBe(bytes);
      expect(framesFree()).toBeGreaterThan(frames - 3); // a class of the heap may keep one empty slab
    }
  });
});

/** xorshift32 (Marsaglia 2003). */
let seed: u32 = 0x2545f491;
function random(below: u32): u32 {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed % below;
}

const TOKENS = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "null",
  "-1",
  "0",
  "1e9",
  '"x"',
  "{}",
  "[]",
  "\\u0000",
  "18446744073709551616",
  "true",
];

function mutate(p: usize, length: u32): u32 {
  for (let edits = 1 + random(4); edits != 0; edits--) {
    const at = random(length);
    switch (random(5)) {
      case 0: // another byte
        store<u8>(p + at, <u8>random(256));
        break;
      case 1: {
        // a stretch goes
        const n = min(1 + random(30), length - at);
        memory.copy(p + at, p + at + n, length - at - n);
        length -= n;
        break;
      }
      case 2: {
        // a stretch twice
        const n = min(1 + random(60), length - at);
        memory.copy(p + at + n, p + at, length - at);
        length += n;
        break;
      }
      case 3: {
        // a token over what is there
        const token = TOKENS[random(TOKENS.length)];
        for (let i = 0; i < token.length && at + i < length; i++) store<u8>(p + at + i, <u8>token.charCodeAt(i));
        break;
      }
      default: // the end goes
        if (random(8) == 0) length = at + 1;
    }
    if (length == 0) length = 1;
  }
  return length;
}

describe("mutated configurations", () => {
  it("are decoded or refused, and leave nothing behind", () => {
    const texts = [runcSpec(), umociConfig(), richConfig()];
    let accepted = 0;
    let refusals = 0;
    const objects = heapObjectsUsed();
    for (let round = 0; round < 6000; round++) {
      const p = bytesOf(texts[round % 3]);
      const length = mutate(p, bytesLength);
      if (random(10) == 0) frameFailAfter(random(3));
      const spec = specParse(p, length, failure);
      frameFailAfter(-1);
      if (spec) {
        accepted++;
        specFree(spec);
      } else {
        refusals++;
        assert(failure.errno > 0 && failure.length > 4 && failure.length <= 256, "a refusal says why");
      }
      assert(heapObjectsUsed() == objects, "nothing is left behind");
    }
    expect(accepted).toBeGreaterThan(200);
    expect(refusals).toBeGreaterThan(2000);
  });
});
