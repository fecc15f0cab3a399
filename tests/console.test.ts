// `npm start`, with a person's typing: the host's shell, and a container made and started in three commands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Console } from "../scripts/testing/console.ts";

const INTERRUPT = "\x03";
/** The shells put the cursor where it belongs after they have drawn the line. */
const HOST_PROMPT = /\/ \$ \r?$/;
const CONTAINER_PROMPT = /\/ # $/;

test("the host's shell creates and starts a BusyBox container", { timeout: 300_000 }, async () => {
  const console = new Console(process.execPath, ["scripts/run.mjs", "start"]);
  try {
    await console.expect(HOST_PROMPT, 240);
    console.type("oci create c1 /mnt/busybox\r");
    await console.expect(HOST_PROMPT);
    console.type("oci list\r");
    await console.expect(/c1\s.*created/);
    await console.expect(HOST_PROMPT);
    console.type("oci start c1\r");
    await console.expect(CONTAINER_PROMPT);

    console.type("uname -sm\r");
    await console.expect(/\nLinux x86_64\r?\n/);
    console.type("ls /bin | grep -c .\r");
    const [, applets] = await console.expect(/\n(\d+)\r?\n/);
    assert.ok(Number(applets) > 200, `${applets} files in /bin`);

    console.type("echo a | tr a b\r");
    await console.expect(/\nb\r?\n/);
    console.type("tty; ps | grep -c sh\r");
    await console.expect(/\n\/dev\/console\r?\n/);
    await console.expect(CONTAINER_PROMPT);

    // The job itself says that it runs: before, Ctrl-C would go to the shell, which has the terminal until its child takes it.
    console.type("sh -c 'echo asleep; exec sleep 100'\r");
    await console.expect(/\nasleep\r?\n/);
    console.type(INTERRUPT);
    await console.expect(CONTAINER_PROMPT);
    console.type("echo status $?\r");
    await console.expect(/\nstatus 130\r?\n/);

    // Likewise here: until it has set its signals up, the job ignores SIGTERM as its interactive parent does.
    console.type("sh -c 'echo begun; exec sleep 100' &\r");
    await console.expect(/begun\r?\n/);
    console.type("jobs\r");
    await console.expect(/\[1\]\+? +Running +sh -c/);
    await console.expect(CONTAINER_PROMPT);
    console.type("kill %1; wait; echo ended\r");
    await console.expect(/\nended\r?\n/);

    console.type("exit\r");
    await console.expect(HOST_PROMPT);
    console.type("oci state c1\r");
    await console.expect(/stopped/);
    console.type("oci delete c1\r");
    await console.expect(HOST_PROMPT);
    console.type("oci list -q\r");
    await console.expect(HOST_PROMPT);
    assert.ok(!console.output.slice(console.output.lastIndexOf("oci list -q")).includes("c1"), "c1 is still listed");
    console.type("ps\r");
    await console.expect(/ 1 +0 +0 .*\/bin\/init\r?\n/);
    console.type("mem\r");
    await console.expect(/kernel heap +[0-9.]+ [KM]iB/);
    console.type("dmesg\r");
    await console.expect(/memory: [0-9]+ MiB free of/);
    await console.expect(HOST_PROMPT);
    console.type("poweroff\r");
    assert.equal(await console.ended, 0);
  } finally {
    console.kill();
  }
});
