// From an image's configuration to a container's config.json (OCI image specification, conversion.md), with the mounts, capabilities, masks and limits
// that Docker gives a container.

import { jsonText, jsonTexts } from "../lib/json/write";
import { JsonValue } from "../lib/json/value";
import { fail } from "./problem";
import { User } from "./users";

const PATH: string = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const CAPABILITIES: string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

const MOUNTS: string =
  '{"destination":"/proc","type":"proc","source":"proc","options":["nosuid","noexec","nodev"]},' +
  '{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},' +
  '{"destination":"/dev/pts","type":"devpts","source":"devpts","options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]},' +
  '{"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","noexec","nodev","mode=1777","size=65536k"]},' +
  '{"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]},' +
  '{"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]},' +
  '{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev","relatime","ro"]}';

const MASKED: string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/scsi",
  "/proc/sched_debug",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];
const READ_ONLY: string[] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
const NAMESPACES: string = '{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"cgroup"}';

/** What the caller wants otherwise than the image. */
export class SpecOptions {
  hostname: string = "";
  args: string[] = [];
  env: string[] = [];
  terminal: bool = false;
  rows: i64 = 0;
  columns: i64 = 0;
  /** Names and values in turn. */
  annotations: string[] = [];
}

/** The values under their names, in order; a later value replaces an earlier one. */
class Settings {
  names: string[] = [];
  values: string[] = [];

  set(name: string, value: string): void {
    const at = this.names.indexOf(name);
    if (at >= 0) {
      this.values[at] = value;
      return;
    }
    this.names.push(name);
    this.values.push(value);
  }

  json(): string {
    const parts: string[] = [];
    for (let i = 0; i < this.names.length; i++) parts.push(`${jsonText(this.names[i])}:${jsonText(this.values[i])}`);
    return "{" + parts.join(",") + "}";
  }
}

function addVariable(env: string[], variable: string): void {
  const name = variable.substring(0, variable.indexOf("=") + 1);
  for (let i = 0; i < env.length; i++) {
    if (!env[i].startsWith(name)) continue;
    env[i] = variable;
    return;
  }
  env.push(variable);
}

function hasVariable(env: string[], name: string): bool {
  for (let i = 0; i < env.length; i++) if (env[i].startsWith(name + "=")) return true;
  return false;
}

function environment(config: JsonValue | null, user: User, options: SpecOptions): string[] {
  const env: string[] = config === null ? [] : config.textsOf("Env");
  if (!hasVariable(env, "PATH")) env.unshift(PATH);
  if (options.hostname != "" && !hasVariable(env, "HOSTNAME")) env.push("HOSTNAME=" + options.hostname);
  if (options.terminal && !hasVariable(env, "TERM")) env.push("TERM=xterm");
  for (let i = 0; i < options.env.length; i++) addVariable(env, options.env[i]);
  if (!hasVariable(env, "HOME")) env.push("HOME=" + (user.home == "" ? "/" : user.home));
  return env;
}

/** Entrypoint and Cmd; arguments of the caller take the place of Cmd. */
function commandOf(config: JsonValue | null, options: SpecOptions): string[] {
  const entrypoint: string[] = config === null ? [] : config.textsOf("Entrypoint");
  const rest: string[] = options.args.length > 0 ? options.args : config === null ? [] : config.textsOf("Cmd");
  return entrypoint.concat(rest);
}

/** The annotations of conversion.md; labels of the same name come before them. */
function annotationsOf(image: JsonValue, config: JsonValue | null, options: SpecOptions): Settings {
  const settings = new Settings();
  const prefix = "org.opencontainers.image.";
  const plain: string[] = ["os", "architecture", "variant", "author", "created", "os.version"];
  for (let i = 0; i < plain.length; i++) {
    const value = image.textOf(plain[i]);
    if (value != "") settings.set(prefix + plain[i], value);
  }
  if (config !== null) {
    const signal = config.textOf("StopSignal");
    if (signal != "") settings.set(prefix + "stopSignal", signal);
    const ports = config.objectOf("ExposedPorts");
    if (ports !== null && ports.names.length > 0) settings.set(prefix + "exposedPorts", ports.names.join(","));
    const labels = config.objectOf("Labels");
    if (labels !== null) for (let i = 0; i < labels.names.length; i++) settings.set(labels.names[i], labels.items[i].text);
  }
  for (let i = 0; i < options.annotations.length; i += 2) settings.set(options.annotations[i], options.annotations[i + 1]);
  return settings;
}

/** config.json of a container that runs the image with configuration `image` on the tree `root`; null with the problem told. */
export function makeSpec(image: JsonValue, root: string, user: User, options: SpecOptions): string | null {
  const config = image.objectOf("config");
  const args = commandOf(config, options);
  if (args.length == 0) {
    fail("names no program to run: give one");
    return null;
  }
  let cwd = config === null ? "" : config.textOf("WorkingDir");
  if (cwd == "") cwd = "/";
  if (!cwd.startsWith("/")) cwd = "/" + cwd;
  const capabilities = jsonTexts(CAPABILITIES);
  // Only root has them from the start; others get them by set-user-ID programs and file capabilities.
  const own = user.uid == 0 ? capabilities : "[]";
  const size = options.rows > 0 ? `"consoleSize":{"height":${options.rows},"width":${options.columns}},` : "";
  const groups = user.groups.length == 0 ? "" : `,"additionalGids":[${user.groups.join(",")}]`;
  return (
    `{"ociVersion":"1.0.2","process":{"terminal":${options.terminal ? "true" : "false"},${size}` +
    `"user":{"uid":${user.uid},"gid":${user.gid}${groups}},` +
    `"args":${jsonTexts(args)},"env":${jsonTexts(environment(config, user, options))},"cwd":${jsonText(cwd)},` +
    `"capabilities":{"bounding":${capabilities},"effective":${own},"permitted":${own}},` +
    `"rlimits":[{"type":"RLIMIT_NOFILE","soft":1024,"hard":524288}],"noNewPrivileges":false},` +
    `"root":{"path":${jsonText(root)},"readonly":false},"hostname":${jsonText(options.hostname)},` +
    `"mounts":[${MOUNTS}],"annotations":${annotationsOf(image, config, options).json()},` +
    `"linux":{"resources":{"devices":[{"allow":false,"access":"rwm"}]},"namespaces":[${NAMESPACES}],` +
    `"maskedPaths":${jsonTexts(MASKED)},"readonlyPaths":${jsonTexts(READ_ONLY)}}}\n`
  );
}
