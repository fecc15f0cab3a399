// `cyrius run` with the real kernel: exit statuses, streams, signals, malformed bundles.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { buildGuestBundle } from "../scripts/lib/guest.ts";
import { runBundle, startBundle } from "../scripts/testing/run-bundle.ts";

test("the exit status is the container's", async () => {
  assert.equal((await runBundle("busybox", ["sh", "-c", "exit 7"])).status, 7);
  // Process 1 of a container cannot end itself by a signal, but its children can.
  assert.equal((await runBundle("busybox", ["sh", "-c", "kill -9 $$; exit 3"])).status, 3);
  assert.equal((await runBundle("busybox", ["sh", "-c", "sh -c 'kill -9 $$'; exit $?"])).status, 137);
});

test("a program that is not found gives 127, one that cannot be executed 126", async () => {
  const absent = await runBundle("busybox", ["/no/such/program"]);
  assert.equal(absent.status, 127);
  assert.match(absent.stderr, /^cyrius: create: .*\/no\/such\/program/);
  assert.equal((await runBundle("busybox", ["/etc/passwd"])).status, 126);
});

test("standard output and error are separate, and nothing is added", async () => {
  const result = await runBundle("busybox", ["sh", "-c", "printf 'a\\0\\377\\n'; printf error >&2"]);
  assert.deepEqual([...result.stdout], [97, 0, 255, 10]);
  assert.equal(result.stderr, "error");
});

test("100 MB of random bytes go through cat unchanged", async () => {
  const data = Buffer.concat(Array.from({ length: 100 }, () => randomBytes(1_000_000)));
  const running = startBundle("busybox", ["cat"], ["-i"]);
  running.child.stdin?.end(data);
  const { stdout, status, stderr } = await running.ended;
  assert.equal(status, 0, stderr);
  const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  assert.equal(hash(stdout), hash(data));
});

test("without -i the input is empty; with it, it ends when ours does", async () => {
  assert.equal((await runBundle("busybox", ["wc", "-c"])).stdout.toString(), "0\n");
  const running = startBundle("busybox", ["wc", "-c"], ["-i"]);
  running.child.stdin?.end("12345");
  assert.equal((await running.ended).stdout.toString(), "5\n");
});

test("a reader that goes away ends the writer with SIGPIPE", async () => {
  // Not as process 1, to which signals that it does not handle do nothing.
  const running = startBundle("busybox", ["sh", "-c", "yes; exit $?"]);
  await running.output("y\n");
  running.child.stdout?.destroy();
  assert.equal((await running.ended).status, 128 + 13);
});

test("signals reach the container's init", async () => {
  const script = "trap 'echo usr1' USR1; trap 'echo int; exit 3' INT; echo ready; while :; do sleep 0.1; done";
  const running = startBundle("busybox", ["sh", "-c", script]);
  await running.output("ready\n");
  running.child.kill("SIGUSR1");
  await running.output("usr1\n");
  running.child.kill("SIGINT");
  const { status, stdout } = await running.ended;
  assert.deepEqual([status, stdout.toString()], [3, "ready\nusr1\nint\n"]);
});

test("-t gives the container a terminal", async () => {
  const running = startBundle("busybox", ["sh", "-c", "tty; stty size; read line; echo got $line"], ["-i", "-t"]);
  await running.output("24 80");
  running.child.stdin?.end("hello\n");
  const { stdout, status, stderr } = await running.ended;
  assert.equal(status, 0, stderr);
  assert.match(stdout.toString(), /^\/dev\/(pts\/\d+|console)\r\n24 80\r\nhello\r\ngot hello\r\n$/);
});

test("--missing names the calls and flags that are not there, and what is off", async () => {
  await buildGuestBundle();
  const calls = ["500", "500", "170000", "157:9999", "157:9999", "28:0:0:100", "425:1", "39"];
  const { stderr, status } = await runBundle("guest", ["/bin/call", ...calls], ["--missing"]);
  assert.equal(status, 0);
  const lines = stderr.split("\n");
  assert.equal(lines[0], "cyrius: system calls the kernel lacks:");
  for (const line of ["500 ? 2", "511 ? 1", "157 prctl option=0x270f 2", "28 madvise advice=0x64 1", "425 io_uring_setup off 1"])
    assert.ok(lines.includes(line), stderr);
  assert.ok(!stderr.includes("getpid"), stderr);
});

test("--timeout ends a container that does not end", async () => {
  assert.equal((await runBundle("busybox", ["sleep", "1000"], ["--timeout", "3"])).status, 124);
});
