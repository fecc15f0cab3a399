// guest-test [--torture] [--verbose] [--alone] [NAME...]: runs the guest test programs on this machine's Linux and under Cyrius, and compares
// the bytes they print and their exit statuses. --alone gives each a machine of its own. Ends with `N passed, M failed`, status 1 unless all
// passed. Torture programs always have one. `npm test` does the same through tests/guest.test.ts.

import { batches, buildGuestBundle, conformancePrograms, torturePrograms } from "./lib/guest.ts";
import type { GuestResult } from "./lib/guest.ts";
import { batchSize, cyriusResults, differences } from "./lib/guest-cyrius.ts";
import { linuxResults } from "./lib/guest-linux.ts";

/** Differing lines that are shown of one program without --verbose. */
const SHOWN = 12;

const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith("--"));
const isVerbose = words.includes("--verbose");

/** True if the program printed the same on both; otherwise says what differs. */
function passes(name: string, linux: GuestResult | undefined, cyrius: GuestResult | undefined): boolean {
  if (!linux || !cyrius) {
    console.log(`FAIL ${name}: no result from ${linux ? "Cyrius" : "Linux"}`);
    return false;
  }
  const lines = differences(linux, cyrius);
  if (lines.length > 0) console.log(`FAIL ${name}`);
  else if (isVerbose) console.log(`ok ${name}`);
  for (const line of isVerbose ? lines : lines.slice(0, SHOWN)) console.log(`  ${line}`);
  return lines.length === 0;
}

await buildGuestBundle();
const all = [...conformancePrograms(), ...torturePrograms()];
const chosen = words.includes("--torture") ? torturePrograms() : conformancePrograms();
const programs = names.length > 0 ? all.filter(({ name }) => names.includes(name)) : chosen;
const linux = linuxResults(programs);
let passed = 0;
const isAlone = words.includes("--alone") || words.includes("--torture");
for (const batch of batches(programs, isAlone ? 1 : batchSize)) {
  const { results, complaint } = cyriusResults(batch, isVerbose ? ["--missing"] : []);
  passed += batch.filter(({ name }) => passes(name, linux.get(name), results.get(name))).length;
  if (complaint && (isVerbose || batch.some(({ name }) => !results.has(name)))) console.log(complaint);
}
console.log(`${passed} passed, ${programs.length - passed} failed`);
process.exitCode = passed === programs.length ? 0 : 1;
