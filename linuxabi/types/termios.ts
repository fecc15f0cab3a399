// ioctl requests of terminals: include/uapi/asm-generic/ioctls.h; see ioctl_tty(2).

export const enum TtyIoctl {
  TCGETS = 0x5401,
  TCSETS = 0x5402,
  TCSETSW = 0x5403,
  TCSETSF = 0x5404,
  TCGETA = 0x5405,
  TCSETA = 0x5406,
  TCSETAW = 0x5407,
  TCSETAF = 0x5408,
  TCSBRK = 0x5409,
  TCXONC = 0x540a,
  TCFLSH = 0x540b,
  TIOCEXCL = 0x540c,
  TIOCNXCL = 0x540d,
  TIOCSCTTY = 0x540e,
  TIOCGPGRP = 0x540f,
  TIOCSPGRP = 0x5410,
  TIOCOUTQ = 0x5411,
  TIOCSTI = 0x5412,
  TIOCGWINSZ = 0x5413,
  TIOCSWINSZ = 0x5414,
  TIOCINQ = 0x541b,
  TIOCPKT = 0x5420,
  TIOCNOTTY = 0x5422,
  TIOCSETD = 0x5423,
  TIOCGETD = 0x5424,
  TCSBRKP = 0x5425,
  TIOCSBRK = 0x5427,
  TIOCCBRK = 0x5428,
  TIOCGSID = 0x5429,
  TIOCVHANGUP = 0x5437,
  TIOCGPTPEER = 0x5441,
  TCSETS2 = 0x402c542b,
  TCSETSW2 = 0x402c542c,
  TCSETSF2 = 0x402c542d,
  TIOCSPTLCK = 0x40045431,
  TIOCSIG = 0x40045436,
  TCGETS2 = 0x802c542a,
  TIOCGPTN = 0x80045430,
  TIOCGDEV = 0x80045432,
  TIOCGPKT = 0x80045438,
  TIOCGPTLCK = 0x80045439,
  TIOCGEXCL = 0x80045440,
}

/** struct winsize. */
@unmanaged
export class WindowSize {
  rows: u16;
  columns: u16;
  pixelWidth: u16;
  pixelHeight: u16;
}
export const WINDOW_SIZE_BYTES: u32 = 8;
if (offsetof<WindowSize>() != WINDOW_SIZE_BYTES) ERROR("struct winsize is 8 bytes");
