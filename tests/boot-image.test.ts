// The image that is flashed to a stick boots by itself, from every kind of storage that firmware knows, under BIOS and UEFI, to the host's
// shell, and what stood on the boot medium is in /boot. The kernel needs no driver for that storage. A person without a serial line has
// the screen and the keyboard, and the power button.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { debianFile } from "../scripts/lib/debian.ts";
import { runScript } from "../scripts/lib/process.ts";
import { Console } from "../scripts/testing/console.ts";
import { Qmp } from "../scripts/testing/qmp.ts";

const IMAGE = "dist/cyrius.img";
const HOST_PROMPT = /\/ \$ \r?$/;
/** Firmware under an emulator on a busy machine takes its time. */
const BOOT_SECONDS = 240;

/** Where the screen's picture is kept. */
const PICTURES = "build/pictures";

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

  function bootImage(firmware: string, device: string[], name: string, more: string[] = []): Console {
    const variables = path.join(folder, `variables-${name}`);
    const uefi = (file: string): string => debianFile("ovmf", `usr/share/OVMF/${file}`);
    if (firmware === "UEFI") fs.copyFileSync(uefi("OVMF_VARS_4M.fd"), variables);
    return new Console("qemu-system-x86_64", [
      ...["-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "512M", "-nodefaults", "-no-user-config", "-vga", "std"],
      ...["-display", "none", "-no-reboot", "-serial", "stdio"],
      ...["-drive", `if=none,id=disk,format=raw,snapshot=on,file=${IMAGE}`, ...device],
      ...(firmware === "BIOS" ? [] : ["-drive", `if=pflash,format=raw,readonly=on,file=${uefi("OVMF_CODE_4M.fd")}`]),
      ...(firmware === "BIOS" ? [] : ["-drive", `if=pflash,format=raw,file=${variables}`]),
      ...more,
    ]);
  }

  for (const firmware of ["BIOS", "UEFI"])
    for (const [storage, device] of Object.entries(storages))
      test(`boots under ${firmware} from ${storage}`, { timeout: 2 * BOOT_SECONDS * 1000 }, async () => {
        const console = bootImage(firmware, device, storage);
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

  for (const firmware of ["BIOS", "UEFI"])
    test(`has a screen, a keyboard and a power button under ${firmware}`, { timeout: 2 * BOOT_SECONDS * 1000 }, async () => {
      const socket = path.join(folder, `qmp-${firmware}`);
      const console = bootImage(firmware, storages.AHCI ?? [], `screen-${firmware}`, ["-qmp", `unix:${socket},server=on,wait=off`]);
      try {
        await console.expect(HOST_PROMPT, BOOT_SECONDS);
        const person = await Qmp.connect(socket);
        // Shift, the arrow keys and Ctrl: "echo Yes" becomes "echo NoYes".
        await person.type("e", "c", "h", "o", "spc", "shift-y", "e", "s", "left", "left", "left", "shift-n", "o", "ret");
        await console.expect(/\nNoYes/);
        await console.expect(HOST_PROMPT);
        await person.type("x", "ctrl-c");
        await console.expect(HOST_PROMPT);

        fs.mkdirSync(PICTURES, { recursive: true });
        await person.screenshot(path.resolve(PICTURES, `screen-${firmware}.png`), "png");
        const picture = path.join(folder, `${firmware}.ppm`);
        await eventually(async () => {
          await person.screenshot(picture, "ppm");
          return lightLetters(picture) > 1000;
        });

        await person.execute("system_powerdown");
        await console.expect(/the power button was pressed: switching off/);
        assert.equal(await console.ended, 0);
        person.end();
      } finally {
        console.kill();
      }
    });
});

/** Waits until what is asked again and again is true. */
async function eventually(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Light pixels of a picture (PPM) that has a dark ground: those of letters. */
function lightLetters(file: string): number {
  const bytes = fs.readFileSync(file);
  const header = /^P6\n(\d+) (\d+)\n255\n/.exec(bytes.subarray(0, 64).toString("latin1"));
  if (!header) return 0; // not written yet
  let light = 0;
  for (let at = header[0].length; at + 2 < bytes.length; at += 3) if ((bytes[at + 1] ?? 0) > 128) light++;
  const all = Number(header[1]) * Number(header[2]);
  return light < all / 4 ? light : 0;
}
