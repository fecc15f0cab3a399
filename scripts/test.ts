// npm test [SUITE...]: runs the named suites, all of them by default, in this order:
//   unit     as-pect specs (*.spec.ts) of the kernel's code, in Node with the machine simulated
//   scripts  node:test files of the host side (scripts/**/*.test.ts)
//   system   node:test files that boot the kernel in QEMU (tests/**/*.test.ts); builds the kernel and the bundles first
// A file may be named in the place of a suite: npm test tests/command.test.ts, npm test kernel/mm/heap.spec.ts (as they are, nothing is
// built first). The last line sums up: `N passed, N failed`.

import fs from "node:fs";
import path from "node:path";
import { build as esbuild } from "esbuild";
import { glob } from "zx";
import { runSpecs } from "./lib/aspect.ts";
import { runNode, runScript } from "./lib/process.ts";

interface Tally {
  passed: number;
  failed: number;
}

/** Bundles node:test files into build/tests/ and runs them with `node --test`, one file after the other. */
async function runNodeTests(patterns: string[]): Promise<Tally> {
  const files = (await glob(patterns)).sort();
  if (files.length === 0) return { passed: 0, failed: 0 };
  await esbuild({
    entryPoints: files,
    outdir: "build/tests",
    outbase: ".",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    sourcemap: "inline",
    logLevel: "error",
  });
  const bundles = files.map((file) => path.join("build/tests", file.replace(/\.ts$/, ".mjs")));
  const summary = "build/tests/summary.tap";
  await runNode([
    "--enable-source-maps",
    "--test",
    "--test-concurrency=1",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=tap",
    `--test-reporter-destination=${summary}`,
    ...bundles,
  ]);
  const text = fs.readFileSync(summary, "utf8");
  const count = (name: string): number => Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
  return { passed: count("pass"), failed: count("fail") + count("cancelled") };
}

const suites: Record<string, () => Promise<Tally>> = {
  unit: () => runSpecs("{kernel,drivers,linuxabi,runtime,userland}/**/*.spec.ts"),
  scripts: () => runNodeTests(["scripts/**/*.test.ts"]),
  system: async () => {
    await runScript("build");
    await runScript("bundles");
    return runNodeTests(["tests/**/*.test.ts"]);
  },
};

function suiteOfFile(name: string): (() => Promise<Tally>) | undefined {
  if (!fs.existsSync(name)) return undefined;
  if (name.endsWith(".spec.ts")) return () => runSpecs(name);
  return name.endsWith(".test.ts") ? () => runNodeTests([name]) : undefined;
}

const names = process.argv.slice(2);
const total: Tally = { passed: 0, failed: 0 };
for (const name of names.length > 0 ? names : Object.keys(suites)) {
  const suite = suites[name] ?? suiteOfFile(name);
  if (!suite) {
    console.error(`unknown suite ${name}; there are: ${Object.keys(suites).join(", ")}`);
    process.exit(2);
  }
  const tally = await suite();
  console.log(`${name}: ${tally.passed} passed, ${tally.failed} failed`);
  if (tally.passed + tally.failed === 0) {
    console.error(`the suite ${name} ran no test`);
    tally.failed++;
  }
  total.passed += tally.passed;
  total.failed += tally.failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
