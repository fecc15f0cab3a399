// For specs: configurations, written after what the tools named here write by default (indented with tabs, as they do), and ways to
// decode them and to look at the outcome.

import { heapObjectsUsed } from "../../kernel/mm/heap";
import { bytesLength, bytesOf, failure, failureText } from "../testing";
import { Spec, specFree, specProcessFree } from "./model";
import { specParse, specParseProcess } from "./parse";

/** The list of names as the elements of a JSON array, quoted, one a line behind `indent`. */
function lines(names: string, indent: string): string {
  return indent + '"' + names.split(" ").join('",\n' + indent + '"') + '"\n';
}

function capabilitySets(sets: string, names: string): string {
  const list = sets.split(" ");
  let s = '\t\t"capabilities": {\n';
  for (let i = 0; i < list.length; i++) {
    s += '\t\t\t"' + list[i] + '": [\n' + lines(names, "\t\t\t\t") + "\t\t\t]" + (i + 1 < list.length ? "," : "") + "\n";
  }
  return s + "\t\t},\n";
}

function mount(destination: string, type: string, source: string, options: string): string {
  let s = '\t\t{\n\t\t\t"destination": "' + destination + '",\n\t\t\t"type": "' + type + '",\n\t\t\t"source": "' + source + '"';
  if (options.length != 0) s += ',\n\t\t\t"options": [\n' + lines(options, "\t\t\t\t") + "\t\t\t]";
  return s + "\n\t\t}";
}

function usualMounts(): string {
  return (
    mount("/proc", "proc", "proc", "") +
    ",\n" +
    mount("/dev", "tmpfs", "tmpfs", "nosuid strictatime mode=755 size=65536k") +
    ",\n" +
    mount("/dev/pts", "devpts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5") +
    ",\n" +
    mount("/dev/shm", "tmpfs", "shm", "nosuid noexec nodev mode=1777 size=65536k") +
    ",\n" +
    mount("/dev/mqueue", "mqueue", "mqueue", "nosuid noexec nodev") +
    ",\n" +
    mount("/sys", "sysfs", "sysfs", "nosuid noexec nodev ro") +
    ",\n" +
    mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid noexec nodev relatime ro") +
    "\n"
  );
}

function namespaces(types: string): string {
  const list = types.split(" ");
  let s = '\t\t"namespaces": [\n';
  for (let i = 0; i < list.length; i++)
    s += '\t\t\t{\n\t\t\t\t"type": "' + list[i] + '"\n\t\t\t}' + (i + 1 < list.length ? "," : "") + "\n";
  return s + "\t\t],\n";
}

function toolConfig(version: string, hostname: string, readonly: string, sets: string, types: string, masked: string, ro: string): string {
  return (
    '{\n\t"ociVersion": "' +
    version +
    '",\n\t"process": {\n\t\t"terminal": true,\n\t\t"user": {\n\t\t\t"uid": 0,\n\t\t\t"gid": 0\n\t\t},\n\t\t"args": [\n\t\t\t"sh"\n\t\t],\n' +
    '\t\t"env": [\n\t\t\t"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",\n\t\t\t"TERM=xterm"\n\t\t],\n\t\t"cwd": "/",\n' +
    capabilitySets(sets, "CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE") +
    '\t\t"rlimits": [\n\t\t\t{\n\t\t\t\t"type": "RLIMIT_NOFILE",\n\t\t\t\t"hard": 1024,\n\t\t\t\t"soft": 1024\n\t\t\t}\n\t\t],\n' +
    '\t\t"noNewPrivileges": true\n\t},\n\t"root": {\n\t\t"path": "rootfs"' +
    readonly +
    '\n\t},\n\t"hostname": "' +
    hostname +
    '",\n\t"mounts": [\n' +
    usualMounts() +
    '\t],\n\t"linux": {\n\t\t"resources": {\n\t\t\t"devices": [\n\t\t\t\t{\n\t\t\t\t\t"allow": false,\n\t\t\t\t\t"access": "rwm"\n\t\t\t\t}\n\t\t\t]\n\t\t},\n' +
    namespaces(types) +
    '\t\t"maskedPaths": [\n' +
    lines(masked, "\t\t\t") +
    '\t\t],\n\t\t"readonlyPaths": [\n' +
    lines(ro, "\t\t\t") +
    "\t\t]\n\t}\n}"
  );
}

/** As `runc spec` writes it. */
export function runcSpec(): string {
  return toolConfig(
    "1.2.1",
    "runc",
    ',\n\t\t"readonly": true',
    "bounding effective permitted",
    "pid network ipc uts mount cgroup",
    "/proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list /proc/timer_stats /proc/sched_debug " +
      "/sys/firmware /proc/scsi",
    "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger",
  );
}

