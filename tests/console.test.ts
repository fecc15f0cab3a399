// `npm start`, with a person's typing: the host's shell, and a container made and started in three commands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Console } from "../scripts/testing/console.ts";

const INTERRUPT = "\x03";

test("the host's shell creates and starts a BusyBox container", { timeout: 300_000 }, async () => {
  const console = new Console(process.execPath, ["scripts/run.mjs", "start"]);
  try {
    await console.expect(/\/ \$ $/, 240);
    console.type("oci create c1 /mnt/busybox\r");
    await console.expect(/\/ \$ $/);
    console.type("oci list\r");
    await console.expect(/c1\s.*created/);
    await console.expect(/\/ \$ $/);
    console.type("oci start c1\r");
    await console.expect(/\/ # $/);

    console.type("uname -sm\r");
    await console.expect(/\nLinux x86_64\r?\n/);
    console.type("ls /bin | grep -c .\r");
    const [, applets] = await console.expect(/\n(\d+)\r?\n/);
    assert.ok(Number(applets) > 200, `${applets} files in /bin`);

    console.type("sleep 100\r");
    await console.expect(/sleep 100\r?\n/);
    console.type(INTERRUPT);
    await console.expect(/\/ # $/);
    console.type("echo status $?\r");
    await console.expect(/\nstatus 130\r?\n/);

    console.type("sleep 100 &\r");
    await console.expect(/\/ # $/);
    console.type("jobs\r");
    await console.expect(/\[1\]\+? +Running +sleep 100/);
    console.type("kill %1; wait; echo ended\r");
    await console.expect(/\nended\r?\n/);

    console.type("exit\r");
    await console.expect(/\/ \$ $/);
    console.type("oci state c1\r");
    await console.expect(/stopped/);
    console.type("oci delete c1\r");
    await console.expect(/\/ \$ $/);
    console.type("poweroff\r");
    assert.equal(await console.ended, 0);
  } finally {
    console.kill();
  }
});
