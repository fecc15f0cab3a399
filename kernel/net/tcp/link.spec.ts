import { Errno } from "../../errno";
import { random, seed } from "../../lib/testing";
import { heapObjectsUsed, kernelAlloc } from "../../mm/heap";
import { useTestMemory } from "../../mm/testing";
import { nowNs } from "../../time/clock";
import { chainObjectsKept } from "../chain";
import { ip4 } from "../inet/address";
import { packetsKept } from "../packet";
import { workRun } from "../../task/work";
import { inetInit } from "../inet/start";
import { Bound } from "../inet/inet";
import { portBind } from "../inet/ports";
import { inetOf, InetSpace } from "../inet/space";
import { streamClose, streamConnect, streamListen, streamShutdown } from "../inet/stream";
import { streamPoll } from "../inet/streamdata";
import { Family, Shutdown, SocketOption } from "../socket";
import { NetSpace, spaceLeave } from "../space";
import { PollEvent } from "../../vfs/poll";
import { keepAliveStart } from "./actions";
import { acceptTake } from "./listen";
import { setTcpLink } from "./loopback";
import { segmentsKept } from "./segment";
import { tcpClock } from "./timer";
import { tcpNew, tcpPorts, TcpFlag, TcpSocket, TcpState } from "./socket";
import { dropped, inFlight, linkBegin, linkCut, linkRun, linkSet, linkStep, receiveBytes, seen, sendBytes } from "./testing";
import { waitCount } from "./timewait";

let space: InetSpace = changetype<InetSpace>(0);
let net: NetSpace = changetype<NetSpace>(0);
let address: usize = 0;
let content: usize = 0;
let room: usize = 0;
let objects: u32 = 0;
const CONTENT: u32 = 1 << 18;
const SECOND: u64 = 1_000_000_000;

function newSocket(): TcpSocket {
  const s = tcpNew(space, Family.Inet)!;
  s.localLow = 0xffff_0000;
  s.remoteLow = 0xffff_0000;
  // As on an Ethernet.
  s.userSize = 1460;
  return s;
}

/** struct sockaddr_in of 10.0.0.x, which is not ours, or of 127.0.0.x, which is. */
function sockaddr(v4: u32, port: u16): usize {
  store<u16>(address, Family.Inet);
  store<u16>(address, bswap<u16>(port), 2);
  store<u32>(address, v4, 4);
  return address;
}

let listener: TcpSocket = changetype<TcpSocket>(0);
let client: TcpSocket = changetype<TcpSocket>(0);
let server: TcpSocket = changetype<TcpSocket>(0);

function listen(backlog: u32): void {
  listener = newSocket();
  expect(portBind(tcpPorts(space), listener, 80, true)).toBe(0);
  listener.bound = <u8>Bound.Port;
  expect(streamListen(listener, backlog)).toBe(0);
}

function connect(): void {
  client = newSocket();
  expect(streamConnect(client, sockaddr(ip4(127, 0, 0, 1), 80), 16)).toBe(-Errno.EAGAIN);
}

/** Makes `client` and `server`, connected. */
function pair(): void {
  listen(4);
  connect();
  const end = nowNs() + 200 * SECOND;
  while (!listener.acceptFirst && linkStep(end)) {}
  server = acceptTake(listener)!;
  expect(client.tcpState).toBe(TcpState.Established);
  expect(server.tcpState).toBe(TcpState.Established);
}

/** Closes all that is left, and waits until nothing of it is. */
function closeAll(): void {
  streamClose(client);
  streamClose(server);
  streamClose(listener);
  finish();
}

function finish(): void {
  linkRun(1000 * SECOND);
  expect(inFlight).toBe(0);
  expect(waitCount()).toBe(0);
  expect(tcpPorts(space).connectionCount).toBe(0);
  expect(tcpPorts(space).portCount).toBe(0);
  expect(heapObjectsUsed() - chainObjectsKept() - segmentsKept()).toBe(objects);
}

function begin(): void {
  linkBegin();
  linkSet(0, 0, 0, 1_000_000);
  objects = heapObjectsUsed() - chainObjectsKept() - segmentsKept();
}

function byteAt(i: u32): u8 {
  return load<u8>(content + (i % CONTENT));
}

