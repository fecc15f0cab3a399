// Which bytes of input are more than characters: a map of 256 bits, made anew at each change of termios, so that input.ts decides with one
// test for nearly every byte.

import { Cc, Iflag, Lflag, controlCharacter } from "../termios";
import { LineDiscipline, hasIflag, hasLflag } from "./state";

/** Marks the byte as one that input.ts has to look at. */
function markSpecial(l: LineDiscipline, c: u8): void {
  const at = changetype<usize>(l) + offsetof<LineDiscipline>("special0") + (c >> 3);
  store<u8>(at, load<u8>(at) | (1 << (c & 7)));
}

function markCharacter(l: LineDiscipline, index: Cc): void {
  markSpecial(l, controlCharacter(l.termios, index));
}

/** True when the byte is marked. */
@inline
export function isSpecial(l: LineDiscipline, c: u8): bool {
  return ((load<u8>(changetype<usize>(l) + offsetof<LineDiscipline>("special0") + (c >> 3)) >> (c & 7)) & 1) != 0;
}

/** Works out which bytes of input mean something in the present mode; run after each change of termios. */
export function chooseSpecials(l: LineDiscipline): void {
  l.special0 = 0;
  l.special1 = 0;
  l.special2 = 0;
  l.special3 = 0;
  l.transparent =
    !hasLflag(l, Lflag.ICANON | Lflag.ISIG | Lflag.ECHO) &&
    !hasIflag(l, Iflag.ISTRIP | Iflag.IUCLC | Iflag.IGNCR | Iflag.ICRNL | Iflag.INLCR | Iflag.IXON | Iflag.PARMRK);
  if (hasIflag(l, Iflag.IGNCR | Iflag.ICRNL)) markSpecial(l, 0x0d);
  if (hasIflag(l, Iflag.INLCR)) markSpecial(l, 0x0a);
  if (hasLflag(l, Lflag.ICANON)) {
    markSpecial(l, 0x0a);
    markCharacter(l, Cc.VERASE);
    markCharacter(l, Cc.VKILL);
    markCharacter(l, Cc.VEOF);
    markCharacter(l, Cc.VEOL);
    if (hasLflag(l, Lflag.IEXTEN)) {
      markCharacter(l, Cc.VWERASE);
      markCharacter(l, Cc.VLNEXT);
      markCharacter(l, Cc.VEOL2);
      if (hasLflag(l, Lflag.ECHO)) markCharacter(l, Cc.VREPRINT);
    }
  }
  if (hasIflag(l, Iflag.IXON)) {
    markCharacter(l, Cc.VSTART);
    markCharacter(l, Cc.VSTOP);
  }
  if (hasLflag(l, Lflag.ISIG)) {
    markCharacter(l, Cc.VINTR);
    markCharacter(l, Cc.VQUIT);
    markCharacter(l, Cc.VSUSP);
  }
  l.special0 &= ~1; // 0 turns a control character off; NUL is never special
}
