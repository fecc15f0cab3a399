// `node scripts/run.mjs userland`: builds the host programs alone, and the loader that runs them on Linux: build/userland-loader
// build/userland/shell is the host's shell in a terminal of this machine.

import fs from "node:fs";
import { buildLoader, buildUserland } from "./lib/userland.ts";

for (const file of (await buildUserland()).values()) console.log(`${file} ${fs.statSync(file).size} bytes`);
console.log(await buildLoader());
