import { test_scale } from "../../testing/scale";
import { Sha256 } from "../hash/sha256";
import { GzipSource } from "./gzip";
import { ByteSource } from "./source";
import { packedVectors } from "./vectors";
import { ZstdSource } from "./zstd";

/** Bytes in memory, given out in pieces of at most `piece`. */
class MemorySource extends ByteSource {
  private at: u32 = 0;

  constructor(
    private bytes: StaticArray<u8>,
    private length: u32,
    private piece: u32,
  ) {
    super();
  }

  read(p: usize, n: u32): i64 {
    const count = min(min(n, this.piece), this.length - this.at);
    memory.copy(p, changetype<usize>(this.bytes) + this.at, count);
    this.at += count;
    return count;
  }
}

const buffer: usize = memory.data(65536, 8);

/** Length and digest of what the packed bytes give, "-errno" when they are damaged. */
function unpack(isZstd: bool, bytes: StaticArray<u8>, length: u32, piece: u32, chunk: u32): string {
  const packed = new MemorySource(bytes, length, piece);
  const source: ByteSource = isZstd ? new ZstdSource(packed) : new GzipSource(packed);
  const hash = new Sha256();
  let n: i64;
  while ((n = source.read(buffer, chunk)) > 0) hash.update(buffer, <u32>n);
  return n < 0 ? n.toString() : `${hash.length} ${hash.digest()}`;
}

describe("packed data", () => {
  it("give what was packed, in whatever pieces they come", () => {
    const vectors = packedVectors();
    for (let i = 0; i < vectors.length; i++) {
      const v = vectors[i];
      const bytes = v.bytes();
      const expected = `${v.length} ${v.digest}`;
      expect(unpack(v.isZstd, bytes, bytes.length, 65536, 65536)).toBe(expected, v.name);
      expect(unpack(v.isZstd, bytes, bytes.length, 1, 65536)).toBe(expected, v.name);
      expect(unpack(v.isZstd, bytes, bytes.length, 1000, 77)).toBe(expected, v.name);
    }
  });

  it("are known to be cut at every length", () => {
    const vectors = packedVectors();
    for (let i = 0; i < vectors.length; i++) {
      const v = vectors[i];
      const bytes = v.bytes();
      const expected = `${v.length} ${v.digest}`;
      // Cut at a frame's or member's end the rest is whole; and so is what has lost padding.
      const isSeveral = v.name.includes("several");
      const step = max(1, bytes.length / 60);
      for (let length = 0; length < bytes.length; length += step) {
        const result = unpack(v.isZstd, bytes, length, 65536, 65536);
        if (!isSeveral) expect(result).toBe("-74", `${v.name} at ${length}`);
        else if (!result.startsWith("-")) expect(result.length).toBeGreaterThan(64);
        if (!isSeveral) expect(result).not.toBe(expected);
      }
    }
  });

  it("that were changed are refused, or are without a checksum", () => {
    const vectors = packedVectors();
    let seed: u32 = 1;
    const rounds = test_scale() * 40;
    for (let i = 0; i < vectors.length; i++) {
      const v = vectors[i];
      const original = v.bytes();
      if (original.length == 0) continue;
      const expected = `${v.length} ${v.digest}`;
      // What a change of a header's fields may leave as it was.
      const isChecked = v.name != "zstd without checksum" && !v.name.includes("several") && v.name != "gzip with all fields";
      for (let round: u32 = 0; round < rounds; round++) {
        const bytes = v.bytes();
        seed = seed * 1103515245 + 12345;
        const changes = ((seed >> 28) & 3) + 1;
        for (let c: u32 = 0; c < changes; c++) {
          seed = seed * 1103515245 + 12345;
          const at = (seed >> 8) % <u32>bytes.length;
          seed = seed * 1103515245 + 12345;
          bytes[at] ^= <u8>((<u32>1) << ((seed >> 16) & 7));
        }
        const result = unpack(v.isZstd, bytes, bytes.length, 4096, 65536);
        if (isChecked && !result.startsWith("-")) expect(result).toBe(expected, v.name);
      }
    }
  });
});

describe("zstd", () => {
  it("is refused when its window is too large or it needs a dictionary", () => {
    // Magic, descriptor, window of 16 MiB.
    const wide: StaticArray<u8> = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x70, 0x01, 0x00, 0x00];
    expect(unpack(true, wide, wide.length, 100, 100)).toBe("-95");
    // The same with 8 MiB, and an empty last block.
    wide[5] = 0x68;
    expect(unpack(true, wide, wide.length, 100, 100)).toBe("0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const dictionary: StaticArray<u8> = [0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x00, 0x07, 0x01, 0x00, 0x00];
    expect(unpack(true, dictionary, dictionary.length, 100, 100)).toBe("-95");
  });

  it("is refused when it is something else", () => {
    const other: StaticArray<u8> = [0x1f, 0x8b, 8, 0, 0, 0];
    expect(unpack(true, other, other.length, 100, 100)).toBe("-74");
    expect(unpack(true, other, 0, 100, 100)).toBe("-74");
  });
});
