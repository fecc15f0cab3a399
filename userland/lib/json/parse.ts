// Reads a JSON document (RFC 8259), strictly: nothing beyond the grammar, valid UTF-8, no name twice in an object, values nested at most
// DEPTH_LIMIT deep.

import { JsonKind, JsonValue } from "./value";

const DEPTH_LIMIT: i32 = 64;

/** Reads one document; `error` says what is wrong and at which byte, "" when nothing is. */
export class JsonParser {
  error: string = "";
  private at: i32 = 0;
  private depth: i32 = 0;

  constructor(private source: string) {}

  /** The document's value; null with `error` set when it is none. */
  parse(): JsonValue | null {
    const value = this.value();
    this.blanks();
    if (this.error == "" && this.at != this.source.length) this.fail("something follows the value");
    return this.error == "" ? value : null;
  }

  private fail(what: string): JsonValue {
    if (this.error == "") this.error = `JSON: ${what} at byte ${this.at}`;
    return NOTHING;
  }

  /** The code unit at the position, -1 at the end. */
  private peek(): i32 {
    return this.at < this.source.length ? this.source.charCodeAt(this.at) : -1;
  }

  private blanks(): void {
    for (let c = this.peek(); c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09; c = this.peek()) this.at++;
  }

  private value(): JsonValue {
    this.blanks();
    const c = this.peek();
    if (c == 0x7b) return this.object();
    if (c == 0x5b) return this.list();
    if (c == 0x22) {
      const value = new JsonValue(JsonKind.Text);
      value.text = this.text();
      return value;
    }
    if (c == 0x2d || (c >= 0x30 && c <= 0x39)) return this.number();
    if (this.word("true") || this.word("false")) {
      const value = new JsonValue(JsonKind.Boolean);
      value.text = c == 0x74 ? "true" : "false";
      return value;
    }
    return this.word("null") ? new JsonValue(JsonKind.Null) : this.fail("no value");
  }

  private word(word: string): bool {
    if (!this.source.substr(this.at, word.length).startsWith(word)) return false;
    this.at += word.length;
    return true;
  }

  private object(): JsonValue {
    const value = new JsonValue(JsonKind.Object);
    if (++this.depth > DEPTH_LIMIT) return this.fail("nested too deep");
    this.at++;
    this.blanks();
    if (this.peek() == 0x7d) this.at++;
    else {
      const known = new Set<string>();
      for (;;) {
        this.blanks();
        if (this.peek() != 0x22) return this.fail("no name of a member");
        const name = this.text();
        if (known.has(name)) return this.fail("a name that was there before");
        known.add(name);
        this.blanks();
        if (this.peek() != 0x3a) return this.fail("no colon");
        this.at++;
        value.names.push(name);
        value.items.push(this.value());
        if (!this.goesOn(0x7d)) break;
      }
    }
    this.depth--;
    return value;
  }

  private list(): JsonValue {
    const value = new JsonValue(JsonKind.List);
    if (++this.depth > DEPTH_LIMIT) return this.fail("nested too deep");
    this.at++;
    this.blanks();
    if (this.peek() == 0x5d) this.at++;
    else
      do {
        value.items.push(this.value());
      } while (this.goesOn(0x5d));
    this.depth--;
    return value;
  }

  /** Passes a comma, true, or the closing `end`, false. */
  private goesOn(end: i32): bool {
    this.blanks();
    const c = this.peek();
    if (this.error != "" || (c != 0x2c && c != end)) {
      this.fail("neither a comma nor the end");
      return false;
    }
    this.at++;
    return c == 0x2c;
  }

  private digits(): bool {
    const start = this.at;
    for (let c = this.peek(); c >= 0x30 && c <= 0x39; c = this.peek()) this.at++;
    return this.at > start;
  }

  private number(): JsonValue {
    const start = this.at;
    if (this.peek() == 0x2d) this.at++;
    const first = this.at;
    if (!this.digits() || (this.at - first > 1 && this.source.charCodeAt(first) == 0x30)) return this.fail("a malformed number");
    if (this.peek() == 0x2e) {
      this.at++;
      if (!this.digits()) return this.fail("a malformed number");
    }
    if ((this.peek() | 0x20) == 0x65) {
      this.at++;
      if (this.peek() == 0x2b || this.peek() == 0x2d) this.at++;
      if (!this.digits()) return this.fail("a malformed number");
    }
    const value = new JsonValue(JsonKind.Number);
    value.text = this.source.substring(start, this.at);
    return value;
  }

  /** The text that begins at the position. */
  private text(): string {
    const source = this.source;
    let text = "";
    let start = ++this.at;
    for (;;) {
      const c = this.peek();
      if (c == 0x22) break;
      if (c < 0x20) {
        this.fail("a text that does not end, or a control character in it");
        return "";
      }
      if (c == 0x5c) {
        text += source.substring(start, this.at);
        text += this.escape();
        if (this.error != "") return "";
        start = this.at;
      } else if (c < 0x80) this.at++;
      else if (!this.passUtf8(c)) {
        this.fail("malformed UTF-8");
        return "";
      }
    }
    text += source.substring(start, this.at++);
    return text;
  }

  /** Passes a character of several bytes, shortest form only and no surrogates (RFC 3629). */
  private passUtf8(first: i32): bool {
    const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || this.at + length > this.source.length) return false;
    let code = first & (0xff >> (length + 1));
    for (let i = 1; i < length; i++) {
      const c = this.source.charCodeAt(this.at + i);
      if ((c & 0xc0) != 0x80) return false;
      code = (code << 6) | (c & 0x3f);
    }
    if ((length == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) || (length == 4 && (code < 0x10000 || code > 0x10ffff)))
      return false;
    this.at += length;
    return true;
  }

  /** What the escape sequence at the position stands for. */
  private escape(): string {
    this.at++;
    const c = this.peek();
    this.at++;
    const which = '"\\/bfnrt'.indexOf(c < 0 ? "\0" : String.fromCharCode(c));
    if (which >= 0) return '"\\/\b\f\n\r\t'.charAt(which);
    let code = c == 0x75 ? this.fourDigits() : -1;
    if (code >= 0xd800 && code < 0xdc00) {
      // The first half of a pair.
      const low = this.peek() == 0x5c && this.source.charCodeAt(this.at + 1) == 0x75 ? this.lowHalf() : -1;
      code = low < 0xdc00 || low >= 0xe000 ? -1 : 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) code = -1;
    if (code < 0) {
      this.fail("a malformed escape sequence");
      return "";
    }
    return utf8Of(code);
  }

  private lowHalf(): i32 {
    this.at += 2;
    return this.fourDigits();
  }

  /** The number that four hexadecimal digits give, -1 when they are none. */
  private fourDigits(): i32 {
    let code = 0;
    for (let i = 0; i < 4; i++) {
      const c = this.peek();
      const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66 ? (c | 0x20) - 0x57 : -1;
      if (c < 0 || digit < 0) return -1;
      code = (code << 4) | digit;
      this.at++;
    }
    return code;
  }
}

const NOTHING: JsonValue = new JsonValue(JsonKind.Null);

/** A character as byte string of its UTF-8. */
function utf8Of(code: i32): string {
  if (code < 0x80) return String.fromCharCode(code);
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6)) + String.fromCharCode(0x80 | (code & 0x3f));
  const tail = String.fromCharCode(0x80 | ((code >> 6) & 0x3f)) + String.fromCharCode(0x80 | (code & 0x3f));
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >> 12)) + tail;
  return String.fromCharCode(0xf0 | (code >> 18)) + String.fromCharCode(0x80 | ((code >> 12) & 0x3f)) + tail;
}
