// Where things are. Scripts run with the project's root as their working directory; the `cyrius` command does not, and asks here.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The folder with the project's package.json, found upwards from the running bundle (build/scripts/ or dist/). */
export const projectRoot: string = findRoot();

function findRoot(): string {
  let folder = path.dirname(fs.realpathSync(fileURLToPath(import.meta.url)));
  while (!fs.existsSync(path.join(folder, "package.json"))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error("package.json of the project not found");
    folder = parent;
  }
  return folder;
}

/** The bootable kernel that `npm run build` makes. */
export const kernelFile: string = path.join(projectRoot, "build/kernel.elf");

/** OCI bundles made by scripts/bundles.ts. */
export const bundlesFolder: string = path.join(projectRoot, "build/bundles");
