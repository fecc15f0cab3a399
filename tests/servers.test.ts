// Unmodified servers of Debian and npm packages (tests/workloads/NAME/ with a port), each in a container on a machine of its own, with this
// process as their client through a published port. They end when they are told to, and ask for nothing that the kernel lacks, but for
// io_uring, which it has switched off.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { readServers, type Workload } from "../scripts/lib/workloads.ts";
import { RespClient } from "../scripts/testing/resp.ts";
import { freePort, lackingCalls, type Running, startBundle } from "../scripts/testing/run-bundle.ts";

/** Time between attempts at something that is not there yet. */
const RETRY_MS = 100;
const MEGABYTE = 1_000_000;

/** What a client needs to know of a server that answers. */
interface Server {
  port: number;
  running: Running;
}

type Check = (server: Server) => Promise<void>;

/** Tries `attempt` until it does not fail; when the server ends, or at the end of the test's time, the failure is the server's. */
async function untilDone<T>(running: Running, attempt: () => Promise<T>): Promise<T> {
  const ended = running.ended.then(({ status, stderr }) => {
    throw new Error(`ended with status ${status}: ${stderr}`);
  });
  ended.catch(() => {});
  for (;;) {
    const done = await Promise.race([
      ended,
      attempt().then(
        (value) => ({ value }),
        () => undefined,
      ),
    ]);
    if (done) return done.value;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Starts the server, waits for its first answer, checks it, and ends it in its own way. */
async function serve(workload: Workload, answers: (port: number) => Promise<unknown>, check: Check): Promise<void> {
  const port = await freePort();
  const published = ["-p", `${port}:${workload.port}`];
  const limits = ["--memory", workload.memory, "--timeout", String(workload.timeoutSeconds)];
  const running = startBundle(workload.name, [], [...published, ...limits, "--missing"]);
  try {
    await untilDone(running, () => answers(port));
    await check({ port, running });
    running.child.kill(workload.stopSignal);
    const result = await running.ended;
    assert.equal(result.status, workload.status, result.stderr);
    assert.deepEqual(lackingCalls(result), []);
  } finally {
    running.child.kill("SIGKILL");
  }
}

// HTTP ---------------------------------------------------------------------------------------------------------------------------------------

interface Reply {
  status: number | undefined;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  /** Whether the request went over a connection that an earlier one had used. */
  reused: boolean;
}

interface Request {
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer;
  agent?: http.Agent;
}

/** One request to our port; without an agent, over a connection of its own. */
function ask(port: number, path: string, { method = "GET", headers = {}, body, agent }: Request = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, path, method, headers, agent: agent ?? false });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks), reused: request.reusedSocket }),
      );
    });
    request.end(body);
  });
}

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

/** The page at / is `page`, with GET and HEAD, and other paths are not found. */
async function checkPages({ port }: Server, page: string): Promise<void> {
  const got = await ask(port, "/");
  assert.deepEqual([got.status, got.body.toString()], [200, page]);
  assert.equal((await ask(port, "/missing")).status, 404);
}

async function checkHead({ port }: Server, page: string): Promise<void> {
  const { status, headers, body } = await ask(port, "/", { method: "HEAD" });
  assert.deepEqual([status, headers["content-length"], body.length], [200, String(page.length), 0]);
}

/** 5 MB at /big are what the server said they are. */
async function checkBig({ port, running }: Server): Promise<Buffer> {
  const [, hash] = await running.matched(/^big ([0-9a-f]{64})/m);
  const { status, body } = await ask(port, "/big");
  assert.equal(status, 200);
  assert.equal(body.length, 5 * MEGABYTE);
  assert.equal(sha256(body), hash);
  return body;
}

/** A connection takes one request after the other. */
async function checkKeepAlive({ port }: Server): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let i = 0; i < 20; i++) {
      const { status, reused } = await ask(port, i % 5 === 4 ? "/missing" : "/", { agent });
      assert.deepEqual([status, reused], [i % 5 === 4 ? 404 : 200, i > 0]);
    }
  } finally {
    agent.destroy();
  }
}

/** 200 requests, 20 at a time, get the page. */
async function checkManyClients({ port }: Server, page: string): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
  try {
    const replies = await Promise.all(Array.from({ length: 200 }, () => ask(port, "/", { agent })));
    for (const { status, body } of replies) assert.deepEqual([status, body.toString()], [200, page]);
  } finally {
    agent.destroy();
  }
}

