// The network of containers, seen from this machine: QEMU's user networking leads ports of ours into the machine, and the kernel leads them on.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import dgram from "node:dgram";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { buildGuestBundle } from "../scripts/lib/guest.ts";
import { DeleteFlag } from "../scripts/lib/protocol.ts";
import { addBundle, Lab, labConfig } from "../scripts/testing/lab.ts";
import { freePort, runBundle, type Running, startBundle } from "../scripts/testing/run-bundle.ts";

before(() => buildGuestBundle());

/** Ends the machine and waits for that. */
async function end(running: Running): Promise<void> {
  running.child.kill("SIGKILL");
  await running.ended;
}

/** Sends `data` to our port until it comes back; a datagram may be lost. */
async function echoed(port: number, data: Buffer): Promise<Buffer> {
  const socket = dgram.createSocket("udp4");
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const send = (): void => socket.send(data, port, "127.0.0.1");
      const again = setInterval(send, 500);
      const limit = setTimeout(() => reject(new Error("no answer")), 30_000);
      socket.on("message", (message) => {
        clearInterval(again);
        clearTimeout(limit);
        resolve(message);
      });
      socket.on("error", reject);
      send();
    });
  } finally {
    socket.close();
  }
}

for (const [machine, network] of [
  ["q35", "bridge"],
  ["microvm", "bridge"],
  ["q35", "host"],
] as const)
  test(`datagrams come to a published port and back (${machine}, ${network})`, async () => {
    const port = await freePort();
    const options = ["--machine", machine, "--network", network, "-p", `${port}:99/udp`];
    const running = startBundle("guest", ["/bin/udp-echo", "99"], options);
    try {
      await running.output("ready");
      // The last ones come and go in fragments.
      for (const size of [1, 100, 1400, 1473, 4000, 8000]) {
        const data = randomBytes(size);
        assert.ok((await echoed(port, data)).equals(data), `${size} bytes`);
      }
    } finally {
      await end(running);
    }
  });

