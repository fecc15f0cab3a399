// The list of system calls and the document that is made with it.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { callNames, coverageText, lacking } from "./coverage.ts";

/** Calls that programs make by another name, or only the kernel's signal return. */
const ALIASES = new Set(["pselect6", "signalfd4", "restart_syscall"]);
/** Names by number of this machine's kernel headers, from Debian's linux-libc-dev (which libc6-dev needs). */
const HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";

test("numbers and names are Linux's, in order", () => {
  const names = callNames();
  const numbers = [...names.keys()];
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(names.values()).size, names.size, "a name is there twice");
  for (const [, name, number] of fs.readFileSync(HEADER, "utf8").matchAll(/^#define __NR_(\w+) (\d+)$/gm))
    if (names.has(Number(number)) || Number(number) < 452) assert.equal(names.get(Number(number)), name, `call ${number}`);
});

test("what a handler lacks is taken from its documentation", () => {
  const source = [
    "/** first(2). Lacks: NOTHING. */",
    "export function other(): void {}",
    "/**",
    " * second(2). Lacks: FLAG_A,",
    " * FLAG_B.",
    " */",
    "export function sysSecond(t: Thread): Result {",
    "/** third(2): whole. */",
    "export function sysThird(t: Thread): Result {",
    "export function sysFourth(): Result {",
  ].join("\n");
  assert.equal(lacking(source, "sysSecond"), "FLAG_A, FLAG_B");
  assert.equal(lacking(source, "sysThird"), undefined);
  assert.equal(lacking(source, "sysFourth"), undefined);
  assert.equal(lacking(source, "sysNone"), undefined);
});

test("the document has a row for every call", () => {
  const text = coverageText();
  for (const [number, name] of callNames())
    assert.match(text, new RegExp(`^\\| ${number} \\| ${name} \\| (whole|partial|off|none) \\|`, "m"));
  assert.match(text, /^\| 101 \| ptrace \| off \| EPERM \|/m);
  assert.match(text, /^\| 165 \| mount \| partial \| MS_SHARED/m);
});

test("every call that is not off stands in a conformance program", () => {
  const folder = "tests/guest/conformance";
  const programs = fs.readdirSync(folder).map((file) => fs.readFileSync(`${folder}/${file}`, "utf8"));
  const words = new Set(programs.flatMap((text) => text.match(/\w+/g) ?? []).map((word) => word.replace(/^(SYS|CALL)_/, "")));
  const rows = coverageText().matchAll(/^\| \d+ \| (\w+) \| (?:whole|partial) \|/gm);
  const absent = [...rows].map(([, name]) => name as string).filter((name) => !words.has(name) && !words.has(name.replace(/64$/, "")));
  assert.deepEqual(
    absent.filter((name) => !ALIASES.has(name)),
    [],
  );
});
