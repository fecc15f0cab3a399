// guest-linux [--again] [NAME...]: runs the guest test programs on this machine's Linux and records what they print in build/guest/expected/.
// A line that says FAIL there is a wrong expectation of the program, and fails the run.

import { buildGuestBundle, conformancePrograms, torturePrograms } from "./lib/guest.ts";
import { linuxResults } from "./lib/guest-linux.ts";

const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith("--"));
await buildGuestBundle();
const programs = [...conformancePrograms(), ...torturePrograms()].filter(({ name }) => names.length === 0 || names.includes(name));
const results = linuxResults(programs, words.includes("--again"));

let failures = 0;
for (const { name } of programs) {
  const result = results.get(name);
  const bad = result?.output.split("\n").filter((line) => line.startsWith("FAIL")) ?? ["no result"];
  if (result && (result.status === 1 || result.status >= 99) && bad.length === 0) bad.push(`exit status ${result.status}`);
  for (const line of bad) console.log(`${name}: ${line}`);
  failures += bad.length;
}
console.log(`${programs.length} programs ran on Linux, ${failures} wrong expectations`);
process.exitCode = failures === 0 ? 0 : 1;
