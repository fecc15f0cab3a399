// The DHCP client (RFC 2131, RFC 2132): asks for an address with DISCOVER, takes the first offer, and renews its lease in time. It speaks UDP by itself, since
// it has no address to bind a socket to: kernel/net/inet/udp.ts hands it what comes to port 68 of an interface that is being configured.

import { workInit, WorkItem, WORK_ITEM_BYTES } from "../task/work";
import { nowNs } from "../time/clock";
import { Timer, timerInit, TimerKind, timerSet, TIMER_BYTES } from "../time/timer";
import { randomU64 } from "../random";
import { checksum } from "./checksum";
import { BROADCAST_HARDWARE, ethernetTransmit, ETHERTYPE_IP4 } from "./ethernet";
import { hostAddress, nameServerAdd, nameServersForget } from "./host";
import { routesRemove } from "./inet/configure";
import { Interface, interfaceHardware } from "./inet/interface";
import { Packet, packetFree, packetLinear, packetNew, packetPush, packetPut } from "./packet";

const SECOND_NS: u64 = 1_000_000_000;
/** BOOTP's fixed part and the magic cookie; room for our options. */
const FIXED_BYTES: u32 = 240;
const OPTIONS_BYTES: u32 = 60;
const COOKIE: u32 = 0x6353_8263;
const CLIENT_PORT: u16 = 0x4400;
const SERVER_PORT: u16 = 0x4300;

const enum Message {
  Discover = 1,
  Offer = 2,
  Request = 3,
  Acknowledge = 5,
  Refuse = 6,
}

const enum Option {
  Mask = 1,
  Router = 3,
  NameServers = 6,
  Requested = 50,
  Lease = 51,
  Type = 53,
  Server = 54,
  Wanted = 55,
}

const enum State {
  Idle = 0,
  Discovering = 1,
  Requesting = 2,
  Bound = 3,
}

let client: Interface | null = null;
let state: State = State.Idle;
let transaction: u32 = 0;
let server: u32 = 0;
let offered: u32 = 0;
let leaseEndNs: u64 = 0;
/** Time between tries: doubles up to a minute (RFC 2131, 4.1). */
let pauseNs: u64 = 0;
const timer = changetype<Timer>(memory.data(TIMER_BYTES, 8));
const work = changetype<WorkItem>(memory.data(WORK_ITEM_BYTES, 8));

/** Begins to ask for an address for the interface; without memory for a timer it is asked for once. */
export function dhcpStart(i: Interface): void {
  client = i;
  workInit(work, again, 0);
  timerInit(timer, TimerKind.Work, changetype<usize>(work));
  discover();
}

/** Whether what comes to port 68 by this interface is for the client. */
export function dhcpListens(i: Interface): bool {
  return client == i && state != State.Idle;
}

function discover(): void {
  state = State.Discovering;
  transaction = <u32>randomU64();
  offered = 0;
  pauseNs = 2 * SECOND_NS;
  ask();
}

function ask(): void {
  send(state == State.Discovering ? Message.Discover : Message.Request);
  timerSet(timer, nowNs() + pauseNs);
  pauseNs = min(pauseNs * 2, 64 * SECOND_NS);
}

function again(argument: usize): void {
  if (state == State.Bound) {
    // Half of the lease is over: it is renewed by asking for the same address again.
    if (nowNs() >= leaseEndNs) return lose();
    transaction = <u32>randomU64();
    send(Message.Request);
    timerSet(timer, nowNs() + max((leaseEndNs - nowNs()) / 2, SECOND_NS));
    return;
  }
  if (state == State.Requesting && pauseNs > 16 * SECOND_NS) return discover();
  ask();
}

/** The lease is over: the address goes, and another is asked for. */
function lose(): void {
  const i = client!;
  routesRemove(i.space, i);
  i.address = 0;
  i.broadcast = 0;
  nameServersForget();
  discover();
}

function put4(at: usize, option: u8, value: u32): usize {
  store<u8>(at, option);
  store<u8>(at, 4, 1);
  store<u32>(at, value, 2);
  return at + 6;
}

function send(type: Message): void {
  const i = client!;
  const p = packetNew(FIXED_BYTES + OPTIONS_BYTES);
  if (!p) return;
  const at = packetPut(p, FIXED_BYTES + OPTIONS_BYTES);
  memory.fill(at, 0, FIXED_BYTES + OPTIONS_BYTES);
  store<u32>(at, 0x0006_0101); // a request, over Ethernet, addresses of 6 bytes
  store<u32>(at, transaction, 4);
  // Answers may come to the broadcast address: there is no other yet.
  if (i.address == 0) store<u16>(at, 0x0080, 10);
  store<u32>(at, i.address, 12);
  memory.copy(at + 28, interfaceHardware(i), 6);
  store<u32>(at, COOKIE, 236);
  let end = at + FIXED_BYTES;
  store<u8>(end, <u8>Option.Type);
  store<u8>(end, 1, 1);
  store<u8>(end, <u8>type, 2);
  end += 3;
  if (type == Message.Request && state == State.Requesting) {
    end = put4(end, <u8>Option.Requested, offered);
    end = put4(end, <u8>Option.Server, server);
  }
  store<u8>(end, <u8>Option.Wanted);
  store<u8>(end, 4, 1);
  store<u32>(end, Option.Mask | (Option.Router << 8) | (Option.NameServers << 16) | (Option.Lease << 24), 2);
  store<u8>(end, 255, 6);
  wrap(i, p);
}

