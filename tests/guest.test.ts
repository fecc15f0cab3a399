// The guest programs of tests/guest/ print under Cyrius what they print on this machine's Linux. Several share a virtual machine; the first
// test of each batch waits for it.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { batches, buildGuestBundle, conformancePrograms, torturePrograms } from "../scripts/lib/guest.ts";
import type { GuestProgram, GuestResult } from "../scripts/lib/guest.ts";
import { batchSize, cyriusResults, differences } from "../scripts/lib/guest-cyrius.ts";
import type { CyriusRun } from "../scripts/lib/guest-cyrius.ts";
import { linuxResults } from "../scripts/lib/guest-linux.ts";

function compare(what: string, programs: GuestProgram[], size: number): void {
  describe(what, () => {
    let linux: Map<string, GuestResult>;
    before(async () => {
      await buildGuestBundle();
      linux = linuxResults(programs);
    });
    for (const batch of batches(programs, size)) {
      let run: CyriusRun | undefined;
      for (const { name } of batch)
        test(name, () => {
          run ??= cyriusResults(batch);
          const wanted = linux.get(name);
          const got = run.results.get(name);
          assert.ok(wanted, "it has no result on Linux");
          assert.ok(!/^FAIL/m.test(wanted.output), `it fails on Linux:\n${wanted.output}`);
          assert.ok(got, `it has no result: ${run.complaint}`);
          assert.equal(differences(wanted, got).join("\n"), "");
        });
    }
  });
}

compare("Linux ABI", conformancePrograms(), batchSize);
compare("torture", torturePrograms(), 1);
