// Fills a root file system from unpacked Debian packages: chosen files, what symbolic links among them lead to, and the shared libraries
// that the programs need, found as the loader finds them (ld.so(8)).

import fs from "node:fs";
import path from "node:path";
import { readElf } from "./elf.ts";

/** Which files of a package come along: all but documentation, those that match a pattern, or only what programs need. */
export type Selection = "all" | "needed" | string[];

/** What no program reads: never part of `all`. */
const DOCUMENTATION = [
  "/usr/share/{doc,doc-base,man,info,lintian,locale,bug,bash-completion,zsh,applications,pixmaps,icons,menu,gdb}/**",
  "/etc/{init.d,cron*,logrotate.d,apparmor.d,systemd}/**",
  "/usr/lib/systemd/**",
];
/** Where Debian's loader looks, and where its interpreter stands. */
const LIBRARY_FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib", "/usr/lib64"];
const LINK_LIMIT = 40;

/** The files of several packages, as they stand in a file system where /bin and its like are links into /usr. */
export class PackageFiles {
  private readonly sources = new Map<string, string>();
  private readonly byPackage = new Map<string, string[]>();

  /** Adds the package `name`, unpacked in `folder`. */
  addPackage(name: string, folder: string): void {
    const files: string[] = [];
    for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
      const source = path.join(entry.parentPath, entry.name);
      const file = merged(`/${path.relative(folder, source)}`);
      if (entry.isDirectory()) continue;
      files.push(file);
      this.sources.set(file, source);
    }
    this.byPackage.set(name, files);
  }

  /** Copies what the selection chooses of the package `name` into `rootfs`, but nothing that matches `drop`. */
  copy(name: string, selection: Selection, drop: string[], rootfs: string): void {
    const files = this.byPackage.get(name) ?? [];
    if (selection === "needed") return;
    const wanted = (pattern: string, ignored: string[]): string[] =>
      files.filter((file) => matches(file, pattern) && !ignored.some((one) => matches(file, one)));
    if (selection === "all") {
      for (const file of wanted("/**", [...DOCUMENTATION, ...drop])) this.copyFile(file, rootfs);
      return;
    }
    for (const pattern of selection) {
      const chosen = wanted(merged(pattern), drop);
      if (chosen.length === 0) throw new Error(`the package ${name} has no ${pattern}`);
      for (const file of chosen) this.copyFile(file, rootfs);
    }
  }

  /** Copies the loaders and libraries that the ELF files in `rootfs` need, found in Debian's folders and `more`; throws when one is in none of the packages. */
  copyLibraries(rootfs: string, more: string[]): void {
    const pending = fs
      .readdirSync(rootfs, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `/${path.relative(rootfs, path.join(entry.parentPath, entry.name))}`);
    const seen = new Set<string>();
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      const needs = readElf(path.join(rootfs, file));
      if (!needs) continue;
      if (needs.interpreter !== undefined) pending.push(this.require(needs.interpreter, file, rootfs));
      const own = path.dirname(file);
      const folders = needs.folders.map((folder) => path.normalize(folder.replace(/\$ORIGIN|\$\{ORIGIN\}/, own)));
      for (const library of needs.libraries) {
        const places = [...folders, ...LIBRARY_FOLDERS, ...more].map((folder) => merged(`${folder}/${library}`));
        const place = places.find((one) => this.sources.has(one) || fs.existsSync(path.join(rootfs, one)));
        pending.push(this.require(place ?? library, file, rootfs));
      }
    }
  }

  /** Copies `wanted`, which the file `by` needs, unless it is there; returns the regular file that it is. */
  private require(wanted: string, by: string, rootfs: string): string {
    const file = merged(wanted);
    if (this.sources.has(file)) return this.copyFile(file, rootfs) ?? file;
    if (wanted.startsWith("/") && fs.existsSync(path.join(rootfs, file))) return file;
    throw new Error(`${by} needs ${wanted}, which is in none of the recipe's packages`);
  }

  /** Copies one file, and what it leads to if it is a symbolic link; returns the path at the end, undefined where a link leads nowhere. */
  private copyFile(file: string, rootfs: string): string | undefined {
    for (let links = 0; links < LINK_LIMIT; links++) {
      const source = this.sources.get(file);
      const target = path.join(rootfs, file);
      if (source === undefined) return fs.existsSync(target) ? file : undefined;
      const link = fs.lstatSync(source).isSymbolicLink() ? fs.readlinkSync(source) : undefined;
      if (!fs.lstatSync(target, { throwIfNoEntry: false })) {
        fs.mkdirSync(path.dirname(target), { recursive: true });
        if (link !== undefined) fs.symlinkSync(link, target);
        else fs.copyFileSync(source, target);
      }
      if (link === undefined) return file;
      file = merged(path.resolve(path.dirname(file), link));
    }
    throw new Error(`too many symbolic links: ${file}`);
  }
}

/** The path with /bin, /sbin, /lib and /lib64 where they are: in /usr. */
function merged(file: string): string {
  return path.normalize(file).replace(/^\/(bin|sbin|lib|lib64)(?=\/)/, "/usr/$1");
}

/** Whether a path matches a pattern: * is any part of a name, ** of a path, {a,b} one of several. */
function matches(file: string, pattern: string): boolean {
  return expression(pattern).test(file);
}

const expressions = new Map<string, RegExp>();

function expression(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known) return known;
  let depth = 0;
  const source = pattern.replace(/\*\*|[*{},]|[^*{},\w/-]/g, (token) => {
    if (token === "**") return ".*";
    if (token === "*") return "[^/]*";
    if (token === "{") depth++;
    if (token === "}") depth--;
    if (token === "{") return "(?:";
    if (token === "}") return ")";
    return token === "," && depth > 0 ? "|" : `\\${token}`;
  });
  const made = new RegExp(`^${source}$`);
  expressions.set(pattern, made);
  return made;
}
