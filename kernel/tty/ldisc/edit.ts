// Editing the line being typed: VERASE, VWERASE and VKILL take characters off its end and wipe them from the terminal; VREPRINT shows it
// again. Only what came after the last complete line can be edited.

import { Cc, Lflag, controlCharacter } from "../termios";
import { echoCharacter, echoMarkColumn, echoRaw, echoStepBack, echoTabErase, echoWipe, finishErasing } from "./echo";
import { LineDiscipline, hasLflag, inputAt, isContinuation, isControl, isWordCharacter } from "./state";

/** VERASE: takes the last character off the line. */
export function eraseCharacter(l: LineDiscipline): void {
  const start = lastCharacter(l);
  if (start == l.head) return;
  cutOff(l, start, !hasLflag(l, Lflag.ECHOE));
  endErasing(l);
}

/** VWERASE: takes off the last word and what follows it that is no part of a word. */
export function eraseWord(l: LineDiscipline): void {
  if (l.head == l.lineHead) return;
  let inWord = false;
  for (let start = lastCharacter(l); start != l.head; start = lastCharacter(l)) {
    if (isWordCharacter(inputAt(l, start))) inWord = true;
    else if (inWord) break;
    cutOff(l, start, false);
  }
  endErasing(l);
}

/** VKILL: takes off the whole line. */
export function eraseLine(l: LineDiscipline): void {
  if (l.head == l.lineHead) return;
  if (!hasLflag(l, Lflag.ECHO)) {
    l.head = l.lineHead;
    return;
  }
  const wiping: u32 = Lflag.ECHOK | Lflag.ECHOKE | Lflag.ECHOE;
  if ((l.termios.lflag & wiping) != wiping) {
    l.head = l.lineHead;
    finishErasing(l);
    echoCharacter(l, controlCharacter(l.termios, Cc.VKILL));
    if (hasLflag(l, Lflag.ECHOK)) echoRaw(l, 0x0a);
    return;
  }
  for (let start = lastCharacter(l); start != l.head; start = lastCharacter(l)) cutOff(l, start, false);
  endErasing(l);
}

/** VREPRINT: shows the character, a new line and the line typed so far. */
export function reprintLine(l: LineDiscipline, c: u8): void {
  finishErasing(l);
  echoCharacter(l, c);
  echoRaw(l, 0x0a);
  for (let at = l.lineHead; at != l.head; at++) echoCharacter(l, inputAt(l, at));
}

/** Remembers where the line begins on the terminal when `l` is about to receive its first character. */
export function markLineStart(l: LineDiscipline): void {
  if (l.head == l.lineHead) echoMarkColumn(l);
}

/** Where the last character of the line begins: it may have several bytes. `head` when there is none, or only a part of one. */
function lastCharacter(l: LineDiscipline): u32 {
  let at = l.head;
  while (at != l.lineHead) if (!isContinuation(l, inputAt(l, --at))) return at;
  return l.head;
}

/** Takes the character that begins at `start` off the line and shows it: by VERASE itself if `plainly`, else by wiping it. */
function cutOff(l: LineDiscipline, start: u32, plainly: bool): void {
  const end = l.head;
  const c = inputAt(l, start);
  l.head = start;
  if (!hasLflag(l, Lflag.ECHO)) return;
  if (hasLflag(l, Lflag.ECHOPRT)) showErased(l, start, end);
  else if (plainly) echoCharacter(l, controlCharacter(l.termios, Cc.VERASE));
  else if (c == 0x09) wipeTab(l);
  else if (!isControl(c)) echoWipe(l);
  else if (hasLflag(l, Lflag.ECHOCTL)) {
    echoWipe(l);
    echoWipe(l);
  }
}

/** ECHOPRT, for printing terminals: shows what is erased, after a backslash. */
function showErased(l: LineDiscipline, start: u32, end: u32): void {
  if (!l.erasing) {
    echoRaw(l, 0x5c);
    l.erasing = true;
  }
  echoCharacter(l, inputAt(l, start));
  for (let at = start + 1; at != end; at++) {
    echoRaw(l, inputAt(l, at));
    echoStepBack(l);
  }
}

/** Wipes a tab just taken off: how far it went depends on the columns typed before it. */
function wipeTab(l: LineDiscipline): void {
  let columns: u32 = 0;
  for (let at = l.head; at != l.lineHead; ) {
    const c = inputAt(l, --at);
    if (c == 0x09) {
      echoTabErase(l, columns, true);
      return;
    }
    if (isControl(c)) columns += hasLflag(l, Lflag.ECHOCTL) ? 2 : 0;
    else if (!isContinuation(l, c)) columns++;
  }
  echoTabErase(l, columns, false);
}

/** ECHOPRT: an empty line ends the run of erased characters. */
function endErasing(l: LineDiscipline): void {
  if (l.head == l.lineHead && hasLflag(l, Lflag.ECHO)) finishErasing(l);
}
