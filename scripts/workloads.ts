// workloads [--write] [NAME...]: runs the workloads of tests/workloads/, each on a machine of its own, compares what they print, and says how
// much memory each took at most. --write puts the figures into docs/workloads.md. The kernel and the bundles are built first.

import fs from "node:fs";
import path from "node:path";
import { runScript } from "./lib/process.ts";
import { bundlesFolder } from "./lib/project.ts";
import { expectedOutput, readWorkloads, type Workload } from "./lib/workloads.ts";
import { Lab } from "./testing/lab.ts";

const MIB = 2 ** 20;
const FRAME_BYTES = 4096;
const DOCUMENT = "docs/workloads.md";

interface Figures {
  passed: boolean;
  /** The root file system, which lies in memory as the boot archive. */
  bundleBytes: number;
  /** Everything else at its most: the kernel, processes, what was written to files. */
  peakBytes: number;
}

async function measure(workload: Workload): Promise<Figures> {
  const bundle = path.join(bundlesFolder, workload.name);
  let bundleBytes = 0;
  for (const entry of fs.readdirSync(bundle, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bundleBytes += fs.statSync(path.join(entry.parentPath, entry.name)).size;
  const lab = await Lab.boot((archive) => archive.addTree(bundle, "bundle"), { memory: workload.memory });
  try {
    const streams = lab.streams();
    const running = lab.run(workload.name, "/bundle", streams);
    streams.closeInput();
    const { code, signal } = await running;
    const { framesUsable, framesLeastFree } = await lab.allStats();
    const expected = fs.readFileSync(expectedOutput(workload), "utf8");
    const passed = signal === 0 && code === workload.status && streams.output === expected;
    return { passed, bundleBytes, peakBytes: (framesUsable - framesLeastFree) * FRAME_BYTES };
  } finally {
    await lab.end();
  }
}

function documentText(rows: string[]): string {
  return [
    "# Workloads",
    "",
    "Unmodified programs of Debian and npm packages that `npm test` runs in a container (tests/workloads/, tests/packages.test.ts), and the",
    "memory that each took. _Bundle_ is the size of its files, which lie in memory as the boot archive brought them; _peak_ is all other memory of",
    "the machine at its most: kernel, processes, and what they wrote to files. Made by `node scripts/run.mjs workloads --write`; do not edit.",
    "",
    "| workload | what | bundle (MiB) | peak (MiB) |",
    "| --- | --- | ---: | ---: |",
    ...rows,
    "",
  ].join("\n");
}

const words = process.argv.slice(2);
const names = words.filter((word) => word !== "--write");
const workloads = readWorkloads().filter(({ name }) => names.length === 0 || names.includes(name));
if (workloads.length < Math.max(1, names.length)) throw new Error(`unknown among ${names.join(" ")}`);
await runScript("build");
await runScript("bundles", ...workloads.map(({ name }) => name));
const rows: string[] = [];
for (const workload of workloads) {
  const { passed, bundleBytes, peakBytes } = await measure(workload);
  const [bundle, peak] = [bundleBytes, peakBytes].map((bytes) => (bytes / MIB).toFixed(1));
  console.log(`${passed ? "ok    " : "FAILED"} ${workload.name}: bundle ${bundle} MiB, peak ${peak} MiB`);
  if (!passed) process.exitCode = 1;
  rows.push(`| ${workload.name} | ${workload.what} | ${bundle} | ${peak} |`);
}
if (words.includes("--write") && names.length === 0 && process.exitCode === undefined) {
  fs.writeFileSync(DOCUMENT, documentText(rows));
  await runScript("format");
}
