// The host's own network: the services that init runs, reached from this machine, and the shell's commands net and ping.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { Console } from "../scripts/testing/console.ts";
import { freePort, type Running, startBundle } from "../scripts/testing/run-bundle.ts";

interface Reply {
  status: number | undefined;
  headers: http.IncomingHttpHeaders;
  body: string;
  reused: boolean;
}

function ask(port: number, path: string, method = "GET", agent?: http.Agent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path, method, ...(agent ? { agent } : {}) }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body, reused: request.reusedSocket }));
    });
    request.on("error", reject).end();
  });
}

/** Tries until it answers: QEMU takes connections before the machine does. */
async function untilAnswered(running: Running, port: number): Promise<Reply> {
  let ended = false;
  void running.ended.then(() => (ended = true));
  for (;;) {
    const reply = await ask(port, "/").catch(() => undefined);
    if (reply) return reply;
    assert.ok(!ended, "the machine has ended");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function end(running: Running): Promise<void> {
  running.child.kill("SIGKILL");
  await running.ended;
}

interface Status {
  uptimeSeconds: number;
  processors: number;
  processes: number;
  cpuSeconds: number;
  cpuPercent: number;
  memoryBytes: number;
  memoryFreeBytes: number;
  interfaces: { name: string; address: string; prefix: number }[];
  nameServers: string[];
  containers: {
    id: string;
    bundle: string;
    state: string;
    pid: number;
    processes: number;
    memoryBytes: number;
    cpuSeconds: number;
    created: string;
    network: string;
    interfaces: { name: string; address: string; prefix: number; receivedBytes: number }[];
    ports: { protocol: string; host: number; container: number }[];
  }[];
}

test("the status page tells of the machine and its container", async () => {
  const [status, web] = [await freePort(), await freePort()];
  const options = ["--service", `status:${status}`, "-p", `${web}:80`, "--id", "web-1", "--memory", "128M"];
  const running = startBundle("busybox", ["sh", "-c", "echo ready; httpd -f -h /"], options);
  try {
    await running.output("ready");
    const page = await untilAnswered(running, status);
    assert.equal(page.status, 200);
    assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
    assert.match(page.body, /^<!doctype html>/);
    assert.match(page.body, /<td>web-1<\/td><td class="running">running<\/td>/);
    assert.match(page.body, new RegExp(`<td>172\\.17\\.0\\.2</td><td>${web}:80</td>`));

    const facts = JSON.parse((await ask(status, "/status.json")).body) as Status;
    assert.ok(facts.uptimeSeconds > 0 && facts.cpuSeconds > 0 && facts.cpuSeconds <= facts.uptimeSeconds);
    assert.equal(facts.processors, 1);
    assert.ok(facts.memoryBytes > 100e6 && facts.memoryBytes < 128 * 2 ** 20 && facts.memoryFreeBytes < facts.memoryBytes);
    assert.deepEqual(
      facts.interfaces.map(({ name, address, prefix }) => `${name} ${address}/${prefix}`),
      ["lo 127.0.0.1/8", "bridge0 172.17.0.1/16", "eth0 10.0.2.15/24"],
    );
    assert.deepEqual(facts.nameServers, ["10.0.2.3"]);
    assert.equal(facts.containers.length, 1);
    const [container] = facts.containers;
    assert.ok(container);
    assert.equal(container.id, "web-1");
    assert.equal(container.bundle, "/bundle");
    assert.equal(container.state, "running");
    assert.equal(container.pid, 1);
    assert.equal(container.processes, 1);
    assert.ok(container.memoryBytes > 0 && container.cpuSeconds > 0);
    assert.ok(Math.abs(Date.parse(container.created) - Date.now()) < 600_000, container.created);
    assert.equal(container.network, "bridge");
    assert.deepEqual(container.ports, [{ protocol: "tcp", host: web, container: 80 }]);
    const before = container.interfaces[0]?.receivedBytes ?? 0;
    await ask(web, "/").catch(() => undefined);
    const again = JSON.parse((await ask(status, "/status.json")).body) as Status;
    assert.ok((again.containers[0]?.interfaces[0]?.receivedBytes ?? 0) > before, "the container's traffic is counted");
  } finally {
    await end(running);
  }
});

test("the status page speaks HTTP", async () => {
  const status = await freePort();
  const running = startBundle("busybox", ["sleep", "1000"], ["--service", `status:${status}`, "--network", "host"]);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await untilAnswered(running, status);
    assert.equal((await ask(status, "/status.json", "GET", agent)).reused, false);
    const head = await ask(status, "/", "HEAD", agent);
    assert.equal(head.reused, true);
    assert.equal(head.body, "");
    assert.ok(Number(head.headers["content-length"]) > 100);
    assert.equal((await ask(status, "/none", "GET", agent)).status, 404);
    assert.equal((await ask(status, "/", "POST")).status, 405);
    const facts = JSON.parse((await ask(status, "/status.json?now", "GET", agent)).body) as Status;
    assert.equal(facts.containers[0]?.network, "host");

    // Two requests in one piece, another byte by byte, and one that is none.
    const request = "GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n";
    const answers = await raw(status, [request + request, ...request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")]);
    assert.equal(answers.match(/^HTTP\/1\.1 200 OK\r\n/gm)?.length, 3);
    assert.match(await raw(status, ["nonsense\r\n\r\n"]), /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.match(await raw(status, ["x".repeat(9000)]), /^HTTP\/1\.1 431 /);

    // Forty at once, each on a connection of its own. QEMU takes one new connection at a time, so that they are opened one after the other.
    const agents = Array.from({ length: 40 }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
    for (const each of agents) await ask(status, "/status.json", "GET", each);
    const many = await Promise.all(agents.map((each) => ask(status, "/", "GET", each)));
    for (const reply of many) assert.deepEqual([reply.status, reply.reused], [200, true]);
    for (const each of agents) each.destroy();
  } finally {
    agent.destroy();
    await end(running);
  }
});

/** Sends the pieces one after the other and gives everything that comes until the end. */
function raw(port: number, pieces: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    let received = "";
    socket.setNoDelay().setEncoding("utf8");
    socket.on("data", (text: string) => (received += text));
    socket.on("end", () => resolve(received)).on("error", reject);
    for (const piece of pieces) socket.write(piece);
  });
}

test("the echo service gives back what it gets", async () => {
  const port = await freePort();
  const running = startBundle("busybox", ["sleep", "1000"], ["--service", `echo:${port}`, "--machine", "microvm"]);
  try {
    let first: Buffer | undefined;
    for (let tries = 0; tries < 600 && !first?.length; tries++) {
      first = await new Echo(port).exchange(Buffer.from("hello")).catch(() => undefined);
      if (!first?.length) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(first?.toString(), "hello");
    // Ten at once, of more than any buffer on the way holds; opened one after the other, as above.
    const all = Array.from({ length: 10 }, () => new Echo(port));
    for (const echo of all) assert.equal((await echo.exchange(Buffer.from("begin"))).toString(), "begin");
    await Promise.all(
      all.map(async (echo) => {
        const data = randomBytes(500_000);
        assert.ok((await echo.exchange(data)).equals(data));
      }),
    );
    for (const echo of all) assert.equal((await echo.end()).length, 0);
  } finally {
    await end(running);
  }
});

/** A connection to the echo service. */
class Echo {
  private readonly socket: net.Socket;
  private received: Buffer[] = [];
  private bytes = 0;
  private hasEnded = false;
  private look = (): void => {};
  private failed: Error | undefined;

  constructor(port: number) {
    this.socket = net.connect(port, "127.0.0.1");
    this.socket.on("data", (chunk) => {
      this.received.push(chunk);
      this.bytes += chunk.length;
      this.look();
    });
    this.socket.on("end", () => {
      this.hasEnded = true;
      this.look();
    });
    this.socket.on("error", (error) => {
      this.failed = error;
      this.look();
    });
  }

  /** Sends the data and gives as many bytes as that, or what came until the end. */
  exchange(data: Buffer): Promise<Buffer> {
    this.socket.write(data);
    return this.take(data.length);
  }

  /** Ends our side and gives what still comes. */
  end(): Promise<Buffer> {
    this.socket.end();
    return this.take(Infinity);
  }

  private take(bytes: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.look = () => {
        if (this.failed) reject(this.failed);
        else if (this.bytes >= bytes || this.hasEnded) {
          resolve(Buffer.concat(this.received));
          this.received = [];
          this.bytes = 0;
        }
      };
      this.look();
    });
  }
}

test("net and ping in the host's shell", { timeout: 300_000 }, async () => {
  const prompt = /\/ \$ \r?$/;
  const console = new Console(process.execPath, ["scripts/run.mjs", "start"]);
  const run = async (line: string, ...patterns: RegExp[]): Promise<void> => {
    console.type(`${line}\r`);
    await console.expect(/\n/);
    for (const pattern of patterns) await console.expect(pattern);
    await console.expect(prompt);
  };
  try {
    await console.expect(prompt, 240);
    await run(
      "net interfaces",
      /- +lo +127\.0\.0\.1\/8 +- +up/,
      /bridge0 +172\.17\.0\.1\/16/,
      /eth0 +10\.0\.2\.15\/24 +52:54:00:\S+ +up +1500/,
    );
    await run("net routes", /- +default +10\.0\.2\.2 +eth0 +10\.0\.2\.15/);
    // The services are up a moment after the shell, in any order.
    await run("sleep 2");
    await run("net connections", /- +tcp +\*:12345 +\*:\* +listen/);
    await run("net connections", /- +tcp +\*:9090 +\*:\* +listen/);
    await run("net", /name servers: 10\.0\.2\.3/);
    await run(
      "ping 10.0.2.2 2",
      /56 bytes of data/,
      /64 bytes from 10\.0\.2\.2: sequence 1, time [0-9.]+ ms/,
      /2 sent, 2 answered, 0% lost/,
      /least .* mean .* most/,
    );
    await run("ping localhost 1; echo status $?", /ping localhost \(127\.0\.0\.1\)/, /1 sent, 1 answered, 0% lost/, /status 0/);
    await run("ping 172.17.0.99 1; echo status $?", /unreachable|no answer/, /1 sent, 0 answered, 100% lost/, /status 1/);
    await run("ping a..b; echo status $?", /ping: a\.\.b: no such host/, /status 1/);
    await run("ping; echo status $?", /usage: ping HOST \[COUNT\]/, /status 2/);
    await run("net interfaces none; echo status $?", /net: none: no such container/, /status 1/);
    // A ping that goes on is ended from the keyboard.
    console.type("ping 127.0.0.1 1000\r");
    await console.expect(/sequence 2/);
    await run("\x03", /sent, \d+ answered/);
    await run("echo status $?", /status 130/);
    console.type("poweroff\r");
    assert.equal(await console.ended, 0);
  } finally {
    console.kill();
  }
});
