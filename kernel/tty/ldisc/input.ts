// Receiving what is typed (or what a pty's master writes): translation, signals, flow control, line editing and echo, in Linux's order.

import { ringUsed } from "../ring";
import { Cc, Iflag, Lflag, controlCharacter } from "../termios";
import { flushAll, startOutput, stopOutput } from "./control";
import { batchEchoes, echoCharacter, echoRaw, finishErasing, processEchoes } from "./echo";
import { eraseCharacter, eraseLine, eraseWord, markLineStart, reprintLine } from "./edit";
import { isSpecial } from "./special";
import { INPUT_BYTES, KeySignal, LineDiscipline, hasIflag, hasLflag, inputPut, inputWrite, readsLines, setLineEnd, toLower } from "./state";

/** Receives up to `n` bytes at time `nowNs`; returns how many. Less than `n` when readers must make room first. A line that
 *  outgrows the buffer is accepted on, each byte taking the place of the one before, so that its end gets through. */
export function receive(l: LineDiscipline, source: usize, n: u32, nowNs: u64): u32 {
  if (n != 0) l.lastInputNs = nowNs;
  l.sentBefore = ringUsed(l.output);
  let done: u32 = 0;
  while (done < n) {
    const room = makeRoom(l);
    if (room == 0) break;
    const count = min(n - done, room);
    receiveRun(l, source + done, count);
    done += count;
  }
  return done;
}

/** Bytes of input that can surely be stored; 0 when only a reader can make room. */
function makeRoom(l: LineDiscipline): u32 {
  const stored: u32 = hasIflag(l, Iflag.PARMRK) ? 3 : 1; // a byte may be stored with a mark of two
  const free = (INPUT_BYTES - (l.head - l.tail) + stored - 1) / stored;
  if (free > 1) return free - 1;
  if (!hasLflag(l, Lflag.ICANON) || l.lineHead != l.tail) return 0;
  while (INPUT_BYTES - (l.head - l.tail) < stored) l.head--;
  return 1;
}

/** Receives `n` bytes for which there is room. */
function receiveRun(l: LineDiscipline, source: usize, n: u32): void {
  const translates = hasIflag(l, Iflag.ISTRIP) || (hasIflag(l, Iflag.IUCLC) && hasLflag(l, Lflag.IEXTEN));
  if (l.transparent || (hasLflag(l, Lflag.EXTPROC) && !translates)) {
    inputWrite(l, source, n);
  } else {
    const echoed = l.echoHead;
    for (let i: u32 = 0; i < n; i++) receiveByte(l, load<u8>(source + i));
    if (l.echoHead != echoed) processEchoes(l);
  }
  if (!readsLines(l)) l.rawHead = l.head;
}

function receiveByte(l: LineDiscipline, c: u8): void {
  if (hasIflag(l, Iflag.ISTRIP)) c &= 0x7f;
  if (hasIflag(l, Iflag.IUCLC) && hasLflag(l, Lflag.IEXTEN)) c = toLower(c);
  if (hasLflag(l, Lflag.EXTPROC)) {
    inputPut(l, c);
    return;
  }
  if (l.literalNext) {
    l.literalNext = false;
    restartOnAny(l);
    storeEchoed(l, c);
  } else if (isSpecial(l, c)) receiveSpecial(l, c);
  else {
    restartOnAny(l);
    storeEchoed(l, c);
  }
}

/** IXANY: any character starts stopped output. */
function restartOnAny(l: LineDiscipline): void {
  if (!l.stopped || (l.termios.iflag & (Iflag.IXON | Iflag.IXANY)) != (Iflag.IXON | Iflag.IXANY)) return;
  startOutput(l);
  processEchoes(l);
}

/** An ordinary character: echo and store. */
function storeEchoed(l: LineDiscipline, c: u8): void {
  if (hasLflag(l, Lflag.ECHO)) {
    finishErasing(l);
    markLineStart(l);
    echoCharacter(l, c);
    batchEchoes(l);
  }
  storeMarked(l, c);
}

/** Stores a character; PARMRK doubles 0xff, which begins its marks. */
function storeMarked(l: LineDiscipline, c: u8): void {
  if (c == 0xff && hasIflag(l, Iflag.PARMRK)) inputPut(l, c);
  inputPut(l, c);
}

