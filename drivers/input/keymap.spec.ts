import { keyDecode, keySequence } from "./keymap";

/** What these scan codes type, with ESC as ^. */
function typed(codes: u32[]): string {
  let text = "";
  for (let i = 0; i < codes.length; i++) {
    const n = keyDecode(<u8>codes[i]);
    for (let k: u32 = 0; k < n; k++) {
      const c = load<u8>(keySequence + k);
      text += c == 0x1b ? "^" : c < 0x20 ? `<${c}>` : String.fromCharCode(c);
    }
  }
  return text;
}

describe("keys", () => {
  test("type letters, capitals and signs", () => {
    expect(typed([0x1e, 0x9e, 0x30, 0xb0])).toBe("ab");
    expect(typed([0x2a, 0x1e, 0x02, 0xaa, 0x1e])).toBe("A!a");
    expect(typed([0x3a, 0xba, 0x1e, 0x02, 0x2a, 0x1e, 0xaa, 0x3a, 0xba, 0x1e])).toBe("A1aa");
    expect(typed([0x39, 0x1c, 0x0f])).toBe(" <13><9>");
  });

  test("with Ctrl type control characters, with Alt an ESC in front", () => {
    expect(typed([0x1d, 0x2e, 0x9d, 0x2e])).toBe("<3>c");
    expect(typed([0x38, 0x21, 0xb8, 0x21])).toBe("^ff");
    expect(typed([0xe0, 0x1d, 0x20, 0xe0, 0x9d])).toBe("<4>");
  });

  test("without a character send sequences", () => {
    expect(typed([0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x50, 0xe0, 0x4d, 0xe0, 0x4b])).toBe("^[A^[B^[C^[D");
    expect(typed([0xe0, 0x47, 0xe0, 0x4f, 0xe0, 0x53, 0xe0, 0x49])).toBe("^[H^[F^[3~^[5~");
    expect(typed([0x3b, 0x3e, 0x3f, 0x40, 0x44, 0x57, 0x58])).toBe("^OP^OS^[15~^[17~^[21~^[23~^[24~");
  });

  test("that frame others or mean nothing type nothing", () => {
    expect(typed([0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xaa, 0x1e])).toBe("^[Aa");
    expect(typed([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e])).toBe("a");
    expect(typed([0x7f, 0x00])).toBe("");
  });
});
