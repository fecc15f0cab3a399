// npm start [-- QEMU-ARGUMENT...]: builds everything and boots the system in QEMU with its console on this terminal: a shell of the host
// world, with a BusyBox bundle in /mnt/busybox. `poweroff` ends it, and so does Ctrl-A X. The host's services are at their ports of this machine, as far
// as nobody else has them.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { packHostWorld } from "./lib/host-archive.ts";
import { defaultAccelerator, networkArguments, networkOption } from "./lib/machine.ts";
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

/** Ports of the services that init runs (userland/init/services.ts). */
const SERVICES = [
  { port: 12345, name: "TCP echo" },
  { port: 9090, name: "status page" },
];

/** Whether nobody on this machine listens there. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

const hostForwards: string[] = [];
for (const { port, name } of SERVICES)
  if (await isFree(port)) hostForwards.push(`tcp:127.0.0.1:${port}-:${port}`);
  else process.stderr.write(`port ${port} of this machine is in use, so the ${name} cannot be reached from it\n`);

const qemu = [
  "qemu-system-x86_64",
  ...["-machine", "q35", "-accel", accelerator, "-cpu", accelerator === "kvm" ? "host" : "max", "-m", "256M"],
  ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", "mon:stdio"],
  ...["-kernel", kernelFile, "-initrd", ARCHIVE, "-append", `quiet ${networkOption()}${size}`],
  ...networkArguments({ type: "q35", hostForwards }),
  ...process.argv.slice(2),
];
// QEMU ends with us even when we are killed.
if (fs.existsSync("/usr/bin/setpriv")) qemu.unshift("/usr/bin/setpriv", "--pdeathsig", "KILL", "--");
const result = spawnSync(qemu[0] as string, qemu.slice(1), { stdio: "inherit" });
if (result.error) throw result.error;
process.exitCode = result.status ?? 1;
