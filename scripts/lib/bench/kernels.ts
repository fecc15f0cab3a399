// The Linux kernels that are measured. `cloud` is Debian's for virtual machines, as it comes; `min` is built here from Debian's source of it
// with bench/linux-min.config, the strongest that is easily made; `slob` is the same with tinyconfig's small allocator. What was built is kept in the user's cache folder.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type DebianPackage, fetchedFolder, unpackDebian } from "../debian.ts";
import { projectRoot } from "../project.ts";
import { fetchDependency, fetchPackage } from "./packages.ts";

export const kernelNames = ["min", "slob", "cloud"] as const;
export type KernelName = (typeof kernelNames)[number];

export interface LinuxKernel {
  name: KernelName;
  file: string;
  /** For people: release, version of the package. */
  description: string;
}

/** The fragments over `make tinyconfig` that a kernel is built with. */
const FRAGMENTS: Record<Exclude<KernelName, "cloud">, string[]> = {
  min: ["linux-min.config"],
  slob: ["linux-min.config", "linux-slob.config"],
};

/** Debian packages that the build of a kernel takes beyond those of the project, and what shows that each is there. */
const BUILD_TOOLS: Record<string, string> = {
  make: "/usr/bin/make",
  bc: "/usr/bin/bc",
  flex: "/usr/bin/flex",
  bison: "/usr/bin/bison",
  "xz-utils": "/usr/bin/xz",
  "libelf-dev": "/usr/include/libelf.h",
};

/** Fetches or builds a kernel, unless that is done. */
export function provideKernel(name: KernelName): LinuxKernel {
  return name === "cloud" ? cloudKernel() : builtKernel(name);
}

function cloudKernel(): LinuxKernel {
  const image = fetchDependency(fetchPackage("linux-image-cloud-amd64"));
  const release = image.name.replace("linux-image-", "");
  return {
    name: "cloud",
    file: path.join(unpackDebian(image), "boot", `vmlinuz-${release}`),
    description: `Debian's ${release} ${image.version}`,
  };
}

function builtKernel(name: Exclude<KernelName, "cloud">): LinuxKernel {
  const source = fetchPackage("linux-source-6.1");
  const fragments = FRAGMENTS[name].map((file) => path.join(projectRoot, "bench", file));
  const recipe = createHash("sha256").update(source.version);
  for (const fragment of fragments) recipe.update(options(fs.readFileSync(fragment, "utf8")).join());
  const folder = path.join(fetchedFolder, "linux", `${name}-${recipe.digest("hex").slice(0, 16)}`);
  const file = path.join(folder, "vmlinux");
  if (!fs.existsSync(file)) buildKernel(name, source, fragments, folder);
  return { name, file, description: `Debian's source ${source.version} with bench/${FRAGMENTS[name].at(-1)}` };
}

/** The options of a fragment, without the comments. */
function options(fragment: string): string[] {
  return fragment.split("\n").filter((line) => /^(# )?CONFIG_/.test(line));
}

function ensureBuildTools(): void {
  const missing = Object.keys(BUILD_TOOLS).filter((name) => !fs.existsSync(BUILD_TOOLS[name] as string));
  if (missing.length === 0) return;
  const command = ["apt-get", "install", "-y", "--no-install-recommends", ...missing];
  const isRoot = process.getuid?.() === 0;
  if (!isRoot)
    throw new Error(`building a Linux kernel takes some packages more; install them and start again:\n\n  sudo ${command.join(" ")}\n`);
  console.error(`installing ${missing.join(" ")}`);
  const result = spawnSync(command[0] as string, ["-o", "DPkg::Lock::Timeout=120", ...command.slice(1)], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (result.status !== 0) throw new Error(`${command.join(" ")}: status ${result.status}`);
}

/** Builds a kernel into `folder`, where it appears when all of it is there. Takes some ten minutes of one processor, and 2 GB meanwhile. */
function buildKernel(name: KernelName, source: DebianPackage, fragments: string[], folder: string): void {
  ensureBuildTools();
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  const work = fs.mkdtempSync(`${folder}.`);
  const log = path.join(work, "log");
  console.error(`building the Linux kernel ${name}, which takes some ten minutes; log in ${log}`);
  const output = fs.openSync(log, "w");
  const tree = path.join(work, "source");
  fs.mkdirSync(tree);
  const run = (program: string, ...words: string[]): void => {
    const result = spawnSync(program, words, { cwd: tree, stdio: ["ignore", output, output] });
    if (result.status !== 0) throw new Error(`building the Linux kernel ${name}: ${program} failed, see ${log}`);
  };
  run("tar", "xf", path.join(unpackDebian(source), "usr/src/linux-source-6.1.tar.xz"), "--strip-components=1");
  run("make", "-s", "tinyconfig");
  run("scripts/kconfig/merge_config.sh", "-m", ".config", ...fragments);
  run("make", "-s", "olddefconfig");
  run("make", "-s", `-j${os.availableParallelism()}`, "vmlinux");
  const made = path.join(work, "made");
  fs.mkdirSync(made);
  run("strip", "-o", path.join(made, "vmlinux"), "vmlinux");
  fs.copyFileSync(path.join(tree, ".config"), path.join(made, "config"));
  fs.rmSync(folder, { recursive: true, force: true });
  fs.renameSync(made, folder);
  fs.closeSync(output);
  fs.rmSync(work, { recursive: true });
}
