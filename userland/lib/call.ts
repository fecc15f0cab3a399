// The one way into the kernel, and what the calls' numbers are. docs/host-syscalls.md is the specification; process.ts, files.ts,
// containers.ts, socket.ts and network.ts give every call its types.

/** Performs host call `number`; a value >= 0 or -errno. Addresses among the arguments come from `address()`. */
@external("host", "call")
export declare function call(number: Call, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64): i64;

export const enum Call {
  ContainerCreate = 1,
  ContainerStart = 2,
  ContainerState = 3,
  ContainerKill = 4,
  ContainerDelete = 5,
  ContainerExec = 6,
  ContainerWait = 7,
  ContainerList = 8,
  ContainerProcesses = 9,
  Exit = 10,
  Spawn = 11,
  Wait = 12,
  Kill = 13,
  GetPid = 14,
  Grow = 15,
  Sleep = 16,
  Time = 17,
  Random = 18,
  Poll = 19,
  Open = 20,
  Close = 21,
  Read = 22,
  Write = 23,
  Seek = 24,
  Resize = 25,
  Stat = 26,
  StatDescriptor = 27,
  ReadDirectory = 28,
  MakeDirectory = 29,
  Remove = 30,
  Rename = 31,
  MakeSymlink = 32,
  ReadSymlink = 33,
  MakeLink = 34,
  SetMode = 35,
  SetOwner = 36,
  MakeNode = 37,
  SetTimes = 38,
  SetDirectory = 39,
  GetDirectory = 40,
  TerminalMode = 41,
  TerminalSize = 42,
  Log = 43,
  SystemInformation = 44,
  Power = 45,
  Socket = 46,
  Bind = 47,
  Listen = 48,
  Accept = 49,
  Connect = 50,
  Send = 51,
  Receive = 52,
  Shutdown = 53,
  SocketName = 54,
  NetworkList = 55,
  MountTree = 56,
  SealTree = 57,
  UnmountTree = 58,
  SetRoot = 59,
  SetAttribute = 60,
  PowerButton = 61,
}

/** Where linear memory begins in the process (userland/start/start.c). */
const LINEAR: u64 = 0x100000000;

/** The process address of linear memory at `p`. */
export function address(p: usize): u64 {
  return LINEAR + p;
}

/** The process address of a managed array's content. */
export function addressOf(bytes: StaticArray<u8>): u64 {
  return LINEAR + changetype<usize>(bytes);
}
