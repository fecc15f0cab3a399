import { random, seed, testScale } from "../../kernel/lib/testing";
import { useTestMemory } from "../../kernel/mm/testing";
import { cells, columns, cursorColumn, cursorRow, cursorShown, rows, terminalInit, terminalPut } from "./terminal";

const WIDTH: u32 = 10;
const HEIGHT: u32 = 4;

function put(text: string): void {
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  for (let i = 0; i < bytes.length; i++) terminalPut(bytes[i]);
}

/** A row's characters, without the blanks at its end. */
function row(i: u32): string {
  let text = "";
  for (let c: u32 = 0; c < WIDTH; c++) text += String.fromCharCode(<i32>(load<u32>(cells + ((i * WIDTH + c) << 2)) & 0xffff));
  return text.trimEnd();
}

function screen(): string {
  let text = row(0);
  for (let i: u32 = 1; i < HEIGHT; i++) text += "|" + row(i);
  return text;
}

/** Foreground and background of a cell. */
function colours(i: u32, column: u32): u32 {
  return load<u32>(cells + ((i * WIDTH + column) << 2)) >> 16;
}

beforeEach(() => {
  useTestMemory(256);
  terminalInit(WIDTH, HEIGHT);
});

describe("text", () => {
  test("goes on in the next line, and the last line scrolls", () => {
    put("one\r\ntwo\r\n0123456789ab");
    expect(screen()).toBe("one|two|0123456789|ab");
    put("\r\nlast");
    expect(screen()).toBe("two|0123456789|ab|last");
  });

  test("does not wrap before there is more of it", () => {
    put("0123456789");
    expect(cursorRow).toBe(0);
    put("\rx");
    expect(screen()).toBe("x123456789|||");
  });

  test("is UTF-8", () => {
    put("a\u00e9\u20ac");
    expect(load<u32>(cells + 4) & 0xffff).toBe(0xe9);
    expect(load<u32>(cells + 8) & 0xffff).toBe(0x20ac);
    expect(cursorColumn).toBe(3);
  });

  test("obeys backspace, tab and carriage return", () => {
    put("ab\bc\td\re");
    expect(row(0)).toBe("ec      d");
  });
});

describe("sequences", () => {
  test("move the cursor within the screen", () => {
    put("\x1b[3;5Hx\x1b[Ay\x1b[99;99Hz\x1b[H\x1b[2Bw\x1b[5Gv");
    expect(screen()).toBe("|     y|w   v|         z");
    put("\x1b7\x1b[H\x1b8u");
    expect(row(2)).toBe("w   vu");
  });

  test("erase", () => {
    put("0123456789\x1b[2;1H0123456789\x1b[3;1H0123456789\x1b[2;4H\x1b[K");
    expect(screen()).toBe("0123456789|012|0123456789|");
    put("\x1b[1;4H\x1b[1K\x1b[2;1H\x1b[J");
    expect(screen()).toBe("    456789|||");
    put("\x1b[1;6H\x1b[2X");
    expect(row(0)).toBe("    4  789");
    put("\x1b[2J");
    expect(screen()).toBe("|||");
  });

  test("insert and delete", () => {
    put("abcdef\x1b[3G\x1b[2@");
    expect(row(0)).toBe("ab  cdef");
    put("\x1b[3P");
    expect(row(0)).toBe("abdef");
    put("\r\n1\r\n2\r\n3\x1b[2;1H\x1b[L");
    expect(screen()).toBe("abdef||1|2");
    put("\x1b[2M");
    expect(screen()).toBe("abdef|2||");
  });

  test("scroll a region", () => {
    put("a\r\nb\r\nc\r\nd\x1b[2;3r\x1b[3;1H\n");
    expect(screen()).toBe("a|c||d");
    put("\x1b[2;1H\x1bM");
    expect(screen()).toBe("a||c|d");
  });

  test("colour", () => {
    put("\x1b[31;44ma\x1b[1mb\x1b[7mc\x1b[0md\x1b[38;5;200me\x1b[48;2;255;0;0mf");
    expect(colours(0, 0)).toBe(0x0401);
    expect(colours(0, 1)).toBe(0x0409);
    expect(colours(0, 2)).toBe(0x0904);
    expect(colours(0, 3)).toBe(0x0007);
    expect(colours(0, 4)).toBe(200);
    expect(colours(0, 5)).toBe((196 << 8) | 200);
  });

  test("hide the cursor, and set titles that nobody sees", () => {
    put("\x1b[?25l\x1b]0;title\x07a\x1b]2;other\x1b\\b\x1b(Bc");
    expect(cursorShown).toBe(false);
    expect(row(0)).toBe("abc");
    put("\x1bc");
    expect(cursorShown).toBe(true);
    expect(screen()).toBe("|||");
  });
});

test("random bytes leave the cursor on the screen", () => {
  seed(1);
  const tries: u32 = 100_000 * testScale();
  let outside = 0;
  for (let i: u32 = 0; i < tries; i++) {
    const kind = random(8);
    terminalPut(<u8>(kind == 0 ? 0x1b : kind == 1 ? 0x5b : kind < 5 ? 0x30 + random(12) : random(256)));
    if (cursorRow < 0 || cursorRow >= rows || cursorColumn < 0 || cursorColumn >= columns) outside++;
  }
  expect(outside).toBe(0);
});
