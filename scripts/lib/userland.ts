// Builds the programs of the host world: every userland/NAME/main.ts becomes the static ELF file build/userland/NAME, through asc, wasm2c
// and gcc with userland/start/start.c.

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { $ } from "zx";
import { moduleSource } from "./wasm2c.ts";

const folder = "userland";

/** Programs whose speed counts more than their size. */
const FAST = new Set(["image"]);

const cOptions = [
  ...["-std=gnu11", "-ffreestanding", "-fwrapv", "-fno-strict-aliasing", "-fno-delete-null-pointer-checks", "-fno-stack-protector"],
  ...["-fno-asynchronous-unwind-tables", "-fno-tree-loop-distribute-patterns", "-fcf-protection=none", "-fno-pic", "-no-pie", "-static"],
  ...["-nostdlib", "-s", "-Wl,--build-id=none", "-Wl,-z,norelro", "-Wl,-z,noseparate-code", "-Wl,-z,noexecstack"],
];

/** Where a program's linear memory begins (userland/start/runtime.h), and memoryBase of userland/asconfig.json. */
const LINEAR_BASE = 0x100000000;
const MEMORY_BASE = 4096;

/** Names of the host programs: the folders of userland/ with a main.ts. */
export function programNames(): string[] {
  return fs.readdirSync(folder).filter((name) => fs.existsSync(path.join(folder, name, "main.ts")));
}

function filesUnder(folder: string): string[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

function hashOfInputs(name: string): string {
  const folders = ["lib", "start", name].map((part) => path.join(folder, part));
  const files = folders.flatMap(filesUnder).filter((file) => !file.endsWith(".spec.ts"));
  const hash = createHash("sha256").update(JSON.stringify(cOptions));
  for (const file of [...files.sort(), "kernel/errno.ts", "userland/asconfig.json", "shim/wasm_rt.h", "scripts/lib/wasm2c.ts"])
    hash.update(file).update(fs.readFileSync(file));
  return hash.digest("hex");
}

/** Builds one program, unless nothing it is made from has changed; the path of its ELF file. */
export async function buildProgram(name: string): Promise<string> {
  const output = path.join("build/userland", name);
  const work = `${output}.work`;
  const hash = hashOfInputs(name);
  const stamp = path.join(work, "inputs.sha256");
  if (fs.existsSync(output) && fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === hash) return output;
  fs.rmSync(stamp, { force: true });
  fs.mkdirSync(work, { recursive: true });

  const file = (name: string): string => path.join(work, name);
  const run = $({ quiet: true, stdio: ["ignore", "inherit", "inherit"] });
  // abort.ts is a second entry because --use looks only among the files that are compiled.
  const entries = [path.join(folder, name, "main.ts"), path.join(folder, "lib/abort.ts")];
  await run`node node_modules/assemblyscript/bin/asc.js ${entries} --config userland/asconfig.json -o ${file("program.wasm")}`;
  await run`wasm2c ${file("program.wasm")} --module-name program -o ${file("wasm2c.c")}`;
  const module = moduleSource(fs.readFileSync(file("wasm2c.c"), "utf8"), fs.readFileSync(file("wasm2c.h"), "utf8"), "program", MEMORY_BASE);
  fs.writeFileSync(file("program.c"), `#include "runtime.h"\n${module.c}`);
  fs.writeFileSync(file("data.bin"), module.data.bytes);
  fs.writeFileSync(file("data.S"), `.section .wasm_data, "aw", @progbits\n.incbin "${file("data.bin")}"\n`);
  const sources = [file("program.c"), file("data.S"), path.join(folder, "start/start.c")];
  const place = `-Wl,--section-start=.wasm_data=0x${(LINEAR_BASE + MEMORY_BASE).toString(16)}`;
  const includes = ["-Ishim", `-I${folder}/start`, `-DINITIAL_PAGES=${module.pages}`];
  await run`gcc ${FAST.has(name) ? "-O2" : "-Os"} ${cOptions} ${includes} ${sources} -w ${place} -lgcc -o ${output}`;
  fs.writeFileSync(stamp, hash);
  return output;
}

/** Builds all host programs; paths of their ELF files by name. */
export async function buildUserland(): Promise<Map<string, string>> {
  const built = new Map<string, string>();
  for (const name of programNames()) built.set(name, await buildProgram(name));
  return built;
}

/** Builds the program that runs host programs on Linux, for tests (userland/testing/loader.c); its path. */
export async function buildLoader(): Promise<string> {
  const output = "build/userland-loader";
  const sources = ["loader.c", "linux.c", "containers.c"].map((name) => path.join(folder, "testing", name));
  await $({ quiet: true })`gcc -std=gnu11 -O1 -Wall -Wextra -Wno-unused-parameter -Wno-unused-result ${sources} -o ${output}`;
  return output;
}