/** UDP and IPv4 headers, from 0.0.0.0 or our address to everybody. */
function wrap(i: Interface, p: Packet): void {
  const udp = packetPush(p, 8);
  store<u16>(udp, CLIENT_PORT);
  store<u16>(udp, SERVER_PORT, 2);
  store<u16>(udp, bswap<u16>(<u16>p.length), 4);
  store<u16>(udp, 0, 6);
  const ip = packetPush(p, 20);
  store<u32>(ip, 0x45);
  store<u16>(ip, bswap<u16>(<u16>p.length), 2);
  store<u32>(ip, 0, 4);
  store<u32>(ip, 0x1140, 8); // 64 hops, UDP
  store<u32>(ip, i.address, 12);
  store<u32>(ip, 0xffff_ffff, 16);
  store<u16>(ip, checksum(ip, 20), 10);
  p.network = ip;
  p.transport = udp;
  ethernetTransmit(i, p, BROADCAST_HARDWARE, ETHERTYPE_IP4);
}

/** Value of an option of the message at `at`, of `bytes` with its fixed part: its address, with the length in optionBytes; 0 when it is not there. */
let optionBytes: u32 = 0;
function find(at: usize, bytes: u32, wanted: u8): usize {
  let o = FIXED_BYTES;
  while (o + 1 < bytes && load<u8>(at + o) != 255) {
    const code = load<u8>(at + o);
    if (code == 0) {
      o++;
      continue;
    }
    const n = <u32>load<u8>(at + o, 1);
    if (o + 2 + n > bytes) return 0;
    if (code == wanted) {
      optionBytes = n;
      return at + o + 2;
    }
    o += 2 + n;
  }
  return 0;
}

/** The first four bytes of an option; 0 when it is not there or shorter. */
function find4(at: usize, bytes: u32, wanted: Option): u32 {
  const value = find(at, bytes, <u8>wanted);
  return value != 0 && optionBytes >= 4 ? load<u32>(value) : 0;
}

/** A message to port 68 has come in, behind its UDP header. Consumes it. */
export function dhcpInput(p: Packet): void {
  if (p.length >= FIXED_BYTES && packetLinear(p, p.length)) handle(p.data, p.length);
  packetFree(p);
}

function handle(at: usize, bytes: u32): void {
  const i = client!;
  if (load<u8>(at) != 2 || load<u32>(at, 4) != transaction || load<u32>(at, 236) != COOKIE) return;
  if (memory.compare(at + 28, interfaceHardware(i), 6) != 0) return;
  const typeAt = find(at, bytes, <u8>Option.Type);
  const type: u32 = typeAt != 0 && optionBytes == 1 ? load<u8>(typeAt) : 0;
  if (type == Message.Offer && state == State.Discovering) {
    offered = load<u32>(at, 16);
    server = find4(at, bytes, Option.Server);
    if (offered == 0 || server == 0) return;
    state = State.Requesting;
    pauseNs = 2 * SECOND_NS;
    ask();
  } else if (type == Message.Refuse && state != State.Discovering) {
    if (state == State.Bound) lose();
    else discover();
  } else if (type == Message.Acknowledge && state >= State.Requesting) bind(at, bytes);
}

function bind(at: usize, bytes: u32): void {
  const i = client!;
  const v4 = load<u32>(at, 16);
  const mask = find4(at, bytes, Option.Mask);
  const lease = bswap<u32>(find4(at, bytes, Option.Lease));
  if (v4 == 0) return;
  if (i.address != v4) {
    routesRemove(i.space, i);
    hostAddress(i, v4, mask == 0 ? 24 : popcnt<u32>(mask), find4(at, bytes, Option.Router));
    nameServersForget();
    const names = find(at, bytes, <u8>Option.NameServers);
    const count: u32 = names == 0 ? 0 : optionBytes >> 2;
    for (let n: u32 = 0; n < count; n++) nameServerAdd(load<u32>(names + (n << 2)));
  }
  state = State.Bound;
  const now = nowNs();
  leaseEndNs = now + <u64>max<u32>(lease, 60) * SECOND_NS;
  timerSet(timer, now + (leaseEndNs - now) / 2);
}
