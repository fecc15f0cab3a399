// What the status page tells: the machine, its network and its containers, collected anew for every request.

import { ContainerRecord, containerList } from "../lib/containers";
import { InterfaceRecord, interfaces, isHostNetwork, KIND_LOOPBACK, nameServers, PublishedRecord, publishedPorts } from "../lib/network";
import { monotonicTime, systemInformation } from "../lib/process";

/** A container and its network. */
export class ContainerFacts {
  interfaces: InterfaceRecord[];
  ports: PublishedRecord[];
  /** "bridge", "host" or "none". */
  network: string;
  /** Share of the processor in the last interval, in thousandths. */
  load: u64 = 0;

  constructor(public record: ContainerRecord) {
    const all = interfaces(record.id);
    const own: InterfaceRecord[] = [];
    for (let i = 0; i < all.length; i++) if (all[i].kind != KIND_LOOPBACK) own.push(all[i]);
    const isHosts = isHostNetwork(all);
    this.network = isHosts ? "host" : own.length > 0 ? "bridge" : "none";
    this.interfaces = isHosts ? [] : own;
    this.ports = publishedPorts(record.id).reverse();
  }
}

export class Facts {
  memoryBytes: u64;
  memoryFreeBytes: u64;
  heapBytes: u64;
  heapUsedBytes: u64;
  uptimeNs: u64;
  busyNs: u64;
  processors: u32;
  processes: u32;
  load: u64 = 0;
  interfaces: InterfaceRecord[] = interfaces("");
  nameServers: u32[] = nameServers();
  containers: ContainerFacts[] = [];

  constructor() {
    const now = systemInformation();
    this.memoryBytes = now.memoryBytes;
    this.memoryFreeBytes = now.memoryFreeBytes;
    this.heapBytes = now.heapBytes;
    this.heapUsedBytes = now.heapUsedBytes;
    this.uptimeNs = now.uptimeNs;
    this.busyNs = now.busyNs;
    this.processors = now.processors;
    this.processes = now.processes;
    const records = containerList();
    for (let i = 0; i < records.length; i++) this.containers.push(new ContainerFacts(records[i]));
  }
}

/** Loads are those since a sample at least this old. */
const INTERVAL_NS: u64 = 1_000_000_000;

class Sample {
  ids: string[] = [];
  cpuNs: u64[] = [];

  constructor(
    public atNs: u64,
    public busyNs: u64,
    containers: ContainerFacts[],
  ) {
    for (let i = 0; i < containers.length; i++) {
      this.ids.push(containers[i].record.id);
      this.cpuNs.push(containers[i].record.cpuNs);
    }
  }
}

let older: Sample = new Sample(0, 0, []);
let newer: Sample = new Sample(0, 0, []);

/** In thousandths. */
function share(used: u64, whole: u64): u64 {
  return whole == 0 ? 0 : min<u64>((used * 1000) / whole, 1000);
}

/** The facts of now, with the loads since the sample before. */
export function collect(): Facts {
  const facts = new Facts();
  const now = monotonicTime();
  if (now - newer.atNs >= INTERVAL_NS) {
    older = newer;
    newer = new Sample(now, facts.busyNs, facts.containers);
  }
  const interval = now - older.atNs;
  facts.load = share(facts.busyNs - older.busyNs, interval);
  for (let i = 0; i < facts.containers.length; i++) {
    const c = facts.containers[i];
    const at = older.ids.indexOf(c.record.id);
    const before: u64 = at < 0 ? 0 : older.cpuNs[at];
    // Another container may have got the id meanwhile.
    c.load = share(before > c.record.cpuNs ? c.record.cpuNs : c.record.cpuNs - before, interval);
  }
  return facts;
}
