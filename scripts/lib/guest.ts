// The guest test programs of tests/guest/: compiles them incrementally into build/guest/ and lays out the OCI bundle build/bundles/guest.
//
// All conformance and torture programs are linked into one static executable, /bin/guest, which looks at the name it was called by
// (links /bin/NAME lead to it), so that the bundle stays small; benchmark programs and the programs others execute are files of their own.

import fs from "node:fs";
import path from "node:path";
import { $ } from "zx";
import { bundlesFolder, projectRoot } from "./project.ts";

const sources = path.join(projectRoot, "tests/guest");
const output = path.join(projectRoot, "build/guest");
/** The programs do wrong things on purpose, which is what the silenced warnings are about. */
const warnings = [
  ...["-Wall", "-Wextra", "-Wno-unused-result", "-Wno-nonnull", "-Wno-stringop-overflow", "-Wno-stringop-overread"],
  ...["-Wno-array-bounds", "-Wno-clobbered"],
];
const compilerFlags = ["-O2", "-std=gnu17", "-D_GNU_SOURCE", "-fno-pie", ...warnings];

/** The bundle that carries every guest program. */
export const guestBundle = path.join(bundlesFolder, "guest");

/** A program as the test runs it. */
export interface GuestProgram {
  name: string;
  arguments: string[];
  /** The arguments on Linux where they differ: this machine's memory is not to be used up. */
  linuxArguments?: string[];
  /** It must be the container's process 1. */
  isFirst: boolean;
  /** Seconds after which it counts as hanging; far more than it takes. */
  timeout: number;
}

/** Programs that test the rules of process 1. */
const firstProcesses = new Set(["pid1"]);

/** What the torture programs are called with in the tests. */
const tortureArguments: Record<string, Pick<GuestProgram, "arguments" | "linuxArguments">> = {
  fuzz: { arguments: ["1", "100000", "capable", "threads"], linuxArguments: ["1", "100000"] },
  "exhaust-memory": { arguments: [], linuxArguments: ["64"] },
  "exhaust-pids": { arguments: ["200"] },
  "all-at-once": { arguments: ["0", "capable", "threads"], linuxArguments: ["0"] },
};

function namesIn(folder: string, extension: string): string[] {
  const files = fs.readdirSync(path.join(sources, folder)).filter((file) => file.endsWith(extension));
  return files.map((file) => path.basename(file, extension)).sort();
}

/** The programs that check one family of calls each. */
export function conformancePrograms(): GuestProgram[] {
  return namesIn("conformance", ".c").map((name) => ({ name, arguments: [], isFirst: firstProcesses.has(name), timeout: 60 }));
}

/** The programs that try to break the kernel. */
export function torturePrograms(): GuestProgram[] {
  return namesIn("torture", ".c").map((name) => ({ name, arguments: [], isFirst: false, timeout: 300, ...tortureArguments[name] }));
}

/** True when `target` is missing or older than one of `inputs`. */
function isStale(target: string, inputs: string[]): boolean {
  const made = fs.statSync(target, { throwIfNoEntry: false });
  return !made || inputs.some((input) => fs.statSync(input).mtimeMs > made.mtimeMs);
}

/** Runs the compiler with these arguments; its warnings go to standard error. */
async function compile(words: string[]): Promise<void> {
  const { stderr } = await $`gcc ${words}`;
  process.stderr.write(stderr);
}

function writeIfChanged(file: string, text: string): void {
  if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== text) fs.writeFileSync(file, text);
}

const mainName = (program: string): string => `main_${program.replaceAll("-", "_")}`;

/** The C text of /bin/guest's main function: calls the main function of the program named by argv[0]. */
function dispatcher(names: string[]): string {
  const declarations = names.map((name) => `int ${mainName(name)}(int, char **, char **);`);
  const rows = names.map((name) => `  if (strcmp(name, "${name}") == 0) return ${mainName(name)}(count, arguments, environment);`);
  return [
    "#include <string.h>",
    ...declarations,
    "int main(int count, char **arguments, char **environment) {",
    "  const char *slash = count ? strrchr(arguments[0], '/') : 0, *name = slash ? slash + 1 : count ? arguments[0] : \"\";",
    ...rows,
    "  return 127;",
    "}",
    "",
  ].join("\n");
}

