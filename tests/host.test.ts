// The host's system calls on the real kernel: userland/calls in place of init checks each of them.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { CpioWriter } from "../scripts/lib/cpio.ts";
import { bundlesFolder, kernelFile } from "../scripts/lib/project.ts";
import { buildProgram } from "../scripts/lib/userland.ts";

const ARCHIVE = "build/calls.cpio";
/** What powerOff writes to the debug-exit device: QEMU's status is (0 << 1) | 1. */
const STATUS_OFF = 1;

test("the host's system calls do what docs/host-syscalls.md says", { timeout: 120_000 }, async () => {
  const writer = new CpioWriter(ARCHIVE);
  for (const folder of ["bin", "mnt", "tmp"]) writer.addDirectory(folder);
  writer.add({ name: "bin/init", mode: 0o100755, data: fs.readFileSync(await buildProgram("calls")) });
  writer.addTree(path.join(bundlesFolder, "busybox"), "mnt/busybox");
  writer.end();
  const qemu = [
    ...[
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
    ],
    ...["-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
    ...["-kernel", kernelFile, "-initrd", ARCHIVE, "-append", "debug-exit=244"],
  ];
  const run = spawnSync("qemu-system-x86_64", qemu, { stdio: ["ignore", "pipe", "inherit"], timeout: 60_000, killSignal: "SIGKILL" });
  const output = run.stdout.toString().replaceAll("\r", "");
  assert.match(output, /^\d+ checks, 0 failed$/m, output);
  assert.equal(run.status, STATUS_OFF, output);
});
