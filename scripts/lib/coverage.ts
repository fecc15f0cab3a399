// docs/linux-coverage.md: every Linux system call, with what linuxabi/table.ts has for it. A call is "whole" unless its handler's documentation says
// what it lacks ("Lacks: ..."), "off" when it answers as Linux does where it is switched off or not permitted, and "none" without a row.

import fs from "node:fs";
import path from "node:path";
import { ERRORS_FOLDER, readErrorRows, testedErrors } from "./errors.ts";

export const COVERAGE_FILE = "docs/linux-coverage.md";
const TABLE = "linuxabi/table.ts";
/** Rows of calls that are off. */
const OFF_ROWS = "linuxabi/off.ts";
/** Functions that stand between the table and handlers with many arguments. */
const ROWS = "linuxabi/rows.ts";
const NAMES = "linuxabi/types/calls.ts";

/** Handlers of calls that are not to be had in a container, and what they answer. */
const OFF = new Map([
  ["sysNotPermitted", "EPERM"],
  ["sysGone", "ENOSYS"],
  ["sysNotConfigured", "ENOSYS"],
  ["sysIoUringSetup", "EPERM, as with kernel.io_uring_disabled = 2"],
  ["sysIoUringEnter", "no descriptor is a ring"],
  ["sysIoUringRegister", "no descriptor is a ring"],
]);

/** All calls that Linux has, by number. */
export function callNames(): Map<number, string> {
  const text = fs.readFileSync(NAMES, "utf8");
  return new Map([...text.matchAll(/^(?:.*`)?(\d+) (\w+)$/gm)].map(([, number, name]) => [Number(number), name as string]));
}

/** What the documentation of the function `name` in `source` says after "Lacks:", on one line; undefined when it says nothing of the kind. */
export function lacking(source: string, name: string): string | undefined {
  const at = source.search(new RegExp(`^export function ${name}\\(`, "m"));
  const comment = at < 0 ? undefined : /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(source.slice(0, at))?.[1];
  const words = comment?.replaceAll(/\n\s*\*/g, " ").replaceAll(/\s+/g, " ");
  return words && /Lacks: (.*?)\.? ?$/.exec(words)?.[1];
}

/** Where the functions that `text` imports are. */
function importsOf(text: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const [, list, from] of text.matchAll(/^import \{([^}]*)\} from "([^"]+)"/gm))
    for (const name of (list as string).split(",")) files.set(name.trim(), `${path.join(path.dirname(TABLE), from as string)}.ts`);
  return files;
}

/** What the comment of a row says after the call's name: "// uselib: without CONFIG_USELIB". */
function reasons(table: string): Map<number, string> {
  const rows = [...table.matchAll(/^\s*case (\d+):.*\/\/ \w+: (.+)$/gm)];
  return new Map(rows.map(([, number, reason]) => [Number(number), reason as string]));
}

/** The handler of each number that has a row; functions of ROWS are followed. */
function handlers(table: string, rowFunctions: string): Map<number, string> {
  const inner = new Map(
    [...rowFunctions.matchAll(/^export function (row\w+)\(.*\{\n\s*return (\w+)\(/gm)].map(([, row, handler]) => [row, handler]),
  );
  const rows = [...table.matchAll(/^\s*case (\d+):\s*return (?:registersSaved \? )?(-?[\w.]+)/gm)];
  if (rows.length === 0) throw new Error(`${TABLE} has no rows of the form "case NUMBER: return HANDLER"`);
  return new Map(rows.map(([, number, handler]) => [Number(number), inner.get(handler as string) ?? (handler as string)]));
}

/** What the table has for one call. */
interface CallSupport {
  number: number;
  name: string;
  support: "whole" | "partial" | "off" | "none";
  /** What it lacks, or what it answers instead. */
  remark: string;
  file: string;
}

/** What the table as it is has for every call. */
export function callSupport(): CallSupport[] {
  const offRows = fs.readFileSync(OFF_ROWS, "utf8");
  const table = fs.readFileSync(TABLE, "utf8") + offRows;
  const rowFunctions = fs.readFileSync(ROWS, "utf8");
  const files = new Map([...importsOf(table), ...importsOf(rowFunctions)]);
  const sources = new Map<string, string>();
  const sourceOf = (file: string): string => {
    if (!sources.has(file)) sources.set(file, fs.readFileSync(file, "utf8"));
    return sources.get(file) as string;
  };
  const called = handlers(table, rowFunctions);
  const why = reasons(table);
  const supportOf = (number: number, name: string): CallSupport => {
    const handler = called.get(number);
    if (handler === undefined) return { number, name, support: "none", remark: "", file: "" };
    const off = OFF.get(handler);
    const file = files.get(handler);
    const reason = why.get(number);
    if (off !== undefined) return { number, name, support: "off", remark: reason ? `${off}, ${reason}` : off, file: file ?? TABLE };
    const lacks = file && lacking(sourceOf(file), handler);
    return { number, name, support: lacks ? "partial" : "whole", remark: lacks ?? "", file: file ?? TABLE };
  };
  const names = callNames();
  const unnamed = [...called.keys()].filter((number) => !names.has(number));
  if (unnamed.length > 0) throw new Error(`${TABLE} has rows for ${unnamed.join(", ")}, which ${NAMES} does not name`);
  const calls = [...names].map(([number, name]) => supportOf(number, name));
  // Who counts what it refuses says so in words too.
  for (const [file, source] of sources)
    if (/\b(unsupported|missingFlag)\(t, /.test(source) && !source.includes("Lacks: "))
      throw new Error(
        `${file} refuses what it does not support (kernel/container/missing.ts), but no handler's documentation says "Lacks: ..."`,
      );
  return calls;
}

/** The document for the table and the tests as they are. */
export function coverageText(): string {
  const tested = testedErrors(readErrorRows());
  const rows = callSupport().map(
    ({ number, name, support, remark, file }) => `| ${number} | ${name} | ${support} | ${remark} | ${tested.get(name) ?? ""} | ${file} |`,
  );
  return `# Linux system calls

Made from \`${TABLE}\` and \`${ERRORS_FOLDER}\` by \`npm run coverage\`; do not edit. A call is _whole_, or _partial_ without what the fourth column names, which its handler
refuses as a Linux without it does; _off_ calls answer as Linux does where they are switched off or not permitted; calls with _none_ give ENOSYS.
\`cyrius run --missing\` lists which of all these a container asked for. The fifth column has the errors that a program of tests/guest/conformance shows
here as on Linux; those that none can show stand with their reasons in \`${ERRORS_FOLDER}\`.

| nr | call | support | lacks, or answers | errors tested | file |
| -- | ---- | ------- | ----------------- | ------------- | ---- |
${rows.join("\n")}
`;
}
