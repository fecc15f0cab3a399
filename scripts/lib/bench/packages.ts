// The Debian packages of the Linux that is measured: its kernel, crun and the libraries crun needs, in the versions of bench/packages.json.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { type DebianPackage, fetchDebian, unpackDebian, type Versions } from "../debian.ts";
import { projectRoot } from "../project.ts";

const recorded = JSON.parse(fs.readFileSync(path.join(projectRoot, "bench/packages.json"), "utf8")) as Versions;
const LIBRARY = /^lib/;
const LIBRARY_FOLDERS = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64"];

/** crun and the files it needs. */
export interface Crun {
  version: string;
  program: string;
  /** Shared libraries, the loader among them, by the name they are asked for. */
  libraries: Map<string, string>;
}

/** Fetches one package, in the recorded version or in `version`. */
export function fetchPackage(name: string, version?: string): DebianPackage {
  return fetchDebian([name], version === undefined ? recorded : { [name]: version }).get(name) as DebianPackage;
}

/** The first package that `one` depends on, in the version it asks for. */
export function fetchDependency(one: DebianPackage): DebianPackage {
  const depends = execFileSync("dpkg-deb", ["-f", one.archive, "Depends"], { encoding: "utf8" });
  const [, name, version] = /^(\S+) \(= ([^)]+)\)/.exec(depends) ?? [];
  if (name === undefined) throw new Error(`${one.name} depends on no package of a certain version`);
  return fetchPackage(name, version);
}

export function fetchCrun(): Crun {
  const packages = fetchDebian(["crun", ...Object.keys(recorded).filter((name) => LIBRARY.test(name))], recorded);
  const roots = [...packages.values()].map(unpackDebian);
  const crun = packages.get("crun") as DebianPackage;
  const program = path.join(unpackDebian(crun), "usr/bin/crun");
  return { version: crun.version, program, libraries: librariesOf(program, roots) };
}

/** The shared libraries that a program needs, directly and through others, among unpacked packages. */
function librariesOf(program: string, roots: string[]): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (file: string): void => {
    const dynamic = execFileSync("readelf", ["-d", file], { encoding: "utf8" });
    for (const [, library = ""] of dynamic.matchAll(/\(NEEDED\)[^[]*\[([^\]]+)\]/g)) {
      if (found.has(library)) continue;
      const places = roots.flatMap((root) => LIBRARY_FOLDERS.map((folder) => path.join(root, folder, library)));
      const place = places.find((each) => fs.existsSync(each));
      if (place === undefined) throw new Error(`${library}, which ${path.basename(file)} needs, is in no package of bench/packages.json`);
      found.set(library, place);
      visit(place);
    }
  };
  visit(program);
  return found;
}
