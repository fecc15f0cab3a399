// Runs as-pect specs (*.spec.ts) and counts their results.

import { spawn } from "node:child_process";
import { glob } from "zx";
import { projectRoot } from "./project.ts";

interface Tally {
  passed: number;
  failed: number;
}

const ASPECT = ["node_modules/@as-pect/cli/bin/asp.js", "--config", "as-pect.config.js", "--as-config", "as-pect.asconfig.json"];
/** Widest output line shown; a crash of the compiler prints source lines of megabytes. */
const LINE_LIMIT = 300;

/** Runs one spec file in a process of its own, so that one that does not compile leaves the others alone. */
function runSpec(file: string): Promise<{ tally: Tally; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...ASPECT, file], { cwd: projectRoot, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", reject);
    child.on("close", (status) => {
      const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
      const [passed, total] = (/\[Tests\]: (\d+) \/ (\d+)/.exec(plain) ?? ["0", "0", "0"]).slice(1).map(Number) as [number, number];
      const failed = status === 0 && total > 0 ? total - passed : Math.max(1, total - passed);
      resolve({ tally: { passed, failed }, output: plain });
    });
  });
}

/** Runs all specs that match `pattern`, two at a time; prints a line for each and the whole output of those that fail. */
export async function runSpecs(pattern: string): Promise<Tally> {
  const files = (await glob(pattern)).sort();
  const total: Tally = { passed: 0, failed: 0 };
  const worker = async (): Promise<void> => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const { tally, output } = await runSpec(file);
      total.passed += tally.passed;
      total.failed += tally.failed;
      if (tally.failed === 0) console.log(`ok ${file}: ${tally.passed} tests`);
      else {
        const lines = output
          .replace(/^[^]*?ASC Version.*\n/, "")
          .split("\n")
          .map((line) => line.slice(0, LINE_LIMIT));
        console.log(`FAILED ${file}: ${tally.failed} of ${tally.passed + tally.failed} tests\n${lines.join("\n")}`);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  return total;
}
