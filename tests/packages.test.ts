// Unmodified programs of Debian and npm packages (tests/workloads/NAME/), each in a container on a machine of its own: they print byte for
// byte what they printed on Linux, and ask for nothing that the kernel lacks, but for io_uring, which it has switched off.

import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { expectedOutput, readWorkloads } from "../scripts/lib/workloads.ts";
import { lackingCalls, runBundle } from "../scripts/testing/run-bundle.ts";

for (const workload of readWorkloads())
  test(`${workload.name}: ${workload.what}`, async () => {
    const options = ["--memory", workload.memory, "--timeout", String(workload.timeoutSeconds), "--missing"];
    const result = await runBundle(workload.name, [], options);
    assert.equal(result.stdout.toString(), fs.readFileSync(expectedOutput(workload), "utf8"), result.stderr);
    assert.equal(result.status, workload.status, result.stderr);
    assert.deepEqual(lackingCalls(result), []);
  });
