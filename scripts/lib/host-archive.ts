// The host world's root file system, as the archive the kernel unpacks at boot: init and the shell, and the bundles under /mnt.

import fs from "node:fs";
import path from "node:path";
import { CpioWriter } from "./cpio.ts";
import { buildUserland } from "./userland.ts";

/** Where host programs go; a program that is not listed is found as /bin/NAME. */
const PLACES: Record<string, string> = { shell: "bin/sh" };
/** Programs of tests and measurements, which boot them in place of init. */
const NOT_FOR_PEOPLE = new Set(["calls", "density", "lifecycle"]);

/** Builds the host programs and writes the archive `file`; `bundles` are directories that appear as /mnt/NAME. */
export async function packHostWorld(file: string, bundles: string[]): Promise<void> {
  const programs = await buildUserland();
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const writer = new CpioWriter(file);
  for (const folder of ["bin", "dev", "etc", "mnt", "proc", "run"]) writer.addDirectory(folder);
  writer.addDirectory("root", 0o700);
  writer.addDirectory("tmp", 0o1777);
  for (const [name, built] of programs)
    if (!NOT_FOR_PEOPLE.has(name)) writer.add({ name: PLACES[name] ?? `bin/${name}`, mode: 0o100755, data: fs.readFileSync(built) });
  for (const bundle of bundles) writer.addTree(bundle, `mnt/${path.basename(bundle)}`);
  writer.end();
}
