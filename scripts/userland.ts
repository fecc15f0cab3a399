// `node scripts/run.mjs userland [linux]`: builds the host programs alone, or as Linux programs for trying them out.

import fs from "node:fs";
import { buildProgram, programNames } from "./lib/userland.ts";

const linux = process.argv[2] === "linux";
for (const name of programNames()) {
  const file = await buildProgram(name, linux);
  console.log(`${file} ${fs.statSync(file).size} bytes`);
}
