// What one container does to itself is no other's business: it uses up memory, pids and descriptors, or throws random system calls at the
// kernel, while a second one does its work to the end; and when it is gone, what it used up is back.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import type { CpioWriter } from "../scripts/lib/cpio.ts";
import { buildGuestBundle } from "../scripts/lib/guest.ts";
import { DeleteFlag } from "../scripts/lib/protocol.ts";
import { addBundle, type Ending, Lab, labConfig } from "../scripts/testing/lab.ts";

const timeout = 120_000;

/** Creates processes, pipes and files all the time, checks what it gets, and ends when it is told to. */
const worker = `
  rounds=0
  echo working
  until [ -e /tmp/stop ]; do
    test "$(echo one two three | cat)" = "one two three" || exit 1
    echo $rounds > /tmp/count
    test "$(cat /tmp/count)" = $rounds || exit 2
    rounds=$((rounds + 1))
  done
  test $rounds -gt 0 && echo done`;
/** A configuration for programs that become another user. */
function capable(args: string[]): object {
  const config = labConfig(args);
  const names = ["CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_MKNOD", "CAP_SETPCAP"];
  const capabilities = { bounding: names, permitted: names, effective: names };
  return { ...config, process: { ...(config.process as object), capabilities } };
}

function limited(args: string[], resources: object): object {
  return { ...labConfig(args), linux: { resources, namespaces: [{ type: "pid" }, { type: "mount" }] } };
}

function fill(archive: CpioWriter, guestRoot: string): void {
  archive.addTree(guestRoot, "guest");
  const limit = 32 << 20;
  addBundle(archive, "worker", labConfig(["/bin/sh", "-c", worker]));
  addBundle(archive, "memory-within-limit", limited(["/bin/exhaust-memory", "48"], { memory: { limit } }));
  addBundle(archive, "pids-within-limit", limited(["/bin/exhaust-pids"], { pids: { limit: 64 } }));
  addBundle(archive, "pids-of-user", capable(["/bin/exhaust-pids", "200"]));
  addBundle(archive, "descriptors", labConfig(["/bin/exhaust-fds"]));
  addBundle(archive, "few-random-calls", capable(["/bin/fuzz", "2", "20000"]));
  addBundle(archive, "random-calls", capable(["/bin/fuzz", "1", "1000000"]));
}

let lab: Lab;
before(async () => {
  const bundle = await buildGuestBundle();
  lab = await Lab.boot((archive) => fill(archive, `${bundle}/rootfs`), { memory: "128M" });
});
afterEach(async () => {
  // Whatever a failed test left behind is not to fail the next one.
  for (const { id } of await lab.list()) await lab.delete(id, DeleteFlag.force);
});
after(() => lab.end());

/** Runs a bundle to its end; what it printed and how it ended. */
async function run(bundle: string): Promise<{ ending: Ending; output: string; errors: string }> {
  const streams = lab.streams();
  streams.closeInput();
  const ending = await lab.run(bundle, `/${bundle}`, streams);
  return { ending, output: streams.output, errors: streams.errors };
}

/** Runs `bundle` beside a worker, which must not notice. */
async function runBesideWorker(bundle: string): ReturnType<typeof run> {
  const streams = lab.streams();
  streams.closeInput();
  const working = lab.run("worker", "/worker", streams);
  await streams.printed("working\n");
  const result = await run(bundle);
  const stop = { args: ["/bin/sh", "-c", "echo > /tmp/stop"], cwd: "/", env: ["PATH=/bin"] };
  await lab.exec("worker", stop, lab.streams()).catch(() => {}); // if it has ended too early, how it ended says more
  assert.deepEqual(await working, { code: 0, signal: 0 }, streams.errors);
  assert.deepEqual([streams.output, streams.errors], ["working\ndone\n", ""]);
  return result;
}

async function leavesNothing(body: () => Promise<void>): Promise<void> {
  await body(); // tables of the kernel grow to what is needed, and stay so
  const earlier = await lab.stats();
  await body();
  assert.deepEqual(await lab.stats(), earlier);
  assert.equal(earlier.writableExecutable, 0);
}

test("a worker alone", { timeout }, async () => {
  // Also warms up what is only made when it is first needed.
  for (let i = 0; i < 2; i++) await runBesideWorker("descriptors");
});

for (const bundle of ["memory-within-limit", "pids-within-limit", "pids-of-user", "descriptors"])
  test(`a second container goes on beside ${bundle}`, { timeout }, () =>
    leavesNothing(async () => {
      const { ending, output, errors } = await runBesideWorker(bundle);
      assert.doesNotMatch(output, /^FAIL/m);
      assert.match(output, /^ok /m);
      assert.deepEqual([ending, errors], [{ code: 0, signal: 0 }, ""], output);
    }),
  );

test("a million random system calls end, leave nothing, and the kernel goes on", { timeout }, async () => {
  await run("few-random-calls"); // tables of the kernel grow to what is needed, and stay so
  const earlier = await lab.stats();
  const { ending, output } = await run("random-calls");
  assert.deepEqual([output, ending], ["fuzz done\n", { code: 0, signal: 0 }]);
  assert.deepEqual(await lab.stats(), earlier);
  assert.equal(earlier.writableExecutable, 0);
  await runBesideWorker("descriptors");
});
