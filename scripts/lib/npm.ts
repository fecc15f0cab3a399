// npm packages as they are published: fetched by npm, none of their scripts run, kept unpacked in the user's cache beside the Debian
// packages. A version is exact, and its integrity is compared with the recorded one.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fetchedFolder } from "./debian.ts";

const unpacked = path.join(fetchedFolder, "npm-unpacked");

/** An unpacked package. */
export interface NpmPackage {
  folder: string;
  /** The hash of the published archive, as package-lock.json writes it. */
  integrity: string;
}

/** Fetches `name` in the exact `version`. Throws when it is not to be had, or when its content is not the recorded one. */
export function fetchNpm(name: string, version: string, recordedIntegrity: string | undefined): NpmPackage {
  const folder = path.join(unpacked, `${name.replace("/", "+")}@${version}`);
  const integrityFile = path.join(folder, "integrity");
  if (!fs.existsSync(integrityFile)) unpack(name, version, folder);
  const integrity = fs.readFileSync(integrityFile, "utf8");
  if (recordedIntegrity !== undefined && integrity !== recordedIntegrity)
    throw new Error(`${name} ${version} is not what was recorded: ${integrity} in the place of ${recordedIntegrity}`);
  return { folder: path.join(folder, "package"), integrity };
}

function unpack(name: string, version: string, folder: string): void {
  const unfinished = `${folder}.${process.pid}`;
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.mkdirSync(unfinished, { recursive: true });
  const packed = run("npm", ["pack", "--json", "--ignore-scripts", "--loglevel=error", `${name}@${version}`], unfinished);
  const [{ filename, integrity }] = JSON.parse(packed) as [{ filename: string; integrity: string }];
  run("tar", ["-xzf", filename, "--no-same-owner"], unfinished);
  fs.rmSync(path.join(unfinished, filename));
  fs.writeFileSync(path.join(unfinished, "integrity"), integrity);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.renameSync(unfinished, folder);
}

function run(program: string, arguments_: string[], folder: string): string {
  const result = spawnSync(program, arguments_, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${program} ${arguments_[0]}: ${result.stderr.trim()}`);
  return result.stdout;
}
