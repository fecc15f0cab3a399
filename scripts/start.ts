// npm start [-- QEMU-ARGUMENT...]: builds everything and boots the system in QEMU with its console on this terminal: a shell of the host
// world, with a BusyBox bundle in /mnt/busybox. `poweroff` ends it, and so does Ctrl-A X.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { packHostWorld } from "./lib/host-archive.ts";
import { defaultAccelerator } from "./lib/machine.ts";
import { runScript } from "./lib/process.ts";
import { bundlesFolder, kernelFile } from "./lib/project.ts";

const ARCHIVE = "build/host.cpio";

await runScript("build");
await runScript("bundles");
await packHostWorld(ARCHIVE, [path.join(bundlesFolder, "busybox")]);

// Of the terminal's size a serial line tells nothing. Kernel messages stay in `dmesg`.
const { rows, columns } = process.stdout;
const size = process.stdout.isTTY ? ` rows=${rows} columns=${columns}` : "";
const accelerator = defaultAccelerator();
const qemu = [
  "qemu-system-x86_64",
  ...["-machine", "q35", "-accel", accelerator, "-cpu", accelerator === "kvm" ? "host" : "max", "-m", "256M"],
  ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "mon:stdio"],
  ...["-kernel", kernelFile, "-initrd", ARCHIVE, "-append", `quiet${size}`],
  ...process.argv.slice(2),
];
// QEMU ends with us even when we are killed.
if (fs.existsSync("/usr/bin/setpriv")) qemu.unshift("/usr/bin/setpriv", "--pdeathsig", "KILL", "--");
const result = spawnSync(qemu[0] as string, qemu.slice(1), { stdio: "inherit" });
if (result.error) throw result.error;
process.exitCode = result.status ?? 1;
