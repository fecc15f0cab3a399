import { Errno } from "../../errno";
import { heapObjectsUsed, kernelAlloc, kernelFree } from "../../mm/heap";
import { useTestMemory } from "../../mm/testing";
import { chainObjectsKept } from "../chain";
import { ip4 } from "../inet/address";
import { Bound } from "../inet/inet";
import { portBind } from "../inet/ports";
import { inetOf, InetSpace } from "../inet/space";
import { inetInit } from "../inet/start";
import { streamClose, streamConnect, streamListen } from "../inet/stream";
import { Family } from "../socket";
import { NetSpace } from "../space";
import { acceptTake } from "./listen";
import { segmentsKept } from "./segment";
import { tcpNew, tcpPorts, TcpSocket, TcpState } from "./socket";
import { linkBegin, linkRun, linkSet } from "./testing";

const SECOND: u64 = 1_000_000_000;
const PORT: u16 = 80;

let space: InetSpace = changetype<InetSpace>(0);
let address: usize = 0;
let objects: u32 = 0;

function newSocket(): TcpSocket {
  const s = tcpNew(space, Family.Inet)!;
  s.localLow = 0xffff_0000;
  s.remoteLow = 0xffff_0000;
  return s;
}

function listen(backlog: u32): TcpSocket {
  const listener = newSocket();
  expect(portBind(tcpPorts(space), listener, PORT, true)).toBe(0);
  listener.bound = <u8>Bound.Port;
  expect(streamListen(listener, backlog)).toBe(0);
  return listener;
}

/** A socket whose SYN is on its way. */
function connect(): TcpSocket {
  const s = newSocket();
  store<u16>(address, Family.Inet);
  store<u16>(address, bswap<u16>(PORT), 2);
  store<u32>(address, ip4(127, 0, 0, 1), 4);
  expect(streamConnect(s, address, 16)).toBe(-Errno.EAGAIN);
  return s;
}

function objectsNow(): u32 {
  return heapObjectsUsed() - chainObjectsKept() - segmentsKept();
}

function begin(): void {
  linkBegin();
  linkSet(0, 0, 0, 1_000_000);
  objects = objectsNow();
}

/** Waits until nothing is left of all connections. */
function finish(): void {
  linkRun(1000 * SECOND);
  expect(tcpPorts(space).connectionCount).toBe(0);
  expect(objectsNow()).toBe(objects);
}

describe("a connection to a listener", () => {
  beforeAll(() => {
    useTestMemory(8192);
    inetInit();
    const net = changetype<NetSpace>(kernelAlloc(offsetof<NetSpace>()));
    net.refs = 1000;
    space = inetOf(net)!;
    address = kernelAlloc(32);
    // The tables, and what is kept for each connection that there ever was.
    begin();
    const listener = listen(4);
    const client = connect();
    linkRun(SECOND);
    streamClose(client);
    streamClose(acceptTake(listener)!);
    streamClose(listener);
    linkRun(1000 * SECOND);
  });

  beforeEach(begin);

  test("that is not accepted is reset with it", () => {
    const listener = listen(4);
    const client = connect();
    linkRun(SECOND);
    expect(client.tcpState).toBe(TcpState.Established);
    streamClose(listener);
    linkRun(SECOND);
    expect(client.error).toBe(Errno.ECONNRESET);
    streamClose(client);
    finish();
  });

  test("waits outside when its queue is full", () => {
    const listener = listen(0);
    const one = connect();
    linkRun(SECOND / 2);
    const other = connect();
    linkRun(SECOND / 2);
    // The second has no answer yet.
    expect(other.tcpState).toBe(TcpState.SynSent);
    streamClose(acceptTake(listener)!);
    linkRun(10 * SECOND);
    expect(other.tcpState).toBe(TcpState.Established);
    streamClose(acceptTake(listener)!);
    streamClose(one);
    streamClose(other);
    streamClose(listener);
    finish();
  });

  test("is made at once by each of a crowd that comes to a short backlog", () => {
    const listener = listen(5);
    const crowd = kernelAlloc(20 * sizeof<usize>());
    for (let i: u32 = 0; i < 20; i++) store<usize>(crowd + i * sizeof<usize>(), changetype<usize>(connect()));
    linkRun(SECOND / 2);
    // All handshakes have ended before the server accepts the first; who comes now waits outside.
    const late = connect();
    linkRun(SECOND / 2);
    expect(late.tcpState).toBe(TcpState.SynSent);
    streamClose(late);
    let accepted: u32 = 0;
    for (let s = acceptTake(listener); s; s = acceptTake(listener)) {
      accepted++;
      streamClose(s);
    }
    expect(accepted).toBe(20);
    for (let i: u32 = 0; i < 20; i++) {
      const s = changetype<TcpSocket>(load<usize>(crowd + i * sizeof<usize>()));
      expect(s.tcpState).toBe(TcpState.Established);
      expect(s.retransmissions).toBe(0);
      streamClose(s);
    }
    kernelFree(crowd);
    streamClose(listener);
    finish();
  });

  test("is no longer begun when too many handshakes are under way", () => {
    const listener = listen(0);
    for (let i: u32 = 0; i < 300; i++) streamClose(connect());
    // The SYNs have come, and the answers that nobody wants any more are on their way.
    linkRun(1_500_000);
    expect(listener.synWaiting).toBe(256);
    linkRun(SECOND);
    expect(listener.synWaiting).toBe(0);
    streamClose(listener);
    finish();
  });
});
