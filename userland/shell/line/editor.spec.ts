import { LineEditor } from "./editor";
import { History } from "./history";
import { Key, KeyDecoder } from "./keys";
import { characterColumns, columns, nextCharacter, previousCharacter } from "../../lib/utf8";

/** The editor's line with | where the cursor is. */
function show(editor: LineEditor): string {
  return editor.text.substring(0, editor.cursor) + "|" + editor.text.substring(editor.cursor);
}

function editorWith(text: string): LineEditor {
  const editor = new LineEditor();
  const cursor = text.indexOf("|");
  editor.set(text.replace("|", ""));
  editor.cursor = cursor;
  return editor;
}

/** All keys that `bytes` make, without Key.None. */
function keys(bytes: string): i32[] {
  const decoder = new KeyDecoder();
  const found: i32[] = [];
  for (let i = 0; i < bytes.length; i++) {
    const key = decoder.feed(bytes.charCodeAt(i));
    if (key != Key.None) found.push(key);
  }
  return found;
}

const E_ACUTE = "\xc3\xa9";
const KANJI = "\xe6\xbc\xa2";
const COMBINING = "\xcc\x81";

describe("line editor", () => {
  it("inserts at the cursor", () => {
    const editor = editorWith("ac|");
    editor.left();
    editor.insert("b");
    expect(show(editor)).toBe("ab|c");
  });

  it("moves and erases by characters, not bytes", () => {
    const editor = editorWith("a" + E_ACUTE + KANJI + "|");
    editor.left();
    expect(show(editor)).toBe("a" + E_ACUTE + "|" + KANJI);
    editor.eraseLeft();
    expect(show(editor)).toBe("a|" + KANJI);
    editor.eraseRight();
    expect(show(editor)).toBe("a|");
    editor.eraseRight();
    editor.right();
    expect(show(editor)).toBe("a|");
    editor.home();
    editor.left();
    editor.eraseLeft();
    expect(show(editor)).toBe("|a");
  });

  it("moves by words", () => {
    const editor = editorWith("cp /mnt/file.tar x|");
    editor.wordLeft();
    editor.wordLeft();
    expect(show(editor)).toBe("cp /mnt/file.|tar x");
    editor.wordRight();
    expect(show(editor)).toBe("cp /mnt/file.tar| x");
  });

  it("cuts and pastes", () => {
    const editor = editorWith("cp /mnt/a b|");
    editor.cutBlankWordLeft();
    expect(show(editor)).toBe("cp /mnt/a |");
    editor.cutBlankWordLeft();
    expect(show(editor)).toBe("cp |");
    editor.paste();
    expect(show(editor)).toBe("cp /mnt/a |");
    editor.cutWordLeft();
    expect(show(editor)).toBe("cp /mnt/|");
    editor.home();
    editor.cutWordRight();
    expect(show(editor)).toBe("| /mnt/");
    editor.end();
    editor.cutToStart();
    expect(show(editor)).toBe("|");
    editor.cutToEnd(); // nothing there: what was cut stays
    editor.paste();
    expect(show(editor)).toBe(" /mnt/|");
    editor.home();
    editor.right();
    editor.cutToEnd();
    expect(show(editor)).toBe(" |");
  });

  it("swaps the characters around the cursor", () => {
    const editor = editorWith("a" + KANJI + "|");
    editor.transpose();
    expect(show(editor)).toBe(KANJI + "a|");
    const atStart = editorWith("|ab");
    atStart.transpose();
    expect(show(atStart)).toBe("|ab");
  });

  it("draws the prompt, the line and the cursor", () => {
    expect(editorWith("ab|c").render("$ ", 80)).toBe("\r$ abc\x1b[K\r\x1b[4C");
    expect(editorWith("|").render("", 80)).toBe("\r\x1b[K\r");
    expect(editorWith(KANJI + "|x").render("$ ", 80)).toBe("\r$ " + KANJI + "x\x1b[K\r\x1b[4C");
  });

  it("scrolls a long line sideways", () => {
    const editor = editorWith("0123456789abcdefghij|");
    expect(editor.render("$ ", 13)).toBe("\r$ abcdefghij\x1b[K\r\x1b[12C");
    editor.home();
    expect(editor.render("$ ", 13)).toBe("\r$ 0123456789\x1b[K\r\x1b[2C");
  });
});

