// The host calls on sockets and networks, on loopback: a machine without a network device has that.

import { Errno } from "../../kernel/errno";
import { address, call, Call } from "../lib/call";
import { close, open } from "../lib/files";
import * as network from "../lib/network";
import { POLL_IN, POLL_OUT, PollSet } from "../lib/process";
import * as sockets from "../lib/socket";
import { BAD_ADDRESS, holds, same } from "./check";

const LOOPBACK: u32 = 0x0100_007f;
const NOWHERE: u32 = 0x0100_00c0;
const PORT: u16 = 4321;
const buffer: usize = memory.data(65536);

function checkErrors(): void {
  const file = <i32>open("/bin", 0);
  same(sockets.listen(99, 1), -Errno.EBADF, "listen on no descriptor");
  same(sockets.listen(file, 1), -Errno.ENOTSOCK, "listen on a directory");
  same(sockets.send(file, buffer, 1), -Errno.ENOTSOCK, "send to a directory");
  same(call(Call.Socket, 99, 1, 0, 0, 0, 0), -Errno.EAFNOSUPPORT, "an unknown family");
  same(call(Call.Socket, 2, 77, 0, 0, 0, 0), -Errno.EINVAL, "an unknown type");
  close(file);
  const fd = <i32>sockets.socket(sockets.SOCK_STREAM);
  same(call(Call.Bind, fd, BAD_ADDRESS, 16, 0, 0, 0), -Errno.EFAULT, "bind to an address that cannot be read");
  same(call(Call.Bind, fd, address(buffer), 129, 0, 0, 0), -Errno.EINVAL, "bind to a long address");
  same(sockets.bind(fd, NOWHERE, PORT), -Errno.EADDRNOTAVAIL, "bind to somebody else's address");
  same(sockets.accept(fd), -Errno.EINVAL, "accept without listen");
  same(sockets.accept(fd, 1), -Errno.EINVAL, "accept with an unknown flag");
  same(sockets.send(fd, buffer, 1, 1), -Errno.EINVAL, "send with an unknown flag");
  same(sockets.send(fd, buffer, 1), -Errno.EPIPE, "send without a connection");
  same(sockets.peerName(fd), -Errno.ENOTCONN, "the peer of no connection");
  same(sockets.connect(fd, LOOPBACK, PORT), -Errno.ECONNREFUSED, "connect to nobody");
  close(fd);
}

function checkStream(): void {
  const listener = <i32>sockets.listenAt(PORT, sockets.SOCK_NONBLOCK);
  holds(listener >= 0, "listenAt");
  same(sockets.listenAt(PORT), -Errno.EADDRINUSE, "a port that is taken");
  same(sockets.accept(listener), -Errno.EAGAIN, "accept when nobody waits");
  const a = <i32>sockets.socket(sockets.SOCK_STREAM);
  same(sockets.connect(a, LOOPBACK, PORT), 0, "connect");
  const set = new PollSet();
  set.add(listener, POLL_IN);
  set.add(a, POLL_IN | POLL_OUT);
  same(set.wait(1_000_000_000), 2, "poll");
  same(set.ready(0), POLL_IN, "somebody to accept");
  same(set.ready(1), POLL_OUT, "room to send");
  const b = <i32>sockets.accept(listener);
  holds(b >= 0, "accept");
  same(sockets.peerName(b), 16, "the peer's name");
  same(sockets.namedAddress(), LOOPBACK, "the peer's address");
  same(call(Call.SocketName, a, 0, address(buffer), 15, 0, 0), -Errno.ERANGE, "a name without room");
  same(call(Call.SocketName, a, 0, address(buffer), 16, 0, 0), 16, "a name");
  same(bswap<u16>(load<u16>(buffer, 2)), sockets.namedPort(), "the port that the peer has told");
  store<u32>(buffer, 0x64636261);
  same(sockets.send(a, buffer, 4), 4, "send");
  same(sockets.receive(b, buffer + 8, 3), 3, "receive a part");
  same(sockets.receive(b, buffer + 11, 9), 1, "receive the rest");
  same(load<u32>(buffer, 8), 0x64636261, "what was received");
  same(sockets.receive(b, buffer, 1, sockets.MSG_DONTWAIT), -Errno.EAGAIN, "receive nothing, without waiting");
  same(sockets.send(a, buffer, 1), 1, "send a byte");
  same(call(Call.Receive, b, BAD_ADDRESS, 1, 0, 0, 0), -Errno.EFAULT, "receive to a bad address");
  same(sockets.receive(b, buffer, 9), 1, "the byte is still there");
  checkList();
  same(sockets.endSending(a), 0, "shutdown");
  same(sockets.receive(b, buffer, 1), 0, "the end");
  same(call(Call.Shutdown, a, 3, 0, 0, 0, 0), -Errno.EINVAL, "an unknown way to shut down");
  close(b);
  same(sockets.send(a, buffer, 1), -Errno.EPIPE, "send behind the end, without a signal");
  close(a);
  close(listener);
  // What is left of the connection does not keep the port.
  const again = <i32>sockets.listenAt(PORT);
  holds(again >= 0, "the port is free again");
  close(again);
}

function checkList(): void {
  const list = network.sockets("");
  let listens = 0;
  let established = 0;
  for (let i = 0; i < list.length; i++) {
    if (list[i].stateName == "listen" && list[i].localPort == PORT) listens++;
    if (list[i].stateName == "established" && (list[i].localPort == PORT || list[i].remotePort == PORT)) established++;
  }
  same(listens, 1, "the listener is listed");
  same(established, 2, "both ends of the connection are listed");
  const devices = network.interfaces("");
  holds(devices.length >= 1 && devices[0].name == "lo" && devices[0].address == LOOPBACK && devices[0].receivedPackets > 0, "lo is listed");
  same(network.publishedPorts("").length, 0, "no published ports");
  network.interfaces("none");
  same(network.networkError, -Errno.ENOENT, "the network of no container");
  same(call(Call.NetworkList, 5, 0, 0, address(buffer), 4096, 0), -Errno.EINVAL, "an unknown list");
  same(call(Call.NetworkList, 0, 0, 0, address(buffer), 119, 0), -Errno.ERANGE, "a list without room");
  same(call(Call.NetworkList, 0, 0, 0, BAD_ADDRESS, 4096, 0), -Errno.EFAULT, "a list to a bad address");
}

function checkDatagrams(): void {
  const a = <i32>sockets.socket(sockets.SOCK_DGRAM);
  const b = <i32>sockets.socket(sockets.SOCK_DGRAM);
  same(sockets.bind(b, LOOPBACK, PORT), 0, "bind");
  same(sockets.sendTo(a, buffer, 5, LOOPBACK, PORT), 5, "send a datagram");
  same(sockets.receiveFrom(b, buffer, 100), 5, "receive it");
  same(sockets.namedAddress(), LOOPBACK, "who sent it");
  holds(sockets.namedPort() >= 32768, "from a port of its own");
  close(a);
  close(b);
  const ping = <i32>sockets.socket(sockets.SOCK_DGRAM, sockets.IPPROTO_ICMP);
  memory.fill(buffer, 0, 16);
  store<u8>(buffer, 8);
  same(sockets.sendTo(ping, buffer, 16, LOOPBACK, 0), 16, "send an echo request");
  same(sockets.receive(ping, buffer, 100), 16, "receive the answer");
  same(load<u8>(buffer), 0, "the answer is an echo reply");
  close(ping);
}

export function checkNetwork(): void {
  checkErrors();
  checkStream();
  checkDatagrams();
}
