// The image that is flashed to a stick boots by itself, from every kind of storage that firmware knows, under BIOS and UEFI, to the host's
// shell, and what stood on the boot medium is in /boot. The kernel needs no driver for that storage.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { debianFile } from "../scripts/lib/debian.ts";
import { runScript } from "../scripts/lib/process.ts";
import { Console } from "../scripts/testing/console.ts";

const IMAGE = "dist/cyrius.img";
const HOST_PROMPT = /\/ \$ \r?$/;
/** Firmware under an emulator on a busy machine takes its time. */
const BOOT_SECONDS = 240;

const storages: Record<string, string[]> = {
  AHCI: ["-device", "ide-hd,drive=disk,bus=ide.0"],
  NVMe: ["-device", "nvme,drive=disk,serial=1"],
  "virtio-blk": ["-device", "virtio-blk-pci,drive=disk"],
  USB: ["-device", "qemu-xhci,id=usb", "-device", "usb-storage,drive=disk,bus=usb.0"],
};

describe("the boot image", { concurrency: 2 }, () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-image-"));
  const archive = path.join(folder, "some-image.tar");
  after(() => fs.rmSync(folder, { recursive: true }));
  before(async () => {
    fs.writeFileSync(archive, "not read by anybody yet\n");
    await runScript("image", "--image", archive);
  });

  for (const firmware of ["BIOS", "UEFI"])
    for (const [storage, device] of Object.entries(storages))
      test(`boots under ${firmware} from ${storage}`, { timeout: 2 * BOOT_SECONDS * 1000 }, async () => {
        const variables = path.join(folder, `variables-${storage}`);
        const uefi = (file: string): string => debianFile("ovmf", `usr/share/OVMF/${file}`);
        if (firmware === "UEFI") fs.copyFileSync(uefi("OVMF_VARS_4M.fd"), variables);
        const console = new Console("qemu-system-x86_64", [
          ...["-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "512M", "-nodefaults", "-no-user-config", "-vga", "std"],
          ...["-display", "none", "-no-reboot", "-serial", "stdio"],
          ...["-drive", `if=none,id=disk,format=raw,snapshot=on,file=${IMAGE}`, ...device],
          ...(firmware === "BIOS" ? [] : ["-drive", `if=pflash,format=raw,readonly=on,file=${uefi("OVMF_CODE_4M.fd")}`]),
          ...(firmware === "BIOS" ? [] : ["-drive", `if=pflash,format=raw,file=${variables}`]),
        ]);
        try {
          await console.expect(HOST_PROMPT, BOOT_SECONDS);
          console.type("ls /boot\r");
          await console.expect(/cyrius\.toml/);
          await console.expect(/some-image\.tar/);
          await console.expect(HOST_PROMPT);
          console.type("cat /boot/some-image.tar\r");
          await console.expect(/\nnot read by anybody yet/);
          await console.expect(HOST_PROMPT);
          console.type("poweroff\r");
          await console.ended;
        } finally {
          console.kill();
        }
      });
});
