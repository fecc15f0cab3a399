// The assembler: the only file that knows every part. It brings the machine up in order and holds the functions that shim/ calls.

import { fpuInit, fpuSave, halt } from "../shim/isa";
import { apicInit } from "../drivers/platform/apic";
import { calibrate } from "../drivers/platform/calibrate";
import { powerInit } from "../drivers/platform/power";
import { powerButtonInit } from "../drivers/platform/powerbutton";
import { rtcSeconds } from "../drivers/platform/rtc";
import { consoleInit, consoleListen, consoleScreenInit } from "../drivers/console";
import { pciScan } from "../drivers/bus/pci";
import { consoleRegister } from "../drivers/virtio/console";
import { netRegister } from "../drivers/virtio/net";
import { mmioScan } from "../drivers/virtio/mmio";
import { faultSignal } from "../linuxabi/fault";
import { deliverSignals } from "../linuxabi/signal";
import { signalsInit } from "../linuxabi/start";
import { cloneInit, writeChildTid } from "../linuxabi/sys/clone";
import { ptyPeerInit } from "../linuxabi/sys/ptypeer";
import { socketIoctlInit } from "../linuxabi/sys/socketioctl";
import { ttyIoctlInit } from "../linuxabi/sys/ttyfile";
import { judgeEntry } from "../linuxabi/userdispatch";
import { linuxCall } from "../linuxabi/table";
import { vdsoStart } from "../linuxabi/vdso";
import { CALL_NAMES } from "../linuxabi/types/calls";
import { readFramebufferOption } from "./boot/framebuffer";
import { readBootInfo } from "./boot/loader";
import { initFrames } from "./boot/memorymap";
import { option, parseCommandLine } from "./boot/options";
import { setCallNames } from "./container/callnames";
import { setPageUnmapper } from "./fs/pages";
import { sharedMemoryInit } from "./fs/shm";
import { FIRST_VECTOR, interruptRun, setHandler, TIMER_VECTOR } from "./interrupt";
import { log, logEnd, logInit, logNumber, logStart, logText, setLogQuiet } from "./log/log";
import { debugExit, DEBUG_EXIT_PANIC, panic } from "./log/panic";
import { Access, faultInit, handleFaultOrKill, setOutOfMemoryHandler } from "./mm/fault";
import { framesFree, framesUsable } from "./mm/frame";
import { heapInit, kernelAlloc } from "./mm/heap";
import { kernelMapInit } from "./mm/kernelmap";
import { reclaimInit } from "./mm/reclaim";
import { unmapInodePages } from "./mm/space";
import { trimInit } from "./mm/trim";
import { inetInit } from "./net/inet/start";
import { randomSeed } from "./random";
import { BLOCKED, GONE, NEEDS_REGISTERS, REPLACED, Result } from "./result";
import { clearOperation, setRegistersSaved, leave, onTimer, setCallFilter, setPersonality, settle, slowCall } from "./run";
import { attention, Attention } from "./task/attention";
import { filterPasses } from "./task/filter";
import { makeRoom, processReclaimInit } from "./task/oom";
import { lifecycleInit } from "./task/lifecycle";
import { current, EntryWork, Thread, unpark, WakeReason, wakeThread } from "./task/thread";
import { timeStampShow } from "./task/timestamp";
import { setWaker, WaiterKind } from "./task/wait";
import { workSystemInit } from "./task/work";
import { ttyFilesInit } from "./tty/files";
import { ttyProcessesInit } from "./tty/processes";
import { ipcInit } from "./ipc/start";
import { setWallNs } from "./time/clock";
import { setTimerHandler, TimerKind } from "./time/timer";
import { openFilesInit } from "./vfs/start";
import { startInit } from "../runtime/host/init";
import { hostCall } from "../runtime/host/table";
import { startWorld } from "../runtime/world";

/** Where AssemblyScript's static data ends: scripts/lib/wasm2c.ts reads it. */
export const heapBase: usize = __heap_base;

/** A park's deadline has passed. */
function threadTimeout(owner: usize): void {
  unpark(changetype<Thread>(owner), WakeReason.Timeout);
}

/** Memory: from the loader's map to a heap and final page tables. */
function startMemory(): bool {
  if (!readBootInfo()) return false;
  if (!initFrames()) return false;
  heapInit();
  return kernelMapInit() && faultInit();
}

/** FPU state: a clean area for new programs, taken before anything uses the FPU. */
function startFpu(): bool {
  let bytes = (fpuInit() + 63) & ~63;
  // XSAVE wants 64-byte alignment, which among the heap's sizes these have; 832 is what AVX takes.
  if (bytes > 512 && bytes < 2048) bytes = bytes <= 832 ? 832 : 2048;
  const clean = kernelAlloc(bytes);
  if (clean == 0) return false;
  fpuSave(clean);
  lifecycleInit(bytes, clean);
  return true;
}

