// npm run bundles: builds the bundles of the demonstration and of the tests under build/bundles/, unless they are current.
//   busybox        a shell in Debian's static BusyBox
//   busybox-echo, busybox-sh, busybox-tools, tini-init
//                  programs with a known output: tests/workloads/NAME.sh runs in them, NAME.txt is what they print

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { type BundleOptions, makeBundle } from "./lib/bundles.ts";
import { bundlesFolder } from "./lib/project.ts";

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

/** Everything a bundle is made of: its description, this program, and the programs it takes along. */
function recipe(options: BundleOptions): string {
  const hash = createHash("sha256").update(JSON.stringify(options));
  for (const file of [process.argv[1] as string, "/bin/busybox", ...(options.programs ?? [])]) hash.update(fs.readFileSync(file));
  return hash.digest("hex");
}

for (const [name, options] of Object.entries(bundles)) {
  const stamp = path.join(bundlesFolder, `${name}.recipe`);
  const wanted = recipe(options);
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === wanted) continue;
  makeBundle(path.join(bundlesFolder, name), options);
  fs.writeFileSync(stamp, wanted);
}
