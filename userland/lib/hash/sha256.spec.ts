import { Sha256, sha256Of } from "./sha256";

describe("SHA-256", () => {
  it("gives what FIPS 180-4's examples say", () => {
    expect(sha256Of("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(sha256Of("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(sha256Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).toBe(
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    );
    expect(sha256Of("a".repeat(1_000_000))).toBe("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  });

  it("does not depend on the pieces in which bytes come", () => {
    const bytes = new StaticArray<u8>(1000);
    for (let i = 0; i < bytes.length; i++) bytes[i] = <u8>(i * 7);
    const p = changetype<usize>(bytes);
    const whole = new Sha256();
    whole.update(p, 1000);
    const expected = whole.digest();
    for (let piece: u32 = 1; piece < 200; piece += 13) {
      const hash = new Sha256();
      for (let at: u32 = 0; at < 1000; at += piece) hash.update(p + at, min(piece, 1000 - at));
      expect(hash.digest()).toBe(expected, piece.toString());
    }
  });
});
