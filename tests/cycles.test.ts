// Many containers, one after the other and at the same time, in little memory: what a container took comes back to the last object.

import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, describe, test } from "node:test";
import type { CpioWriter } from "../scripts/lib/cpio.ts";
import { buildGuestBundle } from "../scripts/lib/guest.ts";
import { addBundle, Lab, labConfig } from "../scripts/testing/lab.ts";
import { runBundle } from "../scripts/testing/run-bundle.ts";

const SIGKILL = 9;
const timeout = 240_000;
const CYCLES = 10_000;
const ALIVE = 1_000;

function fill(archive: CpioWriter, guestRoot: string): void {
  archive.addTree(guestRoot, "guest");
  addBundle(archive, "tiny", labConfig(["/bin/tiny"]));
  addBundle(archive, "sleeper", labConfig(["/bin/sleeper"]));
}

/** Runs `body` for each of the numbers below `count`, `width` of them at a time: the host and the kernel work at once. */
async function inParallel(count: number, width: number, body: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await body(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

describe("a machine with 256 MiB", () => {
  let lab: Lab;
  before(async () => {
    const bundle = await buildGuestBundle();
    lab = await Lab.boot((archive) => fill(archive, `${bundle}/rootfs`), { memory: "256M" });
  });
  after(() => lab.end());

  const cycle = async (i: number): Promise<void> => {
    const id = `c${i}`;
    await lab.create(id, "/tiny");
    const ending = lab.wait(id);
    await lab.start(id);
    assert.deepEqual(await ending, { code: 0, signal: 0 });
    await lab.delete(id);
  };

  test(`creates, starts and deletes ${CYCLES} containers and keeps nothing of them`, { timeout }, async () => {
    const width = 8;
    await inParallel(100, width, cycle);
    const earlier = await lab.stats();
    await inParallel(CYCLES, width, cycle);
    assert.deepEqual(await lab.stats(), earlier);
  });

  test(`has ${ALIVE} containers alive at once, and all their memory back afterwards`, { timeout }, async () => {
    const ids = Array.from({ length: ALIVE }, (_, i) => `alive-${i}`);
    const round = async (): Promise<void> => {
      for (const id of ids) {
        await lab.create(id, "/sleeper");
        await lab.start(id);
      }
      const alive = await lab.stats();
      assert.deepEqual([alive.containers, alive.processes, alive.threads], [ALIVE, ALIVE, ALIVE]);
      assert.equal(alive.writableExecutable, 0);
      const states = await lab.list();
      assert.deepEqual(
        states.map(({ id, status, pid }) => ({ id, status, pid })),
        ids.map((id) => ({ id, status: "running", pid: 1 })),
      );
      for (const id of ids) await lab.kill(id, SIGKILL);
      for (const id of ids) assert.deepEqual(await lab.wait(id), { code: 0, signal: SIGKILL });
      for (const id of ids) await lab.delete(id);
    };
    await round();
    const earlier = await lab.stats();
    await round();
    assert.deepEqual(await lab.stats(), earlier);
  });
});

describe("a machine with 16 MiB", () => {
  for (const machine of ["q35", "microvm"])
    test(`runs BusyBox on ${machine}`, { timeout }, async () => {
      const result = await runBundle("busybox-echo", [], ["--machine", machine, "--memory", "16M"]);
      assert.equal(result.stdout.toString(), fs.readFileSync("tests/workloads/busybox-echo.txt", "utf8"), result.stderr);
      assert.equal(result.status, 0);
    });
});
