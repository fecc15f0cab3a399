// The bootstrap of every script: `node scripts/run.mjs NAME [ARG...]` makes sure that the npm and Debian packages the project needs are
// there, bundles scripts/NAME.ts with esbuild and runs it from the project's root. It needs nothing but Node.js 20 and npm, so that
// `npm start` and `npm test` work on a fresh clone; when nothing is to be done it is silent and takes some 50 ms.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Debian packages, and what shows that each is installed: commands (bare names) and files. */
const DEBIAN_PACKAGES = {
  "qemu-system-x86": ["qemu-system-x86_64"],
  gcc: ["gcc"],
  "libc6-dev": ["/usr/include/stdio.h"],
  binutils: ["ld", "objcopy"],
  wabt: ["wasm2c", "wasm2wat"],
  "busybox-static": [isStaticBusybox],
  tini: ["tini"],
  cpio: ["cpio"],
};

/** Scripts that call none of these tools, and so run without them. */
const NEEDS_NO_TOOLS = new Set(["format"]);

function fail(message) {
  process.stderr.write(`cyrius: ${message}\n`);
  process.exit(1);
}

function say(message) {
  process.stderr.write(`cyrius: ${message}\n`);
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

// npm packages ---------------------------------------------------------------------------------------------------------------------

/** True when node_modules holds what package-lock.json asks for (npm records what it installed in node_modules/.package-lock.json). */
function nodeModulesCurrent() {
  const wanted = readJson(path.join(root, "package-lock.json"))?.packages;
  const present = readJson(path.join(root, "node_modules/.package-lock.json"))?.packages;
  if (!wanted) fail("package-lock.json is missing or damaged");
  if (!present) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (name === "") return true;
    const installed = present[name];
    if (!installed) return entry.optional === true || entry.peer === true; // packages for other platforms
    return installed.version === entry.version && installed.integrity === entry.integrity;
  });
}

function ensureNodeModules() {
  if (nodeModulesCurrent()) return;
  // A linked node_modules belongs to another working tree; `npm ci` would empty it under the feet of whoever works there.
  if (fs.lstatSync(path.join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink())
    return say("node_modules is a link to a directory that does not match package-lock.json; going on with it");
  say("installing the npm packages (npm ci)");
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (npm.error) fail(`npm cannot be run: ${npm.error.message}`);
  if (npm.status !== 0) fail("npm ci failed");
}

// Debian packages ------------------------------------------------------------------------------------------------------------------

function findCommand(name) {
  const folders = (process.env.PATH ?? "").split(":").concat("/usr/sbin", "/sbin");
  return folders.some((folder) => folder !== "" && fs.existsSync(path.join(folder, name)));
}

/** Debian's `busybox` is dynamically linked and in the way of the static one: look for a program header of type PT_INTERP. */
function isStaticBusybox() {
  let elf;
  try {
    elf = fs.readFileSync("/bin/busybox");
  } catch {
    return false;
  }
  const headers = Number(elf.readBigUInt64LE(32));
  const size = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  for (let i = 0; i < count; i++) if (elf.readUInt32LE(headers + i * size) === 3) return false;
  return true;
}

function missingPackages() {
  const stands = (sign) => (typeof sign === "function" ? sign() : sign.startsWith("/") ? fs.existsSync(sign) : findCommand(sign));
  return Object.keys(DEBIAN_PACKAGES).filter((name) => !DEBIAN_PACKAGES[name].every(stands));
}

function ensureDebianPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...missing];
  const advice = `these Debian packages are missing; install them and start again:\n\n  sudo ${install.join(" ")}\n`;
  if (!findCommand("apt-get")) fail(`this machine lacks: ${missing.join(" ")} (names of the Debian packages)`);

  const isRoot = process.getuid?.() === 0;
  if (!isRoot && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status !== 0) fail(advice);
  const environment = ["env", "DEBIAN_FRONTEND=noninteractive"];
  const prefix = isRoot ? environment : ["sudo", "-n", ...environment];
  const run = (command) => {
    const [program, ...rest] = [...prefix, ...command];
    return spawnSync(program, rest, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 26 });
  };

  say(`installing Debian packages: ${missing.join(" ")}`);
  const lists = fs.existsSync("/var/lib/apt/lists") ? fs.readdirSync("/var/lib/apt/lists") : [];
  let result = lists.some((name) => name.includes("_Packages")) ? run(install) : undefined;
  if (result?.status !== 0) {
    run(["apt-get", "update", "-q"]);
    result = run(install);
  }
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
    fail(advice);
  }
  const still = missingPackages();
  if (still.length > 0) fail(`installed, but not found: ${still.join(" ")}`);
}