async function checkNginx(server: Server): Promise<void> {
  const page = "hello from nginx\n";
  await checkPages(server, page);
  await checkHead(server, page);
  const big = await checkBig(server);
  await checkKeepAlive(server);
  await checkManyClients(server, page);

  const { port } = server;
  const part = await ask(port, "/big", { headers: { range: "bytes=1234567-3456789" } });
  assert.deepEqual([part.status, part.headers["content-range"]], [206, "bytes 1234567-3456789/5000000"]);
  assert.ok(part.body.equals(big.subarray(1234567, 3456790)));
  const last = await ask(port, "/big", { headers: { range: "bytes=-10" } });
  assert.ok(last.body.equals(big.subarray(-10)));
  assert.equal((await ask(port, "/big", { headers: { range: "bytes=5000000-" } })).status, 416);

  const plain = await ask(port, "/numbers.txt");
  const packed = await ask(port, "/numbers.txt", { headers: { "accept-encoding": "gzip" } });
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.ok(gunzipSync(packed.body).equals(plain.body));
  assert.equal(plain.body.toString(), Array.from({ length: 10_000 }, (_, i) => `${i + 1}\n`).join(""));

  const unchanged = await ask(port, "/", { headers: { "if-modified-since": (await ask(port, "/")).headers["last-modified"] ?? "" } });
  assert.equal(unchanged.status, 304);
}

async function checkPython(server: Server): Promise<void> {
  const page = "hello from Python\n";
  await checkPages(server, page);
  await checkHead(server, page);
  await checkBig(server);
  await checkManyClients(server, page);
  assert.equal((await ask(server.port, "/", { method: "POST" })).status, 501);
}

async function checkNode(server: Server): Promise<void> {
  const page = "hello from Node.js\n";
  await checkPages(server, page);
  await checkBig(server);
  await checkKeepAlive(server);
  await checkManyClients(server, page);
  const body = randomBytes(5 * MEGABYTE);
  const hashed = await ask(server.port, "/hash", { method: "POST", body });
  assert.deepEqual(JSON.parse(hashed.body.toString()), { sha256: sha256(body) });
  const echoed = await ask(server.port, "/echo", { method: "POST", body });
  assert.ok(echoed.body.equals(body));
}

// Redis --------------------------------------------------------------------------------------------------------------------------------------

async function checkRedis({ port, running }: Server): Promise<void> {
  const client = await RespClient.connect(port);
  const other = await RespClient.connect(port);
  try {
    assert.equal(await client.call("SET", "greeting", "hello"), "OK");
    assert.equal(await other.call("GET", "greeting"), "hello");
    assert.equal(await client.call("GET", "nothing"), null);
    for (let i = 1; i <= 3; i++) assert.equal(await client.call("INCR", "counter"), i);
    await assert.rejects(client.call("INCR", "greeting"), /ERR value is not an integer/);

    assert.equal(await client.call("LPUSH", "list", "a", "b", "c"), 3);
    assert.deepEqual(await client.call("LRANGE", "list", "0", "-1"), ["c", "b", "a"]);
    const waiting = other.call("BLPOP", "queue", "0");
    assert.equal(await client.call("RPUSH", "queue", "work"), 1);
    assert.deepEqual(await waiting, ["queue", "work"]);

    // All are sent before the first answer is read.
    const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => client.call("INCRBY", "sum", String(i))));
    assert.deepEqual(
      replies,
      Array.from({ length: 1000 }, (_, i) => (i * (i + 1)) / 2),
    );
    const large = randomBytes(MEGABYTE).toString("hex");
    assert.equal(await client.call("SET", "large", large), "OK");
    assert.equal(await other.call("GET", "large"), large);

    assert.equal(await client.call("SET", "short", "life", "PX", "200"), "OK");
    await untilDone(running, async () => assert.equal(await client.call("GET", "short"), null));

    assert.equal(await client.call("BGSAVE"), "Background saving started");
    await untilDone(running, async () => assert.match(String(await client.call("INFO", "persistence")), /^rdb_bgsave_in_progress:0\r$/m));
    const information = String(await client.call("INFO"));
    for (const line of ["redis_mode:standalone", "tcp_port:6379", "rdb_last_bgsave_status:ok", "aof_enabled:1"])
      assert.ok(information.includes(`\r\n${line}\r\n`), line);
    // The list that was emptied and the key that has expired are gone.
    assert.match(information, /^db0:keys=5,/m);
  } finally {
    client.end();
    other.end();
  }
}

// ---------------------------------------------------------------------------------------------------------------------------------------------

const answersHttp = (port: number): Promise<unknown> => ask(port, "/");

async function answersRedis(port: number): Promise<void> {
  const client = await RespClient.connect(port);
  try {
    assert.equal(await client.call("PING"), "PONG");
  } finally {
    client.end();
  }
}

const checks: Record<string, [answers: (port: number) => Promise<unknown>, check: Check]> = {
  nginx: [answersHttp, checkNginx],
  "node-http": [answersHttp, checkNode],
  "python-http": [answersHttp, checkPython],
  redis: [answersRedis, checkRedis],
};

for (const workload of readServers())
  test(`${workload.name}: ${workload.what}`, async () => {
    const [answers, check] = checks[workload.name] ?? assert.fail("no checks");
    await serve(workload, answers, check);
  });
