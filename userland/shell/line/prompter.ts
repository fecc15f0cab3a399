// Reads lines from a terminal in raw mode: keys go to the LineEditor, the result to the screen.

import { Output } from "../../lib/output";
import { terminalColumns } from "../../lib/process";
import { LineEditor } from "./editor";
import { History } from "./history";
import { Key, KeyDecoder } from "./keys";
import { Keyboard } from "./keyboard";
import { characterColumns, columns } from "../../lib/utf8";

/** What completion adds to a line: `insert` at the cursor; with `choices`, these are shown. */
export class Completion {
  constructor(
    public insert: string,
    public choices: string[],
  ) {}
}

export const enum LineEnd {
  Enter,
  /** Ctrl-C: the line is dropped. */
  Interrupt,
  /** Ctrl-D on an empty line, or the terminal is gone. */
  EndOfInput,
}

export class Prompter {
  /** The line read last. */
  line: string = "";
  private editor: LineEditor = new LineEditor();
  private keys: KeyDecoder = new KeyDecoder();
  private output: Output = new Output(1);
  private prompt: string = "";
  private width: i32 = 80;
  /** The screen does not show the line as it is. */
  private isStale: bool = false;

  constructor(
    private keyboard: Keyboard,
    private history: History,
    private complete: (text: string, cursor: i32) => Completion,
  ) {}

  /** Reads one line into `line`; says how it ended. Without `isCommand` there is neither history nor completion. */
  read(prompt: string, isCommand: bool): LineEnd {
    this.prompt = prompt;
    this.width = terminalColumns(1);
    this.editor = new LineEditor();
    this.history.rewind();
    this.draw();
    while (true) {
      const byte = this.keyboard.next();
      if (byte < 0) return this.finish(LineEnd.EndOfInput, "\n");
      const key = this.keys.feed(byte);
      switch (key) {
        case Key.None:
          continue;
        case Key.Enter:
        case Key.LineFeed:
          return this.enter();
        case Key.ControlC:
          return this.finish(LineEnd.Interrupt, "^C\n");
        case Key.ControlD:
          if (this.editor.text.length == 0) return this.finish(LineEnd.EndOfInput, "\n");
          this.editor.eraseRight();
          break;
        case Key.Tab:
          if (isCommand) this.completeWord();
          break;
        case Key.Up:
        case Key.ControlP:
          if (isCommand) this.editor.set(this.history.older(this.editor.text));
          break;
        case Key.Down:
        case Key.ControlN:
          if (isCommand) this.editor.set(this.history.newer(this.editor.text));
          break;
        case Key.ControlR:
          if (isCommand && this.search()) return this.enter();
          break;
        case Key.ControlL:
          this.output.put("\x1b[H\x1b[2J");
          break;
        default:
          if (this.insert(key)) continue;
          this.edit(key);
      }
      this.draw();
    }
    return LineEnd.EndOfInput;
  }

  /** The line is complete: shows it whole, also after a paste. */
  private enter(): LineEnd {
    if (this.isStale || this.editor.cursor < this.editor.text.length) {
      this.editor.end();
      this.output.put(this.editor.render(this.prompt, this.width));
    }
    return this.finish(LineEnd.Enter, "\n");
  }

  private finish(how: LineEnd, text: string): LineEnd {
    this.output.put(text);
    this.output.flush();
    this.line = this.editor.text;
    return how;
  }

  /** Shows the line; while a paste comes in, that waits for its end. */
  private draw(): void {
    this.isStale = this.keyboard.ready;
    if (this.isStale) return;
    this.output.put(this.editor.render(this.prompt, this.width));
    this.output.flush();
  }

