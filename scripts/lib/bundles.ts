// Builds OCI bundles out of the Debian packages of this machine, unmodified: Debian's static BusyBox with a link for each applet, small
// files in /etc, more programs with the shared libraries they need, and a config.json.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const BUSYBOX = "/bin/busybox";
/** Time stamp of every file in a bundle (2025-01-01), so that a bundle is the same however often it is built. */
const TIME_STAMP = new Date(Date.UTC(2025, 0, 1));
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What Docker leaves a container by default. */
const CAPABILITIES = [
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

export interface BundleOptions {
  args: string[];
  terminal?: boolean;
  hostname?: string;
  env?: string[];
  /** Programs of this machine that come along, with their shared libraries. */
  programs?: string[];
  /** Files of the root file system: path and content. */
  files?: Record<string, string | Buffer>;
  /** The working directory; / when not given. */
  cwd?: string;
  /** Whether BusyBox and a link for each applet come along; they do when not given. */
  busybox?: boolean;
  /** Adds more to the root file system. */
  fill?: (rootfs: string) => void;
}

/** Makes the bundle in the directory `bundle`, in the place of an older one. */
export function makeBundle(bundle: string, options: BundleOptions): void {
  fs.rmSync(bundle, { recursive: true, force: true });
  const rootfs = path.join(bundle, "rootfs");
  fs.mkdirSync(rootfs, { recursive: true });
  for (const folder of ["dev", "etc", "proc", "root", "run", "sys", "tmp", "var/tmp"])
    fs.mkdirSync(path.join(rootfs, folder), { recursive: true });
  // As in Debian, /bin and its like are links into /usr.
  for (const folder of ["bin", "sbin", "lib", "lib64"]) {
    fs.mkdirSync(path.join(rootfs, "usr", folder), { recursive: true });
    fs.symlinkSync(`usr/${folder}`, path.join(rootfs, folder));
  }
  for (const folder of ["tmp", "var/tmp"]) fs.chmodSync(path.join(rootfs, folder), 0o1777);
  fs.chmodSync(path.join(rootfs, "root"), 0o700);
  addEtc(rootfs, options.hostname ?? "busybox");
  for (const program of options.programs ?? []) addProgram(rootfs, program);
  for (const [name, content] of Object.entries(options.files ?? {})) writeFile(rootfs, name, content);
  options.fill?.(rootfs);
  if (options.busybox !== false) addBusybox(rootfs);
  writeFile(bundle, "config.json", `${JSON.stringify(ociConfig(options), null, 2)}\n`);
  setTimes(bundle);
}

/** What users of a configuration add to it. */
export interface OciConfig extends Record<string, unknown> {
  mounts: { destination: string; type: string; source: string; options?: string[] }[];
}

/** The runtime configuration: what `runc spec` writes, with Docker's capabilities and a writable root. */
export function ociConfig(options: BundleOptions): OciConfig {
  const hostname = options.hostname ?? "busybox";
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: options.terminal ?? false,
      user: { uid: 0, gid: 0 },
      args: options.args,
      env: [PATH, "HOME=/root", "TERM=xterm", `HOSTNAME=${hostname}`, ...(options.env ?? [])],
      cwd: options.cwd ?? "/",
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 4096, soft: 1024 }],
      noNewPrivileges: false,
    },
    root: { path: "rootfs", readonly: false },
    hostname,
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"] },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
      },
      { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
      { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
      { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "relatime", "ro"] },
    ],
    linux: {
      resources: { devices: [{ allow: false, access: "rwm" }] },
      namespaces: ["pid", "network", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })),
      maskedPaths: [
        "/proc/acpi",
        "/proc/asound",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/sys/firmware",
        "/proc/scsi",
      ],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}

function writeFile(root: string, name: string, content: string | Buffer): void {
  const file = path.join(root, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  fs.chmodSync(file, 0o644);
}

function addBusybox(rootfs: string): void {
  const bin = path.join(rootfs, "usr/bin");
  copyProgram(BUSYBOX, path.join(bin, "busybox"));
  const applets = execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" }).trim().split("\n");
  // A program that came along is not in BusyBox's place.
  for (const applet of applets)
    if (!fs.lstatSync(path.join(bin, applet), { throwIfNoEntry: false })) fs.symlinkSync("busybox", path.join(bin, applet));
}

function addEtc(rootfs: string, hostname: string): void {
  const files = {
    passwd: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    group: "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    hosts: `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost\n`,
    hostname: `${hostname}\n`,
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
  };
  for (const [name, content] of Object.entries(files)) writeFile(rootfs, `etc/${name}`, content);
}

/** Adds a program at its own path, with its loader and libraries as ldd(1) lists them. */
function addProgram(rootfs: string, program: string): void {
  copyProgram(program, path.join(rootfs, program));
  const listed = execFileSync("ldd", [program], { encoding: "utf8" });
  for (const [, name] of listed.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)) copyProgram(name as string, path.join(rootfs, name as string));
}

function copyProgram(from: string, to: string): void {
  if (fs.existsSync(to)) return;
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.copyFileSync(from, to);
  fs.chmodSync(to, 0o755);
}

function setTimes(file: string): void {
  if (fs.lstatSync(file).isDirectory()) for (const child of fs.readdirSync(file)) setTimes(path.join(file, child));
  fs.lutimesSync(file, TIME_STAMP, TIME_STAMP);
}