/** Compiles the multi-call executable and returns its path. */
async function buildMultiCall(): Promise<string> {
  const target = path.join(output, "guest");
  const headers = ["badpath.h", "check.h", "terminal.h"].map((name) => path.join(sources, name));
  const objects = path.join(output, "objects");
  fs.mkdirSync(objects, { recursive: true });
  const programs = ["conformance", "torture"].flatMap((folder) => namesIn(folder, ".c").map((name) => ({ folder, name })));
  const linked: string[] = [];
  for (const { folder, name } of programs) {
    const source = path.join(sources, folder, `${name}.c`);
    const object = path.join(objects, `${name}.o`);
    linked.push(object);
    if (!isStale(object, [source, ...headers])) continue;
    await compile([...compilerFlags, `-I${sources}`, `-Dmain=${mainName(name)}`, "-c", "-o", object, source]);
  }
  const main = path.join(objects, "dispatcher.c");
  writeIfChanged(main, dispatcher(programs.map(({ name }) => name)));
  if (isStale(target, [main, ...linked])) await compile([...compilerFlags, "-static", "-no-pie", "-s", "-o", target, main, ...linked]);
  return target;
}

/** The source of a program that is an executable of its own: one file, or a folder of C files and headers. */
interface AloneSource {
  name: string;
  files: string[];
  /** What else it depends on: headers, and the folder itself, which changes when a file goes away. */
  context: string[];
}

/** The programs in a folder that are executables of their own. */
function aloneSources(folder: string): AloneSource[] {
  const inFolder = path.join(sources, folder);
  return fs.readdirSync(inFolder, { withFileTypes: true }).flatMap((entry): AloneSource[] => {
    const whole = path.join(inFolder, entry.name);
    if (!entry.isDirectory()) {
      return /\.[cS]$/.test(entry.name) ? [{ name: entry.name.replace(/\.[cS]$/, ""), files: [whole], context: [] }] : [];
    }
    const parts = fs.readdirSync(whole).map((file) => path.join(whole, file));
    const ending = (text: string): string[] => parts.filter((file) => file.endsWith(text));
    return [{ name: entry.name, files: ending(".c"), context: [whole, ...ending(".h")] }];
  });
}

/** Compiles such a program: C with the C library, assembly without and as small as can be. `-pie` in the name asks for a static PIE. */
async function buildAlone({ name, files, context }: AloneSource): Promise<string> {
  const target = path.join(output, name);
  if (!isStale(target, [...files, ...context])) return target;
  const smallest = ["-Wl,--build-id=none", "-Wl,-z,noseparate-code"];
  const bare = ["-nostdlib", "-static", "-no-pie", ...(name === "ordinary" ? [] : smallest)];
  const withLibrary = name.endsWith("-pie") ? ["-O2", "-fPIE", "-static-pie"] : [...compilerFlags, "-static", "-no-pie"];
  await compile([...(files.some((file) => file.endsWith(".S")) ? bare : withLibrary), "-s", "-o", target, ...files]);
  return target;
}

/** Compiles the programs of a folder that are executables of their own; their paths by name. */
export async function buildPrograms(folder: string): Promise<Map<string, string>> {
  const built = new Map<string, string>();
  for (const source of aloneSources(folder)) built.set(source.name, await buildAlone(source));
  return built;
}

const capabilities = [
  ...["CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE"],
  ...["CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"],
];