/** A byte that chooseSpecials marked. The same character can have several roles: the first in this order counts. */
function receiveSpecial(l: LineDiscipline, c: u8): void {
  if (hasIflag(l, Iflag.IXON) && controlFlow(l, c)) return;
  if (hasLflag(l, Lflag.ISIG)) {
    const signal = keySignal(l, c);
    if (signal != 0) {
      receiveSignal(l, signal, c);
      return;
    }
  }
  restartOnAny(l);
  if (c == 0x0d) {
    if (hasIflag(l, Iflag.IGNCR)) return;
    if (hasIflag(l, Iflag.ICRNL)) c = 0x0a;
  } else if (c == 0x0a && hasIflag(l, Iflag.INLCR)) c = 0x0d;
  if (hasLflag(l, Lflag.ICANON) && (editLine(l, c) || endLine(l, c))) return;
  if (c == 0x0a && hasLflag(l, Lflag.ECHO)) {
    finishErasing(l);
    echoRaw(l, c); // a newline is no ^J, even under ECHOCTL
    batchEchoes(l);
    inputPut(l, c);
  } else storeEchoed(l, c);
}

/** VSTART and VSTOP: true when `c` is one of them. */
export function controlFlow(l: LineDiscipline, c: u8): bool {
  if (c == controlCharacter(l.termios, Cc.VSTART)) {
    startOutput(l);
    processEchoes(l);
    return true;
  }
  if (c != controlCharacter(l.termios, Cc.VSTOP)) return false;
  stopOutput(l);
  return true;
}

/** The signal that the key stands for, or 0. */
function keySignal(l: LineDiscipline, c: u8): u32 {
  if (c == controlCharacter(l.termios, Cc.VINTR)) return KeySignal.Interrupt;
  if (c == controlCharacter(l.termios, Cc.VQUIT)) return KeySignal.Quit;
  if (c == controlCharacter(l.termios, Cc.VSUSP)) return KeySignal.Suspend;
  return 0;
}

function receiveSignal(l: LineDiscipline, signal: u32, c: u8): void {
  l.signals |= signal;
  if (!hasLflag(l, Lflag.NOFLSH)) flushAll(l);
  if (hasIflag(l, Iflag.IXON)) startOutput(l);
  if (hasLflag(l, Lflag.ECHO)) {
    echoCharacter(l, c);
    batchEchoes(l);
  } else processEchoes(l);
}

/** The characters that edit a line: true when `c` was one. */
function editLine(l: LineDiscipline, c: u8): bool {
  const t = l.termios;
  const extended = hasLflag(l, Lflag.IEXTEN);
  if (c == controlCharacter(t, Cc.VERASE)) eraseCharacter(l);
  else if (c == controlCharacter(t, Cc.VWERASE) && (extended || c == controlCharacter(t, Cc.VKILL))) eraseWord(l);
  else if (c == controlCharacter(t, Cc.VKILL)) eraseLine(l);
  else if (extended && c == controlCharacter(t, Cc.VLNEXT)) takeNextLiterally(l);
  else if (extended && c == controlCharacter(t, Cc.VREPRINT) && hasLflag(l, Lflag.ECHO)) reprintLine(l, c);
  else return false;
  batchEchoes(l);
  return true;
}

/** VLNEXT: shows a caret that the next character overwrites. */
function takeNextLiterally(l: LineDiscipline): void {
  l.literalNext = true;
  if (!hasLflag(l, Lflag.ECHO)) return;
  finishErasing(l);
  if (!hasLflag(l, Lflag.ECHOCTL)) return;
  echoRaw(l, 0x5e);
  echoRaw(l, 0x08);
}

/** The characters that end a line: true when `c` was one. */
function endLine(l: LineDiscipline, c: u8): bool {
  const t = l.termios;
  if (c == 0x0a) {
    if (hasLflag(l, Lflag.ECHO | Lflag.ECHONL)) echoRaw(l, c);
  } else if (c == controlCharacter(t, Cc.VEOF)) c = 0;
  else if (c == controlCharacter(t, Cc.VEOL) || (c == controlCharacter(t, Cc.VEOL2) && hasLflag(l, Lflag.IEXTEN))) {
    if (hasLflag(l, Lflag.ECHO)) {
      markLineStart(l);
      echoCharacter(l, c);
    }
    if (c == 0xff && hasIflag(l, Iflag.PARMRK)) inputPut(l, c);
  } else return false;
  batchEchoes(l);
  setLineEnd(l, l.head, true);
  inputPut(l, c);
  l.lineHead = l.head;
  return true;
}

/** Receives a break condition of a serial line: a signal, a mark or a NUL, by IGNBRK, BRKINT and PARMRK. */
export function receiveBreak(l: LineDiscipline): void {
  if (hasIflag(l, Iflag.IGNBRK)) return;
  if (hasIflag(l, Iflag.BRKINT)) {
    l.signals |= KeySignal.Interrupt;
    if (!hasLflag(l, Lflag.NOFLSH)) flushAll(l);
    return;
  }
  if (makeRoom(l) == 0) return;
  if (hasIflag(l, Iflag.PARMRK)) {
    inputPut(l, 0xff);
    inputPut(l, 0);
  }
  inputPut(l, 0);
  if (!readsLines(l)) l.rawHead = l.head;
}
