// npm start [-- QEMU-ARGUMENT...]: builds everything and boots the system in QEMU with its console on this terminal: a shell of the host
// world, with a BusyBox bundle in /mnt/busybox. `poweroff` ends it, and so does Ctrl-A X.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { packHostWorld } from "./lib/host-archive.ts";
import { defaultAccelerator } from "./lib/machine.ts";
import { runScript } from "./lib/process.ts";
import { bundlesFolder, kernelFile } from "./lib/project.ts";

const ARCHIVE = "build/host.cpio";

await runScript("build");
await runScript("bundles");
await packHostWorld(ARCHIVE, [path.join(bundlesFolder, "busybox")]);

const accelerator = defaultAccelerator();
const qemu = [
  ...["-machine", "q35", "-accel", accelerator, "-cpu", accelerator === "kvm" ? "host" : "max", "-m", "256M"],
  ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "mon:stdio"],
  ...["-kernel", kernelFile, "-initrd", ARCHIVE],
  ...process.argv.slice(2),
];
const result = spawnSync("qemu-system-x86_64", qemu, { stdio: "inherit" });
if (result.error) throw result.error;
process.exitCode = result.status ?? 1;
