// The tables of tests/guest/errors/: which conformance program shows which error of which system call, or why none can. A file holds one group of
// calls, a row is `call<tab>ERRNO<tab>program` or `call<tab>ERRNO<tab>- reason`, sorted by call and then by errno. In the place of the errno stand
// also `restart` (a program shows that the call goes on after a signal) and `-` (the call cannot fail; with `- reason`).

import fs from "node:fs";
import path from "node:path";

export const ERRORS_FOLDER = "tests/guest/errors";
const PROGRAMS_FOLDER = "tests/guest/conformance";
/** Lines of a program within which the call and the errno stand together: a check, formatted. */
const LINES_TOGETHER = 3;

export interface ErrorRow {
  /** Where it stands, `FILE:LINE`. */
  where: string;
  call: string;
  errno: string;
  /** The conformance program that shows it; undefined when there is none. */
  program: string | undefined;
  /** Why there is none; undefined when there is one. */
  reason: string | undefined;
}

/** The rows of one file; throws an error that names the line that is not a row. */
export function parseErrorRows(file: string, text: string): ErrorRow[] {
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new Error(`${file}: the last line does not end`);
  return lines.map((line, index) => {
    const where = `${file}:${index + 1}`;
    const found = /^(\w+)\t(E[A-Z0-9]+|restart|-)\t(?:- (\S.*)|([\w-]*\w))$/.exec(line);
    if (!found) throw new Error(`${where}: not of the form "call<tab>ERRNO<tab>program" or "call<tab>ERRNO<tab>- reason": ${line}`);
    const [, call, errno, reason, program] = found as unknown as [string, string, string, string?, string?];
    if (errno === "-" && program) throw new Error(`${where}: a call that cannot fail needs a reason, not a program`);
    return { where, call, errno, program, reason };
  });
}

/** True if some check of `source` names both the call (as `call`, as `SYS_call`, or as the C library does: without rt_ and 64) and the errno. */
export function mentions(source: string, call: string, errno: string): boolean {
  const names = `${call}|${call.replace(/^rt_/, "").replace(/64$/, "")}`;
  const callPattern = new RegExp(`(?<!\\w)(?:(?:SYS|CALL|__NR)_)?(?:${names})(?!\\w)`);
  const errnoPattern = errno === "restart" ? /restart/i : new RegExp(`(?<!\\w)${errno}(?!\\w)`);
  const lines = source.split("\n");
  return lines.some((line, index) => {
    if (!errnoPattern.test(line)) return false;
    const near = lines.slice(Math.max(0, index - LINES_TOGETHER + 1), index + LINES_TOGETHER);
    return near.some((other) => callPattern.test(other));
  });
}

/** What is wrong with the rows of one file, or of all: unknown calls, rows that stand twice or in the wrong order, programs that do not show it. */
export function errorProblems(rows: ErrorRow[], calls: ReadonlySet<string>, sourceOf: (program: string) => string | undefined): string[] {
  const first = new Map<string, string>();
  return rows.flatMap(({ where, call, errno, program }, index) => {
    const problems: string[] = [];
    const previous = rows[index - 1];
    const inSameFile = previous?.where.split(":")[0] === where.split(":")[0];
    const key = `${call}\t${errno}`;
    if (!calls.has(call)) problems.push(`${call} has no row in linuxabi/table.ts`);
    if (first.has(key)) problems.push(`${call} ${errno} stands in ${first.get(key)} already`);
    else if (previous && inSameFile && key < `${previous.call}\t${previous.errno}`) problems.push(`${call} ${errno} is out of order`);
    if (!first.has(key)) first.set(key, where);
    if (program !== undefined) {
      const source = sourceOf(program);
      if (source === undefined) problems.push(`there is no ${PROGRAMS_FOLDER}/${program}.c`);
      else if (!mentions(source, call, errno)) problems.push(`no check of ${program}.c names both ${call} and ${errno}`);
    }
    return problems.map((problem) => `${where}: ${problem}`);
  });
}

/** Those of `calls` that no row is about. */
export function callsWithoutRows(rows: ErrorRow[], calls: Iterable<string>): string[] {
  const named = new Set(rows.map(({ call }) => call));
  return [...calls].filter((call) => !named.has(call));
}

/** All rows of ERRORS_FOLDER. */
export function readErrorRows(): ErrorRow[] {
  const files = fs.readdirSync(ERRORS_FOLDER).filter((name) => name.endsWith(".tsv"));
  return files.sort().flatMap((name) => parseErrorRows(name, fs.readFileSync(path.join(ERRORS_FOLDER, name), "utf8")));
}

/** The text of a conformance program, undefined if there is none of that name. */
export function programSource(program: string): string | undefined {
  const file = path.join(PROGRAMS_FOLDER, `${program}.c`);
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
}

/** For each call, the errnos that a program shows, in order; "cannot fail" for one that has none. */
export function testedErrors(rows: ErrorRow[]): Map<string, string> {
  const tested = new Map<string, string>();
  for (const { call, errno, program } of rows) {
    const shown = errno === "-" ? "cannot fail" : program !== undefined ? errno : undefined;
    if (shown !== undefined) tested.set(call, tested.has(call) ? `${tested.get(call)} ${shown}` : shown);
  }
  return tested;
}
