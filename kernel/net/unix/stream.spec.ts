import { Errno } from "../../errno";
import { heapObjectsUsed, kernelAlloc } from "../../mm/heap";
import { container, newProcess, startContainer } from "../../task/testing";
import { setCurrent } from "../../task/thread";
import { fileRelease } from "../../vfs/file";
import { File } from "../../vfs/inode";
import { namelessInit } from "../../vfs/nameless";
import { attention, Attention } from "../../task/attention";
import { workRun, workSystemInit } from "../../task/work";
import { exchange, exchangeStart, MessageFlag } from "../exchange";
import { familyReceive, familySend, socketNew, socketPair } from "../family";
import { rightsAdd, rightsFree, rightsNew } from "../rights";
import { Family, Shutdown, socketOf, SocketOption, SocketType } from "../socket";
import { socketsInit } from "../transfer";
import { unixShutdown } from "./connect";
import { asUnix } from "./unix";

let from: usize = 0;
let to: usize = 0;
let pieces: usize = 0;
let a: File = changetype<File>(0);
let b: File = changetype<File>(0);
let objects: u32 = 0;

function open(type: u32): File {
  const r = socketNew(Family.Unix, type, 0, 0);
  expect(r > 0).toBeTruthy();
  return changetype<File>(<usize>r);
}

function pair(type: u32): void {
  a = open(type);
  b = open(type);
  expect(socketPair(socketOf(a), socketOf(b))).toBe(0);
}

function closeBoth(): void {
  fileRelease(a);
  fileRelease(b);
}

/** Starts an exchange over kernel memory, cut into two pieces. */
function start(p: usize, bytes: u32, flags: u32): void {
  const first = bytes / 3;
  store<u64>(pieces, p);
  store<u64>(pieces, first, 8);
  store<u64>(pieces, p + first, 16);
  store<u64>(pieces, bytes - first, 24);
  exchangeStart(pieces, bytes, flags, 0).kernel = true;
}

function send(file: File, bytes: u32): i64 {
  start(from, bytes, MessageFlag.DontWait);
  return familySend(socketOf(file));
}

function sendFile(file: File, what: File): i64 {
  start(from, 1, MessageFlag.DontWait);
  const rights = rightsNew(1)!;
  rightsAdd(rights, what);
  exchange.rights = rights;
  return familySend(socketOf(file));
}

function receive(file: File, bytes: u32, flags: u32 = 0): i64 {
  memory.fill(to, 0, bytes);
  start(to, bytes, flags | MessageFlag.DontWait);
  return familyReceive(socketOf(file));
}

function arrived(bytes: u32, offset: u32 = 0): bool {
  return memory.compare(to, from + offset, bytes) == 0;
}

beforeAll(() => {
  startContainer();
  workSystemInit();
  namelessInit();
  socketsInit();
  setCurrent(newProcess(null).leader);
  from = kernelAlloc(1 << 18);
  to = kernelAlloc(1 << 18);
  pieces = kernelAlloc(32);
  for (let i: u32 = 0; i < 1 << 18; i++) store<u8>(from + i, <u8>(i * 31 + (i >> 8)));
  // Makes the container's space and the small message that is kept, so that what is used can be counted.
  pair(SocketType.Stream);
  send(a, 1);
  closeBoth();
  expect(container.net != 0).toBeTruthy();
});

beforeEach(() => {
  objects = heapObjectsUsed();
});

afterEach(() => {
  if (attention & Attention.Work) workRun();
  expect(heapObjectsUsed()).toBe(objects, "objects are given back");
});

describe("a stream", () => {
  test("gives back what was written, however it is cut", () => {
    pair(SocketType.Stream);
    expect(send(a, 10)).toBe(10);
    expect(send(a, 5000)).toBe(5000);
    expect(send(a, 100000)).toBe(100000);
    expect(socketOf(b).bytes).toBe(105010);
    expect(receive(b, 7)).toBe(7);
    expect(arrived(7)).toBeTruthy();
    expect(receive(b, 3)).toBe(3);
    expect(arrived(3, 7)).toBeTruthy();
    expect(receive(b, 4999)).toBe(4999);
    expect(receive(b, 100002)).toBe(100001);
    expect(memory.compare(to + 1, from, 100000)).toBe(0);
    expect(exchange.ranDry).toBeTruthy();
    expect(receive(b, 1)).toBe(-Errno.EAGAIN);
    expect(socketOf(a).sendCharge).toBe(0);
    closeBoth();
  });

  test("takes no more than its limit, and gives room back as it is read", () => {
    pair(SocketType.Stream);
    let sent: i64 = 0;
    for (let r = send(a, 5000); r > 0; r = send(a, 5000)) sent += r;
    expect(send(a, 1)).toBe(-Errno.EAGAIN);
    expect(socketOf(a).sendCharge >= socketOf(a).sendLimit).toBeTruthy();
    expect(socketOf(a).sendCharge < socketOf(a).sendLimit * 2).toBeTruthy();
    for (let r = receive(b, 100000); r > 0; r = receive(b, 100000)) sent -= r;
    expect(sent).toBe(0);
    expect(socketOf(a).sendCharge).toBe(0);
    closeBoth();
  });

  test("looks without taking, from where SO_PEEK_OFF says", () => {
    pair(SocketType.Stream);
    send(a, 10);
    send(a, 10);
    expect(receive(b, 100, MessageFlag.Peek)).toBe(20);
    expect(memory.compare(to + 10, from, 10)).toBe(0);
    socketOf(b).peekOffset = 5;
    expect(receive(b, 10, MessageFlag.Peek)).toBe(10);
    expect(arrived(5, 5)).toBeTruthy();
    expect(socketOf(b).peekOffset).toBe(15);
    expect(receive(b, 10)).toBe(10);
    expect(socketOf(b).peekOffset).toBe(5);
    expect(receive(b, 10, MessageFlag.Peek)).toBe(5);
    closeBoth();
  });

  test("ends with what was written, or with a reset when something is lost", () => {
    pair(SocketType.Stream);
    send(a, 10);
    send(b, 10);
    fileRelease(a);
    expect(receive(b, 100)).toBe(10);
    expect(receive(b, 100)).toBe(-Errno.ECONNRESET);
    expect(receive(b, 100)).toBe(0);
    expect(send(b, 1)).toBe(-Errno.EPIPE);
    fileRelease(b);
  });

  test("shuts down one way", () => {
    pair(SocketType.Stream);
    unixShutdown(asUnix(socketOf(a)), Shutdown.Send);
    expect(send(a, 1)).toBe(-Errno.EPIPE);
    expect(receive(b, 1)).toBe(0);
    expect(send(b, 1)).toBe(1);
    expect(receive(a, 1)).toBe(1);
    closeBoth();
  });

  test("does not join what different writers wrote, when that is asked for", () => {
    pair(SocketType.Stream);
    socketOf(b).options |= SocketOption.PassCredentials;
    send(a, 5);
    start(from, 5, 0);
    exchange.credentials = true;
    exchange.pid = 77;
    familySend(socketOf(a));
    expect(receive(b, 100)).toBe(5);
    expect(receive(b, 100)).toBe(5);
    expect(exchange.pid).toBe(77);
    closeBoth();
  });
});

