// The workloads of tests/workloads/NAME/: unmodified programs of Debian and npm packages in a container, with what they print on Linux.
//   recipe.yaml   the packages, the files taken of them, and the container's process
//   rootfs/       files of our own that stand in the container: the scenario
//   expected.txt  standard output, recorded on Linux by `node scripts/run.mjs record-workloads`
// A recipe with a port is a server, which has no such file: tests/servers.test.ts is its client.
// versions.json has the versions of all packages that the outputs were recorded with.

import fs from "node:fs";
import path from "node:path";
import { isMap, isScalar, parseDocument, type YAMLMap } from "yaml";
import { makeBundle, type BundleOptions } from "./bundles.ts";
import { fetchDebian, unpackDebian } from "./debian.ts";
import { fetchNpm } from "./npm.ts";
import { PackageFiles, type Selection } from "./packages.ts";
import { bundlesFolder, projectRoot } from "./project.ts";

export const workloadsFolder = path.join(projectRoot, "tests/workloads");
const versionsFile = path.join(workloadsFolder, "versions.json");

export interface Workload {
  name: string;
  /** What it shows, in a few words. */
  what: string;
  debian: Record<string, Selection>;
  /** By package: the exact version, and where its files go. */
  npm: Record<string, { version: string; files: Record<string, string> }>;
  /** Whether the static BusyBox comes along, with a link for each applet. */
  busybox: boolean;
  /** Folders beside Debian's where libraries are found: those that a program loads from by a path of its own. */
  libraryFolders: string[];
  /** Patterns of files that are left out. */
  drop: string[];
  /** Symbolic links: path and target. */
  links: Record<string, string>;
  args: string[];
  env: string[];
  cwd: string;
  /** The port that a server listens on; 0 for a program that ends by itself. */
  port: number;
  /** What ends a server. */
  stopSignal: NodeJS.Signals;
  /** The exit status. */
  status: number;
  /** Memory of the machine. */
  memory: string;
  /** A machine that takes longer on an idle computer without KVM has failed. */
  timeoutSeconds: number;
}

interface Versions {
  debian: Record<string, string>;
  npm: Record<string, { version: string; integrity: string }>;
}

const DEFAULTS = {
  debian: {},
  npm: {},
  busybox: false,
  libraryFolders: [],
  drop: [],
  links: {},
  env: [],
  cwd: "/",
  port: 0,
  stopSignal: "SIGTERM",
  status: 0,
  memory: "512M",
};
const REQUIRED = ["what", "args", "timeoutSeconds"];

/** The workloads with a recipe that print something and end, by name. */
export function readWorkloads(): Workload[] {
  return readRecipes().filter(({ port }) => port === 0);
}

/** The workloads that are servers, by name. */
export function readServers(): Workload[] {
  return readRecipes().filter(({ port }) => port !== 0);
}

/** All workloads with a recipe, by name. */
export function readRecipes(): Workload[] {
  const names = fs.readdirSync(workloadsFolder).sort();
  return names.filter((name) => fs.existsSync(path.join(workloadsFolder, name, "recipe.yaml"))).map(readWorkload);
}

function readWorkload(name: string): Workload {
  const document = parseDocument(fs.readFileSync(path.join(workloadsFolder, name, "recipe.yaml"), "utf8"));
  const [error] = document.errors;
  if (error) throw new Error(`${name}/recipe.yaml: ${error.message}`);
  const root = document.contents;
  if (!isMap(root)) throw new Error(`${name}/recipe.yaml: a mapping is expected`);
  const known = [...REQUIRED, ...Object.keys(DEFAULTS)];
  for (const key of keys(root)) if (!known.includes(key)) throw new Error(`${name}/recipe.yaml: unknown key ${key}`);
  for (const key of REQUIRED) if (!root.has(key)) throw new Error(`${name}/recipe.yaml: ${key} is missing`);
  return { name, ...DEFAULTS, ...(document.toJS() as Omit<Workload, "name">) };
}

function keys(map: YAMLMap): string[] {
  return map.items.map(({ key }) => (isScalar(key) ? String(key.value) : ""));
}

/** What the workload prints on Linux. */
export function expectedOutput(workload: Workload): string {
  return path.join(workloadsFolder, workload.name, "expected.txt");
}

/** The files that the bundle of the workload is made of, other than packages. */
export function workloadInputs(workload: Workload): string[] {
  const folder = path.join(workloadsFolder, workload.name);
  const own = fs.readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  const files = own.map((entry) => path.join(entry.parentPath, entry.name)).filter((file) => file !== expectedOutput(workload));
  return [...files.sort(), versionsFile];
}

/** Makes build/bundles/NAME. `record` writes the versions taken into versions.json; otherwise other versions than those are warned of. */
export function makeWorkloadBundle(workload: Workload, record: boolean): void {
  const versions = JSON.parse(fs.readFileSync(versionsFile, "utf8")) as Versions;
  const files = new PackageFiles();
  for (const one of fetchDebian(Object.keys(workload.debian), versions.debian).values()) {
    files.addPackage(one.name, unpackDebian(one));
    versions.debian[one.name] = one.version;
  }
  makeBundle(path.join(bundlesFolder, workload.name), {
    args: workload.args,
    env: workload.env,
    cwd: workload.cwd,
    hostname: "box",
    busybox: workload.busybox,
    fill: (rootfs) => {
      for (const [name, selection] of Object.entries(workload.debian)) files.copy(name, selection, workload.drop, rootfs);
      for (const [name, { version, files: places }] of Object.entries(workload.npm)) {
        const recorded = versions.npm[name];
        const { folder, integrity } = fetchNpm(name, version, recorded?.version === version ? recorded.integrity : undefined);
        versions.npm[name] = { version, integrity };
        for (const [from, to] of Object.entries(places)) copyTree(path.join(folder, from), path.join(rootfs, to));
      }
      for (const [file, target] of Object.entries(workload.links)) link(target, path.join(rootfs, file));
      const own = path.join(workloadsFolder, workload.name, "rootfs");
      if (fs.existsSync(own)) copyTree(own, rootfs);
      files.copyLibraries(rootfs, workload.libraryFolders);
    },
  } satisfies BundleOptions);
  if (record) fs.writeFileSync(versionsFile, `${JSON.stringify(sorted(versions), null, 2)}\n`);
}

function copyTree(from: string, to: string): void {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

function link(target: string, file: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.rmSync(file, { force: true });
  fs.symlinkSync(target, file);
}

function sorted(versions: Versions): Versions {
  const byName = <T>(map: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { debian: byName(versions.debian), npm: byName(versions.npm) };
}
