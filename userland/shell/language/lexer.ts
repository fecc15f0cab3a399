// Cuts a command line into tokens: words with quoting ('…' "…" \), operators, comments. Words are byte strings; what is to be expanded
// when the command runs stands in them as a mark, a code unit that no byte string contains, so that quoted characters stay plain.

export const enum TokenKind {
  End,
  Word,
  Semicolon,
  And,
  Or,
  Input,
  Output,
  Append,
  /** A line that cannot be understood; `text` says why. */
  Error,
}

export class Token {
  constructor(
    public kind: TokenKind,
    public text: string,
    /** Redirections: the descriptor written before the operator, or the usual one. */
    public descriptor: i32 = 0,
  ) {}
}

/** Marks in words: `$?`, and the unquoted wildcards `*` and `?`. */
export const MARK_STATUS: i32 = 0xe000;
export const MARK_ANY: i32 = 0xe001;
export const MARK_ONE: i32 = 0xe002;

const SPACE: i32 = 0x20;
const TAB: i32 = 0x09;
const NEWLINE: i32 = 0x0a;
const DOUBLE_QUOTE: i32 = 0x22;
const HASH: i32 = 0x23;
const DOLLAR: i32 = 0x24;
const AMPERSAND: i32 = 0x26;
const SINGLE_QUOTE: i32 = 0x27;
const ASTERISK: i32 = 0x2a;
const SEMICOLON: i32 = 0x3b;
const LESS: i32 = 0x3c;
const GREATER: i32 = 0x3e;
const QUESTION: i32 = 0x3f;
const BACKSLASH: i32 = 0x5c;
const BACKQUOTE: i32 = 0x60;
const BAR: i32 = 0x7c;

export class Lexer {
  private at: i32 = 0;

  constructor(private text: string) {}

  private peek(ahead: i32 = 0): i32 {
    const i = this.at + ahead;
    return i < this.text.length ? this.text.charCodeAt(i) : -1;
  }

  /** The next token; End for ever at the end. */
  next(): Token {
    while (this.peek() == SPACE || this.peek() == TAB) this.at++;
    const c = this.peek();
    if (c == HASH) while (this.peek() >= 0 && this.peek() != NEWLINE) this.at++;
    switch (this.peek()) {
      case -1:
        return new Token(TokenKind.End, "");
      case NEWLINE:
      case SEMICOLON:
        this.at++;
        return new Token(TokenKind.Semicolon, ";");
      case AMPERSAND:
        if (this.peek(1) != AMPERSAND) return new Token(TokenKind.Error, "`&` is not supported: commands run one after another");
        this.at += 2;
        return new Token(TokenKind.And, "&&");
      case BAR:
        if (this.peek(1) != BAR) return new Token(TokenKind.Error, "pipes are not supported");
        this.at += 2;
        return new Token(TokenKind.Or, "||");
      case LESS:
      case GREATER:
        return this.redirection(-1);
      default:
        if ((c == 0x31 || c == 0x32 || c == 0x30) && (this.peek(1) == GREATER || this.peek(1) == LESS)) {
          this.at++;
          return this.redirection(c - 0x30);
        }
        return this.word();
    }
  }

  private redirection(descriptor: i32): Token {
    const isInput = this.peek() == LESS;
    this.at++;
    if (isInput) {
      if (this.peek() == LESS) return new Token(TokenKind.Error, "`<<` is not supported");
      return new Token(TokenKind.Input, "<", descriptor < 0 ? 0 : descriptor);
    }
    if (descriptor < 0) descriptor = 1;
    if (this.peek() != GREATER) return new Token(TokenKind.Output, ">", descriptor);
    this.at++;
    return new Token(TokenKind.Append, ">>", descriptor);
  }

  private word(): Token {
    let text = "";
    while (true) {
      const c = this.peek();
      switch (c) {
        case -1:
        case SPACE:
        case TAB:
        case NEWLINE:
        case SEMICOLON:
        case AMPERSAND:
        case BAR:
        case LESS:
        case GREATER:
          return new Token(TokenKind.Word, text);
        case SINGLE_QUOTE: {
          const end = this.text.indexOf("'", this.at + 1);
          if (end < 0) return new Token(TokenKind.Error, "a ' is not closed");
          text += this.text.substring(this.at + 1, end);
          this.at = end + 1;
          break;
        }
        case DOUBLE_QUOTE: {
          const part = this.doubleQuoted();
          if (part === null) return new Token(TokenKind.Error, 'a " is not closed');
          text += part;
          break;
        }
        case BACKSLASH:
          this.at++;
          if (this.peek() < 0) return new Token(TokenKind.Error, "nothing follows the last \\");
          if (this.peek() != NEWLINE) text += String.fromCharCode(this.peek());
          this.at++;
          break;
        case DOLLAR:
          text += this.dollar();
          break;
        case BACKQUOTE:
          return new Token(TokenKind.Error, "` is not supported");
        case ASTERISK:
        case QUESTION:
          text += String.fromCharCode(c == ASTERISK ? MARK_ANY : MARK_ONE);
          this.at++;
          break;
        default:
          text += this.takeUntil(" \t\n;&|<>'\"\\$`*?");
      }
    }
    return new Token(TokenKind.End, "");
  }

  /** The characters up to the next one of `ends`. */
  private takeUntil(ends: string): string {
    const start = this.at;
    while (this.at < this.text.length && !ends.includes(this.text.charAt(this.at))) this.at++;
    return this.text.substring(start, this.at);
  }

  /** `$?` becomes its mark; any other `$` stands for itself. */
  private dollar(): string {
    this.at++;
    if (this.peek() != QUESTION) return "$";
    this.at++;
    return String.fromCharCode(MARK_STATUS);
  }

  /** The part in double quotes, where only \ before " \ $ ` and `$?` are special; null when it is not closed. */
  private doubleQuoted(): string | null {
    let text = "";
    this.at++;
    while (this.peek() >= 0) {
      text += this.takeUntil('"$\\');
      switch (this.peek()) {
        case DOUBLE_QUOTE:
          this.at++;
          return text;
        case DOLLAR:
          text += this.dollar();
          break;
        case BACKSLASH:
          this.at++;
          if (!'"\\$`'.includes(String.fromCharCode(this.peek()))) text += "\\";
          else text += String.fromCharCode(this.text.charCodeAt(this.at++));
      }
    }
    return null;
  }
}

/** `text` written so that the lexer reads it as one word. */
export function quoteWord(text: string): string {
  let quoted = "";
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const isPlain = (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c >= 0x80;
    if (!isPlain && !"/._-+,:=@%".includes(String.fromCharCode(c))) quoted += "\\";
    quoted += String.fromCharCode(c);
  }
  return quoted;
}