describe("datagrams", () => {
  test("keep their borders and lose what does not fit", () => {
    pair(SocketType.Datagram);
    expect(send(a, 10)).toBe(10);
    expect(send(a, 0)).toBe(0);
    expect(send(a, 9000)).toBe(9000);
    expect(receive(b, 4)).toBe(4);
    expect(exchange.result).toBe(MessageFlag.Truncated);
    expect(receive(b, 4)).toBe(0);
    expect(receive(b, 100, MessageFlag.Peek | MessageFlag.Truncated)).toBe(9000);
    expect(receive(b, 10000)).toBe(9000);
    expect(arrived(9000)).toBeTruthy();
    expect(receive(b, 4)).toBe(-Errno.EAGAIN);
    expect(send(a, socketOf(a).sendLimit - 31)).toBe(-Errno.EMSGSIZE);
    closeBoth();
  });
});

describe("descriptors in flight", () => {
  test("arrive, and close when nobody takes them", () => {
    pair(SocketType.Stream);
    const other = open(SocketType.Stream);
    expect(sendFile(a, other)).toBe(1);
    expect(other.refs).toBe(2);
    expect(other.inFlight).toBe(1);
    expect(receive(b, 1)).toBe(1);
    const rights = exchange.rights!;
    expect(other.inFlight).toBe(0);
    rightsFree(rights);
    sendFile(a, other);
    fileRelease(other);
    closeBoth();
  });

  test("end a read", () => {
    pair(SocketType.Stream);
    sendFile(a, a);
    send(a, 5);
    expect(receive(b, 10)).toBe(1);
    rightsFree(exchange.rights!);
    expect(receive(b, 10)).toBe(5);
    closeBoth();
  });

  test("over themselves are collected when nobody can receive them", () => {
    pair(SocketType.Stream);
    sendFile(a, b);
    fileRelease(b);
    expect(attention & Attention.Work).toBeTruthy();
    workRun();
    // `a` is open: what it wrote lies in the queue of `b`, which only that queue refers to.
    expect(send(a, 1)).toBe(-Errno.EPIPE);
    fileRelease(a);
  });

  test("in a circle are collected too", () => {
    pair(SocketType.Stream);
    const c = a;
    const d = b;
    pair(SocketType.Datagram);
    sendFile(a, d); // b's queue has d
    sendFile(c, b); // d's queue has b
    fileRelease(b);
    fileRelease(d);
    workRun();
    expect(send(c, 1)).toBe(-Errno.EPIPE);
    fileRelease(a);
    fileRelease(c);
  });

  test("stay when somebody can still receive them", () => {
    pair(SocketType.Stream);
    const c = a;
    const d = b;
    pair(SocketType.Stream);
    sendFile(c, b); // d's queue has b, and d is open
    fileRelease(b);
    expect(attention & Attention.Work).toBeTruthy();
    workRun();
    expect(send(a, 3)).toBe(3);
    expect(receive(d, 1)).toBe(1);
    const rights = exchange.rights!;
    rightsFree(rights);
    expect(send(a, 3)).toBe(-Errno.EPIPE);
    fileRelease(a);
    fileRelease(c);
    fileRelease(d);
  });

  test("nested deep go without recursion", () => {
    pair(SocketType.Stream);
    const outer = a;
    let inner = b;
    for (let i = 0; i < 300; i++) {
      pair(SocketType.Stream);
      // The queue of the new `b` has what came before; `a`, from which it came, is closed.
      sendFile(a, inner);
      fileRelease(inner);
      fileRelease(a);
      inner = b;
    }
    fileRelease(outer);
    fileRelease(inner);
    expect(heapObjectsUsed()).toBe(objects);
  });
});
