// net: interfaces, routes, published ports and connections of the host and of all containers.

import { formatAddress, formatAnyAddress, formatHardware } from "../../lib/address";
import { ContainerRecord, containerList } from "../../lib/containers";
import {
  FLAG_UP,
  InterfaceRecord,
  interfaces,
  isHostNetwork,
  KIND_LOOPBACK,
  nameServers,
  networkError,
  publishedPorts,
  routes,
  SocketRecord,
  sockets,
} from "../../lib/network";
import { humanBytes } from "../../lib/number";
import { Session } from "../session";
import { Table } from "../../lib/table";

const PARTS: string[] = ["interfaces", "routes", "ports", "connections"];

/** Whose network is shown: the host's (id "") and containers' that have one of their own. */
class Owner {
  constructor(
    public id: string,
    public interfaces: InterfaceRecord[],
  ) {}

  get name(): string {
    return this.id == "" ? "-" : this.id;
  }
}

export function net(session: Session, words: string[]): i32 {
  let next = 1;
  const part = words.length > 1 ? PARTS.indexOf(words[1]) : -1;
  if (part >= 0) next++;
  if (words.length > next + 1) return session.usage();
  const only = words.length > next ? words[next] : "";
  const shared: string[] = [];
  const owners = findOwners(only, shared);
  if (networkError < 0 && only != "") return session.failText("net", only, "no such container");
  for (let i = 0; i < PARTS.length; i++) {
    if (part >= 0 && part != i) continue;
    if (i > 0 && part < 0) session.output.line("");
    show(session, i, owners, only);
  }
  if (part < 0) showRest(session, shared, only);
  return 0;
}

/** Those to show; containers on the host's own network go to `shared`. networkError tells of `only`. */
function findOwners(only: string, shared: string[]): Owner[] {
  const owners: Owner[] = [];
  if (only != "") {
    owners.push(new Owner(only, interfaces(only)));
    return owners;
  }
  owners.push(new Owner("", interfaces("")));
  const containers = containerList();
  for (let i = 0; i < containers.length; i++) {
    const list = interfaces(containers[i].id);
    if (isHostNetwork(list)) shared.push(containers[i].id);
    else owners.push(new Owner(containers[i].id, list));
  }
  return owners;
}

function show(session: Session, part: i32, owners: Owner[], only: string): void {
  switch (part) {
    case 0:
      showInterfaces(owners, session);
      return;
    case 1:
      showRoutes(owners, session);
      return;
    case 2:
      showPorts(only, session);
      return;
    default:
      showConnections(owners, session);
  }
}

function showInterfaces(owners: Owner[], session: Session): void {
  const table = new Table(["CONTAINER", "INTERFACE", "ADDRESS", "HARDWARE", "STATE", "MTU", "RECEIVED", "SENT"], [5, 6, 7]);
  for (let i = 0; i < owners.length; i++)
    for (let j = 0; j < owners[i].interfaces.length; j++) {
      const n = owners[i].interfaces[j];
      const row: string[] = [owners[i].name, n.name, n.address == 0 ? "-" : `${formatAddress(n.address)}/${n.prefix}`];
      row.push(n.kind == KIND_LOOPBACK ? "-" : formatHardware(n.hardware));
      table.add(
        row.concat([(n.flags & FLAG_UP) != 0 ? "up" : "down", n.mtu.toString(), humanBytes(n.receivedBytes), humanBytes(n.sentBytes)]),
      );
    }
  table.print(session.output);
}

function interfaceName(list: InterfaceRecord[], index: u32): string {
  for (let i = 0; i < list.length; i++) if (list[i].index == index) return list[i].name;
  return index.toString();
}

function showRoutes(owners: Owner[], session: Session): void {
  const table = new Table(["CONTAINER", "DESTINATION", "GATEWAY", "INTERFACE", "SOURCE"], []);
  for (let i = 0; i < owners.length; i++) {
    const list = routes(owners[i].id);
    for (let j = 0; j < list.length; j++) {
      const r = list[j];
      const to = r.prefix == 0 ? "default" : `${formatAddress(r.destination)}/${r.prefix}`;
      const via = r.gateway == 0 ? "-" : formatAddress(r.gateway);
      table.add([owners[i].name, to, via, interfaceName(owners[i].interfaces, r.interfaceIndex), formatAddress(r.source)]);
    }
  }
  table.print(session.output);
}

function showPorts(only: string, session: Session): void {
  const table = new Table(["CONTAINER", "PROTOCOL", "HOST PORT", "LEADS TO"], [2]);
  const containers: string[] = [];
  if (only != "") containers.push(only);
  else {
    const all: ContainerRecord[] = containerList();
    for (let i = 0; i < all.length; i++) containers.push(all[i].id);
  }
  for (let i = 0; i < containers.length; i++) {
    const list = publishedPorts(containers[i]);
    for (let j = list.length - 1; j >= 0; j--) {
      const p = list[j];
      table.add([containers[i], p.protocolName, p.hostPort.toString(), `${formatAddress(p.address)}:${p.guestPort}`]);
    }
  }
  table.print(session.output);
}

/** An end of a connection: "*" for any address and no port. */
function end(high: u64, low: u64, port: u16): string {
  const address = formatAnyAddress(high, low);
  return (
    (address == "0.0.0.0" || address == "::" ? "*" : address.includes(":") ? `[${address}]` : address) +
    `:${port == 0 ? "*" : port.toString()}`
  );
}

function showConnections(owners: Owner[], session: Session): void {
  const table = new Table(["CONTAINER", "PROTOCOL", "LOCAL", "REMOTE", "STATE", "UNREAD", "UNSENT"], [5, 6]);
  for (let i = 0; i < owners.length; i++) {
    const list = sockets(owners[i].id);
    for (let j = list.length - 1; j >= 0; j--) {
      const s: SocketRecord = list[j];
      const local = end(s.localHigh, s.localLow, s.localPort);
      const remote = end(s.remoteHigh, s.remoteLow, s.remotePort);
      table.add([owners[i].name, s.protocolName, local, remote, s.stateName, s.received.toString(), s.sent.toString()]);
    }
  }
  table.print(session.output);
}

/** Name servers, and who has no network of its own. */
function showRest(session: Session, shared: string[], only: string): void {
  if (only != "") return;
  const servers = nameServers();
  if (servers.length + shared.length > 0) session.output.line("");
  if (servers.length > 0) {
    const texts: string[] = [];
    for (let i = 0; i < servers.length; i++) texts.push(formatAddress(servers[i]));
    session.output.line(`name servers: ${texts.join(", ")}`);
  }
  if (shared.length > 0) session.output.line(`on the host's network: ${shared.join(", ")}`);
}
