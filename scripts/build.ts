// `npm run build`: the kernel, the host world's programs, the boot archive. `--debug` builds the kernel without optimisation.

import { buildKernel } from "./lib/kernel.ts";

await buildKernel(process.argv.includes("--debug") ? "debug" : "release");
