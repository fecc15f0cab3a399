import { Errno } from "../../errno";
import { heapObjectsUsed, kernelAlloc, kernelFree } from "../../mm/heap";
import { useTestMemory } from "../../mm/testing";
import { SocketOption } from "../socket";
import { InetAddress, ip4, setAddress4, setLoopback6 } from "./address";
import { Endpoint, endpointOf, InetSocket, localAddress, remoteAddress } from "./inet";
import {
  connectionAdd,
  connectionFind,
  connectionRemove,
  datagramFind,
  listenerFind,
  portBind,
  portConnect,
  portFind,
  portLeave,
  portListen,
  PortTable,
  portTableFree,
  portTableNew,
} from "./ports";
import { EPHEMERAL_FIRST, EPHEMERAL_LAST } from "./portrange";

let table: PortTable = changetype<PortTable>(0);

function socket(options: u32 = 0): InetSocket {
  const s = changetype<InetSocket>(kernelAlloc(offsetof<InetSocket>()));
  s.options = options;
  setAddress4(localAddress(endpointOf(s)), 0);
  return s;
}

function at(s: InetSocket, v4: u32): InetSocket {
  setAddress4(localAddress(endpointOf(s)), v4);
  return s;
}

/** :: */
function at6(s: InetSocket, only: bool): InetSocket {
  s.localHigh = 0;
  s.localLow = 0;
  s.onlyV6 = only;
  return s;
}

function leave(s: InetSocket): void {
  connectionRemove(table, endpointOf(s));
  portLeave(table, endpointOf(s));
  kernelFree(changetype<usize>(s));
}

function address(v4: u32): InetAddress {
  const a = changetype<InetAddress>(kernelAlloc(16));
  setAddress4(a, v4);
  return a;
}

function never(e: Endpoint): bool {
  return false;
}

const HOST = ip4(10, 0, 0, 1);
const OTHER = ip4(10, 0, 0, 2);

describe("ports", () => {
  beforeEach(() => {
    useTestMemory(256);
    table = portTableNew()!;
  });

  test("are exclusive by address", () => {
    const a = socket();
    const b = socket();
    expect(portBind(table, at(a, HOST), 80, true)).toBe(0);
    expect(portBind(table, at(b, HOST), 80, true)).toBe(-Errno.EADDRINUSE);
    expect(portBind(table, at(b, 0), 80, true)).toBe(-Errno.EADDRINUSE);
    expect(portBind(table, at(b, OTHER), 80, true)).toBe(0);
    leave(a);
    leave(b);
    expect(portFind(table, 80) == null).toBeTruthy();
  });

  test("are shared with SO_REUSEADDR by streams of which none listens, and by datagrams", () => {
    const a = socket(SocketOption.ReuseAddress);
    const b = socket(SocketOption.ReuseAddress);
    const c = socket(SocketOption.ReuseAddress);
    expect(portBind(table, a, 80, true)).toBe(0);
    expect(portBind(table, b, 80, true)).toBe(0);
    portListen(endpointOf(a), true);
    expect(portBind(table, c, 80, true)).toBe(-Errno.EADDRINUSE);
    expect(portBind(table, c, 80, false)).toBe(0);
    leave(a);
    leave(b);
    leave(c);
  });

  test("are shared with SO_REUSEPORT by sockets of one user", () => {
    const a = socket(SocketOption.ReusePort);
    const b = socket(SocketOption.ReusePort);
    const c = socket();
    expect(portBind(table, a, 80, true)).toBe(0);
    portListen(endpointOf(a), true);
    b.uid = 5;
    expect(portBind(table, b, 80, true)).toBe(-Errno.EADDRINUSE);
    b.uid = 0;
    expect(portBind(table, b, 80, true)).toBe(0);
    expect(portBind(table, c, 80, true)).toBe(-Errno.EADDRINUSE);
    leave(a);
    leave(b);
    kernelFree(changetype<usize>(c));
  });

  test("of :: are those of IPv4 too, unless it is for IPv6 alone", () => {
    const a = at6(socket(), false);
    const b = socket();
    expect(portBind(table, a, 80, true)).toBe(0);
    expect(portBind(table, b, 80, true)).toBe(-Errno.EADDRINUSE);
    expect(portBind(table, at6(b, true), 80, true)).toBe(-Errno.EADDRINUSE);
    leave(a);
    const c = at6(socket(), true);
    expect(portBind(table, c, 80, true)).toBe(0);
    b.localLow = 0xffff_0000;
    expect(portBind(table, b, 80, true)).toBe(0);
    leave(b);
    leave(c);
  });

  test("are chosen among the ephemeral ones, none twice", () => {
    const objects = heapObjectsUsed();
    const first = socket();
    expect(portBind(table, first, 0, true)).toBe(0);
    expect(<u32>first.localPort >= EPHEMERAL_FIRST && <u32>first.localPort <= EPHEMERAL_LAST).toBeTruthy();
    const second = socket();
    expect(portBind(table, second, 0, true)).toBe(0);
    expect(second.localPort).not.toBe(first.localPort);
    leave(first);
    leave(second);
    expect(heapObjectsUsed()).toBe(objects);
    portTableFree(table);
  });
});

