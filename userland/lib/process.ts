// Processes, time and the machine: host calls 10 to 19 and 41 to 45, and the program's own arguments.

import { fromBytes, packStrings, toBytes } from "./bytes";
import { address, addressOf, call, Call } from "./call";

@external("host", "argumentCount")
declare function argumentCount(): u32;

@external("host", "argumentLength")
declare function argumentLength(index: u32): u32;

@external("host", "argumentCopy")
declare function argumentCopy(index: u32, to: usize): void;

/** The arguments this program was started with, its own name first. */
export function programArguments(): string[] {
  const list: string[] = [];
  for (let i: u32 = 0; i < argumentCount(); i++) {
    const bytes = new StaticArray<u8>(argumentLength(i));
    argumentCopy(i, changetype<usize>(bytes));
    list.push(fromBytes(changetype<usize>(bytes), bytes.length));
  }
  return list;
}

export const enum WaitFlag {
  NoWait = 1,
  Terminal = 2,
}

/** Ends the program with exit code `status`. */
export function exit(status: i32): void {
  call(Call.Exit, status, 0, 0, 0, 0, 0);
}

/** Starts the program `path`; its standard streams become descriptors `input`, `output` and `error`. The pid or -errno. */
export function spawn(path: string, programArguments: string[], input: i32, output: i32, error: i32, foreground: bool): i64 {
  const name = toBytes(path);
  const packed = packStrings(programArguments);
  const descriptors = new StaticArray<i32>(3);
  descriptors[0] = input;
  descriptors[1] = output;
  descriptors[2] = error;
  return call(
    Call.Spawn,
    addressOf(name),
    name.length,
    addressOf(packed),
    packed.length,
    address(changetype<usize>(descriptors)),
    foreground,
  );
}

/** Waits for child `pid` (0: any): pid << 32 | wait status, or -errno. */
export function wait(pid: u32, flags: u32 = 0): i64 {
  return call(Call.Wait, pid, flags, 0, 0, 0, 0);
}

/** Ends process `pid` with signal `signal`. */
export function kill(pid: u32, signal: u32): i64 {
  return call(Call.Kill, pid, signal, 0, 0, 0, 0);
}

export function sleep(ns: u64): void {
  call(Call.Sleep, ns, 0, 0, 0, 0, 0);
}

/** Nanoseconds since boot. */
export function monotonicTime(): u64 {
  return call(Call.Time, 0, 0, 0, 0, 0, 0);
}

/** What a descriptor may be ready for (poll(2)). */
export const POLL_IN: u16 = 1;
export const POLL_OUT: u16 = 4;
/** Waits for ever. */
export const FOR_EVER: u64 = 0x8000_0000_0000_0000;

/** Descriptors to wait for; at most 64. */
export class PollSet {
  private entries: StaticArray<u8> = new StaticArray<u8>(64 * 8);
  count: u32 = 0;

  clear(): void {
    this.count = 0;
  }

  /** Adds a descriptor and what it is to be ready for; its place. */
  add(fd: i32, events: u16): u32 {
    const p = changetype<usize>(this.entries) + (this.count << 3);
    store<i32>(p, fd);
    store<u16>(p, events, 4);
    store<u16>(p, 0, 6);
    return this.count++;
  }

  /** What the descriptor at `place` is ready for: poll(2)'s bits. */
  ready(place: u32): u32 {
    return load<u16>(changetype<usize>(this.entries) + (place << 3), 6);
  }

  /** Waits at most `timeoutNs`: how many are ready, or -errno. */
  wait(timeoutNs: u64): i64 {
    return call(Call.Poll, addressOf(this.entries), this.count, timeoutNs, 0, 0, 0);
  }
}

/** True when descriptor `fd` can be read without waiting, within `timeoutNs`. */
export function readable(fd: i32, timeoutNs: u64): bool {
  const entry = new StaticArray<u8>(8);
  const p = changetype<usize>(entry);
  store<i32>(p, fd);
  store<u16>(p + 4, 1); // POLLIN
  return call(Call.Poll, addressOf(entry), 1, timeoutNs, 0, 0, 0) > 0;
}

export const enum TerminalMode {
  Canonical = 0,
  Raw = 1,
  Ask = 2,
}

/** Sets the mode of the terminal `fd`; the mode before, or -ENOTTY. */
export function terminalMode(fd: i32, mode: TerminalMode): i64 {
  return call(Call.TerminalMode, fd, mode, 0, 0, 0, 0);
}

/** Columns of the terminal `fd`; 80 when not known. */
export function terminalColumns(fd: i32): i32 {
  const size = call(Call.TerminalSize, fd, 0, 0, 0, 0, 0);
  const columns = size < 0 ? 0 : <i32>(size & 0xffff);
  return columns == 0 ? 80 : columns;
}

/** A position in one of the kernel's lists (log, containers, processes). */
export class Cursor {
  private cell: StaticArray<u64> = new StaticArray<u64>(1);

  get address(): u64 {
    return address(changetype<usize>(this.cell));
  }
}

/** The next lines of the kernel's log; "" at the end. */
export function readLog(cursor: Cursor, buffer: StaticArray<u8>): string {
  const n = call(Call.Log, cursor.address, addressOf(buffer), buffer.length, 0, 0, 0);
  return n <= 0 ? "" : fromBytes(changetype<usize>(buffer), <i32>n);
}

/** What call systemInformation writes. */
@unmanaged
export class SystemInformation {
  memoryBytes: u64;
  memoryFreeBytes: u64;
  heapBytes: u64;
  heapUsedBytes: u64;
  uptimeNs: u64;
  processors: u32;
  containers: u32;
  processes: u32;
  pageBytes: u32;
  /** Processor time of all processes since boot. */
  busyNs: u64;
}

const information: usize = memory.data(64, 8);

/** The state of the machine; valid until the next call. */
export function systemInformation(): SystemInformation {
  call(Call.SystemInformation, address(information), 64, 0, 0, 0, 0);
  return changetype<SystemInformation>(information);
}

export const enum PowerAction {
  Off = 0,
  Reboot = 1,
}

/** Ends the machine; -errno when it cannot. */
export function power(action: PowerAction): i64 {
  return call(Call.Power, action, 0, 0, 0, 0, 0);
}

/** Waits until the machine's power button has been pressed: 0 or -errno. */
export function waitForPowerButton(): i64 {
  return call(Call.PowerButton, 0, 0, 0, 0, 0, 0);
}

/** This process's number. */
export function getPid(): u32 {
  return <u32>call(Call.GetPid, 0, 0, 0, 0, 0, 0);
}
