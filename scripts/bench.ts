// npm run bench [-- NAME...]: what operations cost, in instructions, beside recorded figures of Linux in the same QEMU (tests/bench/linux.json).
// The machine runs with -icount shift=0, where its clock advances by one nanosecond per instruction, so the figures repeat. Prints a
// table in Markdown; ends with status 1 if a figure could not be taken or is beyond its limit.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { buildGuestBundle } from "./lib/guest.ts";
import { lifecycleFigures } from "./lib/lifecycle.ts";
import { profile } from "./lib/profile.ts";
import { runScript } from "./lib/process.ts";
import { kernelFile, projectRoot } from "./lib/project.ts";

interface Recorded {
  figures: Record<string, number>;
  limits: Record<string, number>;
}

const LIMIT_SECONDS = 900;
const recorded = JSON.parse(fs.readFileSync("tests/bench/linux.json", "utf8")) as Recorded;
const measured = new Map<string, number>();
let failures = 0;

/** Runs a program of the guest bundle on a counted machine; its standard output, or undefined when it failed. */
function runCounted(bundle: string, args: string[]): string | undefined {
  const command = path.join(projectRoot, "dist/cyrius.js");
  const words = ["run", "--accel", "tcg", "--icount", "--timeout", String(LIMIT_SECONDS), bundle, ...args];
  const result = spawnSync(process.execPath, [command, ...words], { encoding: "utf8", maxBuffer: 1 << 24 });
  if (result.status === 0) return result.stdout;
  failures++;
  console.error(`${args.join(" ")}: status ${result.status}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** A number with thousands separated, as a person reads it. */
function readable(value: number | undefined): string {
  return value === undefined ? "" : value.toLocaleString("en", { maximumFractionDigits: 1 });
}

await runScript("build");
const bundle = await buildGuestBundle();

const options = parseArgs({
  options: { profile: { type: "string" }, operations: { type: "string" }, annotate: { type: "string", multiple: true } },
  allowPositionals: true,
});
if (options.values.profile !== undefined) {
  await profile(bundle, options.values.profile, Number(options.values.operations ?? 200), options.values.annotate ?? []);
  process.exit(0);
}

const first = /TSC ([0-9a-f]{16})/i.exec(runCounted(bundle, ["/bin/first"]) ?? "");
if (first) measured.set("boot_to_first_instruction", Number(BigInt(`0x${first[1]}`)));
// The time-stamp counter of a counted machine advances by one per nanosecond.
const counted = runCounted(bundle, ["/bin/count", "--hz", "1000000000", ...options.positionals]) ?? "";
for (const [, name, value] of counted.matchAll(/^(\w+) (\d+(?:\.\d+)?)$/gm)) measured.set(name as string, Number(value));

const lives = await lifecycleFigures(kernelFile, "build/guest/tiny");
if (lives.size === 0) failures++;
for (const [name, value] of lives) measured.set(name, value);

const stripped = "build/kernel.stripped.elf";
if (spawnSync("strip", ["-o", stripped, kernelFile]).status !== 0) failures++;
else measured.set("kernel_bytes", fs.statSync(stripped).size);

console.log("| figure | Cyrius | Linux | limit | |");
console.log("| --- | ---: | ---: | ---: | --- |");
for (const [name, value] of measured) {
  const limit = recorded.limits[name];
  const beyond = limit !== undefined && value > limit;
  if (beyond) failures++;
  const verdict = limit === undefined ? "" : beyond ? "beyond" : "within";
  console.log(`| ${name} | ${readable(value)} | ${readable(recorded.figures[name])} | ${readable(limit)} | ${verdict} |`);
}
process.exitCode = failures > 0 ? 1 : 0;
