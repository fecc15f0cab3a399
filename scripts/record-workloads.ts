// record-workloads [NAME...]: runs the workloads of tests/workloads/ on this machine's Linux and records what they print in
// tests/workloads/NAME/expected.txt. Each runs twice, and the two must agree in every byte. The bundles are built first.

import fs from "node:fs";
import path from "node:path";
import { runInLinuxWorld } from "./lib/linux-world.ts";
import { runScript } from "./lib/process.ts";
import { bundlesFolder } from "./lib/project.ts";
import { expectedOutput, readWorkloads, type Workload } from "./lib/workloads.ts";

interface Config {
  hostname: string;
  process: { args: string[]; env: string[]; cwd: string };
}

function runOnLinux(workload: Workload): Buffer {
  const bundle = path.join(bundlesFolder, workload.name);
  const config = JSON.parse(fs.readFileSync(path.join(bundle, "config.json"), "utf8")) as Config;
  const { args, env, cwd } = config.process;
  const { stdout, status } = runInLinuxWorld(path.join(bundle, "rootfs"), args, { env, cwd, hostname: config.hostname, sys: true });
  if (status !== workload.status) throw new Error(`exit status ${status} in the place of ${workload.status}, after:\n${stdout.toString()}`);
  return stdout;
}

const names = process.argv.slice(2);
const workloads = readWorkloads().filter(({ name }) => names.length === 0 || names.includes(name));
if (workloads.length < Math.max(1, names.length)) throw new Error(`unknown among ${names.join(" ")}`);
await runScript("bundles", ...workloads.map(({ name }) => name));
for (const workload of workloads) {
  try {
    const output = runOnLinux(workload);
    fs.writeFileSync(expectedOutput(workload), output);
    const again = runOnLinux(workload);
    if (!again.equals(output)) throw new Error(`two runs differ; the second printed:\n${again.toString()}`);
    console.log(`${workload.name}: ${output.length} bytes`);
  } catch (error) {
    console.log(`${workload.name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
