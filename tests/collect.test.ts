// A collection of sockets that only messages refer to costs a container what it has in flight itself, whatever a thousand others have. An
// instruction is a nanosecond here (-icount), so the time that the program takes by its own clock is a number of instructions.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildGuestBundle } from "../scripts/lib/guest.ts";
import { addBundle, Lab, labConfig } from "../scripts/testing/lab.ts";

const CONTAINERS = 1000;
const IN_FLIGHT = 20;
/** What a full collection may take. */
const BAR = 1_000_000;

let lab: Lab;
before(async () => {
  const guest = await buildGuestBundle();
  const fill = (archive: Parameters<Parameters<typeof Lab.boot>[0]>[0]): void => {
    archive.addTree(`${guest}/rootfs`, "guest");
    addBundle(archive, "others", labConfig(["/bin/in-flight", `${IN_FLIGHT}`]));
    addBundle(archive, "measure", labConfig(["/bin/in-flight", `${IN_FLIGHT}`, "measure"]));
  };
  lab = await Lab.boot(fill, { memory: "512M", icount: true });
});
after(() => lab.end());

/** Runs the program that measures: nanoseconds. */
async function measure(): Promise<number> {
  const streams = lab.streams();
  streams.closeInput();
  const ending = await lab.run("measure", "/measure", streams);
  assert.deepEqual([ending, streams.errors], [{ code: 0, signal: 0 }, ""]);
  return Number(streams.output);
}

test("a collection takes no longer with a thousand containers", { timeout: 300_000 }, async (t) => {
  const alone = await measure();
  for (let i = 0; i < CONTAINERS; i++) {
    const streams = lab.streams();
    await lab.create(`other-${i}`, "/others", streams);
    await lab.start(`other-${i}`);
    await streams.printed("ready\n");
  }
  const beside = await measure();
  t.diagnostic(`${alone} instructions alone, ${beside} beside ${CONTAINERS} containers`);
  assert.ok(beside < BAR, `${beside} instructions`);
  assert.ok(beside < alone * 2, `${alone} alone, ${beside} beside others`);
  for (let i = 0; i < CONTAINERS; i++) await lab.delete(`other-${i}`, 1);
});