// Bundles --------------------------------------------------------------------------------------------------------------------------

function contentHash(file) {
  try {
    return createHash("sha256")
      .update(fs.readFileSync(path.join(root, file)))
      .digest("hex");
  } catch {
    return "";
  }
}

/**
 * Bundles `entry` into `outfile` with esbuild, unless the inputs of the last time are unchanged: `outfile`.json lists them with their
 * hashes. Packages stay outside of the bundle unless `options` say otherwise.
 */
async function bundle(entry, outfile, options = {}) {
  const record = path.join(root, "build/scripts", `${path.basename(outfile)}.json`);
  const recipe = JSON.stringify([options, readJson(path.join(root, "node_modules/esbuild/package.json"))?.version]);
  const before = readJson(record);
  if (before && before.recipe === recipe && fs.existsSync(path.join(root, outfile))) {
    if (Object.entries(before.inputs).every(([file, hash]) => contentHash(file) === hash)) return;
  }
  const esbuild = await import("esbuild");
  let result;
  try {
    result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "esm",
      packages: "external",
      sourcemap: "inline",
      metafile: true,
      logLevel: "error",
      ...options,
    });
  } catch {
    process.exit(1); // esbuild has said what is wrong
  }
  const inputs = Object.fromEntries(Object.keys(result.metafile.inputs).map((file) => [file, contentHash(file)]));
  fs.mkdirSync(path.dirname(record), { recursive: true });
  fs.writeFileSync(record, JSON.stringify({ recipe, inputs }));
}

/** Keeps dist/cyrius.js current, one self-contained file, and puts it where `npx cyrius` looks. */
async function ensureCommand() {
  const entry = "scripts/cyrius.ts";
  if (!fs.existsSync(path.join(root, entry))) return;
  await bundle(entry, "dist/cyrius.js", { packages: "bundle", sourcemap: false, banner: { js: "#!/usr/bin/env node" } });
  fs.chmodSync(path.join(root, "dist/cyrius.js"), 0o755);
  const link = path.join(root, "node_modules/.bin/cyrius");
  if (fs.lstatSync(link, { throwIfNoEntry: false })) return;
  try {
    fs.symlinkSync("../../dist/cyrius.js", link);
  } catch {
    // A read-only or shared node_modules: `npx cyrius` then takes the longer way through package.json.
  }
}

const [name, ...args] = process.argv.slice(2);
if (!name || !/^[a-z][a-z-]*$/.test(name)) fail("usage: node scripts/run.mjs NAME [ARG...], where scripts/NAME.ts exists");
if (!fs.existsSync(path.join(root, "scripts", `${name}.ts`))) fail(`there is no scripts/${name}.ts`);
process.chdir(root);
ensureNodeModules();
if (!NEEDS_NO_TOOLS.has(name)) ensureDebianPackages();
await ensureCommand();
const outfile = `build/scripts/${name}.mjs`;
await bundle(`scripts/${name}.ts`, outfile);
process.setSourceMapsEnabled(true);
process.argv = [process.argv[0], path.join(root, outfile), ...args];
await import(pathToFileURL(path.join(root, outfile)).href);
