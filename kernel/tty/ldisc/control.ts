// Making a line discipline and changing how it works: termios, stopping and starting output, throwing queued bytes away.

import { kernelAlloc, kernelFree } from "../../mm/heap";
import { ByteRing, ringPut, ringRoom, ringTruncate } from "../ring";
import { Cc, Iflag, Lflag, TERMIOS2_BYTES, Termios, controlCharacter, termiosReset } from "../termios";
import { dropEchoes, processEchoes } from "./echo";
import { chooseSpecials } from "./special";
import { ECHO_ENTRIES, INPUT_BYTES, LineDiscipline, PacketStatus, clearLineEnds, hasIflag, hasLflag, setLineEnd } from "./state";

/** A line discipline in its initial mode that writes to `output`; null when out of memory. Release it with lineDisciplineFree. */
export function lineDisciplineNew(output: ByteRing): LineDiscipline | null {
  const p = kernelAlloc(offsetof<LineDiscipline>());
  if (p == 0) return null;
  const l = changetype<LineDiscipline>(p);
  l.output = output;
  l.termios = changetype<Termios>(kernelAlloc(offsetof<Termios>()));
  l.input = kernelAlloc(INPUT_BYTES);
  l.lineEnds = kernelAlloc(INPUT_BYTES >> 3);
  l.echoes = kernelAlloc(ECHO_ENTRIES << 1);
  if (changetype<usize>(l.termios) == 0 || l.input == 0 || l.lineEnds == 0 || l.echoes == 0) {
    lineDisciplineFree(l);
    return null;
  }
  termiosReset(l.termios);
  chooseSpecials(l);
  return l;
}

export function lineDisciplineFree(l: LineDiscipline): void {
  kernelFree(changetype<usize>(l.termios));
  kernelFree(l.input);
  kernelFree(l.lineEnds);
  kernelFree(l.echoes);
  kernelFree(changetype<usize>(l));
}

/** Stops output, until startOutput. */
export function stopOutput(l: LineDiscipline): void {
  if (l.stopped) return;
  l.stopped = true;
  l.packetStatus = (l.packetStatus & ~PacketStatus.Start) | PacketStatus.Stop;
}

/** Starts output again, unless TCOOFF stopped it. */
export function startOutput(l: LineDiscipline): void {
  if (!l.stopped || l.stoppedByCall) return;
  l.stopped = false;
  l.packetStatus = (l.packetStatus & ~PacketStatus.Stop) | PacketStatus.Start;
}

/** TCOOFF: stops output whatever the user types. */
export function suspendOutput(l: LineDiscipline): void {
  l.stoppedByCall = true;
  stopOutput(l);
}

/** TCOON: ends TCOOFF. Output that the user stopped before goes on as well. */
export function resumeOutput(l: LineDiscipline): void {
  if (!l.stoppedByCall) return;
  l.stoppedByCall = false;
  startOutput(l);
}

/** TCIOFF, TCION: sends `c` to the other end at once, even when the user has stopped output (but not under TCOOFF). */
export function sendNow(l: LineDiscipline, c: u8): void {
  const stopped = l.stopped;
  startOutput(l);
  if (!l.stopped && ringRoom(l.output) != 0) ringPut(l.output, c);
  if (stopped) stopOutput(l);
}

/** Throws away input that has not been read, the line being typed included. */
export function flushInput(l: LineDiscipline): void {
  l.head = 0;
  l.lineHead = 0;
  l.rawHead = 0;
  l.tail = 0;
  l.erasing = false;
  clearLineEnds(l);
  l.packetStatus |= PacketStatus.FlushRead;
}

/** Throws away output, but for the `kept` oldest bytes (at most flushKeeps of the discipline). */
export function flushOutput(l: LineDiscipline, kept: u32): void {
  ringTruncate(l.output, min(kept, l.flushKeeps));
  l.packetStatus |= PacketStatus.FlushWrite;
}

/**
 * Puts the attributes at `source` (struct termios2) in force. Input already there is kept and cut into lines or not as the new mode has
 * it.
 */
export function setTermios(l: LineDiscipline, source: usize): void {
  const t = l.termios;
  const oldIflag = t.iflag;
  const oldLflag = t.lflag;
  const oldFlow = usesStandardFlowKeys(t);
  memory.copy(changetype<usize>(t), source, TERMIOS2_BYTES);
  noteForMaster(l, oldFlow, ((oldLflag | t.lflag) & Lflag.EXTPROC) != 0);
  if (((oldLflag ^ t.lflag) & (Lflag.ICANON | Lflag.EXTPROC)) != 0) regroupInput(l);
  chooseSpecials(l);
  if ((oldIflag & Iflag.IXON) != 0 && !hasIflag(l, Iflag.IXON)) {
    startOutput(l); // nobody could type VSTART any more
    processEchoes(l);
  }
}

/** Packet mode: tells the master whether ^S and ^Q control the flow, and of each change under EXTPROC. */
function noteForMaster(l: LineDiscipline, oldFlow: bool, external: bool): void {
  const newFlow = usesStandardFlowKeys(l.termios);
  if (newFlow != oldFlow) {
    l.packetStatus &= ~(PacketStatus.DoStop | PacketStatus.NoStop);
    l.packetStatus |= newFlow ? PacketStatus.DoStop : PacketStatus.NoStop;
  }
  if (external) l.packetStatus |= PacketStatus.Ioctl;
}

function usesStandardFlowKeys(t: Termios): bool {
  return (t.iflag & Iflag.IXON) != 0 && controlCharacter(t, Cc.VSTOP) == 0x13 && controlCharacter(t, Cc.VSTART) == 0x11;
}

/** After a switch between lines and bytes: what is there becomes one line, or plain bytes. */
function regroupInput(l: LineDiscipline): void {
  clearLineEnds(l);
  if (hasLflag(l, Lflag.ICANON) && l.head != l.tail) {
    setLineEnd(l, l.head - 1, true);
    l.lineHead = l.head;
  } else l.lineHead = l.tail;
  l.rawHead = l.head;
  l.erasing = false;
  l.literalNext = false;
}

/** Throws away input, pending echo and output, what this input has echoed so far included, as a key that signals does. */
export function flushAll(l: LineDiscipline): void {
  dropEchoes(l);
  flushOutput(l, l.sentBefore);
  flushInput(l);
}
