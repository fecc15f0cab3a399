// Counts what a container's life costs: boots the host world on a counted machine with userland/lifecycle in place of init.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { CpioWriter } from "./cpio.ts";
import { buildProgram } from "./userland.ts";

const ARCHIVE = "build/lifecycle.cpio";
const LIMIT_MS = 120_000;

/** Docker's default mounts and capabilities, as a container of every day has them. */
function config(): string {
  const tmpfs = (destination: string, ...options: string[]) => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", ...options],
  });
  const names = "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE";
  const all = names.split(" ").map((name) => `CAP_${name}`);
  return JSON.stringify({
    ociVersion: "1.0.2",
    process: {
      args: ["/tiny"],
      env: ["PATH=/bin"],
      cwd: "/",
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: all, effective: all, permitted: all },
    },
    root: { path: "rootfs" },
    hostname: "tiny",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      tmpfs("/dev", "mode=755", "size=65536k"),
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
      },
      tmpfs("/dev/shm", "nodev", "noexec", "mode=1777", "size=65536k"),
      { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
    ],
    linux: {
      namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })),
      maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  });
}

/** Figures by name, in instructions; empty when the machine did not come so far. `tiny` is a program that only exits. */
export async function lifecycleFigures(kernel: string, tiny: string): Promise<Map<string, number>> {
  const writer = new CpioWriter(ARCHIVE);
  for (const folder of ["bin", "dev", "mnt", "mnt/tiny", "mnt/tiny/rootfs", "proc", "run", "tmp"]) writer.addDirectory(folder);
  writer.add({ name: "bin/init", mode: 0o100755, data: fs.readFileSync(await buildProgram("lifecycle")) });
  writer.add({ name: "mnt/tiny/config.json", mode: 0o100644, data: Buffer.from(config()) });
  writer.add({ name: "mnt/tiny/rootfs/tiny", mode: 0o100755, data: fs.readFileSync(tiny) });
  writer.end();
  const counted = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "clock=vm"];
  const machine = [
    "-machine",
    "q35",
    "-accel",
    "tcg",
    "-cpu",
    "max",
    "-m",
    "256M",
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-no-reboot",
  ];
  const boot = ["-serial", "stdio", "-kernel", path.resolve(kernel), "-initrd", ARCHIVE, "-append", "quiet"];
  const { stdout } = spawnSync("qemu-system-x86_64", [...machine, ...counted, ...boot], {
    encoding: "utf8",
    timeout: LIMIT_MS,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Map([...(stdout ?? "").matchAll(/^(container_\w+) (\d+)\r?$/gm)].map(([, name, value]) => [name as string, Number(value)]));
}
