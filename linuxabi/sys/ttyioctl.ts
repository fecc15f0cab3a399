// ioctl(2) on terminals and pty masters: decodes the request, copies its argument, calls kernel/tty. A master stands for its slave in all
// requests but those about its own queues. See ioctl_tty(2).

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { nowNs } from "../../kernel/time/clock";
import {
  SetWhen,
  ttyDrain,
  ttyFlow,
  ttyFlush,
  ttyForeground,
  ttyGiveUpControl,
  ttyInject,
  ttySession,
  ttySetAttributes,
  ttySetForeground,
  ttySetWindow,
  ttyTakeControl,
} from "../../kernel/tty/control";
import { describeCaller } from "../../kernel/tty/jobcontrol";
import { readableBytes } from "../../kernel/tty/ldisc/read";
import { Pty, ptyFlow, ptyFlush, ptyOfSlave, ptyReadableBytes, ptySetPacket, ptySignal } from "../../kernel/tty/pty";
import { Termios, TERMIOS2_BYTES } from "../../kernel/tty/termios";
import { Tty, ttyHangUp, ttyIsLost, ttyOutputQueued } from "../../kernel/tty/tty";
import { TtyIoctl, WINDOW_SIZE_BYTES, WindowSize } from "../types/termios";
import { attributesIn, attributesOut, Layout } from "./termios";

const attributes = memory.data(44, 8);
const window = memory.data(8, 8);
const word = memory.data(4, 4);

/** Copies an int to the user; errors of the value pass through. */
function wordOut(ua: u64, value: Result): Result {
  if (value < 0) return value;
  store<u32>(word, <u32>value);
  return copyOut(ua, word, 4);
}

/**
 * One request on a terminal or, with `isMaster`, on the master of the pty whose slave is `tty`, for the open of that generation
 * (`readable`: its access mode). The request's value, 0, -ENOTTY for requests no terminal has, other errors, or BLOCKED; -EAGAIN: run
 * again when the write queue of `tty` wakes, since output has to drain first.
 */
export function ttyIoctl(tty: Tty, isMaster: bool, generation: u32, readable: bool, request: u32, argument: u64): Result {
  if (!isMaster && ttyIsLost(tty, generation)) return request == TtyIoctl.TIOCSPGRP ? -Errno.ENOTTY : -Errno.EIO;
  switch (request) {
    case TtyIoctl.TCGETS:
      return attributesOut(argument, tty.discipline.termios, Layout.Termios);
    case TtyIoctl.TCGETS2:
      return attributesOut(argument, tty.discipline.termios, Layout.Termios2);
    case TtyIoctl.TCGETA:
      return attributesOut(argument, tty.discipline.termios, Layout.Termio);
    case TtyIoctl.TCSETS:
    case TtyIoctl.TCSETSW:
    case TtyIoctl.TCSETSF:
      return setAttributes(tty, argument, Layout.Termios, request - TtyIoctl.TCSETS);
    case TtyIoctl.TCSETS2:
    case TtyIoctl.TCSETSW2:
    case TtyIoctl.TCSETSF2:
      return setAttributes(tty, argument, Layout.Termios2, request - TtyIoctl.TCSETS2);
    case TtyIoctl.TCSETA:
    case TtyIoctl.TCSETAW:
    case TtyIoctl.TCSETAF:
      return setAttributes(tty, argument, Layout.Termio, request - TtyIoctl.TCSETA);
    case TtyIoctl.TIOCGWINSZ:
      return windowOut(tty, argument);
    case TtyIoctl.TIOCSWINSZ:
      return windowIn(tty, argument);
    case TtyIoctl.TIOCSCTTY:
      return ttyTakeControl(tty, argument == 1, readable);
    case TtyIoctl.TIOCNOTTY:
      return isMaster ? -Errno.ENOTTY : ttyGiveUpControl(tty);
    case TtyIoctl.TIOCGPGRP:
      return wordOut(argument, ttyForeground(tty, isMaster));
    case TtyIoctl.TIOCSPGRP:
      return setForeground(tty, argument);
    case TtyIoctl.TIOCGSID:
      return wordOut(argument, ttySession(tty, isMaster));
    case TtyIoctl.TIOCGDEV:
      return wordOut(argument, tty.device);
    case TtyIoctl.TIOCGETD:
      return wordOut(argument, 0); // N_TTY, the only line discipline
    case TtyIoctl.TIOCSETD: {
      const r = copyIn(word, argument, 4);
      return r < 0 || load<u32>(word) == 0 ? r : -Errno.EINVAL;
    }
    default:
      return isMaster ? masterIoctl(ptyOfSlave(tty), request, argument) : slaveIoctl(tty, request, argument);
  }
}