/** Moves `total` bytes from a to b in odd parts: true when all came, in order and unchanged. */
function transfer(a: TcpSocket, b: TcpSocket, total: u32): bool {
  let sent: u32 = 0;
  let got: u32 = 0;
  const end = nowNs() + 20000 * SECOND;
  while (true) {
    while (sent < total) {
      const at = sent % CONTENT;
      const n = min(min(1 + random(30000), total - sent), CONTENT - at);
      const r = sendBytes(a, content + at, n);
      if (r < 0) {
        if (r != -Errno.EAGAIN) return false;
        break;
      }
      sent += <u32>r;
    }
    for (;;) {
      const r = receiveBytes(b, room, 1 + random(40000));
      if (r <= 0) {
        if (r != -Errno.EAGAIN) return false;
        break;
      }
      for (let i: u32 = 0; i < <u32>r; i++) if (load<u8>(room + i) != byteAt(got + i)) return false;
      got += <u32>r;
    }
    if (got == total) return true;
    if (!linkStep(end)) break;
  }
  return false;
}

describe("a connection", () => {
  beforeAll(() => {
    useTestMemory(8192);
    inetInit();
    net = changetype<NetSpace>(kernelAlloc(offsetof<NetSpace>()));
    net.refs = 1000;
    space = inetOf(net)!;
    address = kernelAlloc(32);
    content = kernelAlloc(CONTENT);
    room = kernelAlloc(65536);
    seed(7);
    for (let i: u32 = 0; i < CONTENT; i++) store<u8>(content + i, <u8>random(256));
    // The tables, and what is kept for each connection that there ever was.
    linkBegin();
    pair();
    streamClose(client);
    streamClose(server);
    streamClose(listener);
    linkRun(1000 * SECOND);
  });

  beforeEach(begin);

  test("is made in three segments and closed in four", () => {
    pair();
    expect(seen).toBe(3);
    expect(client.flags & (TcpFlag.Timestamps | TcpFlag.Sack | TcpFlag.Scale)).toBe(TcpFlag.Timestamps | TcpFlag.Sack | TcpFlag.Scale);
    expect(client.sendSize).toBe(1448);
    expect(server.sendSize).toBe(1448);
    streamClose(client);
    linkRun(SECOND / 2);
    expect(server.tcpState).toBe(TcpState.CloseWait);
    expect(streamPoll(server, 0) & (PollEvent.In | PollEvent.ReadHangUp)).toBe(PollEvent.In | PollEvent.ReadHangUp);
    expect(receiveBytes(server, room, 10)).toBe(0);
    streamClose(server);
    linkRun(SECOND);
    expect(seen).toBe(7);
    expect(waitCount()).toBe(1);
    streamClose(listener);
    finish();
  });

  test("carries bytes both ways, and half of it after the other is closed", () => {
    pair();
    expect(transfer(client, server, 300000)).toBeTruthy();
    expect(dropped).toBe(0);
    expect(client.retransmissions).toBe(0);
    expect(streamShutdown(client, Shutdown.Send)).toBe(0);
    linkRun(SECOND);
    expect(receiveBytes(server, room, 10)).toBe(0);
    expect(transfer(server, client, 100000)).toBeTruthy();
    expect(sendBytes(client, content, 1)).toBe(-Errno.EPIPE);
    closeAll();
  });

  test("is refused where nobody listens", () => {
    connect();
    linkRun(SECOND);
    expect(client.tcpState).toBe(TcpState.Closed);
    expect(client.error).toBe(Errno.ECONNREFUSED);
    streamClose(client);
    finish();
  });

  test("ends with ETIMEDOUT when nobody answers", () => {
    linkCut(true);
    connect();
    linkRun(130 * SECOND);
    expect(client.error).toBe(Errno.ETIMEDOUT);
    // SYN, and six again.
    expect(seen).toBe(7);
    streamClose(client);
    linkCut(false);
    finish();
  });

  test("ends with ETIMEDOUT when the peer falls silent with data outstanding", () => {
    pair();
    linkCut(true);
    expect(sendBytes(client, content, 100)).toBe(100);
    linkRun(2000 * SECOND);
    expect(client.error).toBe(Errno.ETIMEDOUT);
    linkCut(false);
    closeAll();
  });

  test("is reset by a close that loses data", () => {
    pair();
    sendBytes(client, content, 100);
    linkRun(SECOND);
    streamClose(server);
    linkRun(SECOND);
    expect(client.error).toBe(Errno.ECONNRESET);
    expect(client.tcpState).toBe(TcpState.Closed);
    streamClose(client);
    streamClose(listener);
    finish();
  });

  test("waits for the reader, and goes on when a lost window update is asked for", () => {
    pair();
    let sent: u32 = 0;
    for (;;) {
      const r = sendBytes(client, content, 10000);
      if (r < 0 && !linkStep(nowNs() + 3 * SECOND)) break;
      if (r > 0) sent += <u32>r;
    }
    const waiting = client.sendBytes;
    expect(waiting > 0).toBeTruthy();
    // The reader takes everything, but its window update is lost.
    let got: u32 = 0;
    linkCut(true);
    for (let r = receiveBytes(server, room, 60000); r > 0; r = receiveBytes(server, room, 60000)) got += <u32>r;
    linkCut(false);
    expect(got).toBe(sent - waiting);
    linkRun(200 * SECOND);
    for (let r = receiveBytes(server, room, 60000); r > 0; r = receiveBytes(server, room, 60000)) {
      got += <u32>r;
      linkRun(SECOND);
    }
    expect(got).toBe(sent);
    closeAll();
  });

  test("holds small writes back while one is on its way, unless told otherwise", () => {
    pair();
    sendBytes(client, content, 1);
    const before = seen;
    sendBytes(client, content, 1);
    sendBytes(client, content, 1);
    expect(seen).toBe(before);
    client.flags |= TcpFlag.NoDelay;
    sendBytes(client, content, 1);
    expect(seen).toBe(before + 1);
    linkRun(SECOND);
    expect(receiveBytes(server, room, 10)).toBe(4);
    closeAll();
  });

  test("keeps itself alive, or finds that the peer has gone", () => {
    pair();
    client.options |= SocketOption.KeepAlive;
    client.keepIdleSeconds = 10;
    client.keepIntervalSeconds = 2;
    client.keepCount = 3;
    tcpClock();
    keepAliveStart(client);
    linkRun(35 * SECOND);
    expect(client.tcpState).toBe(TcpState.Established);
    linkCut(true);
    linkRun(30 * SECOND);
    expect(client.error).toBe(Errno.ETIMEDOUT);
    linkCut(false);
    closeAll();
  });

  test("opened by both ends at once is one", () => {
    const a = newSocket();
    const b = newSocket();
    portBind(tcpPorts(space), a, 1000, true);
    portBind(tcpPorts(space), b, 2000, true);
    streamConnect(a, sockaddr(ip4(127, 0, 0, 1), 2000), 16);
    streamConnect(b, sockaddr(ip4(127, 0, 0, 1), 1000), 16);
    linkRun(SECOND);
    expect(a.tcpState).toBe(TcpState.Established);
    expect(b.tcpState).toBe(TcpState.Established);
    expect(transfer(a, b, 5000)).toBeTruthy();
    streamClose(a);
    streamClose(b);
    finish();
  });

  test("to itself is one too", () => {
    const a = newSocket();
    portBind(tcpPorts(space), a, 1000, true);
    streamConnect(a, sockaddr(ip4(127, 0, 0, 1), 1000), 16);
    linkRun(SECOND);
    expect(a.tcpState).toBe(TcpState.Established);
    expect(transfer(a, a, 5000)).toBeTruthy();
    streamClose(a);
    finish();
  });

  test("closed by both ends at once ends in order", () => {
    pair();
    streamClose(client);
    streamClose(server);
    linkRun(SECOND);
    expect(waitCount()).toBe(2);
    streamClose(listener);
    finish();
  });
});

