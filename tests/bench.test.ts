// Some figures of `npm run bench`, counted, beside bench/expected.json: what got more than 3 % dearer does so on purpose, and says so there
// (npm run bench -- --update). Instructions are counted, so no speed of this machine matters.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Cyrius } from "../scripts/lib/bench/cyrius.ts";
import { compareFigures, describeComparison, readExpected } from "../scripts/lib/bench/expected.ts";
import type { Figures } from "../scripts/lib/bench/figures.ts";
import { DEFAULT_MEMORY_KIB } from "../scripts/lib/bench/machine.ts";
import { buildGuestBundle } from "../scripts/lib/guest.ts";

const COUNTED = [
  ...["getppid", "read_zero_1", "open_close", "stat_depth3", "file_read_64k", "fault_4k_page", "mprotect_1"],
  ...["fork_exit_wait", "pipe_pingpong", "signal_self_handler"],
];
const LIFE = ["container_create", "container_start", "container_delete", "container_life", "container_first_instruction"];
const timeout = 240_000;

let cyrius: Cyrius;
before(async () => {
  cyrius = new Cyrius({ clock: "icount", memoryKib: DEFAULT_MEMORY_KIB, guestBundle: await buildGuestBundle(), countWords: [] });
});

function compare(figures: Figures, names: string[]): void {
  const expected = readExpected();
  const comparison = compareFigures(figures, expected, (name) => names.includes(name));
  assert.deepEqual(cyrius.failed, []);
  assert.deepEqual(comparison.worse, [], describeComparison(comparison, figures, expected).join("\n"));
}

test("system calls cost no more than expected", { timeout }, async () => {
  const figures = await cyrius.count(COUNTED);
  assert.deepEqual([...figures.keys()].sort(), [...COUNTED].sort());
  compare(figures, COUNTED);
});

test("the life of a container costs no more than expected", { timeout }, async () => compare(await cyrius.life(), LIFE));

test("the boot to a container's first instruction costs no more than expected, and the same every time", { timeout }, async () => {
  const figures = await cyrius.boot();
  compare(figures, ["boot_to_first_instruction"]);
  assert.deepEqual(await cyrius.boot(), figures);
});
