// From CPU exceptions in user mode to signals: which signal, si_code and si_addr (Intel SDM 3, chapter 6; sigaction(2), "The siginfo_t argument").

import { fpuSave } from "../shim/isa";
import { Errno } from "../kernel/errno";
import { Result } from "../kernel/result";
import { SignalCode, infoSetAddress, newInfo, SignalInfo } from "../kernel/task/siginfo";
import { forceSignal, Signal } from "../kernel/task/signal";
import { Thread } from "../kernel/task/thread";
import { FaultCode } from "./types/signal";

/** Vectors of the exceptions that user code can cause. */
const enum Vector {
  DivideError = 0,
  Debug = 1,
  Breakpoint = 3,
  Overflow = 4,
  BoundRange = 5,
  InvalidOpcode = 6,
  SegmentNotPresent = 11,
  StackFault = 12,
  PageFault = 14,
  FloatingPoint = 16,
  AlignmentCheck = 17,
  SimdFloatingPoint = 19,
}

/**
 * Sends the current thread the signal for an exception it caused. For a page fault `address` is CR2 and `result` says why the fault could not be
 * resolved (handleFault in kernel/mm/fault.ts).
 */
export function faultSignal(t: Thread, vector: u32, error: u64, address: u64, result: Result = 0): void {
  t.faultVector = vector;
  t.faultError = <u32>error;
  if (vector == Vector.PageFault) t.faultAddress = address;
  forceSignal(t, infoOf(t, vector, address, result));
}

function infoOf(t: Thread, vector: u32, address: u64, result: Result): SignalInfo {
  switch (vector) {
    case Vector.DivideError:
      return at(Signal.FPE, FaultCode.FPE_INTDIV, t.rip);
    case Vector.Debug:
      return at(Signal.TRAP, FaultCode.TRAP_TRACE, t.rip);
    case Vector.Breakpoint:
      return at(Signal.TRAP, SignalCode.Kernel, 0);
    case Vector.InvalidOpcode:
      return at(Signal.ILL, FaultCode.ILL_ILLOPN, t.rip);
    case Vector.SegmentNotPresent:
    case Vector.StackFault:
      return at(Signal.BUS, SignalCode.Kernel, 0);
    case Vector.PageFault:
      if (result == -Errno.ENXIO) return at(Signal.BUS, FaultCode.BUS_ADRERR, address);
      if (result == -Errno.ENOMEM) return at(Signal.KILL, SignalCode.Kernel, 0);
      return at(Signal.SEGV, result == -Errno.EACCES ? FaultCode.SEGV_ACCERR : FaultCode.SEGV_MAPERR, address);
    case Vector.FloatingPoint:
    case Vector.SimdFloatingPoint:
      return at(Signal.FPE, floatingPointCode(t, vector), t.rip);
    case Vector.AlignmentCheck:
      return at(Signal.BUS, FaultCode.BUS_ADRALN, t.rip);
    default:
      return at(Signal.SEGV, SignalCode.Kernel, 0);
  }
}

function at(signal: u32, code: i32, address: u64): SignalInfo {
  const info = newInfo(signal, code);
  info.forced = true;
  infoSetAddress(info, address);
  return info;
}

/**
 * Which of the unmasked floating-point exceptions happened: bits 0 to 5 of the status words are invalid, denormal, zero divide,
 * overflow, underflow and precision.
 */
function floatingPointCode(t: Thread, vector: u32): i32 {
  fpuSave(t.fpu);
  let happened: u32;
  if (vector == Vector.FloatingPoint) happened = (<u32>load<u16>(t.fpu, 2)) & ~(<u32>load<u16>(t.fpu));
  else {
    const mxcsr = load<u32>(t.fpu, 24);
    happened = mxcsr & ~(mxcsr >> 7);
  }
  if ((happened & 1) != 0) return FaultCode.FPE_FLTINV;
  if ((happened & 4) != 0) return FaultCode.FPE_FLTDIV;
  if ((happened & 8) != 0) return FaultCode.FPE_FLTOVF;
  if ((happened & 0x12) != 0) return FaultCode.FPE_FLTUND;
  return (happened & 0x20) != 0 ? FaultCode.FPE_FLTRES : 0;
}
