// The names in procfs, as tables: one call per name. What they show is in procprocess.ts, procmemory.ts, procmounts.ts, procfd.ts,
// procsystem.ts and procsysctl.ts.

import { showDescriptorInfo, ProcLink } from "./procfd";
import { showMessages, showSegments, showSemaphores } from "./procipc";
import { showAuxiliary, showCommandLine, showEnvironment, showMaps, showSmaps } from "./procmemory";
import { showMountInfo, showMounts, showMountStats } from "./procmounts";
import { showAddresses6, showCounters, showDevices, showNeighbours, showRaw, showRaw6, showRoutes, showUdp, showUdp6 } from "./procinet";
import { showUnixSockets } from "./procnet";
import {
  showComm,
  showLimits,
  showOomScore,
  showOomScoreAdjust,
  showStat,
  showStatm,
  showStatus,
  storeComm,
  storeOomScoreAdjust,
} from "./procprocess";
import { addSysctls } from "./procsysctl";
import { showTcp, showTcp6 } from "./proctcp";
import {
  showCgroup,
  showCgroups,
  showCoredumpFilter,
  showCpuInfo,
  showCpuset,
  showFileSystems,
  showLoadAverage,
  showMemoryInfo,
  showSystemStat,
  showUptime,
  showVersion,
  showVmstat,
} from "./procsystem";
import { addDirectory, addLink, addText, Node, setStore } from "./synthetic";

/** Node.kind in procfs. Of links the values of ProcLink come first: those are magic. */
export const enum ProcKind {
  SelfLink = 5,
  ThreadSelfLink = 6,
  MountsLink = 7,
  NetLink = 8,
  /** Directories that list numbers beside their nodes. */
  Processes = 10,
  Threads = 11,
  Descriptors = 12,
  DescriptorInfos = 13,
  /** A file only for those who may inspect the process. */
  Private = 20,
}

const none = changetype<Node>(0);
export let rootNode: Node = none;
export let processNode: Node = none;
export let threadNode: Node = none;
export let descriptorNode: Node = none;
export let descriptorInfoNode: Node = none;

/** Keeps a file from those who may not inspect the process. */
function keepPrivate(node: Node): void {
  node.kind = ProcKind.Private;
}

/** What a process's directory and a thread's have in common. */
function addSubject(d: Node): void {
  addLink(d, "cwd", ProcLink.WorkingDirectory);
  addLink(d, "root", ProcLink.Root);
  addLink(d, "exe", ProcLink.Executable);
  addDirectory(d, "fd", 0o500, ProcKind.Descriptors);
  addDirectory(d, "fdinfo", 0o555, ProcKind.DescriptorInfos);
  keepPrivate(addText(d, "environ", showEnvironment, 0o400));
  keepPrivate(addText(d, "auxv", showAuxiliary, 0o400));
  addText(d, "status", showStatus);
  addText(d, "stat", showStat);
  addText(d, "statm", showStatm);
  addText(d, "cmdline", showCommandLine);
  addText(d, "limits", showLimits);
  keepPrivate(addText(d, "maps", showMaps));
  keepPrivate(addText(d, "smaps", showSmaps));
  addText(d, "mounts", showMounts);
  addText(d, "mountinfo", showMountInfo);
  addText(d, "cgroup", showCgroup);
  addText(d, "cpuset", showCpuset);
  addText(d, "oom_score", showOomScore);
  setStore(addText(d, "oom_score_adj", showOomScoreAdjust, 0o644), storeOomScoreAdjust);
  setStore(addText(d, "comm", showComm, 0o644), storeComm);
}

/** /proc/PID/net. */
function addNetwork(net: Node): void {
  addText(net, "arp", showNeighbours);
  addText(net, "dev", showDevices);
  addText(net, "if_inet6", showAddresses6);
  addText(net, "raw", showRaw);
  addText(net, "raw6", showRaw6);
  addText(net, "route", showRoutes);
  addText(net, "snmp", showCounters);
  addText(net, "tcp", showTcp);
  addText(net, "tcp6", showTcp6);
  addText(net, "udp", showUdp);
  addText(net, "udp6", showUdp6);
  addText(net, "unix", showUnixSockets);
}

/** Makes all nodes; once at start-up. */
export function buildProcNodes(): void {
  threadNode = addDirectory(null, "");
  addSubject(threadNode);
  processNode = addDirectory(null, "");
  addDirectory(processNode, "task", 0o555, ProcKind.Threads);
  addSubject(processNode);
  addText(processNode, "mountstats", showMountStats, 0o400);
  addText(processNode, "coredump_filter", showCoredumpFilter);
  addNetwork(addDirectory(processNode, "net"));

  const loose = addDirectory(null, "");
  addLink(loose, "", ProcLink.Descriptor);
  descriptorNode = loose.last!;
  descriptorInfoNode = addText(loose, "", showDescriptorInfo, 0o400);

  const root = addDirectory(null, "", 0o555, ProcKind.Processes);
  rootNode = root;
  addLink(root, "self", ProcKind.SelfLink);
  addLink(root, "thread-self", ProcKind.ThreadSelfLink);
  addLink(root, "mounts", ProcKind.MountsLink);
  addLink(root, "net", ProcKind.NetLink);
  addText(root, "cgroups", showCgroups);
  addText(root, "cpuinfo", showCpuInfo);
  addText(root, "filesystems", showFileSystems);
  addText(root, "loadavg", showLoadAverage);
  addText(root, "meminfo", showMemoryInfo);
  addText(root, "stat", showSystemStat);
  addText(root, "uptime", showUptime);
  addText(root, "version", showVersion);
  addText(root, "vmstat", showVmstat);
  addSysctls(addDirectory(root, "sys"));
  const ipc = addDirectory(root, "sysvipc");
  addText(ipc, "msg", showMessages);
  addText(ipc, "sem", showSemaphores);
  addText(ipc, "shm", showSegments);
}
