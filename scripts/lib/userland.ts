// Builds the programs of the host world: every userland/NAME/main.ts becomes the static ELF file build/userland/NAME, through asc, wasm2c
// and gcc with userland/start/start.c. With `linux` the same program is linked with userland/testing/linux.c instead, which carries the
// host calls out on Linux, for tests: build/userland-linux/NAME.

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { $ } from "zx";

const folder = "userland";

/** Data starts at 4096: address 0 faults. abort.ts is a second entry, for --use looks only among the files compiled. */
const ascOptions = [
  ...["--runtime", "incremental", "-O3", "--shrinkLevel", "1"],
  ...["--memoryBase", "4096", "--stackSize", "65536", "--exportStart", "start", "--use", `abort=${folder}/lib/abort/abort`],
];

const cOptions = [
  ...["-std=gnu11", "-Os", "-DNDEBUG", "-fwrapv", "-fno-strict-aliasing", "-fno-stack-protector", "-fcf-protection=none", "-fno-math-errno"],
  ...["-fno-asynchronous-unwind-tables", "-ffunction-sections", "-fdata-sections", "-fno-pic", "-no-pie", "-static", "-w"],
];
const hostOptions = ["-ffreestanding", "-fno-tree-loop-distribute-patterns", "-nostdlib", "-Wl,--build-id=none", "-Wl,-z,norelro", "-Wl,-z,noexecstack", "-lgcc"];
const linkOptions = ["-Wl,--gc-sections", "-Wl,-z,noseparate-code"];

/** Names of the host programs: the folders of userland/ with a main.ts. */
export function programNames(): string[] {
  return fs.readdirSync(folder).filter((name) => fs.existsSync(path.join(folder, name, "main.ts")));
}

function filesUnder(folder: string): string[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

function hashOfInputs(name: string, linux: boolean): string {
  const folders = [path.join(folder, "lib"), path.join(folder, "start"), path.join(folder, name), ...(linux ? [path.join(folder, "testing")] : [])];
  const files = folders.flatMap(filesUnder).filter((file) => !file.endsWith(".spec.ts"));
  const hash = createHash("sha256").update(JSON.stringify([ascOptions, cOptions, hostOptions, linkOptions]));
  for (const file of [...files.sort(), "kernel/errno.ts"]) hash.update(file).update(fs.readFileSync(file));
  return hash.digest("hex");
}

/** Builds one program, unless nothing it is made from has changed; the path of its ELF file. */
export async function buildProgram(name: string, linux = false): Promise<string> {
  const output = path.join(linux ? "build/userland-linux" : "build/userland", name);
  const work = `${output}.work`;
  const hash = hashOfInputs(name, linux);
  const stamp = path.join(work, "inputs.sha256");
  if (fs.existsSync(output) && fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === hash) return output;
  fs.rmSync(stamp, { force: true });
  fs.mkdirSync(work, { recursive: true });

  const run = $({ quiet: true, stdio: ["ignore", "inherit", "inherit"] });
  const wasm = path.join(work, "program.wasm");
  const entries = [path.join(folder, name, "main.ts"), path.join(folder, "lib/abort.ts")];
  await run`node node_modules/assemblyscript/bin/asc.js ${entries} ${ascOptions} -o ${wasm}`;
  await run`wasm2c ${wasm} --module-name program -o ${path.join(work, "program.c")}`;
  const sources = [path.join(work, "program.c"), path.join(folder, "start/start.c")];
  const variant = linux ? ["-DCYRIUS_ON_LINUX", path.join(folder, "testing/linux.c"), "-lm"] : hostOptions;
  await run`gcc ${cOptions} -I ${work} ${sources} ${variant} ${linkOptions} -s -o ${output}`;
  fs.writeFileSync(stamp, hash);
  return output;
}

/** Builds all host programs; paths of their ELF files by name. */
export async function buildUserland(): Promise<Map<string, string>> {
  const built = new Map<string, string>();
  for (const name of programNames()) built.set(name, await buildProgram(name));
  return built;
}
