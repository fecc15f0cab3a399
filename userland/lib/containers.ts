// The container verbs: host calls 1 to 9. Results are values >= 0 or -errno; `lastMessage()` says in words why a verb failed.

import { fromBytes, packStrings, toBytes } from "./bytes";
import { address, addressOf, call, Call } from "./call";
import { Cursor } from "./process";

const MESSAGE_BYTES: u32 = 1024;
const message: usize = memory.data(16, 8);
const messageText: usize = memory.data(1024);

function messageAddress(): u64 {
  store<u64>(message, address(messageText));
  store<u32>(message, MESSAGE_BYTES, 8);
  store<u32>(message, 0, 12);
  return address(message);
}

/** Why the last verb failed, in one line; "" when the kernel gave no words. */
export function lastMessage(): string {
  return fromBytes(messageText, load<u32>(message, 12));
}

/** Creates container `id` from the bundle directory `bundle` (absolute). With `terminal`, its console is the caller's. */
export function containerCreate(id: string, bundle: string, terminal: bool): i64 {
  const i = toBytes(id);
  const b = toBytes(bundle);
  return call(Call.ContainerCreate, addressOf(i), i.length, addressOf(b), b.length, terminal, messageAddress());
}

/** Runs the container's process; with `foreground` its terminal is in front until the caller has waited for it. */
export function containerStart(id: string, foreground: bool): i64 {
  const i = toBytes(id);
  return call(Call.ContainerStart, addressOf(i), i.length, foreground, messageAddress(), 0, 0);
}

/** The container's OCI state as JSON; null on failure, with its -errno in `stateError`. */
export function containerState(id: string): string | null {
  const i = toBytes(id);
  for (let capacity = 4096; capacity <= 1 << 20; capacity <<= 2) {
    const buffer = new StaticArray<u8>(capacity);
    const n = call(Call.ContainerState, addressOf(i), i.length, addressOf(buffer), capacity, messageAddress(), 0);
    if (n >= 0) return fromBytes(changetype<usize>(buffer), <i32>n);
    stateError = n;
    if (n != -34) break; // ERANGE: try a larger one
  }
  return null;
}

export let stateError: i64 = 0;

/** Sends `signal` to the init, or with `all` to every process. */
export function containerKill(id: string, signal: u32, all: bool): i64 {
  const i = toBytes(id);
  return call(Call.ContainerKill, addressOf(i), i.length, signal, all, messageAddress(), 0);
}

/** Deletes a stopped container, or with `force` any. */
export function containerDelete(id: string, force: bool): i64 {
  const i = toBytes(id);
  return call(Call.ContainerDelete, addressOf(i), i.length, force, messageAddress(), 0, 0);
}

/** Runs a further process; its pid in the container. */
export function containerExec(id: string, processArguments: string[], terminal: bool): i64 {
  const i = toBytes(id);
  const packed = packStrings(processArguments);
  return call(Call.ContainerExec, addressOf(i), i.length, addressOf(packed), packed.length, terminal, messageAddress());
}

/** Runs a further process described by an OCI process object. */
export function containerExecJson(id: string, json: string, terminal: bool): i64 {
  const i = toBytes(id);
  const text = toBytes(json);
  return call(Call.ContainerExec, addressOf(i), i.length, addressOf(text), text.length, 2 | u32(terminal), messageAddress());
}

/** Waits for the end of process `pid` (0: the init); its wait status. Flags: process.ts WaitFlag. */
export function containerWait(id: string, pid: u32, flags: u32): i64 {
  store<u32>(message, 0, 12); // this verb has no words of its own
  const i = toBytes(id);
  return call(Call.ContainerWait, addressOf(i), i.length, pid, flags, 0, 0);
}

/** One container as containerList tells it. */
export class ContainerRecord {
  constructor(
    public id: string,
    public bundle: string,
    public state: u32,
    public initPid: u32,
    public processes: u32,
    public memoryBytes: u64,
    public createdNs: u64,
    public cpuNs: u64,
  ) {}

  get status(): string {
    switch (this.state) {
      case 0:
        return "creating";
      case 1:
        return "created";
      case 2:
        return "running";
      case 3:
        return "paused";
      default:
        return "stopped";
    }
  }
}

/** All containers, in order of creation. */
export function containerList(): ContainerRecord[] {
  const list: ContainerRecord[] = [];
  const buffer = new StaticArray<u8>(16384);
  const cursor = new Cursor();
  let n: i64;
  while ((n = call(Call.ContainerList, cursor.address, addressOf(buffer), buffer.length, 0, 0, 0)) > 0) {
    let p = changetype<usize>(buffer);
    const end = p + <usize>n;
    for (; p < end; p += load<u32>(p)) {
      const idLength = load<u32>(p, 40);
      const id = fromBytes(p + 48, idLength);
      const bundle = fromBytes(p + 48 + idLength, load<u32>(p, 44));
      const memoryBytes = load<u64>(p, 16);
      list.push(
        new ContainerRecord(
          id,
          bundle,
          load<u32>(p, 4),
          load<u32>(p, 8),
          load<u32>(p, 12),
          memoryBytes,
          load<u64>(p, 24),
          load<u64>(p, 32),
        ),
      );
    }
  }
  return list;
}

/** One process as containerProcesses tells it. */
export class ProcessRecord {
  constructor(
    public pid: u32,
    public parentPid: u32,
    public uid: u32,
    public cpuNs: u64,
    public residentBytes: u64,
    public startedNs: u64,
    public state: string,
    public text: string,
  ) {}
}

/** Adds the processes of container `id` ("": of the host) to `list`, in order of pid; 0 or -errno. */
export function containerProcesses(id: string, list: ProcessRecord[]): i64 {
  const i = toBytes(id);
  const buffer = new StaticArray<u8>(16384);
  const cursor = new Cursor();
  let n: i64;
  while ((n = call(Call.ContainerProcesses, addressOf(i), i.length, cursor.address, addressOf(buffer), buffer.length, 0)) > 0) {
    let p = changetype<usize>(buffer);
    const end = p + <usize>n;
    for (; p < end; p += load<u32>(p)) {
      const state = String.fromCharCode(load<u32>(p, 40));
      const text = fromBytes(p + 48, load<u32>(p, 44));
      list.push(
        new ProcessRecord(
          load<u32>(p, 4),
          load<u32>(p, 8),
          load<u32>(p, 12),
          load<u64>(p, 16),
          load<u64>(p, 24),
          load<u64>(p, 32),
          state,
          text,
        ),
      );
    }
  }
  return n;
}
