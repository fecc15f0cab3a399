// Terminal attributes as the kernel ABI of Linux on x86-64 lays them out (struct termios2, whose first 36 bytes are struct termios) and the
// flags this kernel acts on: termios(3), ioctl_tty(2), include/uapi/asm-generic/termbits.h. Unknown bits are kept and mean nothing.

/** struct termios2. The control characters are the 19 bytes from CONTROL_CHARACTERS on: use controlCharacter. */
@unmanaged
export class Termios {
  iflag: u32;
  oflag: u32;
  cflag: u32;
  lflag: u32;
  line: u8;
  characters0: u8;
  characters1: u16;
  characters3: u32;
  characters7: u32;
  characters11: u32;
  characters15: u32;
  inputSpeed: u32;
  outputSpeed: u32;
}
/** Size of struct termios (TCGETS); struct termios2 (TCGETS2) adds the two speeds. */
export const TERMIOS_BYTES: u32 = 36;
export const TERMIOS2_BYTES: u32 = 44;
if (offsetof<Termios>() != TERMIOS2_BYTES) ERROR("struct termios2 is 44 bytes");
if (offsetof<Termios>("inputSpeed") != TERMIOS_BYTES) ERROR("struct termios is 36 bytes");

/** Where c_cc stands in struct termios, and NCCS. */
export const CONTROL_CHARACTERS: u32 = 17;
export const CONTROL_CHARACTER_COUNT: u32 = 19;
if (offsetof<Termios>("characters0") != CONTROL_CHARACTERS) ERROR("c_cc follows c_line");

/** Indices of c_cc. A value of 0 (_POSIX_VDISABLE) turns a character off. */
export const enum Cc {
  VINTR = 0,
  VQUIT = 1,
  VERASE = 2,
  VKILL = 3,
  VEOF = 4,
  VTIME = 5,
  VMIN = 6,
  VSWTC = 7,
  VSTART = 8,
  VSTOP = 9,
  VSUSP = 10,
  VEOL = 11,
  VREPRINT = 12,
  VDISCARD = 13,
  VWERASE = 14,
  VLNEXT = 15,
  VEOL2 = 16,
}

/** c_iflag */
export const enum Iflag {
  IGNBRK = 0o1,
  BRKINT = 0o2,
  IGNPAR = 0o4,
  PARMRK = 0o10,
  INPCK = 0o20,
  ISTRIP = 0o40,
  INLCR = 0o100,
  IGNCR = 0o200,
  ICRNL = 0o400,
  IUCLC = 0o1000,
  IXON = 0o2000,
  IXANY = 0o4000,
  IXOFF = 0o10000,
  IMAXBEL = 0o20000,
  IUTF8 = 0o40000,
}

/** c_oflag */
export const enum Oflag {
  OPOST = 0o1,
  OLCUC = 0o2,
  ONLCR = 0o4,
  OCRNL = 0o10,
  ONOCR = 0o20,
  ONLRET = 0o40,
  TABDLY = 0o14000,
  XTABS = 0o14000,
}

/** c_cflag: of these a terminal without a line only keeps what was asked for. */
export const enum Cflag {
  B38400 = 0o17,
  CSIZE = 0o60,
  CS8 = 0o60,
  CREAD = 0o200,
  PARENB = 0o400,
}

/** c_lflag */
export const enum Lflag {
  ISIG = 0o1,
  ICANON = 0o2,
  ECHO = 0o10,
  ECHOE = 0o20,
  ECHOK = 0o40,
  ECHONL = 0o100,
  NOFLSH = 0o200,
  TOSTOP = 0o400,
  ECHOCTL = 0o1000,
  ECHOPRT = 0o2000,
  ECHOKE = 0o4000,
  FLUSHO = 0o10000,
  PENDIN = 0o40000,
  IEXTEN = 0o100000,
  EXTPROC = 0o200000,
}

/** The control character `index`. */
@inline
export function controlCharacter(t: Termios, index: Cc): u8 {
  return load<u8>(changetype<usize>(t) + CONTROL_CHARACTERS + <usize>index);
}

/** Sets the control character `index`. */
@inline
export function setControlCharacter(t: Termios, index: Cc, c: u8): void {
  store<u8>(changetype<usize>(t) + CONTROL_CHARACTERS + <usize>index, c);
}

/** ^C ^\ DEL ^U ^D, VTIME 0, VMIN 1, none, ^Q ^S ^Z, none, ^R ^O ^W ^V, none: INIT_C_CC of Linux. */
const defaultCharacters = memory.data<u8>([3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0]);

/** What a terminal starts with, as a pty of Linux does: canonical, echoing, signals on, newline as CR LF. */
export function termiosReset(t: Termios): void {
  t.iflag = Iflag.ICRNL | Iflag.IXON;
  t.oflag = Oflag.OPOST | Oflag.ONLCR;
  t.cflag = Cflag.B38400 | Cflag.CS8 | Cflag.CREAD;
  t.lflag = Lflag.ISIG | Lflag.ICANON | Lflag.ECHO | Lflag.ECHOE | Lflag.ECHOK | Lflag.ECHOCTL | Lflag.ECHOKE | Lflag.IEXTEN;
  t.line = 0;
  memory.copy(changetype<usize>(t) + CONTROL_CHARACTERS, defaultCharacters, CONTROL_CHARACTER_COUNT);
  t.inputSpeed = 38400;
  t.outputSpeed = 38400;
}
