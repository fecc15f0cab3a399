// Keys as terminals send them: control bytes and the escape sequences of xterm, the Linux console and vt100.

export const enum Key {
  /** Nothing yet: the sequence goes on; or a key without a meaning here. */
  None = -1,
  Up = 0x100,
  Down,
  Left,
  Right,
  Home,
  End,
  Delete,
  WordLeft,
  WordRight,
  /** Alt-D and Alt-Backspace. */
  KillWordRight,
  KillWordLeft,
  // Control bytes stand for themselves.
  ControlA = 0x01,
  ControlB = 0x02,
  ControlC = 0x03,
  ControlD = 0x04,
  ControlE = 0x05,
  ControlF = 0x06,
  ControlG = 0x07,
  Backspace = 0x08,
  Tab = 0x09,
  LineFeed = 0x0a,
  ControlK = 0x0b,
  ControlL = 0x0c,
  Enter = 0x0d,
  ControlN = 0x0e,
  ControlP = 0x10,
  ControlR = 0x12,
  ControlT = 0x14,
  ControlU = 0x15,
  ControlW = 0x17,
  ControlY = 0x19,
  Erase = 0x7f,
}

const enum State {
  Plain,
  Escape,
  /** After ESC [ : parameters, then a final byte. */
  Sequence,
  /** After ESC O: one final byte. */
  Application,
}

/** Turns bytes into keys, one byte at a time. */
export class KeyDecoder {
  private state: State = State.Plain;
  private parameters: string = "";

  /** The key that byte `c` completes: a byte to insert, a Key, or Key.None. */
  feed(c: i32): i32 {
    switch (this.state) {
      case State.Escape:
        return this.afterEscape(c);
      case State.Application:
        this.state = State.Plain;
        return finalKey(c, "");
      case State.Sequence:
        if (c >= 0x20 && c < 0x40) {
          if (this.parameters.length < 16) this.parameters += String.fromCharCode(c);
          return Key.None;
        }
        this.state = State.Plain;
        return finalKey(c, this.parameters);
      default:
        if (c != 0x1b) return c;
        this.state = State.Escape;
        return Key.None;
    }
  }

  private afterEscape(c: i32): i32 {
    this.state = State.Plain;
    switch (c) {
      case 0x1b:
        this.state = State.Escape;
        return Key.None;
      case 0x5b: // [
        this.state = State.Sequence;
        this.parameters = "";
        return Key.None;
      case 0x4f: // O
        this.state = State.Application;
        return Key.None;
      case 0x62: // b
        return Key.WordLeft;
      case 0x66: // f
        return Key.WordRight;
      case 0x64: // d
        return Key.KillWordRight;
      case 0x08:
      case 0x7f:
        return Key.KillWordLeft;
      default:
        return Key.None;
    }
  }
}

/** The key that final byte `c` names; with a modifier (";5" Control, ";3" Alt) the arrows move by words. */
function finalKey(c: i32, parameters: string): i32 {
  const modified = parameters.endsWith(";5") || parameters.endsWith(";3");
  switch (c) {
    case 0x41:
      return Key.Up;
    case 0x42:
      return Key.Down;
    case 0x43:
      return modified ? Key.WordRight : Key.Right;
    case 0x44:
      return modified ? Key.WordLeft : Key.Left;
    case 0x48:
      return Key.Home;
    case 0x46:
      return Key.End;
    case 0x7e: // ~
      if (parameters == "1" || parameters == "7") return Key.Home;
      if (parameters == "4" || parameters == "8") return Key.End;
      return parameters == "3" ? Key.Delete : Key.None;
    default:
      return Key.None;
  }
}