/** Requests that a slave or a line answers for itself. */
function slaveIoctl(tty: Tty, request: u32, argument: u64): Result {
  switch (request) {
    case TtyIoctl.TIOCINQ:
      return wordOut(argument, readableBytes(tty.discipline));
    case TtyIoctl.TIOCOUTQ:
      return wordOut(argument, ttyOutputQueued(tty));
    case TtyIoctl.TCFLSH:
      return ttyFlush(tty, wide(argument), nowNs());
    case TtyIoctl.TCXONC:
      return ttyFlow(tty, wide(argument));
    case TtyIoctl.TCSBRK: // a break, for which a terminal without a wire has no use; with an argument tcdrain(3)
    case TtyIoctl.TCSBRKP:
    case TtyIoctl.TIOCSBRK:
      return ttyDrain(tty);
    case TtyIoctl.TIOCCBRK:
      return 0;
    case TtyIoctl.TIOCEXCL:
    case TtyIoctl.TIOCNXCL:
      tty.exclusive = request == TtyIoctl.TIOCEXCL;
      return 0;
    case TtyIoctl.TIOCGEXCL:
      return wordOut(argument, tty.exclusive ? 1 : 0);
    case TtyIoctl.TIOCSTI: {
      const r = copyIn(word, argument, 1);
      return r < 0 ? r : ttyInject(tty, load<u8>(word), nowNs());
    }
    case TtyIoctl.TIOCVHANGUP:
      if (!describeCaller().isAdministrator) return -Errno.EPERM;
      ttyHangUp(tty);
      return 0;
    case TtyIoctl.TIOCGPTPEER:
      return -Errno.EIO;
    default:
      return -Errno.ENOTTY;
  }
}

/** Requests that a master answers for itself. */
function masterIoctl(pty: Pty, request: u32, argument: u64): Result {
  switch (request) {
    case TtyIoctl.TIOCGPTN:
      return wordOut(argument, pty.index);
    case TtyIoctl.TIOCGPTLCK:
      return wordOut(argument, pty.locked ? 1 : 0);
    case TtyIoctl.TIOCGPKT:
      return wordOut(argument, pty.packet ? 1 : 0);
    case TtyIoctl.TIOCSPTLCK:
    case TtyIoctl.TIOCPKT: {
      const r = copyIn(word, argument, 4);
      if (r < 0) return r;
      const on = load<u32>(word) != 0;
      if (request == TtyIoctl.TIOCPKT) ptySetPacket(pty, on);
      else pty.locked = on;
      return 0;
    }
    case TtyIoctl.TIOCSIG:
      return ptySignal(pty, wide(argument));
    case TtyIoctl.TIOCINQ:
      return wordOut(argument, ptyReadableBytes(pty));
    case TtyIoctl.TIOCOUTQ:
      return wordOut(argument, 0);
    case TtyIoctl.TCFLSH:
      return ptyFlush(pty, wide(argument));
    case TtyIoctl.TCXONC:
      return ptyFlow(pty, wide(argument), nowNs());
    case TtyIoctl.TCSBRK:
    case TtyIoctl.TCSBRKP:
    case TtyIoctl.TIOCSBRK:
    case TtyIoctl.TIOCCBRK:
    case TtyIoctl.TIOCEXCL: // nobody can open a master a second time anyway
    case TtyIoctl.TIOCNXCL:
      return 0;
    case TtyIoctl.TIOCGPTPEER:
      return peerOpener == 0 ? -Errno.ENOTTY : call_indirect<Result>(peerOpener, pty, <u32>argument);
    default:
      return -Errno.ENOTTY;
  }
}

/** An argument that is a small number and not an address; larger ones are no valid number either. */
@inline
function wide(argument: u64): u32 {
  return argument > u32.MAX_VALUE ? u32.MAX_VALUE : <u32>argument;
}

/** Opens the slave of `pty` with open(2) flags: a descriptor or an error. */
type PeerOpener = (pty: Pty, flags: u32) => Result;
let peerOpener: u32 = 0;

/** Registers what TIOCGPTPEER does; the file system of the slaves knows. Until then -ENOTTY, as on kernels before 4.13. */
export function setPeerOpener(opener: PeerOpener): void {
  peerOpener = opener.index;
}

function setAttributes(tty: Tty, ua: u64, layout: Layout, when: u32): Result {
  memory.copy(attributes, changetype<usize>(tty.discipline.termios), TERMIOS2_BYTES);
  const r = attributesIn(changetype<Termios>(attributes), ua, layout);
  return r < 0 ? r : ttySetAttributes(tty, attributes, <SetWhen>when, nowNs());
}

function windowOut(tty: Tty, ua: u64): Result {
  const w = changetype<WindowSize>(window);
  w.rows = tty.rows;
  w.columns = tty.columns;
  w.pixelWidth = tty.pixelWidth;
  w.pixelHeight = tty.pixelHeight;
  return copyOut(ua, window, WINDOW_SIZE_BYTES);
}

function windowIn(tty: Tty, ua: u64): Result {
  const r = copyIn(window, ua, WINDOW_SIZE_BYTES);
  if (r < 0) return r;
  const w = changetype<WindowSize>(window);
  ttySetWindow(tty, w.rows, w.columns, w.pixelWidth, w.pixelHeight);
  return 0;
}

function setForeground(tty: Tty, ua: u64): Result {
  const r = copyIn(word, ua, 4);
  return r < 0 ? r : ttySetForeground(tty, load<i32>(word));
}