/** The bundle's config.json. tests/guest/linux-world.sh builds the same world on Linux: change both together. */
const configuration = {
  ociVersion: "1.0.2",
  root: { path: "rootfs", readonly: false },
  hostname: "guest",
  process: {
    terminal: false,
    user: { uid: 0, gid: 0, umask: 0o022 },
    args: ["/bin/sh"],
    env: ["PATH=/bin", "HOME=/"],
    cwd: "/",
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    rlimits: [
      { type: "RLIMIT_NOFILE", soft: 1024, hard: 4096 },
      { type: "RLIMIT_CORE", soft: 0, hard: 0 },
    ],
    noNewPrivileges: false,
  },
  mounts: [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1777"] },
    { destination: "/readonly", type: "tmpfs", source: "tmpfs", options: ["ro", "mode=755"] },
    { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777"] },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  ],
  annotations: { "cyrius.network": "none" },
  linux: { namespaces: ["pid", "mount", "uts", "ipc", "network"].map((type) => ({ type })) },
};

/** Finds a statically linked busybox on this machine. */
function staticBusybox(): string {
  const found = ["/bin/busybox", "/usr/bin/busybox"].find((file) => fs.existsSync(file));
  if (!found) throw new Error("busybox-static is not installed");
  return found;
}

function install(from: string, to: string): void {
  if (!isStale(to, [from])) return;
  fs.copyFileSync(from, to);
  fs.chmodSync(to, 0o755);
}

function linkTo(target: string, file: string): void {
  if (fs.lstatSync(file, { throwIfNoEntry: false })) return;
  fs.symlinkSync(target, file);
}

/** Builds everything and returns the bundle's folder. Does nothing that is up to date. */
export async function buildGuestBundle(): Promise<string> {
  $.quiet = true;
  const bin = path.join(guestBundle, "rootfs/bin");
  fs.mkdirSync(bin, { recursive: true });
  install(await buildMultiCall(), path.join(bin, "guest"));
  for (const { name } of [...conformancePrograms(), ...torturePrograms()]) linkTo("guest", path.join(bin, name));
  for (const folder of ["bench", "executed"]) {
    for (const [name, program] of await buildPrograms(folder)) install(program, path.join(bin, name));
  }
  install(staticBusybox(), path.join(bin, "busybox"));
  for (const applet of ["sh", "timeout", "rm", "cat", "echo"]) linkTo("busybox", path.join(bin, applet));
  const etc = path.join(guestBundle, "rootfs/etc");
  fs.mkdirSync(etc, { recursive: true });
  writeIfChanged(path.join(etc, "passwd"), "root:x:0:0:root:/:/bin/sh\n");
  writeIfChanged(path.join(etc, "group"), "root:x:0:\ntty:x:5:\n");
  writeIfChanged(path.join(guestBundle, "config.json"), `${JSON.stringify(configuration, null, 2)}\n`);
  return guestBundle;
}

/** What one program printed and its exit status (137 and the like when a signal or the timeout ended it). */
export interface GuestResult {
  output: string;
  status: number;
}

/** A shell script that runs the programs one after the other, each between marker lines that `splitResults` finds again. */
export function batchScript(programs: GuestProgram[]): string {
  const lines = programs.map((program) => {
    const command = [`/bin/${program.name}`, ...program.arguments].join(" ");
    return `echo "=== begin ${program.name}"; timeout -s KILL ${program.timeout} ${command} </dev/null; echo "=== end ${program.name} $?"`;
  });
  return ["cd /", ...lines.flatMap((line) => [line, "rm -rf /tmp/* /dev/shm/*"])].join("\n");
}

/** Takes the output of a batch apart. A program whose end marker is missing has no result. */
export function splitResults(text: string): Map<string, GuestResult> {
  const results = new Map<string, GuestResult>();
  for (const match of text.matchAll(/^=== begin (\S+)\n([\s\S]*?)^=== end \1 (\d+)\n/gm)) {
    const [, name = "", output = "", status = "0"] = match;
    results.set(name, { output, status: Number(status) });
  }
  return results;
}

/** Groups the programs into those that share a machine and those that need to be its first process. */
export function batches(programs: GuestProgram[], size: number): GuestProgram[][] {
  const shared = programs.filter((program) => !program.isFirst);
  const groups: GuestProgram[][] = [];
  for (let i = 0; i < shared.length; i += size) groups.push(shared.slice(i, i + size));
  return [...groups, ...programs.filter((program) => program.isFirst).map((program) => [program])];
}

/** The command line that runs a batch in the bundle: the program itself when it must be the first process. */
export function batchCommand(batch: GuestProgram[]): string[] {
  const [only] = batch;
  if (batch.length === 1 && only?.isFirst) return [`/bin/${only.name}`, ...only.arguments];
  return ["/bin/sh", "-c", batchScript(batch)];
}

/** The results of a batch from its whole output and exit status. */
export function batchResults(batch: GuestProgram[], output: string, status: number): Map<string, GuestResult> {
  const [only] = batch;
  if (batch.length === 1 && only?.isFirst) return new Map([[only.name, { output, status }]]);
  return splitResults(output);
}
