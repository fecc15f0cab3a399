// npm run check [STEP...]: what must hold on every commit, all steps by default.
//   format  Prettier would change nothing
//   lint    ESLint: layers, the kernel's rules, TypeScript habits (eslint.config.js)
//   types   the scripts' types
//   layers  import cycles and @external only where they are allowed
//   coverage  docs/linux-coverage.md is that of linuxabi/table.ts (npm run coverage)
//   errors  the tables of tests/guest/errors/ are in order, and the programs they name check what they say
//   alloc   the compiled kernel refers to no allocator, collector or shadow stack of AssemblyScript's runtime

import fs from "node:fs";
import { glob } from "zx";
import { COVERAGE_FILE, callSupport, coverageText } from "./lib/coverage.ts";
import { callsWithoutRows, errorProblems, programSource, readErrorRows } from "./lib/errors.ts";
import { cycles, readImports } from "./lib/imports.ts";
import { runNode, runScript } from "./lib/process.ts";

/**
 * The core of the kernel: the objects of these folders hold each other (a process its files, a file its waiting threads), so their files may
 * import each other in circles. Nowhere else may files do so.
 */
const CORE = /^kernel\/(mm|task|vfs|fs|container|net)\//;

/** Where @external is not allowed; ESLint does not see decorators of functions. Specs may name what drives the simulated machine. */
const NO_EXTERNAL = /^(kernel|drivers|linuxabi|runtime)\/(?!.*(\.spec|\/testing)\.ts$)/;

function checkLayers(files: string[]): boolean {
  const wrong = cycles(readImports(files)).filter((cycle) => !cycle.every((file) => CORE.test(file)));
  for (const cycle of wrong) console.error(`these files import each other in a circle:\n  ${cycle.join("\n  ")}`);
  const external = files.filter((file) => NO_EXTERNAL.test(file) && /^\s*@external\b/m.test(fs.readFileSync(file, "utf8")));
  for (const file of external) console.error(`${file}: only shim/isa.ts may name imports of the module (@external)`);
  return wrong.length + external.length === 0;
}

function checkErrors(): boolean {
  const rows = readErrorRows();
  const calls = callSupport().filter(({ support }) => support !== "none");
  const problems = errorProblems(rows, new Set(calls.map(({ name }) => name)), programSource);
  for (const problem of problems) console.error(problem);
  const unnamed = callsWithoutRows(
    rows,
    calls.filter(({ support }) => support !== "off").map(({ name }) => name),
  );
  if (unnamed.length > 0) console.error(`no errors are tabled for ${unnamed.join(", ")}`);
  return problems.length === 0 && unnamed.length === 0;
}

async function checkAlloc(): Promise<boolean> {
  try {
    await runScript("build");
  } catch {
    return false; // the build has said why
  }
  const file = "build/kernel/kernel.wat";
  const lines = fs.readFileSync(file, "utf8").split("\n");
  const wrong = lines.flatMap((line, i) =>
    // The length of a string literal is read from the header before it: no allocation.
    /~lib\/rt\/(?!common\/OBJECT#get:rtSize)|__(new|alloc|renew|stack_pointer)\b/.test(line)
      ? [`${file}:${i + 1}: ${line.trim().slice(0, 120)}`]
      : [],
  );
  if (wrong.length > 0)
    console.error(`the kernel uses AssemblyScript's run-time memory (${wrong.length} lines):\n  ${wrong.slice(0, 20).join("\n  ")}`);
  return wrong.length === 0;
}

const node = async (...args: string[]): Promise<boolean> => (await runNode(args)) === 0;

const steps: Record<string, () => Promise<boolean>> = {
  format: () => node("node_modules/prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."),
  lint: () => node("node_modules/eslint/bin/eslint.js", "--max-warnings=0", "--cache", "--cache-location=build/eslint.json", "."),
  types: () => node("node_modules/typescript/bin/tsc", "--project", "."),
  layers: async () => checkLayers((await glob("{shim,kernel,drivers,linuxabi,runtime,userland}/**/*.ts")).sort()),
  coverage: async () => fs.existsSync(COVERAGE_FILE) && fs.readFileSync(COVERAGE_FILE, "utf8") === coverageText(),
  errors: async () => checkErrors(),
  alloc: checkAlloc,
};

const names = process.argv.slice(2);
let failed = 0;
for (const name of names.length > 0 ? names : Object.keys(steps)) {
  const step = steps[name];
  if (!step) {
    console.error(`unknown step ${name}; there are: ${Object.keys(steps).join(", ")}`);
    process.exit(2);
  }
  const good = await step();
  console.log(`${good ? "ok" : "FAILED"} ${name}`);
  if (!good) failed++;
}
process.exitCode = failed > 0 ? 1 : 0;
