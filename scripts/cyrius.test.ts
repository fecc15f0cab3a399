// The `cyrius` command as a process, with a simulated machine behind it (scripts/testing/fake-guest.ts).

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test as nodeTest } from "node:test";
import { build } from "esbuild";
import { projectRoot } from "./lib/project.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-test-"));
const temporary = path.join(folder, "tmp");
const fakeGuest = path.join(folder, "fake-guest.mjs");
const command = path.join(projectRoot, "dist/cyrius.js");
const environment = { ...process.env, CYRIUS_QEMU: fakeGuest, TMPDIR: temporary };

/** A test that fails when it hangs. */
function test(name: string, body: () => Promise<void>): void {
  void nodeTest(name, { timeout: 60_000 }, body);
}

before(async () => {
  fs.mkdirSync(temporary);
  await build({
    absWorkingDir: projectRoot,
    entryPoints: ["scripts/testing/fake-guest.ts"],
    outfile: fakeGuest,
    bundle: true,
    platform: "node",
    format: "esm",
    banner: { js: "#!/usr/bin/env node" },
  });
  fs.chmodSync(fakeGuest, 0o755);
  fs.writeFileSync(path.join(folder, "kernel.elf"), "");
});
after(() => fs.rmSync(folder, { recursive: true }));

/** Makes a bundle whose process runs `args` of the fake guest. */
function makeBundle(config: unknown = { process: { args: ["exit", "0"] }, root: { path: "rootfs" } }): string {
  const bundle = fs.mkdtempSync(path.join(folder, "bundle-"));
  fs.mkdirSync(path.join(bundle, "rootfs"));
  fs.writeFileSync(path.join(bundle, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
  return bundle;
}

function start(words: string[], stdio: ("pipe" | "ignore")[] = ["ignore", "pipe", "pipe"]): ChildProcess {
  const args = [command, "run", "--kernel", path.join(folder, "kernel.elf"), ...words];
  return spawn(process.execPath, args, { env: environment, stdio });
}

interface Result {
  status: number | null;
  stdout: Buffer;
  stderr: string;
}

async function finish(child: ChildProcess): Promise<Result> {
  const stdout: Buffer[] = [];
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  assert.deepEqual(fs.readdirSync(temporary), [], "nothing is left behind");
  return { status, stdout: Buffer.concat(stdout), stderr };
}

const runFake = (...words: string[]): Promise<Result> => finish(start([...words]));

test("the exit status is the container's", async () => {
  const bundle = makeBundle();
  const plain = await runFake(bundle);
  assert.deepEqual([plain.status, plain.stdout.length, plain.stderr], [0, 0, ""]);
  assert.equal((await runFake(bundle, "exit", "7")).status, 7);
  assert.equal((await runFake(bundle, "--", "exit", "255")).status, 255);
  assert.equal((await runFake(bundle, "killed", "9")).status, 137);
});

test("standard output and error are separate and byte for byte the container's", async () => {
  const result = await runFake(makeBundle(), "both");
  assert.deepEqual([...result.stdout], [0, 255, 10, 13, 0]);
  assert.equal(result.stderr, "to stderr");
});

test("without -i the container's input is empty", async () => {
  const child = start([makeBundle(), "length"], ["pipe", "pipe", "pipe"]);
  child.stdin?.on("error", () => {});
  child.stdin?.write("not for you");
  assert.equal((await finish(child)).stdout.toString(), "0\n");
});

test("20 MB go through -i and back unchanged", async () => {
  const data = Buffer.alloc(20_000_000);
  for (let i = 0; i < data.length; i += 4) data.writeUInt32LE((i * 2654435761) % 2 ** 32, i);
  const child = start(["-i", makeBundle(), "cat"], ["pipe", "pipe", "pipe"]);
  child.stdin?.end(data);
  const { status, stdout } = await finish(child);
  assert.equal(status, 0);
  const hash = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  assert.equal(hash(stdout), hash(data));
});

test("an empty input ends at once", async () => {
  assert.equal((await finish(start(["-i", makeBundle(), "length"]))).stdout.toString(), "0\n");
});

test("a reader that stops stops the container instead of filling our memory", async () => {
  const child = start([makeBundle(), "flood"]);
  await new Promise((resolve) => setTimeout(resolve, 1500)); // nobody reads
  const status = fs.readFileSync(`/proc/${child.pid}/status`, "utf8");
  const residentKib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  assert.ok(residentKib > 0 && residentKib < 150_000, `${residentKib} KiB resident`);
  child.kill("SIGINT");
  setTimeout(() => child.kill("SIGINT"), 300); // two at once would be one
  child.stdout?.resume();
  await new Promise((resolve) => child.on("close", resolve));
});

test("a reader that goes away closes the container's stream", async () => {
  const child = start([makeBundle(), "flood"]);
  child.stdout?.once("data", () => child.stdout?.destroy());
  assert.equal((await finish(child)).status, 128 + 13);
});

test("a container that closes its input ends although ours goes on", async () => {
  const child = start(["-i", makeBundle(), "deaf"], ["pipe", "pipe", "pipe"]);
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  assert.equal((await finish(child)).status, 0);
});

for (const [name, status, number] of [
  ["SIGTERM", 5, 15],
  ["SIGINT", 6, 2],
  ["SIGHUP", 6, 1],
  ["SIGUSR1", 6, 10],
] as const)
  test(`${name} is passed on to the container`, async () => {
    const child = start([makeBundle(), "trap"]);
    child.stdout?.once("data", () => child.kill(name));
    const result = await finish(child);
    assert.equal(result.status, status);
    assert.equal(result.stdout.toString(), `ready\nsignal ${number}\n`);
  });

test("a second SIGINT ends the machine", async () => {
  const child = start([makeBundle(), "stubborn"]);
  child.stdout?.once("data", () => {
    child.kill("SIGINT");
    setTimeout(() => child.kill("SIGINT"), 300);
  });
  assert.equal((await finish(child)).status, 130);
});

test("a machine that does not answer a signal is ended", async () => {
  const child = start([makeBundle(), "stubborn"]);
  child.stdout?.once("data", () => child.kill("SIGTERM"));
  const result = await finish(child);
  assert.equal(result.status, 125);
  assert.match(result.stderr, /does not answer/);
});

test("--timeout ends the machine with status 124", async () => {
  for (const words of [["stubborn"], ["trap"]]) {
    const result = await runFake("--timeout", "0.6", makeBundle(), ...words);
    assert.equal(result.status, 124);
    assert.match(result.stderr, /no end within 0.6 s/);
  }
  assert.equal((await runFake("--timeout", "0.6", "--append", "silent", makeBundle())).status, 124);
});

test("a kernel panic is shown and gives 125", async () => {
  const log = path.join(folder, "kernel.log");
  const result = await runFake("--kernel-log", log, "--append", "extra=1", makeBundle(), "panic");
  assert.equal(result.status, 125);
  assert.match(result.stderr, /^cyrius: the machine stopped \(QEMU's status 3\).*:\nkernel panic: assertion failed.*\n {2}at wakeAll\n$/s);
  assert.match(fs.readFileSync(log, "utf8"), /^command line: control=1 debug-exit net=\S+ extra=1\nbooting\n/);
});

test("a kernel that breaks the protocol gives 125", async () => {
  const result = await runFake(makeBundle(), "garbage");
  assert.equal(result.status, 125);
  assert.match(result.stderr, /a frame of \d+ bytes/);
});

test("a kernel that sends more than the credit given is refused", async () => {
  const child = start([makeBundle(), "greedy"]); // nobody reads its output, so credit is not renewed
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve) => child.on("exit", resolve));
  child.stdout?.resume();
  assert.equal(status, 125);
  assert.match(stderr, /more output on stream 1 than the credit given/);
});

test("what the kernel refuses is said, with the status it recommends", async () => {
  const missing = await runFake(makeBundle(), "nosuch");
  assert.deepEqual([missing.status, missing.stderr], [127, "cyrius: create: process.args: nosuch not found\n"]);
  const malformed = await runFake(makeBundle('{"process": {'), "echo", "hi");
  assert.deepEqual([malformed.status, malformed.stderr], [125, "cyrius: create: config.json: malformed\n"]);
});

test("--missing prints the report", async () => {
  const result = await runFake("--missing", makeBundle());
  assert.deepEqual([result.status, result.stderr], [0, "cyrius: system calls the kernel lacks:\n333 io_pgetevents 2\n"]);
});

test("options change config.json", async () => {
  const bundle = makeBundle({ process: { args: ["a"], env: ["A=1", "B=2"], terminal: true, cwd: "/" }, root: { path: "rootfs" } });
  const show = async (...words: string[]): Promise<unknown> => JSON.parse((await runFake(...words, bundle, "config")).stdout.toString());
  assert.deepEqual(await show(), { args: ["config"], env: ["A=1", "B=2"], terminal: false, cwd: "/" });
  assert.deepEqual(await show("-t", "-e", "B=x=é", "--env=C="), {
    args: ["config"],
    env: ["A=1", "B=x=é", "C="],
    terminal: true,
    cwd: "/",
  });
});

test("mistakes on the command line give 125 and a message", async () => {
  const cases: [string[], RegExp][] = [
    [[], /no BUNDLE given/],
    [["--nonsense", "x"], /unknown option --nonsense/],
    [["--memory", "much", "x"], /--memory: "much" is not valid/],
    [["--machine", "vax", "x"], /"vax" is none of q35, microvm/],
    [["--timeout"], /--timeout needs a value/],
    [[path.join(folder, "nowhere")], /nowhere is not a directory/],
  ];
  for (const [words, pattern] of cases) {
    const result = await runFake(...words);
    assert.equal(result.status, 125);
    assert.match(result.stderr, pattern);
  }
  const large = makeBundle();
  fs.writeFileSync(path.join(large, "rootfs/big"), Buffer.alloc(17 << 20));
  assert.match((await runFake("--memory", "16M", large)).stderr, /takes 18 MiB.*--memory/);
});

test("a QEMU that cannot start gives 125 and its complaint", async () => {
  const result = spawnSync(process.execPath, [command, "run", "--kernel", fakeGuest, makeBundle()], {
    env: { ...environment, CYRIUS_QEMU: "/nonexistent/qemu" },
    encoding: "utf8",
  });
  assert.equal(result.status, 125);
  assert.match(result.stderr, /\/nonexistent\/qemu/);
});