  /** Inserts a printable byte, with the bytes that complete its character; false for other keys. True also means that the screen is right. */
  private insert(key: i32): bool {
    if (key < 0x20 || key == Key.Erase || key > 0xff) return false;
    let character = String.fromCharCode(key);
    for (let more = key >= 0xf0 ? 3 : key >= 0xe0 ? 2 : key >= 0xc0 ? 1 : 0; more > 0; more--) {
      const byte = this.keyboard.next();
      if (byte < 0) break;
      character += String.fromCharCode(byte);
    }
    const editor = this.editor;
    const atEnd = editor.cursor == editor.text.length;
    editor.insert(character);
    const used = columns(this.prompt, 0, this.prompt.length) + columns(editor.text, 0, editor.text.length);
    if (atEnd && used + 1 < this.width && characterColumns(character, 0) > 0) {
      this.output.put(character);
      this.output.flush();
    } else this.draw();
    return true;
  }

  private edit(key: i32): void {
    const editor = this.editor;
    switch (key) {
      case Key.Left:
      case Key.ControlB:
        return editor.left();
      case Key.Right:
      case Key.ControlF:
        return editor.right();
      case Key.Home:
      case Key.ControlA:
        return editor.home();
      case Key.End:
      case Key.ControlE:
        return editor.end();
      case Key.WordLeft:
        return editor.wordLeft();
      case Key.WordRight:
        return editor.wordRight();
      case Key.Backspace:
      case Key.Erase:
        return editor.eraseLeft();
      case Key.Delete:
        return editor.eraseRight();
      case Key.ControlK:
        return editor.cutToEnd();
      case Key.ControlU:
        return editor.cutToStart();
      case Key.ControlW:
        return editor.cutBlankWordLeft();
      case Key.KillWordLeft:
        return editor.cutWordLeft();
      case Key.KillWordRight:
        return editor.cutWordRight();
      case Key.ControlY:
        return editor.paste();
      case Key.ControlT:
        return editor.transpose();
    }
  }

  private completeWord(): void {
    const found = this.complete(this.editor.text, this.editor.cursor);
    this.editor.insert(found.insert);
    if (found.choices.length > 0) {
      this.output.put("\n");
      this.output.put(inColumns(found.choices, this.width));
    }
  }

  /** Ctrl-R: looks backwards through the history for what is typed; Ctrl-C or Ctrl-G gives up, any other key takes the line.
   *  True when that key was Enter. */
  private search(): bool {
    const before = this.editor.text;
    let wanted = "";
    let at = this.history.lines.length;
    let found = this.editor.text;
    while (true) {
      this.output.put(`\r(search) ${wanted}: ${found}\x1b[K`);
      this.output.flush();
      const byte = this.keyboard.next();
      const key = byte < 0 ? Key.ControlG : this.keys.feed(byte);
      let from = at;
      if (key == Key.None) continue;
      if (key == Key.ControlC || key == Key.ControlG) {
        this.editor.set(before);
        return false;
      }
      if (key == Key.Backspace || key == Key.Erase) {
        wanted = wanted.substring(0, max(0, wanted.length - 1));
        from = this.history.lines.length;
      } else if (key >= 0x20 && key <= 0xff) {
        wanted += String.fromCharCode(key);
        from = min(at + 1, this.history.lines.length);
      } else if (key != Key.ControlR) {
        this.editor.set(found);
        this.isStale = true;
        return key == Key.Enter || key == Key.LineFeed;
      }
      const next = this.history.search(wanted, from);
      if (next < 0) continue;
      at = next;
      found = this.history.lines[at];
    }
    return false;
  }
}

/** `names` in as many columns as `width` allows, filled downwards. */
export function inColumns(names: string[], width: i32): string {
  let widest = 0;
  for (let i = 0; i < names.length; i++) widest = max(widest, columns(names[i], 0, names[i].length));
  const across = max(1, width / (widest + 2));
  const rows = (names.length + across - 1) / across;
  let out = "";
  for (let row = 0; row < rows; row++) {
    for (let i = row; i < names.length; i += rows) {
      out += names[i];
      if (i + rows < names.length) out += " ".repeat(widest + 2 - columns(names[i], 0, names[i].length));
    }
    out += "\n";
  }
  return out;
}
