// From scan codes of set 1 to the bytes that a terminal sends: the keyboard of the United States, and xterm's sequences for the keys without
// a character. Alt puts an ESC in front, as terminals do.

/** Modifiers, by scan code. */
const enum Key {
  Control = 0x1d,
  LeftShift = 0x2a,
  RightShift = 0x36,
  Alt = 0x38,
  CapsLock = 0x3a,
  Extended = 0xe0,
  Pause = 0xe1,
}
const RELEASED: u8 = 0x80;
const ESCAPE: u8 = 0x1b;

/** Characters by scan code, without and with shift. */
const plain = "\0\x1b1234567890-=\x7f\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
const shifted = '\0\x1b!@#$%^&*()_+\x7f\tQWERTYUIOP{}\r\0ASDFGHJKL:"~\0|ZXCVBNM<>?\0*\0 ';

/** What the last call of keyDecode gave. */
export const keySequence = memory.data(8, 8);

let shift = false;
let control = false;
let alt = false;
let capsLock = false;
let extended = false;
/** Bytes of the Pause key's code that are still to be passed over. */
let skip: u32 = 0;

/** Takes a scan code; the number of bytes in keySequence that it means, often none. */
export function keyDecode(code: u8): u32 {
  if (skip != 0) {
    skip--;
    return 0;
  }
  if (code == Key.Extended) {
    extended = true;
    return 0;
  }
  if (code == Key.Pause) {
    skip = 2;
    return 0;
  }
  const isExtended = extended;
  extended = false;
  const key = <u32>(code & ~RELEASED);
  const pressed = (code & RELEASED) == 0;
  if (modifier(key, pressed, isExtended) || !pressed) return 0;
  return isExtended ? extendedKey(key) : ordinaryKey(key);
}

function modifier(key: u32, pressed: bool, isExtended: bool): bool {
  switch (key) {
    case Key.LeftShift:
    case Key.RightShift:
      if (!isExtended) shift = pressed; // with the prefix they only frame other keys
      return true;
    case Key.Control:
      control = pressed;
      return true;
    case Key.Alt:
      alt = pressed;
      return true;
    case Key.CapsLock:
      if (pressed) capsLock = !capsLock;
      return true;
    default:
      return false;
  }
}

function ordinaryKey(key: u32): u32 {
  const function_ = functionKey(key);
  if (function_ != 0) return function_;
  if (<i32>key >= plain.length) return 0;
  let c = <u32>plain.charCodeAt(key);
  const isLetter = c >= 0x61 && c <= 0x7a;
  if (shift != (capsLock && isLetter)) c = <u32>shifted.charCodeAt(key);
  if (c == 0) return 0;
  if (control) c = controlled(c);
  if (!alt) {
    store<u8>(keySequence, <u8>c);
    return 1;
  }
  store<u8>(keySequence, ESCAPE);
  store<u8>(keySequence, <u8>c, 1);
  return 2;
}

/** What Ctrl makes of a character: @ A to Z [ \ ] ^ _ and their like become 0 to 31. */
function controlled(c: u32): u32 {
  if (c == 0x20 || c == 0x32) return 0;
  if (c == 0x2f) return 0x1f;
  return (c >= 0x40 && c <= 0x5f) || (c >= 0x61 && c <= 0x7a) ? c & 0x1f : c;
}

/** F1 to F4 are ESC O P to S, the others ESC [ NUMBER ~. */
function functionKey(key: u32): u32 {
  if (key >= 0x3b && key <= 0x3e) return sequence(0x4f, 0x50 + key - 0x3b);
  if (key == 0x3f) return numbered(15);
  if (key >= 0x40 && key <= 0x44) return numbered(key - 0x40 + 17);
  if (key == 0x57 || key == 0x58) return numbered(key - 0x57 + 23);
  return 0;
}

function extendedKey(key: u32): u32 {
  switch (key) {
    case 0x1c: // Enter of the keypad
    case 0x35: // and its slash
      store<u8>(keySequence, key == 0x1c ? 0x0d : 0x2f);
      return 1;
    case 0x48:
      return sequence(0x5b, 0x41); // up
    case 0x50:
      return sequence(0x5b, 0x42); // down
    case 0x4d:
      return sequence(0x5b, 0x43); // right
    case 0x4b:
      return sequence(0x5b, 0x44); // left
    case 0x47:
      return sequence(0x5b, 0x48); // home
    case 0x4f:
      return sequence(0x5b, 0x46); // end
    case 0x52:
      return numbered(2); // insert
    case 0x53:
      return numbered(3); // delete
    case 0x49:
      return numbered(5); // page up
    case 0x51:
      return numbered(6); // page down
    default:
      return 0;
  }
}

/** ESC and two characters. */
function sequence(second: u32, third: u32): u32 {
  store<u8>(keySequence, ESCAPE);
  store<u8>(keySequence, <u8>second, 1);
  store<u8>(keySequence, <u8>third, 2);
  return 3;
}

/** ESC [ NUMBER ~ */
function numbered(n: u32): u32 {
  let length = sequence(0x5b, 0x30 + (n >= 10 ? n / 10 : n));
  if (n >= 10) store<u8>(keySequence + length++, <u8>(0x30 + (n % 10)));
  store<u8>(keySequence + length++, 0x7e);
  return length;
}
