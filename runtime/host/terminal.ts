// Host calls on terminals: their mode and size (docs/host-syscalls.md, "Terminal and machine").

import { Errno } from "../../kernel/errno";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";
import { nowNs } from "../../kernel/time/clock";
import { hostTerminal } from "../../kernel/tty/console";
import { SetWhen, ttySetAttributes } from "../../kernel/tty/control";
import { ttyOf } from "../../kernel/tty/files";
import { Lflag, Oflag, Termios, termiosReset } from "../../kernel/tty/termios";
import { Tty } from "../../kernel/tty/tty";
import { FileKind } from "../../kernel/vfs/inode";
import { fileOf, isNone } from "./arguments";

const MODE_CANONICAL: u64 = 0;
const MODE_RAW: u64 = 1;
const MODE_ASK: u64 = 2;

const attributes = memory.data(44, 8);
/** The host process that made its terminal raw, 0 for none. */
let rawPid: u32 = 0;

/** Puts the mode in force. Raw: every byte at once and unchanged, without echo; output is the same in both modes. */
function setMode(tty: Tty, mode: u64): Result {
  const termios = changetype<Termios>(attributes);
  termiosReset(termios); // its VMIN is 1 and its VTIME 0
  if (mode == MODE_RAW) {
    termios.iflag = 0;
    termios.oflag = Oflag.OPOST | Oflag.ONLCR;
    termios.lflag = 0;
  }
  return ttySetAttributes(tty, attributes, SetWhen.Now, nowNs());
}

export function hostTerminalMode(t: Thread, fd: u64, mode: u64): Result {
  const file = fileOf(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind != FileKind.Tty) return -Errno.ENOTTY;
  if (mode > MODE_ASK) return -Errno.EINVAL;
  const tty = ttyOf(file);
  const before = (tty.discipline.termios.lflag & Lflag.ICANON) != 0 ? MODE_CANONICAL : MODE_RAW;
  if (mode != MODE_ASK) {
    const r = setMode(tty, mode);
    if (r < 0) return r;
    rawPid = mode == MODE_RAW ? t.process.pid : 0;
  }
  return before;
}

/** Host process `pid` ends: if it left the terminal raw, that is over. */
export function rawModeEnds(pid: u32): void {
  const tty = hostTerminal();
  if (!tty || rawPid != pid) return;
  rawPid = 0;
  setMode(tty, MODE_CANONICAL);
}

export function hostTerminalSize(t: Thread, fd: u64): Result {
  const file = fileOf(t, fd);
  if (isNone(file)) return -Errno.EBADF;
  if (file.kind != FileKind.Tty) return -Errno.ENOTTY;
  const tty = ttyOf(file);
  return ((<u32>tty.rows) << 16) | tty.columns;
}
