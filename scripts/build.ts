// `npm run build`: the kernel (build/kernel.elf) and the host world's programs (build/userland/). `--debug` builds build/kernel-debug.elf, for
// a debugger.

import { buildKernel } from "./lib/kernel.ts";
import { buildUserland } from "./lib/userland.ts";

await buildKernel(process.argv.includes("--debug") ? "debug" : "release");
await buildUserland();