describe("a bad link", () => {
  beforeEach(begin);

  test("with loss, repetition and reordering carries all bytes unchanged", () => {
    for (let round = 0; round < 12; round++) {
      seed(100 + round);
      linkSet(50, 50, 300, 2_000_000);
      pair();
      expect(transfer(client, server, 400000)).toBeTruthy();
      expect(transfer(server, client, 50000)).toBeTruthy();
      expect(dropped > 10).toBeTruthy();
      closeAll();
      begin();
    }
  });

  test("without SACK and timestamps too", () => {
    for (let round = 0; round < 6; round++) {
      seed(200 + round);
      linkSet(50, 50, 200, 2_000_000);
      pair();
      client.flags &= ~(TcpFlag.Sack | TcpFlag.Timestamps);
      server.flags &= ~(TcpFlag.Sack | TcpFlag.Timestamps);
      expect(transfer(client, server, 300000)).toBeTruthy();
      closeAll();
      begin();
    }
  });

  test("of a third loss gets through in the end", () => {
    seed(300);
    linkSet(330, 0, 0, 2_000_000);
    pair();
    expect(transfer(client, server, 60000)).toBeTruthy();
    closeAll();
  });

  test("with one loss among many recovers without a timeout", () => {
    linkSet(0, 0, 0, 10_000_000);
    pair();
    expect(transfer(client, server, 200000)).toBeTruthy();
    const began = nowNs();
    seed(5);
    linkSet(10, 0, 0, 10_000_000);
    expect(transfer(client, server, 1000000)).toBeTruthy();
    expect(dropped > 2).toBeTruthy();
    expect(client.retransmissions >= dropped - 5).toBeTruthy();
    // Fewer than one in three of what was sent again was sent for nothing.
    expect(client.retransmissions < dropped * 2).toBeTruthy();
    expect(nowNs() - began < 20 * SECOND).toBeTruthy();
    closeAll();
  });
});

