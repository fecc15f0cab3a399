// Programs with a known output, each in a container on a machine of its own. What they print was recorded on Linux.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { startBundle, runBundle } from "../scripts/testing/run-bundle.ts";

for (const name of ["busybox-echo", "busybox-sh", "busybox-tools"])
  for (const machine of ["q35", "microvm"])
    test(`${name} on ${machine} prints what it prints on Linux`, async () => {
      const result = await runBundle(name, [], ["--machine", machine]);
      assert.equal(result.stdout.toString(), fs.readFileSync(`tests/workloads/${name}.txt`, "utf8"), result.stderr);
      assert.equal(result.status, 0);
    });

test("tini reaps orphans and passes SIGTERM on", async () => {
  const running = startBundle("tini-init");
  await running.output("ready\n");
  running.child.kill("SIGTERM");
  const result = await running.ended;
  const lines = result.stdout.toString().replace(/^\[INFO +tini .*\n/gm, ""); // what tini -v says of itself
  assert.equal(lines, "zombies 0\nready\ngot TERM\n", result.stderr);
  assert.equal(result.status, 5);
});
