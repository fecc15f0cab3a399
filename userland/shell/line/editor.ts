// A line being edited: its text (UTF-8 in a byte string), the cursor, the cut buffer, and how it looks on a terminal. A line longer than
// the terminal scrolls sideways, so that it always takes one row. Nothing here reads or writes: Prompter does.

import { columns, characterColumns, nextCharacter, previousCharacter } from "../../lib/utf8";

export class LineEditor {
  text: string = "";
  cursor: i32 = 0;
  private cut: string = "";

  /** Replaces the line; the cursor goes to its end. */
  set(text: string): void {
    this.text = text;
    this.cursor = text.length;
  }

  insert(part: string): void {
    this.text = this.text.substring(0, this.cursor) + part + this.text.substring(this.cursor);
    this.cursor += part.length;
  }

  left(): void {
    this.cursor = previousCharacter(this.text, this.cursor);
  }

  right(): void {
    this.cursor = nextCharacter(this.text, this.cursor);
  }

  wordLeft(): void {
    this.cursor = this.startOfWord(false);
  }

  wordRight(): void {
    this.cursor = this.endOfWord();
  }

  home(): void {
    this.cursor = 0;
  }

  end(): void {
    this.cursor = this.text.length;
  }

  /** Backspace. */
  eraseLeft(): void {
    this.removeRange(previousCharacter(this.text, this.cursor), this.cursor);
  }

  /** Delete. */
  eraseRight(): void {
    this.removeRange(this.cursor, nextCharacter(this.text, this.cursor));
  }

  /** Control-W: cuts back to the blank before the word. */
  cutBlankWordLeft(): void {
    this.cutRange(this.startOfWord(true), this.cursor);
  }

  cutWordLeft(): void {
    this.cutRange(this.startOfWord(false), this.cursor);
  }

  cutWordRight(): void {
    this.cutRange(this.cursor, this.endOfWord());
  }

  /** Control-U. */
  cutToStart(): void {
    this.cutRange(0, this.cursor);
  }

  /** Control-K. */
  cutToEnd(): void {
    this.cutRange(this.cursor, this.text.length);
  }

  /** Control-Y: inserts what was cut last. */
  paste(): void {
    this.insert(this.cut);
  }

  /** Control-T: swaps the characters around the cursor. */
  transpose(): void {
    if (this.cursor == this.text.length) this.left();
    if (this.cursor == 0) return;
    const before = previousCharacter(this.text, this.cursor);
    const after = nextCharacter(this.text, this.cursor);
    if (after == this.cursor) return;
    const swapped = this.text.substring(this.cursor, after) + this.text.substring(before, this.cursor);
    this.text = this.text.substring(0, before) + swapped + this.text.substring(after);
    this.cursor = after;
  }

  private removeRange(start: i32, end: i32): void {
    this.text = this.text.substring(0, start) + this.text.substring(end);
    this.cursor = start;
  }

  private cutRange(start: i32, end: i32): void {
    if (start == end) return;
    this.cut = this.text.substring(start, end);
    this.removeRange(start, end);
  }

  private startOfWord(blanksOnly: bool): i32 {
    let i = this.cursor;
    while (i > 0 && !isWordByte(this.text, i - 1, blanksOnly)) i--;
    while (i > 0 && isWordByte(this.text, i - 1, blanksOnly)) i--;
    return i;
  }

  private endOfWord(): i32 {
    let i = this.cursor;
    while (i < this.text.length && !isWordByte(this.text, i, false)) i++;
    while (i < this.text.length && isWordByte(this.text, i, false)) i++;
    return i;
  }

  /** What to send to a terminal `width` columns wide to show `prompt` and the line, and to put the cursor in its place. */
  render(prompt: string, width: i32): string {
    const promptColumns = columns(prompt, 0, prompt.length);
    const room = max(8, width - promptColumns - 1);
    let start = 0;
    let before = columns(this.text, 0, this.cursor);
    while (before > room) {
      before -= characterColumns(this.text, start);
      start = nextCharacter(this.text, start);
    }
    let end = this.cursor;
    let shown = before;
    while (end < this.text.length) {
      shown += characterColumns(this.text, end);
      if (shown > room) break;
      end = nextCharacter(this.text, end);
    }
    let out = `\r${prompt}${this.text.substring(start, end)}\x1b[K`;
    const column = promptColumns + before;
    out += column > 0 ? `\r\x1b[${column}C` : "\r";
    return out;
  }
}

/** Letters, digits and whatever is not ASCII make words; for Control-W all but blanks do. */
function isWordByte(text: string, i: i32, blanksOnly: bool): bool {
  const c = text.charCodeAt(i);
  if (blanksOnly) return c != 0x20;
  return (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c >= 0x80;
}
