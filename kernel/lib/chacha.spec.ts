// The test vectors of RFC 8439.

import { chachaBlock } from "./chacha";

const key = memory.data(32);
const nonce = memory.data(12);
const block = memory.data(64);

function hex(p: usize, n: u32): string {
  let s = "";
  for (let i: u32 = 0; i < n; i++) {
    const b = load<u8>(p + i);
    s += (b < 16 ? "0" : "") + (<u32>b).toString(16);
  }
  return s;
}

describe("the ChaCha20 block function", () => {
  test("gives the block of RFC 8439, 2.3.2", () => {
    for (let i: u32 = 0; i < 32; i++) store<u8>(key + i, <u8>i);
    store<u32>(nonce, 0x09000000, 0);
    store<u32>(nonce, 0x4a000000, 4);
    store<u32>(nonce, 0, 8);
    chachaBlock(block, key, 1, nonce);
    expect(hex(block, 64)).toBe(
      "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e" +
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
    );
  });

  test("gives the block of an all-zero key, RFC 8439, A.1, vectors 1 and 2", () => {
    memory.fill(key, 0, 32);
    chachaBlock(block, key, 0, 0);
    expect(hex(block, 32)).toBe("76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7");
    chachaBlock(block, key, 1, 0);
    expect(hex(block, 32)).toBe("9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed");
  });
});
