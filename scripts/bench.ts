// npm run bench [-- OPTION... FIGURE...]: what operations cost on Cyrius and beside it on Linux with crun, in the same QEMU, with the same
// guest programs, in one run. Prints a table in Markdown; ends with status 1 if a figure could not be taken or is beyond its bar.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import prettier from "prettier";
import { Cyrius } from "./lib/bench/cyrius.ts";
import { compareFigures, describeComparison, readExpected, writeExpected } from "./lib/bench/expected.ts";
import { type Figures, hostFigures, matchesPattern } from "./lib/bench/figures.ts";
import { type LinuxKernel, provideKernel } from "./lib/bench/kernels.ts";
import { Linux } from "./lib/bench/linux.ts";
import { type BenchOptions, BenchUsageError, parseBenchOptions } from "./lib/bench/options.ts";
import { fetchCrun } from "./lib/bench/packages.ts";
import { describeSurroundings, surroundings } from "./lib/bench/surroundings.ts";
import { measure, type Setting, type System } from "./lib/bench/system.ts";
import { type Column, isBeyondBar, legend, markdownTable, replaceBlock } from "./lib/bench/table.ts";
import { buildGuestBundle, buildPrograms } from "./lib/guest.ts";
import { runScript } from "./lib/process.ts";
import { profile, profileLife } from "./lib/profile.ts";

/** Which document has the table of which clock. */
const DOCUMENTS = { icount: "README.md", wall: "docs/performance.md" };

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function readOptions(): BenchOptions {
  try {
    return parseBenchOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof BenchUsageError)) throw error;
    return fail(error.message);
  }
}

/** Compares Cyrius' figures with the expected ones, or makes them the expected ones; false when some got worse. */
function check(figures: Figures, options: BenchOptions): boolean {
  if (options.update) {
    writeExpected(figures, options.selection.patterns.length === 0);
    return true;
  }
  const expected = readExpected();
  const comparison = compareFigures(figures, expected, (name) => options.selection.has(name));
  for (const line of describeComparison(comparison, figures, expected)) console.log(line);
  console.log(`${comparison.worse.length} of ${figures.size} figures are worse than in bench/expected.json`);
  return comparison.worse.length === 0;
}

async function writeDocument(file: string, text: string): Promise<void> {
  const document = replaceBlock(fs.readFileSync(file, "utf8"), "npm run bench", text);
  const style = await prettier.resolveConfig(file);
  fs.writeFileSync(file, await prettier.format(document, { ...style, filepath: file }));
}

// What is registered for the end of the process ends machines and removes archives.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const options = readOptions();
await runScript("build");
const bundle = await buildGuestBundle();
const { clock, memoryKib } = options;
const setting: Setting = { clock, memoryKib, guestBundle: bundle, countWords: clock === "wall" ? ["--wall"] : [] };
if (options.profile) {
  const { figure, operations, annotate } = options.profile;
  if (figure === "container_life") await profileLife(await new Cyrius(setting).bootOf("lifecycle"), operations, annotate);
  else await profile(bundle, figure, operations, annotate);
  process.exit(0);
}
const kernels: LinuxKernel[] = options.linux.map(provideKernel);
const crun = kernels.length > 0 ? fetchCrun() : undefined;
const programs = await buildPrograms("linux");
const systems: System[] = [new Cyrius(setting)];
if (crun) for (const kernel of kernels) systems.push(new Linux(kernel, setting, crun, programs));
const counted = execFileSync(path.join(bundle, "rootfs/bin/count"), ["--list"], { encoding: "utf8" }).split("\n").slice(0, -1);
for (const pattern of options.selection.patterns)
  if (![...counted, ...hostFigures].some((name) => matchesPattern(pattern, name))) fail(`there is no figure ${pattern}`);

const results = await measure(systems, options.selection, counted, options.rounds);
const columns: Column[] = systems.map(({ title }, i) => ({ title, figures: results[i] as Figures }));
const own = columns[0]?.figures ?? new Map<string, number>();

const failed = systems.flatMap(({ title, failed }) => [...new Set(failed)].map((name) => `${title}: ${name} could not be measured`));
const beyond = [...own].filter(([name, value]) => isBeyondBar(name, value, clock)).map(([name]) => `${name} is beyond its bar`);
let good = failed.length === 0;

const about = surroundings(kernels, crun);
const text = [markdownTable(columns, clock), legend(clock), describeSurroundings(about, clock, memoryKib)].join("\n\n");
if (options.check || options.update) {
  good = check(own, options) && good;
} else {
  good &&= beyond.length === 0;
  console.log(text);
  for (const line of beyond) console.error(line);
}
if (options.markdown !== undefined) fs.writeFileSync(options.markdown, `${text}\n`);
if (options.json !== undefined) {
  const figures = Object.fromEntries(columns.map(({ title, figures }) => [title, Object.fromEntries(figures)]));
  fs.writeFileSync(options.json, `${JSON.stringify({ clock, memoryKib, ...about, figures }, null, 2)}\n`);
}
if (options.readme) await writeDocument(DOCUMENTS[clock], text);
for (const line of failed) console.error(line);
process.exitCode = good ? 0 : 1;
