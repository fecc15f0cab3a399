// Terminal attributes at the ABI: struct termios (TCGETS), struct termios2 (TCGETS2) and the old struct termio (TCGETA), and the speeds
// that c_cflag encodes. See ioctl_tty(2) and include/uapi/asm-generic/termbits.h.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { CONTROL_CHARACTERS, Termios, TERMIOS2_BYTES, TERMIOS_BYTES } from "../../kernel/tty/termios";

/** How attributes look at the user's side. */
export const enum Layout {
  Termios = 0,
  Termios2 = 1,
  Termio = 2,
}

/** struct termio: four 16-bit flag words, c_line, eight control characters, one byte of padding. */
const TERMIO_BYTES: u32 = 18;
const TERMIO_CHARACTERS: u32 = 9;
const TERMIO_CHARACTER_COUNT: u32 = 8;
const old = memory.data(18, 8);

/** Baud rates by CBAUD; the extended ones follow B38400. */
const rates = memory.data<u32>([
  0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 500000, 576000,
  921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
]);
const RATES: u32 = 31;
const CBAUD: u32 = 0o10017;
/** CBAUDEX, and BOTHER when no other bit of CBAUD is set: the speed stands in c_ospeed or c_ispeed. */
const CBAUDEX: u32 = 0o10000;
const IBSHIFT: u32 = 16;

function rate(code: u32, other: u32): u32 {
  if (code == CBAUDEX) return other;
  const index = (code & CBAUDEX) != 0 ? (code & ~CBAUDEX) + 15 : code;
  return index < RATES ? load<u32>(rates + (index << 2)) : 0;
}

/** Sets the speeds to what c_cflag says. */
function applySpeeds(t: Termios): void {
  t.outputSpeed = rate(t.cflag & CBAUD, t.outputSpeed);
  const input = (t.cflag >> IBSHIFT) & CBAUD;
  t.inputSpeed = input == 0 ? t.outputSpeed : rate(input, t.inputSpeed);
}

/** Copies attributes to the user: 0, -EFAULT or BLOCKED. */
export function attributesOut(ua: u64, t: Termios, layout: Layout): Result {
  const p = changetype<usize>(t);
  if (layout == Layout.Termios2) return copyOut(ua, p, TERMIOS2_BYTES);
  if (layout == Layout.Termios) return copyOut(ua, p, TERMIOS_BYTES);
  for (let i: usize = 0; i < 4; i++) store<u16>(old + (i << 1), <u16>load<u32>(p + (i << 2)));
  store<u8>(old + 8, t.line);
  memory.copy(old + TERMIO_CHARACTERS, p + CONTROL_CHARACTERS, TERMIO_CHARACTER_COUNT);
  store<u8>(old + 17, 0);
  return copyOut(ua, old, TERMIO_BYTES);
}

/**
 * Copies attributes from the user over `t`, which holds what is in force now and keeps what the layout does not say: 0, -EFAULT or
 * BLOCKED.
 */
export function attributesIn(t: Termios, ua: u64, layout: Layout): Result {
  const p = changetype<usize>(t);
  let r: Result = -Errno.EFAULT;
  if (layout == Layout.Termio) {
    r = copyIn(old, ua, TERMIO_BYTES);
    if (r < 0) return r;
    for (let i: usize = 0; i < 4; i++) store<u16>(p + (i << 2), load<u16>(old + (i << 1)));
    t.line = load<u8>(old + 8);
    memory.copy(p + CONTROL_CHARACTERS, old + TERMIO_CHARACTERS, TERMIO_CHARACTER_COUNT);
  } else {
    r = copyIn(p, ua, layout == Layout.Termios2 ? TERMIOS2_BYTES : TERMIOS_BYTES);
    if (r < 0) return r;
  }
  applySpeeds(t);
  return 0;
}