/** A step of the start that the machine cannot do without. */
function must(done: bool, what: string): void {
  if (done) return;
  setLogQuiet(false);
  logStart("boot");
  logText("cannot start: ");
  logText(what);
  logEnd();
  debugExit(DEBUG_EXIT_PANIC);
  halt();
}

/** Without a control channel the machine is its console's: the host's shell. */
function startConsole(): void {
  if (!consoleListen()) log("console", "neither a serial port nor a keyboard");
  startInit();
}

/** Called once by the shim, on the boot page tables. */
export function boot(): void {
  consoleInit();
  must(startMemory() && logInit() && startFpu(), "no boot information, or not enough memory");
  parseCommandLine();
  readFramebufferOption();
  consoleScreenInit();
  apicInit();
  calibrate();
  setWallNs(rtcSeconds() * 1_000_000_000);
  randomSeed();
  setHandler(TIMER_VECTOR, onTimer, 0);
  setWaker(WaiterKind.Thread, wakeThread);
  setTimerHandler(TimerKind.Thread, threadTimeout);
  workSystemInit();
  must(trimInit(), "timers");
  setPageUnmapper(unmapInodePages);
  setOutOfMemoryHandler(makeRoom);
  reclaimInit();
  processReclaimInit();
  setPersonality(linuxCall, hostCall, deliverSignals, writeChildTid);
  setCallFilter(judgeEntry);
  setCallNames(CALL_NAMES);
  must(openFilesInit() && inetInit(), "open files");
  cloneInit();
  signalsInit();
  ipcInit();
  ttyFilesInit();
  ttyIoctlInit();
  socketIoctlInit();
  ptyPeerInit();
  ttyProcessesInit();
  must(sharedMemoryInit() && vdsoStart(), "shared memory");
  logStart("memory");
  logNumber(framesFree() / 256);
  logText(" MiB free of ");
  logNumber(framesUsable() / 256);
  logEnd();
  powerInit();
  powerButtonInit();
  consoleRegister();
  netRegister();
  pciScan();
  mmioScan();
  must(startWorld(), "the host's world");
  if (!option("control")) startConsole();
  else if (option("services")) startInit();
  settle();
}

/** What the straight way of a call leaves to onSlowCall: its result, when that is not an ordinary one. */
let slowResult: Result = 0;

/** A system call of `current`: 0 when it is over and its thread goes straight back, else shim/trap.S saves all registers and calls onSlowCall. */
export function onSystemCall(): u32 {
  const t = current;
  const straight = t.entry == 0 || (t.entry == EntryWork.Seccomp && filterPasses(t));
  const result: Result = straight ? linuxCall(t) : NEEDS_REGISTERS;
  if (result <= REPLACED) {
    if (result == REPLACED) return replaced();
    slowResult = result;
    return 1;
  }
  t.rax = <u64>result;
  return t.work | attention;
}

/** What onSystemCall returns when the registers are not to be saved: a negative number. */
const RETURN_AS_SAVED: u32 = 0x8000_0000;

function replaced(): u32 {
  if ((current.work | attention) != 0) settle();
  return RETURN_AS_SAVED;
}

/** The rest of a call that blocked, needs all registers, or left something to do. */
export function onSlowCall(): void {
  const t = current;
  let result = slowResult;
  slowResult = 0;
  if (result == NEEDS_REGISTERS) {
    setRegistersSaved(true);
    result = slowCall(t);
    setRegistersSaved(false);
    if (result > GONE) t.rax = <u64>result;
  }
  if (result <= GONE) {
    leave(result);
    return;
  }
  if (attention & Attention.Operation) clearOperation(t);
  settle();
}

/** An exception or interrupt in user mode. */
export function onTrap(vector: u32, error: u64, address: u64): void {
  if (vector >= FIRST_VECTOR) interruptRun(vector);
  else {
    const t = current;
    let result: Result = 0;
    if (vector == 14) {
      const access = error & 16 ? Access.Execute : error & 2 ? Access.Write : Access.Read;
      result = handleFaultOrKill(t.process.space!, address, access);
    }
    if (result == BLOCKED) {
      leave(result);
      return;
    }
    if (vector == 14 ? result < 0 : !(vector == 13 && timeStampShow(t))) faultSignal(t, vector, error, address, result);
  }
  if ((current.work | attention) != 0) settle();
}

/** An interrupt while the CPU idles. */
export function onInterrupt(vector: u32): void {
  interruptRun(vector);
}

/** The CPU idled and an interrupt has been handled. */
export function onIdle(): void {
  settle();
}

export function onPanic(kind: u32, detail: u64, rip: u64, address: u64): void {
  panic(kind, detail, rip, address);
}