describe("a space that ends", () => {
  test("takes what waits and what nobody has any more along", () => {
    linkBegin();
    linkSet(0, 0, 0, 1_000_000);
    const before = heapObjectsUsed() - chainObjectsKept() - segmentsKept();
    const oldNet = net;
    const oldSpace = space;
    net = changetype<NetSpace>(kernelAlloc(offsetof<NetSpace>()));
    net.refs = 1;
    space = inetOf(net)!;
    pair();
    // One connection in TIME-WAIT at both ends, one that nobody answers any more.
    const one = client;
    const other = server;
    connect();
    linkRun(SECOND);
    server = acceptTake(listener)!;
    streamClose(one);
    streamClose(other);
    linkRun(SECOND);
    expect(waitCount()).toBe(2);
    linkCut(true);
    sendBytes(client, content, 1000);
    streamClose(client);
    streamClose(server);
    streamClose(listener);
    spaceLeave(net);
    expect(waitCount()).toBe(0);
    linkCut(false);
    linkBegin();
    expect(heapObjectsUsed() - chainObjectsKept() - segmentsKept()).toBe(before);
    net = oldNet;
    space = oldSpace;
  });
});

describe("packets", () => {
  test("carry a connection over IP", () => {
    linkBegin();
    setTcpLink(0);
    const before = heapObjectsUsed() - chainObjectsKept() - segmentsKept() - packetsKept();
    listen(4);
    listener.userSize = 0;
    client = newSocket();
    expect(streamConnect(client, sockaddr(ip4(127, 0, 0, 1), 80), 16)).toBe(0);
    server = acceptTake(listener)!;
    // As if the other end were elsewhere: IP, the loopback device, and back.
    client.flags &= ~TcpFlag.Local;
    server.flags &= ~TcpFlag.Local;
    let sent: u32 = 0;
    let got: u32 = 0;
    let same = true;
    for (let round = 0; round < 400 && got < 200000; round++) {
      const r = sendBytes(client, content + sent, min<u32>(200000 - sent, 1 + random(20000)));
      if (r > 0) sent += <u32>r;
      workRun();
      const n = receiveBytes(server, room, 30000);
      if (n > 0) {
        for (let i: u32 = 0; i < <u32>n; i++) same = same && load<u8>(room + i) == byteAt(got + i);
        got += <u32>n;
      }
      workRun();
      linkRun(1_000_000);
    }
    expect(got).toBe(200000);
    expect(same).toBeTruthy();
    expect(client.retransmissions).toBe(0);
    streamClose(client);
    workRun();
    streamClose(server);
    workRun();
    streamClose(listener);
    linkRun(1000 * SECOND);
    workRun();
    expect(heapObjectsUsed() - chainObjectsKept() - segmentsKept() - packetsKept()).toBe(before);
    linkBegin();
  });
});
