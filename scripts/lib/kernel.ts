// Builds the kernel: AssemblyScript -> WebAssembly (asc) -> C (wasm2c, then scripts/lib/wasm2c.ts) -> native code (gcc) with shim/.
// Each step is skipped when its inputs have not changed.

import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { $ } from "zx";
import { demangle, kernelSource } from "./wasm2c.ts";

const MEMORY_BASE = 0x50000000;

const cOptions = [
  ...["-std=gnu11", "-ffreestanding", "-nostdinc", "-isystem", "shim/include", "-mcmodel=kernel", "-mno-red-zone", "-mgeneral-regs-only"],
  ...["-fno-pic", "-fno-pie", "-fno-stack-protector", "-fcf-protection=none", "-fno-asynchronous-unwind-tables", "-fno-strict-aliasing"],
  ...[
    "-fwrapv",
    "-fno-delete-null-pointer-checks",
    "-fomit-frame-pointer",
    "-fno-tree-loop-distribute-patterns",
    "-fno-builtin",
    "-mpreferred-stack-boundary=3",
    "-Ishim",
  ],
];
/** The vDSO is the one part of the image that runs in user mode: position-independent, and with what unwinds through it. */
const vdsoOptions = [
  ...["-std=gnu11", "-O2", "-ffreestanding", "-nostdinc", "-fno-builtin", "-fPIC", "-mgeneral-regs-only", "-fno-stack-protector"],
  ...["-fcf-protection=none", "-Wall", "-Wextra", "-Werror", "-shared", "-nostdlib", "-s", "-Wl,-T,linuxabi/vdso/vdso.ld"],
  ...["-Wl,-soname,linux-vdso.so.1", "-Wl,--hash-style=both", "-Wl,-Bsymbolic", "-Wl,--build-id=none", "-Wl,--eh-frame-hdr"],
  ...["-Wl,-z,max-page-size=4096", "-Wl,-z,noexecstack", "-Wl,--no-undefined"],
];
/** The debug kernel is for a debugger: less optimised, with line numbers of the generated C. */
const optimisation: Record<Target, string[]> = { release: ["-O2", "-g0"], debug: ["-O1", "-g", "-fno-omit-frame-pointer"] };
const warnings = ["-Wall", "-Wextra", "-Werror"];

export type Target = "release" | "debug";

function filesUnder(...folders: string[]): string[] {
  return folders
    .flatMap((folder) => fs.readdirSync(folder, { withFileTypes: true, recursive: true }).map((e) => ({ e, folder })))
    .filter(({ e }) => e.isFile())
    .map(({ e }) => path.join(e.parentPath ?? e.path, e.name))
    .sort();
}

function hashOf(files: string[], ...more: string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(more));
  for (const file of files) hash.update(file).update("\0").update(fs.readFileSync(file));
  return hash.digest("hex");
}

/** Runs `make` unless `output` was made from inputs of the same hash. */
async function step(output: string, hash: string, make: () => Promise<void>): Promise<void> {
  const stamp = `${output}.inputs`;
  if (fs.existsSync(output) && fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === hash) return;
  fs.rmSync(stamp, { force: true });
  await make();
  fs.writeFileSync(stamp, hash);
}

/** Name table for backtraces (shim/isa.c, symbol_name), from the symbols of a linked image. */
function symbolTable(nm: string): string {
  const symbols = nm
    .split("\n")
    .map((line) => /^([0-9a-f]+) [tT] (\S+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, address, name]) => ({ address: BigInt(`0x${address}`), name: demangle(name!) }));
  const start = symbols.find(({ name }) => name === "image_start")?.address ?? symbols[0]?.address ?? 0n;
  let names = "";
  const rows = symbols
    .filter(({ address }) => address >= start)
    .map(({ address, name }) => {
      const row = `{${address - start}, ${names.length}}`;
      names += name + "\0";
      return row;
    });
  const text = JSON.stringify(names).replace(/\\u0000/g, '\\0""');
  return [
    "typedef unsigned int u32;",
    '#define SYMBOLS __attribute__((section(".symbols")))',
    `SYMBOLS const u32 symbol_count = ${rows.length};`,
    `SYMBOLS const struct symbol { u32 address, name; } symbols[] = {${rows.join(",\n") || "{0, 0}"}};`,
    `SYMBOLS const char symbol_names[] = ${text};`,
    "",
  ].join("\n");
}