describe("connections", () => {
  test("are found by both ends, and ports run out only per peer", () => {
    useTestMemory(4096);
    table = portTableNew()!;
    const sockets = kernelAlloc(30000 * 4);
    let made: u32 = 0;
    let r: i64 = 0;
    for (; made < 30000; made++) {
      const s = at(socket(), HOST);
      setAddress4(remoteAddress(endpointOf(s)), OTHER);
      s.remotePort = 80;
      r = portConnect(table, s, never);
      if (r < 0) {
        kernelFree(changetype<usize>(s));
        break;
      }
      store<usize>(sockets + (made << 2), changetype<usize>(s));
    }
    expect(r).toBe(-Errno.EADDRNOTAVAIL);
    expect(made).toBe(EPHEMERAL_LAST - EPHEMERAL_FIRST + 1);
    const another = at(socket(), HOST);
    setAddress4(remoteAddress(endpointOf(another)), OTHER);
    another.remotePort = 81;
    expect(portConnect(table, another, never)).toBe(0);
    let found: u32 = 0;
    for (let i: u32 = 0; i < made; i++) {
      const s = changetype<InetSocket>(load<usize>(sockets + (i << 2)));
      const e = endpointOf(s);
      if (connectionFind(table, localAddress(e), s.localPort, remoteAddress(e), 80) == e) found++;
    }
    expect(found).toBe(made);
    for (let i: u32 = 0; i < made; i++) leave(changetype<InetSocket>(load<usize>(sockets + (i << 2))));
    leave(another);
    expect(table.connectionCount).toBe(0);
    expect(table.portCount).toBe(0);
  });

  test("come to the listener that fits best", () => {
    useTestMemory(256);
    table = portTableNew()!;
    const any = socket();
    const host = at(socket(), HOST);
    portBind(table, any, 80, true);
    portListen(endpointOf(any), true);
    // Connections stand behind listeners.
    const child = at(socket(), HOST);
    child.localPort = 80;
    child.remotePort = 4000;
    child.options = SocketOption.ReuseAddress;
    any.options = SocketOption.ReuseAddress;
    connectionAdd(table, endpointOf(child));
    expect(listenerFind(table, address(HOST), 80, 0, 1) == any).toBeTruthy();
    expect(listenerFind(table, address(HOST), 81, 0, 1) == null).toBeTruthy();
    host.options = SocketOption.ReusePort;
    any.options = SocketOption.ReusePort;
    portBind(table, host, 80, true);
    portListen(endpointOf(host), true);
    expect(listenerFind(table, address(HOST), 80, 0, 1) == host).toBeTruthy();
    expect(listenerFind(table, address(OTHER), 80, 0, 1) == any).toBeTruthy();
    const six = changetype<InetAddress>(kernelAlloc(16));
    setLoopback6(six);
    expect(listenerFind(table, six, 80, 0, 1) == null).toBeTruthy();
    leave(child);
    leave(any);
    leave(host);
  });

  test("of many listeners get about the same each", () => {
    useTestMemory(256);
    table = portTableNew()!;
    const counts = memory.data(4 * 4, 4);
    for (let i = 0; i < 4; i++) {
      const s = socket(SocketOption.ReusePort);
      s.lingerSeconds = i;
      portBind(table, s, 80, true);
      portListen(endpointOf(s), true);
    }
    for (let i = 0; i < 4000; i++) {
      const s = listenerFind(table, address(HOST), 80, 0, i * 0x9e37_79b1)!;
      store<u32>(counts + (s.lingerSeconds << 2), load<u32>(counts + (s.lingerSeconds << 2)) + 1);
    }
    for (let i = 0; i < 4; i++) expect(load<u32>(counts + (i << 2)) > 800).toBeTruthy();
  });
});

describe("datagrams", () => {
  test("go to a connected socket before others", () => {
    useTestMemory(256);
    table = portTableNew()!;
    const any = socket(SocketOption.ReuseAddress);
    const connected = socket(SocketOption.ReuseAddress);
    portBind(table, any, 53, false);
    portBind(table, connected, 53, false);
    setAddress4(remoteAddress(endpointOf(connected)), OTHER);
    connected.remotePort = 1000;
    expect(datagramFind(table, address(HOST), 53, address(OTHER), 1000, 0, 0) == connected).toBeTruthy();
    expect(datagramFind(table, address(HOST), 53, address(OTHER), 1001, 0, 0) == any).toBeTruthy();
  });
});
