import assert from "node:assert/strict";
import test from "node:test";
import { leastMemory } from "./machine.ts";

test("the least memory is found to the step, with few boots", async () => {
  for (const least of [64, 192, 6400, 65536]) {
    let boots = 0;
    const works = (kib: number): Promise<boolean> => {
      boots++;
      return Promise.resolve(kib >= least);
    };
    assert.equal(await leastMemory(works, 64, 65536), least);
    assert.ok(boots <= 11, `${boots} boots`);
  }
});

test("a machine that never boots has none", async () => {
  assert.equal(await leastMemory(() => Promise.resolve(false), 64, 65536), undefined);
});