/** Builds build/kernel.elf (release) or build/kernel-debug.elf; returns its path. */
export async function buildKernel(target: Target = "release"): Promise<string> {
  const suffix = target === "debug" ? "-debug" : "";
  const work = `build/kernel${suffix}`;
  const output = `build/kernel${suffix}.elf`;
  fs.mkdirSync(work, { recursive: true });
  const run = $({ quiet: true, stdio: ["ignore", "pipe", "inherit"] });
  const file = (name: string): string => path.join(work, name);

  const sources = filesUnder("kernel", "drivers", "linuxabi", "runtime").filter(
    (name) => name.endsWith(".ts") && !name.endsWith(".spec.ts"),
  );
  await step(file("kernel.wasm"), hashOf([...sources, "shim/isa.ts", "asconfig.json"], target), async () => {
    await run`node node_modules/assemblyscript/bin/asc.js --target ${target}`;
  });
  await step(file("kernel.c"), hashOf([file("kernel.wasm"), "scripts/lib/wasm2c.ts"]), async () => {
    await run`wasm2c ${file("kernel.wasm")} --module-name kernel -o ${file("wasm2c.c")}`;
    const { c, data } = kernelSource(fs.readFileSync(file("wasm2c.c"), "utf8"), fs.readFileSync(file("wasm2c.h"), "utf8"), MEMORY_BASE);
    // Zeros behind the last segment: what memory.data reserves without content.
    const image = Buffer.alloc(data.size);
    data.bytes.copy(image);
    fs.writeFileSync(file("data.bin"), image);
    const hash = hashOf([file("data.bin")]); // so that another content makes another source
    fs.writeFileSync(file("data.S"), `# ${hash}\n.section .wasm_data, "aw", @progbits\n.incbin "${file("data.bin")}"\n`);
    fs.writeFileSync(file("kernel.c"), c);
  });

  const headers = filesUnder("shim").filter((name) => name.endsWith(".h"));
  const object = async (source: string, options: string[]): Promise<string> => {
    const to = file(path.basename(source) + ".o");
    const all = [...cOptions, ...optimisation[target], ...options];
    await step(to, hashOf([source, ...headers], ...all), async () => {
      await run`gcc ${all} -c ${source} -o ${to}`;
    });
    return to;
  };
  await step(file("vdso.so"), hashOf(["linuxabi/vdso/vdso.c", "linuxabi/vdso/vdso.ld"], ...vdsoOptions), async () => {
    await run`gcc ${vdsoOptions} linuxabi/vdso/vdso.c -o ${file("vdso.so")}`;
    const symbols = `.globl vdso_image, vdso_image_end\nvdso_image: .incbin "${file("vdso.so")}"\nvdso_image_end:\n`;
    fs.writeFileSync(file("vdso.S"), `# ${hashOf([file("vdso.so")])}\n.section .rodata\n${symbols}`);
  });
  fs.writeFileSync(file("no-symbols.c"), symbolTable(""));
  const objects = await Promise.all([
    object("shim/boot.S", []),
    object("shim/trap.S", []),
    object("shim/isa.c", warnings),
    object(file("kernel.c"), ["-w"]),
    object(file("data.S"), []),
    object(file("vdso.S"), []),
  ]);
  const noSymbols = await object(file("no-symbols.c"), warnings);
  await step(file("linker.ld"), hashOf(["shim/linker.ld", "shim/layout.h"]), async () => {
    await run`gcc -E -P -x c -Ishim shim/linker.ld -o ${file("linker.ld")}`;
  });
  await step(output, hashOf([...objects, noSymbols, file("linker.ld"), "scripts/lib/kernel.ts"]), async () => {
    const link = (symbols: string, to: string) =>
      run`ld -nostdlib -static -z max-page-size=4096 -z noexecstack -T ${file("linker.ld")} ${objects} ${symbols} -o ${to}`;
    await link(noSymbols, file("unnamed.elf"));
    const nm = await run`nm -n ${file("unnamed.elf")}`;
    fs.writeFileSync(file("symbols.c"), symbolTable(nm.stdout));
    await link(await object(file("symbols.c"), warnings), output);
  });
  return output;
}
