// The command line of `npm run bench`.

import { parseArgs } from "node:util";
import { Selection } from "./figures.ts";
import { type KernelName, kernelNames } from "./kernels.ts";
import { type Clock, DEFAULT_MEMORY_KIB } from "./machine.ts";

export interface BenchOptions {
  clock: Clock;
  linux: KernelName[];
  memoryKib: number;
  selection: Selection;
  /** Times that everything is measured in turn, on the wall clock. */
  rounds: number;
  json: string | undefined;
  markdown: string | undefined;
  /** Write the table into README.md, or on the wall clock into docs/performance.md. */
  readme: boolean;
  /** Compare with bench/expected.json, or write it. */
  check: boolean;
  update: boolean;
  /** Say where the instructions of one figure go, over so many operations, and print these functions. */
  profile: { figure: string; operations: number; annotate: string[] } | undefined;
}

export const USAGE = `usage: npm run bench -- [OPTION...] [FIGURE...]
  --only NAME,...     only these figures; * stands for anything
  --linux KERNEL,...  beside which Linux: cloud (the default), min, slob; none
  --memory SIZE       of the machines: 256M unless told otherwise
  --clock CLOCK       icount (the default): instructions, which repeat; wall: nanoseconds, best of many
  --rounds N          on the wall clock: how often everything is measured in turn (5)
  --json FILE, --md FILE, --readme   write the figures, the table, the table of README.md (of docs/performance.md for the wall clock)
  --check             Cyrius alone: status 1 when a figure is more than 3 % worse than in bench/expected.json
  --update            write bench/expected.json
  --profile NAME [--operations N] [--annotate FUNCTION]   where the instructions of a figure go`;

export class BenchUsageError extends Error {}

export function parseBenchOptions(words: string[]): BenchOptions {
  const fail = (message: string): never => {
    throw new BenchUsageError(`${message}\n${USAGE}`);
  };
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const parse = () =>
    parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        only: { type: "string", multiple: true, default: [] },
        ...{ linux: text, memory: text, clock: text, rounds: text, json: text, md: text, readme: flag, check: flag, update: flag },
        ...{ profile: text, operations: text, annotate: { type: "string", multiple: true, default: [] } },
      },
    });
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    return fail((error as Error).message);
  }
  const { values, positionals } = parsed;
  const list = (value: string): string[] => value.split(",").filter((name) => name !== "");

  const clock = values.clock ?? "icount";
  if (clock !== "icount" && clock !== "wall") return fail(`--clock ${clock}: there are icount and wall`);
  const alone = values.check || values.update;
  if (alone && (clock === "wall" || values.readme || values.linux !== undefined))
    return fail("--check and --update are for Cyrius' instructions: no --clock wall, no --linux, no --readme");
  const named = list(values.linux ?? (alone ? "none" : "cloud"));
  const linux = named.filter((name): name is KernelName => kernelNames.some((each) => each === name));
  const wrong = named.find((name) => name !== "none" && !linux.some((each) => each === name));
  if (wrong !== undefined) return fail(`--linux ${wrong}: there are ${kernelNames.join(", ")} and none`);
  if (values.rounds !== undefined && clock !== "wall") return fail("--rounds is for --clock wall: instructions repeat");
  const patterns = [...values.only.flatMap(list), ...positionals];
  if (values.readme && (patterns.length > 0 || linux.length === 0)) return fail("--readme is for the whole table: no names, and a Linux");
  const operations = Number(values.operations ?? 200);
  if (!Number.isInteger(operations) || operations < 1) return fail(`--operations ${values.operations}: not a number of operations`);
  const [, number, unit] = /^(\d+)([MG])$/.exec(values.memory ?? "") ?? [];
  if (values.memory !== undefined && (number === undefined || alone || values.readme))
    return fail(`--memory ${values.memory}: a number and M or G, and not with --check, --update or --readme`);
  const memoryKib = number === undefined ? DEFAULT_MEMORY_KIB : Number(number) * (unit === "G" ? 1 << 20 : 1 << 10);
  const rounds = Number(values.rounds ?? (clock === "wall" ? 5 : 1));
  if (!Number.isInteger(rounds) || rounds < 1) return fail(`--rounds ${values.rounds}: not a number of times`);
  return {
    clock,
    linux,
    memoryKib,
    selection: new Selection(patterns, !alone),
    rounds: clock === "wall" ? rounds : 1,
    json: values.json,
    markdown: values.md,
    readme: values.readme,
    check: values.check,
    update: values.update,
    profile: values.profile === undefined ? undefined : { figure: values.profile, operations, annotate: values.annotate },
  };
}
