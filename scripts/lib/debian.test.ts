// Fetches a small package with this machine's apt, into a cache of its own.

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const cache = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-debian-"));
process.env.XDG_CACHE_HOME = cache;
const { fetchDebian, unpackDebian } = await import("./debian.ts");
after(() => fs.rmSync(cache, { recursive: true }));

test("a package is fetched, unpacked and kept; another version than the recorded one is a warning", () => {
  const said: string[] = [];
  const warn = console.warn;
  console.warn = (text: string) => said.push(text);
  try {
    const first = fetchDebian(["tini"], { tini: "0.0-1" }).get("tini")!;
    assert.ok(
      fs
        .readFileSync(path.join(unpackDebian(first), "usr/bin/tini"))
        .subarray(0, 4)
        .equals(Buffer.from("\x7fELF")),
    );
    assert.ok(said.some((text) => text.includes(`tini ${first.version} in the place of 0.0-1`)));

    said.length = 0;
    const before = fs.statSync(first.archive).ctimeMs;
    assert.deepEqual(fetchDebian(["tini"], { tini: first.version }).get("tini"), first);
    assert.equal(fs.statSync(first.archive).ctimeMs, before);
    assert.deepEqual(said, []);
  } finally {
    console.warn = warn;
  }
});
