// docs/linux-coverage.md: the Linux system calls of linuxabi/table.ts, with their handlers.

import fs from "node:fs";
import path from "node:path";

export const COVERAGE_FILE = "docs/linux-coverage.md";
const TABLE = "linuxabi/table.ts";
/** Names by number, from Debian's linux-libc-dev (which libc6-dev needs). */
const NUMBERS = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";

/** The document for the table as it is. */
export function coverageText(): string {
  const table = fs.readFileSync(TABLE, "utf8");
  const names = new Map<number, string>();
  for (const [, name, number] of fs.readFileSync(NUMBERS, "utf8").matchAll(/^#define __NR_(\w+) (\d+)$/gm))
    names.set(Number(number), name as string);

  const files = new Map<string, string>();
  for (const [, list, from] of table.matchAll(/^import \{([^}]*)\} from "([^"]+)"/gm))
    for (const name of (list as string).split(",")) files.set(name.trim(), `${path.join(path.dirname(TABLE), from as string)}.ts`);

  const rows = [...table.matchAll(/^\s*case (\d+):\s*return (-?[\w.]+)/gm)].map(([, number, handler]) => {
    const file = files.get(handler as string) ?? TABLE;
    return `| ${number} | ${names.get(Number(number)) ?? "?"} | \`${handler}\` | ${file} |`;
  });
  if (rows.length === 0) throw new Error(`${TABLE} has no rows of the form "case NUMBER: return HANDLER"`);
  return `# Linux system calls

Made from \`${TABLE}\` by \`npm run coverage\`; do not edit. ${rows.length} calls have a row. Any other gives ENOSYS and is counted for the container that
made it: \`cyrius run --missing\` lists them. What a call does not support yet, its handler says.

| nr | call | handler | file |
| -- | ---- | ------- | ---- |
${rows.join("\n")}
`;
}
