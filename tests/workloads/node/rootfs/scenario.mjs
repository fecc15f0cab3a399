// What Node.js does without a socket: threads that share memory, the file system, streams, the thread pool, compiled code, memory.
import { createHash, generateKeyPairSync, pbkdf2, randomBytes, scryptSync } from "node:crypto";
import { existsSync } from "node:fs";
import fs from "node:fs/promises";
import os from "node:os";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import zlib from "node:zlib";

async function main() {
  // Threads: a counter that all add to, and a message from each.
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const answers = [1, 2, 3].map(
    (number) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(new URL(import.meta.url), { workerData: { shared, number } });
        worker.on("message", resolve);
        worker.on("error", reject);
      }),
  );
  Atomics.store(shared, 1, 1);
  Atomics.notify(shared, 1);
  console.log("workers", (await Promise.all(answers)).join(), Atomics.load(shared, 0));

  // Files, through the thread pool.
  await fs.mkdir("/tmp/d/e", { recursive: true });
  await fs.writeFile("/tmp/d/e/f", "x".repeat(1e6));
  await fs.copyFile("/tmp/d/e/f", "/tmp/d/g");
  console.log((await fs.stat("/tmp/d/g")).size, (await fs.readdir("/tmp/d", { recursive: true })).sort().join());
  const input = await fs.open("/tmp/d/g");
  const output = await fs.open("/tmp/d/h", "w");
  await pipeline(input.createReadStream(), zlib.createGzip(), zlib.createGunzip(), output.createWriteStream());
  console.log((await fs.stat("/tmp/d/h")).size);
  await fs.symlink("g", "/tmp/d/link");
  console.log(await fs.readlink("/tmp/d/link"), (await fs.realpath("/tmp/d/link")) === "/tmp/d/g");
  await fs.rm("/tmp/d", { recursive: true });
  console.log(existsSync("/tmp/d"), (await fs.readFile("/tmp/none").catch((error) => error)).code);

  // Computing: on the thread pool, in compiled code, in WebAssembly.
  console.log(scryptSync("p", "s", 16).toString("hex"), createHash("sha256").update("x").digest("hex").slice(0, 8));
  const derived = await Promise.all([..."abcd"].map((salt) => promisify(pbkdf2)("p", salt, 1000, 4, "sha512")));
  console.log(derived.map((key) => key.toString("hex")).join(), randomBytes(4).length);
  console.log(generateKeyPairSync("ed25519").publicKey.asymmetricKeyType);
  const bytes = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1,
    106, 11,
  ];
  const wasm = await WebAssembly.instantiate(Uint8Array.from(bytes));
  console.log(wasm.instance.exports.add(2, 3));
  let sum = 0;
  for (let i = 0; i < 2e7; i++) sum = (sum + i) | 0;
  console.log(sum);
  const kept = [];
  for (let i = 0; i < 30; i++)
    kept.push(
      Buffer.alloc(1 << 20),
      Array.from({ length: 20000 }, () => ({})),
    );
  console.log(kept.length, process.memoryUsage().rss > 30e6);

  // The system, signals and timers.
  console.log(os.cpus().length > 0, os.totalmem() > 1e6, os.hostname(), os.userInfo().username, process.getuid());
  let caught;
  process.once("SIGUSR2", (name) => (caught = name));
  process.kill(process.pid, "SIGUSR2");
  while (!caught) await sleep(10);
  console.log("got", caught);
  process.stdout.write("done\n");
}

function worker({ shared, number }) {
  Atomics.wait(shared, 1, 0);
  for (let i = 0; i < 10000; i++) Atomics.add(shared, 0, 1);
  parentPort.postMessage([...Array(1000 * number).keys()].reduce((x, y) => x + y));
}

if (isMainThread) await main();
else worker(workerData);