test("a web server in a container answers, and 20 MB come out of it unchanged", async () => {
  const port = await freePort();
  const script = "echo hello >/index.html; dd if=/dev/urandom of=/big bs=1M count=20 2>/dev/null; md5sum </big; echo ready; httpd -f -h /";
  const running = startBundle("busybox", ["sh", "-c", script], ["-p", `${port}:80`]);
  try {
    let printed = "";
    running.child.stdout?.on("data", (bytes: Buffer) => (printed += bytes.toString()));
    await running.output("ready");
    const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
    let response: Response | undefined;
    // The server listens a moment after it said so.
    for (let tries = 0; response === undefined && tries < 100; tries++) {
      response = await get("/").catch(() => undefined);
      if (response === undefined) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(await response?.text(), "hello\n");
    const big = Buffer.from(await (await get("/big")).arrayBuffer());
    assert.equal(createHash("md5").update(big).digest("hex"), /[0-9a-f]{32}/.exec(printed)?.[0]);
    assert.equal((await get("/missing")).status, 404);
  } finally {
    await end(running);
  }
});

test("a container on the bridge has an address, a way out, and names", async () => {
  const script = "ping -c 1 -W 20 172.17.0.1 && ping -c 1 -W 20 10.0.2.2 && cat /etc/hosts /etc/resolv.conf /etc/hostname";
  const { stdout, status } = await runBundle("busybox", ["sh", "-c", script], ["--network", "bridge"]);
  assert.equal(status, 0, stdout.toString());
  assert.match(stdout.toString(), /^127\.0\.0\.1\tlocalhost$/m);
  assert.match(stdout.toString(), /^172\.17\.0\.2\tbusybox$/m);
  assert.match(stdout.toString(), /^nameserver 10\.0\.2\.3$/m);
});

test("without settings the host's address comes from a DHCP server", async () => {
  const script =
    "for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ip -4 addr show eth0 | grep -q inet && break; sleep 0.5; done;" +
    " ip -4 addr show eth0; ip route; ping -c 1 -W 20 10.0.2.2";
  // The option that is given last counts, and this one says nothing.
  const { stdout, status } = await runBundle("busybox", ["sh", "-c", script], ["--network", "host", "--append", "net="]);
  assert.equal(status, 0, stdout.toString());
  assert.match(stdout.toString(), /inet 10\.0\.2\.15\/24 /);
  assert.match(stdout.toString(), /^default via 10\.0\.2\.2 dev eth0/m);
});

test("what a container fetches from outside arrives unchanged", async () => {
  const data = randomBytes(20_000_000);
  const server = http.createServer((_, response) => response.end(data)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const { stdout } = await runBundle("busybox", ["sh", "-c", `wget -q -O - http://10.0.2.2:${port}/ | md5sum`], ["--network", "bridge"]);
    assert.equal(stdout.toString().slice(0, 32), createHash("md5").update(data).digest("hex"));
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("without a network there is loopback only", async () => {
  const script = "ping -c 1 127.0.0.1 >/dev/null && ! ping -c 1 10.0.2.2 2>&1";
  const { stdout, status } = await runBundle("busybox", ["sh", "-c", script], ["--network", "none"]);
  assert.equal(status, 0);
  assert.match(stdout.toString(), /Network is unreachable/);
});

test("a port cannot be published twice", async () => {
  const port = await freePort();
  const { status, stderr } = await runBundle("busybox", ["true"], ["-p", `${port}:1/udp`, "-p", `127.0.0.2:${port}:2/udp`]);
  assert.equal(status, 125);
  assert.match(stderr, /annotations\[cyrius\.publish\].*published already/);
});

// Several containers in one machine, which has no network device: the switch alone joins them ------------------------------------------------

describe("containers on the switch", () => {
  const WEBS = 10;
  let lab: Lab;

  function networked(mode: string, script: string): object {
    const config = labConfig(["/bin/sh", "-c", script]);
    const capabilities = Object.fromEntries(["bounding", "permitted", "effective"].map((set) => [set, ["CAP_NET_BIND_SERVICE"]]));
    return { ...config, process: { ...(config.process as object), capabilities }, annotations: { "cyrius.network": mode } };
  }

  /** Prints its address and serves that on port 80. */
  const web =
    "busybox ifconfig eth0 | busybox sed -n 's/.*inet addr:\\([0-9.]*\\).*/\\1/p' >/tmp/index.html; cat /tmp/index.html; busybox httpd -f -p 80 -h /tmp";
  /** Asks each address that comes in, a line each, for its page. */
  const client =
    'while read address; do for try in 1 2 3 4 5 6 7 8 9 10; do busybox wget -q -O - "http://$address/" && break; busybox sleep 0.2; done; done';

  before(async () => {
    const bundle = await buildGuestBundle();
    lab = await Lab.boot((archive) => {
      archive.addTree(`${bundle}/rootfs`, "guest");
      addBundle(archive, "web", networked("bridge", web));
      addBundle(archive, "client", networked("bridge", client));
      addBundle(archive, "alone", networked("none", client.replace("-q ", "") + " 2>&1"));
    });
  });
  after(() => lab.end());

  /** What a container that runs `bundle` prints when it gets these lines. */
  async function ask(bundle: string, lines: string[]): Promise<string> {
    const streams = lab.streams();
    await lab.create("client", `/${bundle}`, streams);
    await lab.start("client");
    streams.input(Buffer.from(lines.map((line) => `${line}\n`).join("")));
    streams.closeInput();
    await lab.wait("client");
    await lab.delete("client");
    return streams.output;
  }

  /** Starts as many web servers as there are; their addresses. */
  async function startWebs(): Promise<string[]> {
    const addresses: string[] = [];
    for (let i = 0; i < WEBS; i++) {
      const streams = lab.streams();
      streams.closeInput();
      await lab.create(`web${i}`, "/web", streams);
      await lab.start(`web${i}`);
      await streams.printed("\n");
      addresses.push(streams.output.trim());
    }
    return addresses;
  }

  const endWebs = async (): Promise<void> => {
    for (let i = 0; i < WEBS; i++) await lab.delete(`web${i}`, DeleteFlag.force);
  };

  test("ten listen on port 80, and each answers at its own address", async () => {
    const addresses = await startWebs();
    assert.equal(new Set(addresses).size, WEBS);
    for (const address of addresses) assert.match(address, /^172\.17\.\d+\.\d+$/);
    assert.deepEqual((await ask("client", addresses)).trim().split("\n"), addresses);
    await endWebs();
  });

  test("one without a network reaches none of them", async () => {
    const addresses = await startWebs();
    const output = await ask("alone", addresses.slice(0, 1));
    assert.match(output, /Network is unreachable/);
    await endWebs();
  });

  test("nothing is left when they have gone", async () => {
    const round = async (): Promise<void> => {
      await ask("client", await startWebs());
      await endWebs();
    };
    await round();
    const before = await lab.stats();
    await round();
    assert.deepEqual(await lab.stats(), before);
  });
});
