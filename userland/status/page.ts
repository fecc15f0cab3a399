// The facts as a page for people, and as JSON for programs. Pure.

import { formatAddress } from "../lib/address";
import { InterfaceRecord, PublishedRecord } from "../lib/network";
import { clockTime, dateTime, humanBytes } from "../lib/number";
import { ContainerFacts, Facts } from "./facts";
import { escapeHtml, jsonString } from "./http";

const STYLE: string =
  "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222}" +
  "table{border-collapse:collapse;width:100%;margin:1em 0}th,td{text-align:left;padding:.3em .8em;border-bottom:1px solid #ddd}" +
  "th{font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}.running{color:#070}.stopped{color:#777}";

/** "12.3%" of thousandths. */
function percent(thousandths: u64): string {
  return `${thousandths / 10}.${thousandths % 10}%`;
}

function addresses(list: InterfaceRecord[]): string[] {
  const texts: string[] = [];
  for (let i = 0; i < list.length; i++) if (list[i].address != 0) texts.push(formatAddress(list[i].address));
  return texts;
}

function portText(p: PublishedRecord): string {
  return p.protocol == 17 ? `${p.hostPort}:${p.guestPort}/udp` : `${p.hostPort}:${p.guestPort}`;
}

function cell(text: string, style: string = ""): string {
  return style == "" ? `<td>${escapeHtml(text)}</td>` : `<td class="${style}">${escapeHtml(text)}</td>`;
}

function containerRow(c: ContainerFacts): string {
  const r = c.record;
  const ports: string[] = [];
  for (let i = 0; i < c.ports.length; i++) ports.push(portText(c.ports[i]));
  const own = c.network == "bridge" ? addresses(c.interfaces).join(", ") : c.network;
  return (
    "<tr>" +
    cell(r.id) +
    cell(r.status, r.status) +
    cell(r.processes.toString(), "n") +
    cell(humanBytes(r.memoryBytes), "n") +
    cell(percent(c.load), "n") +
    cell(clockTime(r.cpuNs), "n") +
    cell(own) +
    cell(ports.join(", ")) +
    cell(r.bundle) +
    "</tr>\n"
  );
}

/** The page. */
export function htmlPage(f: Facts): string {
  let rows = "";
  for (let i = 0; i < f.containers.length; i++) rows += containerRow(f.containers[i]);
  const used = f.memoryBytes - f.memoryFreeBytes;
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Cyrius</title><style>${STYLE}</style></head><body>\n` +
    `<h1>Cyrius</h1>\n<p>Up ${clockTime(f.uptimeNs)}, processor ${percent(f.load)}, ` +
    `memory ${humanBytes(used)} of ${humanBytes(f.memoryBytes)}, ${f.processes} processes, ` +
    `addresses ${escapeHtml(addresses(f.interfaces).join(", "))}</p>\n` +
    '<table><tr><th>Container<th>State<th class="n">Processes<th class="n">Memory<th class="n">CPU<th class="n">CPU time<th>Address<th>Ports<th>Bundle</tr>\n' +
    rows +
    '</table>\n<p><a href="/status.json">status.json</a></p>\n</body></html>\n'
  );
}

/** Seconds with three digits behind the point. */
function seconds(ns: u64): string {
  return `${ns / 1_000_000_000}.${((ns / 1_000_000) % 1000).toString().padStart(3, "0")}`;
}

function jsonInterfaces(list: InterfaceRecord[]): string {
  const parts: string[] = [];
  for (let i = 0; i < list.length; i++) {
    const n = list[i];
    parts.push(
      `{"name":${jsonString(n.name)},"address":"${formatAddress(n.address)}","prefix":${n.prefix},"mtu":${n.mtu},` +
        `"receivedBytes":${n.receivedBytes},"sentBytes":${n.sentBytes}}`,
    );
  }
  return `[${parts.join(",")}]`;
}

function jsonContainer(c: ContainerFacts): string {
  const r = c.record;
  const ports: string[] = [];
  for (let i = 0; i < c.ports.length; i++) {
    const p = c.ports[i];
    ports.push(`{"protocol":"${p.protocolName}","host":${p.hostPort},"container":${p.guestPort}}`);
  }
  return (
    `{"id":${jsonString(r.id)},"bundle":${jsonString(r.bundle)},"state":"${r.status}","pid":${r.initPid},"processes":${r.processes},` +
    `"memoryBytes":${r.memoryBytes},"cpuSeconds":${seconds(r.cpuNs)},"cpuPercent":${c.load / 10}.${c.load % 10},` +
    `"created":"${dateTime(r.createdNs).replace(" ", "T")}Z","network":"${c.network}",` +
    `"interfaces":${jsonInterfaces(c.interfaces)},"ports":[${ports.join(",")}]}`
  );
}

/** The same as JSON. */
export function jsonPage(f: Facts): string {
  const containers: string[] = [];
  for (let i = 0; i < f.containers.length; i++) containers.push(jsonContainer(f.containers[i]));
  const servers: string[] = [];
  for (let i = 0; i < f.nameServers.length; i++) servers.push(`"${formatAddress(f.nameServers[i])}"`);
  return (
    `{"uptimeSeconds":${seconds(f.uptimeNs)},"processors":${f.processors},"processes":${f.processes},` +
    `"cpuSeconds":${seconds(f.busyNs)},"cpuPercent":${f.load / 10}.${f.load % 10},` +
    `"memoryBytes":${f.memoryBytes},"memoryFreeBytes":${f.memoryFreeBytes},"heapBytes":${f.heapBytes},"heapUsedBytes":${f.heapUsedBytes},` +
    `"interfaces":${jsonInterfaces(f.interfaces)},"nameServers":[${servers.join(",")}],"containers":[${containers.join(",")}]}\n`
  );
}
