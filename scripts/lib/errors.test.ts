// The tables of errors: what a row is, and what is found wrong with one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { callsWithoutRows, errorProblems, mentions, parseErrorRows, testedErrors } from "./errors.ts";

const PROGRAMS: Record<string, string> = {
  "open-errors": [
    '  fails("a file in the way", open("file/x", O_RDONLY), ENOTDIR);',
    "",
    '  fails("through a file, by a long name that takes more than one line",',
    "        pread(file, text, sizeof text,",
    "              -1), EINVAL);",
    "",
    "",
    '  fails("of a directory", mkdir_like(), EPERM);',
    '  check("read goes on: SA_RESTART", ok);',
  ].join("\n"),
};
const CALLS = new Set(["open", "pread64", "mkdir", "read", "getpid"]);

const problems = (text: string): string[] => errorProblems(parseErrorRows("f.tsv", text), CALLS, (name) => PROGRAMS[name]);

test("rows", () => {
  assert.deepEqual(parseErrorRows("f.tsv", "open\tEIO\t- of a failing disk\nopen\tENOTDIR\topen-errors\n"), [
    { where: "f.tsv:1", call: "open", errno: "EIO", program: undefined, reason: "of a failing disk" },
    { where: "f.tsv:2", call: "open", errno: "ENOTDIR", program: "open-errors", reason: undefined },
  ]);
  assert.deepEqual(parseErrorRows("f.tsv", ""), []);
  for (const wrong of [
    "open\tENOTDIR",
    "open ENOTDIR x",
    "open\tenotdir\tx",
    "open\tEIO\t-",
    "open\tEIO\t- ",
    "open\tEIO\tx y",
    "",
    "open\t-\tx",
  ])
    assert.throws(() => parseErrorRows("f.tsv", `open\tEIO\t- x\n${wrong}\n`), /f\.tsv:2/, wrong);
  assert.throws(() => parseErrorRows("f.tsv", "open\tEIO\t- x"), /does not end/);
});

test("good tables have no problems", () => {
  assert.deepEqual(
    problems("getpid\t-\t- cannot fail\nopen\tENOTDIR\topen-errors\npread64\tEINVAL\topen-errors\nread\trestart\topen-errors\n"),
    [],
  );
});

test("what is wrong is named with its place", () => {
  assert.deepEqual(problems("opens\tEIO\t- x\n"), ["f.tsv:1: opens has no row in linuxabi/table.ts"]);
  assert.deepEqual(problems("open\tEIO\t- x\nopen\tEIO\t- y\n"), ["f.tsv:2: open EIO stands in f.tsv:1 already"]);
  assert.deepEqual(problems("open\tEIO\t- x\nmkdir\tEIO\t- x\n"), ["f.tsv:2: mkdir EIO is out of order"]);
  assert.deepEqual(problems("open\tEIO\t- x\nopen\tEACCES\t- x\n"), ["f.tsv:2: open EACCES is out of order"]);
  assert.deepEqual(problems("open\tENOTDIR\topen\n"), ["f.tsv:1: there is no tests/guest/conformance/open.c"]);
  assert.deepEqual(problems("mkdir\tEPERM\topen-errors\n"), ["f.tsv:1: no check of open-errors.c names both mkdir and EPERM"]);
  assert.deepEqual(problems("open\tEPERM\topen-errors\n"), ["f.tsv:1: no check of open-errors.c names both open and EPERM"]);
});

test("two files may not have the same row, and each has its own order", () => {
  const rows = [...parseErrorRows("a.tsv", "open\tEIO\t- x\n"), ...parseErrorRows("b.tsv", "getpid\t-\t- cannot fail\nopen\tEIO\t- x\n")];
  assert.deepEqual(
    errorProblems(rows, CALLS, () => undefined),
    ["b.tsv:2: open EIO stands in a.tsv:1 already"],
  );
});

test("a call is a whole word, with or without SYS_", () => {
  assert.ok(mentions("syscall(SYS_mkdir, 0) EFAULT", "mkdir", "EFAULT"));
  assert.ok(mentions('fails("mkdir EFAULT", x)', "mkdir", "EFAULT"));
  assert.ok(mentions("fails(x, pread(1), EFAULT)", "pread64", "EFAULT"));
  assert.ok(!mentions("my_mkdir(0) EFAULT", "mkdir", "EFAULT"));
  assert.ok(!mentions("mkdirat(0) EFAULT", "mkdir", "EFAULT"));
  assert.ok(!mentions("mkdir(0) EFAULTS", "mkdir", "EFAULT"));
});

test("calls without rows, and what is tested of each", () => {
  const rows = parseErrorRows("f.tsv", "getpid\t-\t- cannot fail\nopen\tEIO\t- x\nopen\tENOENT\topen-errors\nopen\tENOTDIR\topen-errors\n");
  assert.deepEqual(callsWithoutRows(rows, CALLS), ["pread64", "mkdir", "read"]);
  assert.deepEqual(
    [...testedErrors(rows)],
    [
      ["getpid", "cannot fail"],
      ["open", "ENOENT ENOTDIR"],
    ],
  );
});
