// Archives with a host program of the measurements in place of init (userland/lifecycle, userland/density), and the bundles it runs:
// containers of every day, as `runc spec` and Docker have them.

import fs from "node:fs";
import path from "node:path";
import { ociConfig } from "./bundles.ts";
import { CpioWriter } from "./cpio.ts";
import { buildProgram } from "./userland.ts";

/** The file of the bundle `first`, bound into its container, in which its program leaves `TSC` and 16 digits. */
const FIRST_FILE = { name: "first", bytes: 21 };
const FIRST_MOUNT = { destination: `/${FIRST_FILE.name}`, type: "bind", source: FIRST_FILE.name, options: ["bind"] };

const BUNDLES = { lifecycle: ["tiny", "first"], density: ["sleeper"] };

/** Writes the archive that boots `program`; the programs of the bundles come from the folder `bin`. Its path. */
export async function lifecycleArchive(program: keyof typeof BUNDLES, bin: string): Promise<string> {
  const file = `build/${program}.cpio`;
  const writer = new CpioWriter(file);
  for (const folder of ["bin", "dev", "mnt", "proc", "run", "tmp"]) writer.addDirectory(folder);
  writer.add({ name: "bin/init", mode: 0o100755, data: fs.readFileSync(await buildProgram(program)) });
  for (const name of BUNDLES[program]) {
    const isFirst = name === "first";
    const config = ociConfig({ args: [`/bin/${name}`, ...(isFirst ? [FIRST_MOUNT.destination] : [])], hostname: name });
    if (isFirst) config.mounts.push(FIRST_MOUNT);
    const rootfs = `mnt/${name}/rootfs`;
    for (const folder of [`mnt/${name}`, rootfs, ...["bin", "dev", "proc", "sys"].map((each) => `${rootfs}/${each}`)])
      writer.addDirectory(folder);
    writer.add({ name: `mnt/${name}/config.json`, mode: 0o100644, data: Buffer.from(JSON.stringify(config)) });
    writer.add({ name: `${rootfs}/bin/${name}`, mode: 0o100755, data: fs.readFileSync(path.join(bin, name)) });
    if (!isFirst) continue;
    for (const file of [`mnt/${name}/${FIRST_FILE.name}`, `${rootfs}/${FIRST_FILE.name}`])
      writer.add({ name: file, mode: 0o100644, data: Buffer.alloc(FIRST_FILE.bytes) });
  }
  writer.end();
  return file;
}