describe("UTF-8", () => {
  it("finds characters", () => {
    expect(nextCharacter("a" + KANJI, 1)).toBe(4);
    expect(previousCharacter("a" + KANJI, 4)).toBe(1);
    expect(nextCharacter("a", 1)).toBe(1);
    expect(previousCharacter("a", 0)).toBe(0);
  });

  it("knows their columns", () => {
    expect(characterColumns("a", 0)).toBe(1);
    expect(characterColumns(E_ACUTE, 0)).toBe(1);
    expect(characterColumns(KANJI, 0)).toBe(2);
    expect(characterColumns(COMBINING, 0)).toBe(0);
    expect(characterColumns("\xf0\x9f\x98\x80", 0)).toBe(2);
    expect(columns("a" + KANJI + E_ACUTE, 0, 6)).toBe(4);
    // a byte that begins nothing counts as a character of its own
    expect(columns("\xc3(", 0, 2)).toBe(2);
  });
});

describe("keys", () => {
  it("are decoded from escape sequences", () => {
    expect(keys("a\x1b[A\x1b[B\x1b[C\x1b[D")).toStrictEqual([0x61, Key.Up, Key.Down, Key.Right, Key.Left]);
    expect(keys("\x1b[H\x1b[F\x1bOH\x1bOF\x1b[1~\x1b[4~\x1b[7~\x1b[8~")).toStrictEqual([
      Key.Home,
      Key.End,
      Key.Home,
      Key.End,
      Key.Home,
      Key.End,
      Key.Home,
      Key.End,
    ]);
    expect(keys("\x1b[3~\x1b[1;5C\x1b[1;5D\x1bb\x1bf\x1bd\x1b\x7f")).toStrictEqual([
      Key.Delete,
      Key.WordRight,
      Key.WordLeft,
      Key.WordLeft,
      Key.WordRight,
      Key.KillWordRight,
      Key.KillWordLeft,
    ]);
    expect(keys("\x03\x7f\r")).toStrictEqual([Key.ControlC, Key.Erase, Key.Enter]);
  });

  it("that mean nothing are passed over whole", () => {
    expect(keys("\x1b[15~x")).toStrictEqual([0x78]);
    expect(keys("\x1b[38;2;1;2;3mx")).toStrictEqual([0x78]);
    expect(keys("\x1b\x1b[Ax")).toStrictEqual([Key.Up, 0x78]);
    expect(keys("\x1b[200~a\x1b[201~")).toStrictEqual([0x61]);
  });
});

describe("history", () => {
  it("goes back and forth and keeps the unfinished line", () => {
    const history = new History();
    history.add("one");
    history.add("two");
    expect(history.older("dra")).toBe("two");
    expect(history.older("two")).toBe("one");
    expect(history.older("one")).toBe("one");
    expect(history.newer("one")).toBe("two");
    expect(history.newer("two")).toBe("dra");
    expect(history.newer("dra")).toBe("dra");
  });

  it("does not keep blanks and repetitions, nor more than 500", () => {
    const history = new History();
    history.add("a");
    history.add("a");
    history.add("  ");
    expect(history.lines.length).toBe(1);
    for (let i = 0; i < 600; i++) history.add(i.toString());
    expect(history.lines.length).toBe(500);
    expect(history.lines[499]).toBe("599");
  });

  it("is searched from the newest on", () => {
    const history = new History();
    history.add("oci create c1 b");
    history.add("ls");
    history.add("oci start c1");
    expect(history.search("c1", 3)).toBe(2);
    expect(history.search("c1", 2)).toBe(0);
    expect(history.search("c1", 0)).toBe(-1);
    expect(history.search("zz", 3)).toBe(-1);
  });
});
