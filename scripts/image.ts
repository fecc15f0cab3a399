// npm run image [-- --image ARCHIVE]... [--size MIB] [--settings FILE]: makes dist/cyrius.img, a bootable disk to flash to a stick or to
// give to a virtual machine. Archives of images are baked into its containers/; more can be copied there later.

import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { makeBootImage } from "./lib/boot-image.ts";
import { packHostWorld } from "./lib/host-archive.ts";
import { runScript } from "./lib/process.ts";
import { kernelFile } from "./lib/project.ts";
import { buildUefiLoader } from "./lib/uefi-loader.ts";

const OUTPUT = "dist/cyrius.img";
const SYSTEM = "build/image/system.cpio";

const { values } = parseArgs({
  options: { image: { type: "string", multiple: true, default: [] }, size: { type: "string" }, settings: { type: "string" } },
});
const size = values.size === undefined ? undefined : Number(values.size);
if (size !== undefined && !(Number.isInteger(size) && size >= 64)) throw new Error("--size: a number of MiB from 64 on");
for (const archive of values.image) if (!fs.existsSync(archive)) throw new Error(`--image: ${archive}: no such file`);

await runScript("build");
fs.mkdirSync(path.dirname(SYSTEM), { recursive: true });
await packHostWorld(SYSTEM, []);
await makeBootImage(
  OUTPUT,
  {
    kernel: kernelFile,
    uefiLoader: await buildUefiLoader(),
    system: SYSTEM,
    settings: values.settings ?? "scripts/cyrius.toml",
    containers: values.image,
  },
  size,
);
console.log(`${OUTPUT}: ${Math.round(fs.statSync(OUTPUT).size / 2 ** 20)} MiB`);
