// The `cyrius` command. It is bundled into dist/cyrius.js by scripts/run.mjs and uses nothing but Node.

import { run } from "./lib/run-command.ts";
import { parseRunOptions, USAGE, UsageError } from "./lib/run-options.ts";

async function main(words: string[]): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === "--help" || verb === "-h" || verb === "help") {
    process.stdout.write(USAGE);
    return 0;
  }
  if (verb !== "run")
    throw new UsageError(verb === undefined ? `no command given\n${USAGE.trimEnd()}` : `unknown command ${verb}; there is: run`);
  const options = parseRunOptions(rest);
  if (options !== "help") return run(options);
  process.stdout.write(USAGE);
  return 0;
}

/** An expected failure is told in one line; anything else is a bug of ours and shows where. */
function report(error: unknown): void {
  const expected = error instanceof UsageError || (error instanceof Error && "code" in error);
  const text = error instanceof Error ? (expected ? error.message : error.stack) : String(error);
  process.stderr.write(`cyrius: ${text}\n`);
  process.exit(125);
}

process.on("uncaughtException", report);
process.on("unhandledRejection", report);
main(process.argv.slice(2)).then((status) => process.exit(status), report);
