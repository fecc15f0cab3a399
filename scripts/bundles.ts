// npm run bundles [-- [--record-versions] NAME...]: builds the bundles of the demonstration and of the tests under build/bundles/, unless
// they are current; only those named, if any are. --record-versions writes the versions of the packages taken into tests/workloads/versions.json.
//   busybox        a shell in Debian's static BusyBox
//   busybox-echo, busybox-sh, busybox-tools, tini-init
//                  programs with a known output: tests/workloads/NAME.sh runs in them, NAME.txt is what they print
//   the others     programs of Debian and npm packages (scripts/lib/workloads.ts)

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { type BundleOptions, makeBundle } from "./lib/bundles.ts";
import { bundlesFolder } from "./lib/project.ts";
import { makeWorkloadBundle, readRecipes, workloadInputs } from "./lib/workloads.ts";

const scenario = (name: string): Record<string, string> => ({ "/scenario.sh": fs.readFileSync(`tests/workloads/${name}.sh`, "utf8") });

const bundles: Record<string, BundleOptions> = {
  busybox: { args: ["sh"], terminal: true },
  "busybox-echo": { args: ["/bin/busybox", "echo", "hello"], hostname: "box" },
  "busybox-sh": { args: ["/bin/sh", "/scenario.sh"], hostname: "box", files: scenario("busybox-sh") },
  "busybox-tools": { args: ["/bin/sh", "/scenario.sh"], hostname: "box", files: scenario("busybox-tools") },
  "tini-init": {
    args: ["/usr/bin/tini", "-v", "--", "/bin/sh", "/scenario.sh"],
    hostname: "box",
    programs: ["/usr/bin/tini"],
    files: scenario("tini-init"),
  },
};

/** Everything a bundle is made of: its description, this program, and the files it takes along. */
function recipe(description: object, files: string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(description));
  for (const file of [process.argv[1] as string, ...files]) hash.update(fs.readFileSync(file));
  return hash.digest("hex");
}

const words = process.argv.slice(2);
const record = words.includes("--record-versions");
const names = words.filter((word) => word !== "--record-versions");
const made = new Set<string>();

/** Makes the bundle `name`, unless it is made already of what `wanted` stands for. */
function bundle(name: string, wanted: () => string, make: () => void): void {
  if (names.length > 0 && !names.includes(name)) return;
  made.add(name);
  const stamp = path.join(bundlesFolder, `${name}.recipe`);
  if (!record && fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === wanted()) return;
  fs.rmSync(stamp, { force: true });
  make();
  fs.writeFileSync(stamp, wanted());
}

for (const [name, options] of Object.entries(bundles)) {
  const files = ["/bin/busybox", ...(options.programs ?? [])];
  bundle(
    name,
    () => recipe(options, files),
    () => makeBundle(path.join(bundlesFolder, name), options),
  );
}
for (const workload of readRecipes())
  bundle(
    workload.name,
    () => recipe(workload, workloadInputs(workload)),
    () => makeWorkloadBundle(workload, record),
  );
for (const name of names) if (!made.has(name)) throw new Error(`there is no bundle ${name}`);
