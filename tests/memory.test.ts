// Who pays for memory: what a container's cgroup says of it, what happens at the limit, and that what can be had again goes before a process
// does (docs/adr/0012-memory-accounts.md).

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import type { CpioWriter } from "../scripts/lib/cpio.ts";
import { buildGuestBundle } from "../scripts/lib/guest.ts";
import { DeleteFlag } from "../scripts/lib/protocol.ts";
import { addBundle, type Ending, Lab, labConfig } from "../scripts/testing/lab.ts";

const timeout = 60_000;
const MIB = 1 << 20;
const cgroup = "/sys/fs/cgroup";

function bundle(archive: CpioWriter, name: string, script: string, limit?: number): void {
  const config = labConfig(["/bin/sh", "-c", `cd ${cgroup}\n${script}`]);
  const mounts = [
    ...(config.mounts as object[]),
    { destination: "/sys", type: "sysfs", source: "sysfs" },
    { destination: cgroup, type: "cgroup", source: "cgroup" },
  ];
  const resources = limit === undefined ? {} : { memory: { limit } };
  addBundle(archive, name, { ...config, mounts, linux: { ...(config.linux as object), resources } });
}

/** Names of the rootfs that are only there to be looked up. */
const FILES = 12_000;

const scripts: Record<string, [script: string, limit?: number]> = {
  // Numbers before and after: 4 MiB of a file, of a variable of the shell, of a full pipe, of many names.
  files: [
    `cat memory.current memory.stat
     dd if=/dev/zero of=/tmp/file bs=1M count=4 2>/dev/null
     cat memory.current memory.stat
     rm /tmp/file
     cat memory.current memory.stat`,
  ],
  pipe: [
    `mkfifo /tmp/fifo; exec 3<>/tmp/fifo
     cat memory.stat
     dd if=/dev/zero bs=65536 count=1 2>/dev/null >&3
     cat memory.stat`,
  ],
  names: [
    `cat memory.stat
     mkdir /tmp/names; i=0; while [ $i -lt 2000 ]; do mkdir /tmp/names/$i; i=$((i+1)); done
     cat memory.stat`,
  ],
  killed: [
    `cat memory.max
     awk 'BEGIN { x = "0123456789abcdef"; while (1) x = x x }'
     echo ended with $?
     cat memory.events memory.peak`,
    16 * MIB,
  ],
  // The names that find has made known take a third of the limit; then a program needs nearly all of it.
  reclaimed: [
    `find /names > /dev/null
     cat memory.stat
     awk 'BEGIN { x = sprintf("%4000s", ""); for (i = 0; i < 2000; i++) a[i] = x i; print length(a) }'
     echo ended with $?
     cat memory.stat memory.events
     find /names | wc -l`,
    10 * MIB,
  ],
};

let lab: Lab;
before(async () => {
  const guest = await buildGuestBundle();
  lab = await Lab.boot((archive) => {
    archive.addTree(`${guest}/rootfs`, "guest");
    archive.addDirectory("guest/names");
    for (let i = 0; i < FILES; i++) archive.add({ name: `guest/names/${i}`, mode: 0o100644, data: Buffer.alloc(0) });
    for (const [name, [script, limit]] of Object.entries(scripts)) bundle(archive, name, script, limit);
  });
});
afterEach(async () => {
  for (const { id } of await lab.list()) await lab.delete(id, DeleteFlag.force);
});
after(() => lab.end());

async function run(name: string): Promise<{ ending: Ending; lines: string[] }> {
  const streams = lab.streams();
  streams.closeInput();
  const ending = await lab.run(name, `/${name}`, streams);
  return { ending, lines: streams.output.trimEnd().split("\n") };
}

/** The values of `key` in what was printed, in order. */
function values(lines: string[], key: string): number[] {
  return lines.filter((line) => line.startsWith(`${key} `)).map((line) => Number(line.slice(key.length + 1)));
}

/** What memory.stat counts must add up to memory.current; between the two reads a little may change. */
test("files in memory are paid for while they are there", { timeout }, async () => {
  const { lines } = await run("files");
  const current = lines.filter((line) => /^\d+$/.test(line)).map(Number);
  const file = values(lines, "file");
  assert.deepEqual([file[1]! - file[0]!, file[2]! - file[0]!], [4 * MIB, 0]);
  for (let i = 0; i < 3; i++) {
    const parts = ["anon", "file", "kernel", "sock"].reduce((sum, key) => sum + values(lines, key)[i]!, 0);
    assert.ok(Math.abs(parts - current[i]!) <= 4 << 12, `${parts} of ${current[i]} bytes are accounted for`);
  }
  assert.ok(values(lines, "pagetables")[0]! >= 7 * 4096 && values(lines, "anon")[0]! > 0);
});

test("what lies in a pipe is the kernel's", { timeout }, async () => {
  const { lines } = await run("pipe");
  const other = values(lines, "kernel").map((kernel, i) => kernel - values(lines, "slab")[i]! - values(lines, "pagetables")[i]!);
  assert.ok(other[1]! - other[0]! >= 65536, `${other[0]} ${other[1]}`);
});

test("names are objects of the kernel", { timeout }, async () => {
  const { lines } = await run("names");
  const [before, many] = values(lines, "slab");
  // An inode and a name each, at the least.
  assert.ok(many! - before! > 2000 * 200 && many! - before! < 2000 * 800, `${before} ${many}`);
});

test("at the limit the process that uses most is killed, and nobody else", { timeout }, async () => {
  const { ending, lines } = await run("killed");
  assert.deepEqual(ending, { code: 0, signal: 0 });
  assert.equal(lines[0], String(16 * MIB));
  assert.ok(lines.includes("ended with 137"), lines.join("\n"));
  assert.deepEqual([values(lines, "oom"), values(lines, "oom_kill")], [[1], [1]]);
  assert.ok(values(lines, "max")[0]! > 0);
  const peak = Number(lines.at(-1));
  assert.ok(peak > 12 * MIB && peak <= 16 * MIB, `${peak}`);
});

test("what can be had again goes before anybody is killed", { timeout }, async () => {
  const { ending, lines } = await run("reclaimed");
  assert.deepEqual(ending, { code: 0, signal: 0 });
  assert.ok(lines.includes("2000") && lines.includes("ended with 0"), lines.join("\n"));
  assert.deepEqual([values(lines, "oom"), values(lines, "oom_kill")], [[0], [0]]);
  const [known, reclaimed] = values(lines, "slab");
  assert.ok(known! > FILES * 200 && reclaimed! < known! * 0.75, `${known} ${reclaimed}`);
  assert.equal(lines.at(-1), String(FILES + 1), "all of it is there again");
});
