// Packs an OCI bundle into the archive that the kernel gets as its initrd: the bundle's directory stands under /bundle there. The kernel
// is the judge of config.json; what is missing or malformed is packed as it is. Only what the command line asks for is changed.

import fs from "node:fs";
import path from "node:path";
import { CpioWriter } from "./cpio.ts";
import { setMember } from "./json-edit.ts";

/** Where the bundle is in the machine. */
export const GUEST_BUNDLE = "/bundle";

/** What the command line changes in config.json. */
export interface ConfigChanges {
  /** process.args; the bundle's own when empty. */
  args: string[];
  /** NAME=VALUE, added to process.env or replacing the variable there. */
  env: string[];
  /** process.terminal, and process.consoleSize when there is a window. */
  terminal: boolean;
  window: { columns: number; rows: number } | undefined;
  /** Annotations that are set. */
  annotations: Record<string, string>;
}

/** The parts of config.json that the host looks at; anything may be missing or of another type. */
interface Config {
  process?: { env?: unknown; terminal?: unknown } | null;
  root?: { path?: unknown } | null;
  annotations?: Record<string, unknown> | null;
}

/** True when the bundle's process wants a terminal. */
export function wantsTerminal(bundle: string): boolean {
  return parseConfig(readConfig(bundle))?.process?.terminal === true;
}

/** The annotation cyrius.network of the bundle, if it has one that is known. */
export function networkOf(bundle: string): "bridge" | "host" | "none" | undefined {
  const mode = parseConfig(readConfig(bundle))?.annotations?.["cyrius.network"];
  return mode === "bridge" || mode === "host" || mode === "none" ? mode : undefined;
}

/** A file of this machine that travels along with the bundle, as the program `name` of the machine. */
export interface Program {
  name: string;
  file: string;
}

/** Writes the bundle in the directory `bundle` to the archive `file`, and `programs` of the host's world; returns its size in bytes. */
export function packBundle(bundle: string, changes: ConfigChanges, file: string, programs: Program[] = []): number {
  let config = readConfig(bundle);
  const parsed = parseConfig(config);
  if (config !== undefined && parsed) config = applyChanges(config, parsed, changes);

  // A root file system elsewhere on this machine travels as rootfs, in the place of what may have that name.
  const rootPath = typeof parsed?.root?.path === "string" ? parsed.root.path : undefined;
  const root = rootPath === undefined ? undefined : path.resolve(bundle, rootPath);
  const inside = root === undefined ? undefined : path.relative(path.resolve(bundle), root);
  const outside = inside !== undefined && (inside === "" || inside === ".." || inside.startsWith("../"));
  const foreignRoot = outside && inside !== "" && isDirectory(root as string) ? root : undefined;
  if (config !== undefined && foreignRoot) config = setMember(config, ["root", "path"], "rootfs");
  else if (config !== undefined && inside && path.isAbsolute(rootPath as string)) config = setMember(config, ["root", "path"], inside);

  const writer = new CpioWriter(file);
  try {
    writer.addTree(bundle, GUEST_BUNDLE.slice(1), (name) => {
      if (name === "config.json" && config !== undefined) return Buffer.from(config, "latin1");
      return name === "rootfs" && foreignRoot ? null : undefined;
    });
    if (foreignRoot) writer.addTree(foreignRoot, `${GUEST_BUNDLE.slice(1)}/rootfs`);
    if (programs.length > 0) writer.addDirectory("bin");
    for (const program of programs) writer.add({ name: `bin/${program.name}`, mode: 0o100755, data: fs.readFileSync(program.file) });
    return writer.end();
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

/** config.json as text, byte for byte (Latin-1, so that malformed UTF-8 reaches the kernel too); undefined when there is none. */
function readConfig(bundle: string): string | undefined {
  const file = path.join(bundle, "config.json");
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  return fs.readFileSync(file, "latin1");
}

function parseConfig(text: string | undefined): Config | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Config) : undefined;
  } catch {
    return undefined;
  }
}

function applyChanges(config: string, parsed: Config, changes: ConfigChanges): string {
  const set = (name: string, value: unknown): void => {
    config = setMember(config, ["process", name], value);
  };
  if (changes.args.length > 0) set("args", changes.args.map(toLatin1));
  if (changes.env.length > 0) {
    const before = Array.isArray(parsed.process?.env) ? (parsed.process.env as unknown[]) : [];
    const names = new Set(changes.env.map((variable) => variable.slice(0, variable.indexOf("=") + 1)));
    const kept = before.filter((variable) => typeof variable !== "string" || !names.has(variable.slice(0, variable.indexOf("=") + 1)));
    set("env", [...kept, ...changes.env.map(toLatin1)]);
  }
  if ((parsed.process?.terminal === true) !== changes.terminal) set("terminal", changes.terminal);
  if (changes.terminal && changes.window) set("consoleSize", { height: changes.window.rows, width: changes.window.columns });
  for (const [name, value] of Object.entries(changes.annotations)) config = setMember(config, ["annotations", name], value);
  return config;
}

/** The UTF-8 bytes of `text` as characters 0 to 255, as the rest of the configuration is held. */
function toLatin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function isDirectory(file: string): boolean {
  return fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}
