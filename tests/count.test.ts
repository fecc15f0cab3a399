// The benchmark program (tests/guest/bench/count/): every figure can be taken, on Linux and under Cyrius, and its options do what they say.
// Values are not judged here; npm run bench does that.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { before, test } from "node:test";
import { buildGuestBundle, guestBundle, type GuestProgram, type GuestResult } from "../scripts/lib/guest.ts";
import { cyriusResults } from "../scripts/lib/guest-cyrius.ts";
import { linuxResults } from "../scripts/lib/guest-linux.ts";

/** Few operations each: a thousandth of what a measurement takes. */
const all: GuestProgram = { name: "count", arguments: ["--hz", "1e9", "--scale", "0.001"], isFirst: false, timeout: 180 };

/** Runs the program on this machine's Linux, as it is. */
function count(args: string[], input = ""): { status: number | null; lines: string[]; errors: string } {
  const run = spawnSync(`${guestBundle}/rootfs/bin/count`, args, { encoding: "utf8", input, timeout: 60_000 });
  return { status: run.status, lines: run.stdout.split("\n").slice(0, -1), errors: run.stderr };
}

/** The figures that a system lacks; fails unless each figure has its line, in order, and none says that it failed. */
function lacking(result: GuestResult | undefined): string[] {
  assert.ok(result, "it did not end");
  const lines = result.output.split("\n").slice(0, -1);
  const lacks: string[] = [];
  const names = lines.map((line) => {
    const [, name = "", rest = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
    assert.match(rest, /^(\d+(\.\d)?|LACKING E[A-Z]+)$/, line);
    if (rest.startsWith("LACKING")) lacks.push(name);
    return name;
  });
  assert.deepEqual(names, count(["--list"]).lines);
  assert.equal(result.status, 0);
  return lacks;
}

before(async () => {
  await buildGuestBundle();
});

test("every figure can be taken on Linux", () => {
  assert.deepEqual(lacking(linuxResults([all]).get("count")), []);
});

test("every figure can be taken under Cyrius", () => {
  const { results, complaint } = cyriusResults([all]);
  const lacks = lacking(results.get("count"));
  assert.deepEqual(lacks, [], complaint);
});

test("names choose figures, and a star chooses all that begin alike", () => {
  const { status, lines } = count(["--wall", "--scale", "0.001", "futex*", "getppid"]);
  assert.equal(status, 0);
  assert.deepEqual(
    lines.map((line) => line.split(" ")[0]),
    ["getppid", "futex_pingpong", "futex_wake_none"],
  );
});

test("for a profiler, it stops before and after the operations", () => {
  const { status, lines } = count(["--mark", "--operations", "3", "eventfd_write_read"], "ab");
  assert.equal(status, 0);
  assert.deepEqual(lines, ["MARK ready eventfd_write_read", "MARK done eventfd_write_read"]);
});

test("what cannot be done is refused with status 2", () => {
  for (const args of [
    ["nothing"],
    ["--scale", "0"],
    ["--operations", "1.5"],
    ["--operations", "1", "--scale", "1"],
    ["--mark", "--wall"],
  ]) {
    const { status, lines, errors } = count(args);
    assert.equal(status, 2, args.join(" "));
    assert.deepEqual(lines, []);
    assert.match(errors, /usage:/);
  }
});