/** As `umoci unpack` writes it. */
export function umociConfig(): string {
  return toolConfig(
    "1.0.2-dev",
    "umoci-default",
    "",
    "bounding effective inheritable permitted ambient",
    "cgroup pid network ipc uts mount",
    "/proc/kcore /proc/latency_stats /proc/timer_list /proc/timer_stats /proc/sched_debug /sys/firmware /proc/scsi",
    "/proc/asound /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger",
  );
}

/** A config.json with a bit of everything, compact. */
export function richConfig(): string {
  return (
    '{"ociVersion":"1.3.0","process":{"terminal":false,"consoleSize":{"height":24,"width":80},' +
    '"user":{"uid":1000,"gid":1001,"umask":18,"additionalGids":[5,4294967294]},"args":["/bin/echo","h\\u00e9llo\\n",""],' +
    '"env":["A=1","EMPTY="],"cwd":"/tmp","capabilities":{"bounding":["CAP_CHOWN","CAP_CHECKPOINT_RESTORE"],"effective":[],' +
    '"permitted":["CAP_\\u0043HOWN"]},"rlimits":[{"type":"RLIMIT_CORE","soft":0,"hard":18446744073709551615},' +
    '{"type":"RLIMIT_RTTIME","soft":5,"hard":5}],"noNewPrivileges":false,"oomScoreAdj":-500,"apparmorProfile":"","unknown":[{}]},' +
    '"root":{"path":"/images/x","readonly":true},"hostname":"h","domainname":"example.org",' +
    '"mounts":[{"destination":"/data","type":"none","source":"data","options":["rbind","ro","rprivate"]},' +
    '{"destination":"/t","type":"tmpfs","options":["noatime","ro","rw","size=2g","nr_inodes=4k","uid=7","gid=8","mode=0700","noswap"]},' +
    '{"destination":"/h","type":"tmpfs","options":["size=50%"]},{"destination":"/cg","type":"cgroup2","source":"cgroup"}],' +
    '"hooks":{"prestart":[],"poststop":null},"linux":{"devices":[{"type":"c","path":"/dev/fuse","major":10,"minor":229,"fileMode":8630,' +
    '"uid":1,"gid":2},{"type":"p","path":"/dev/pipe"},{"type":"b","path":"/dev/loop0","major":7,"minor":0}],' +
    '"resources":{"devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"minor":-1,"access":"rw"}],' +
    '"memory":{"limit":67108864,"swap":-1},"pids":{"limit":100},"cpu":{"shares":0},"network":{},"hugepageLimits":[]},' +
    '"cgroupsPath":"/a/b","namespaces":[{"type":"pid","path":""},{"type":"user"}],"uidMappings":[],"gidMappings":null,' +
    '"sysctl":{"net.core.somaxconn":"256"},"rootfsPropagation":"rslave","seccomp":null,"personality":{"domain":"LINUX"},' +
    '"maskedPaths":["/proc/kcore"],"readonlyPaths":[]},"annotations":{"org.example.a":"b","c\\t":""},"somethingNew":{"x":[1,2.5]}}'
  );
}

/** A small correct configuration with other members in its process, its linux object and itself. */
export function config(process: string, linux: string = "", top: string = ""): string {
  return (
    '{"ociVersion":"1.0.2","root":{"path":"rootfs"},"process":{' +
    (process.includes('"args"') ? "" : '"args":["sh"],') +
    (process.includes('"cwd"') ? "" : '"cwd":"/",') +
    '"user":{"uid":0,"gid":0}' +
    (process.length != 0 ? "," + process : "") +
    "}" +
    (linux.length != 0 ? ',"linux":{' + linux + "}" : "") +
    (top.length != 0 ? "," + top : "") +
    "}"
  );
}

/** One with the mounts `list`. */
export function mounts(list: string): string {
  return config("", "", '"mounts":[' + list + "]");
}

/** One with a tmpfs that has the option `option`. */
export function tmpfs(option: string): string {
  return mounts('{"destination":"/t","type":"tmpfs","options":["' + option + '"]}');
}

/** The outcome of a text that must be taken. */
export function parsed(s: string): Spec {
  const p = bytesOf(s);
  const spec = specParse(p, bytesLength, failure);
  assert(spec != null, failureText());
  memory.fill(p, 0x21, bytesLength); // nothing of the text may be needed any more
  return spec!;
}

/** The failure of a text that must be refused, leaving nothing behind. */
export function refused(s: string): string {
  const p = bytesOf(s);
  const before = heapObjectsUsed();
  const spec = specParse(p, bytesLength, failure);
  if (spec) {
    specFree(spec);
    return "accepted";
  }
  assert(heapObjectsUsed() == before, "a refused configuration leaves objects behind");
  return failureText();
}

/** The same for a process object alone. */
export function refusedProcess(s: string): string {
  const p = bytesOf(s);
  const before = heapObjectsUsed();
  const process = specParseProcess(p, bytesLength, failure);
  if (process) {
    specProcessFree(process);
    return "accepted";
  }
  assert(heapObjectsUsed() == before, "a refused process leaves objects behind");
  return failureText();
}
