// Debian packages without root and without installing them: fetched by the machine's own apt, from the sources it is set up for, and
// unpacked with dpkg-deb. Archives and unpacked packages are kept in the user's cache folder, which all working trees share; a package
// appears there whole, so that two runs do not disturb each other.
// Versions are what the caller recorded, as long as an archive of that version is in the cache or apt still offers it: a Debian release
// replaces packages by newer ones, so another version is taken with a warning and not an error.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/** A package in the cache. */
export interface DebianPackage {
  name: string;
  version: string;
  /** The archive (.deb). */
  archive: string;
}

/** Version by package name. */
export type Versions = Record<string, string>;

/** Where everything fetched is kept: a folder of the user's cache (XDG Base Directory Specification). */
export const fetchedFolder: string = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "cyrius");
const archives = path.join(fetchedFolder, "debian");
const unpacked = path.join(fetchedFolder, "debian-unpacked");
/** Package lists of our own, for machines whose lists are missing or older than the archive. */
const ownLists = path.join(fetchedFolder, "apt-lists");

/**
 * Fetches the named packages (none of their dependencies) of this machine's architecture, those that are not in the cache yet. `recorded` has the
 * versions to prefer. Throws when a package is not to be had.
 */
export function fetchDebian(names: string[], recorded: Versions = {}): Map<string, DebianPackage> {
  fs.mkdirSync(archives, { recursive: true });
  const found = new Map<string, DebianPackage>();
  const missing: string[] = [];
  for (const name of new Set(names)) {
    const version = recorded[name];
    const cached = version === undefined ? undefined : cachedArchives().find((one) => one.name === name && one.version === version);
    if (cached) found.set(name, cached);
    else missing.push(name);
  }
  if (missing.length === 0) return found;

  download(missing);
  const newest = cachedArchives().sort((a, b) => fs.statSync(b.archive).mtimeMs - fs.statSync(a.archive).mtimeMs);
  for (const name of missing) {
    const got = newest.find((one) => one.name === name);
    if (!got) throw new Error(`apt-get download brought no ${name}`);
    const version = recorded[name];
    if (version !== undefined && version !== got.version)
      console.warn(`cyrius: ${name} ${got.version} in the place of ${version}, which the package archive no longer has`);
    found.set(name, got);
  }
  return found;
}

/** A file or folder of a Debian package, which need not be installed; `file` is a path without a slash in front. */
export function debianFile(name: string, file: string): string {
  const found = fetchDebian([name]).get(name);
  if (!found) throw new Error(`there is no Debian package ${name}`);
  return path.join(unpackDebian(found), file);
}

/** The folder with the files of a package, unpacked the first time it is asked for. */
export function unpackDebian(one: DebianPackage): string {
  const folder = path.join(unpacked, path.basename(one.archive, ".deb"));
  if (fs.existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  fs.mkdirSync(unfinished, { recursive: true });
  run("dpkg-deb", ["-x", one.archive, unfinished]);
  appear(unfinished, folder);
  return folder;
}

/** Archives are NAME_VERSION_ARCHITECTURE.deb, the colon of a version's epoch written %3a. */
function cachedArchives(): DebianPackage[] {
  return fs
    .readdirSync(archives)
    .filter((file) => file.endsWith(".deb"))
    .map((file) => {
      const [name = "", version = ""] = file.split("_");
      return { name, version: decodeURIComponent(version), archive: path.join(archives, file) };
    });
}

/** Downloads by the lists that the machine has; when that fails, by newer ones of our own. */
function download(names: string[]): void {
  const folder = fs.mkdtempSync(path.join(archives, "fetching-"));
  try {
    const arguments_ = ["-q", "-o", "APT::Sandbox::User=", "download", ...names];
    const first = attempt("apt-get", arguments_, folder);
    if (first !== undefined) {
      console.warn("cyrius: fetching the lists of Debian packages");
      const lists = ["-o", `Dir::State::lists=${ownLists}`, "-o", "Debug::NoLocking=1"];
      fs.mkdirSync(path.join(ownLists, "partial"), { recursive: true });
      // An unreachable third-party source must not matter; what is missing, the download will say.
      attempt("apt-get", ["-q", "-o", "APT::Sandbox::User=", ...lists, "update"], folder);
      const second = attempt("apt-get", [...lists, ...arguments_], folder);
      if (second !== undefined) throw new Error(`Debian packages cannot be fetched: ${second}`);
    }
    const now = new Date();
    for (const file of fs.readdirSync(folder)) {
      if (!file.endsWith(".deb")) continue;
      fs.utimesSync(path.join(folder, file), now, now);
      fs.renameSync(path.join(folder, file), path.join(archives, file));
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Gives a finished folder its name; another run may have been faster. */
function appear(unfinished: string, folder: string): void {
  try {
    fs.renameSync(unfinished, folder);
  } catch (error) {
    if (!fs.existsSync(folder)) throw error;
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
}

function run(program: string, arguments_: string[], folder?: string): void {
  const error = attempt(program, arguments_, folder);
  if (error !== undefined) throw new Error(`${program}: ${error}`);
}

/** What the program said when it failed, undefined when all went well. */
function attempt(program: string, arguments_: string[], folder?: string): string | undefined {
  const environment = { ...process.env, LC_ALL: "C" };
  const result = spawnSync(program, arguments_, { cwd: folder, env: environment, encoding: "utf8", maxBuffer: 1 << 26 });
  if (result.error) return result.error.message;
  return result.status === 0 ? undefined : result.stderr.trim() || `status ${result.status}`;
}
