// The images of this machine, under /var/lib/images:
//   layers/CHAIN/tree   a layer over those below it, sealed; CHAIN is its chain ID (OCI image specification, config.md), `info` says more
//   images/ID           an image's configuration; ID is its SHA-256
//   names               a line "NAME ID" for each name
//   tmp/PID             what the importer PID is unpacking
// What is named by a digest is complete: it got its name by a rename.

import { Errno } from "../../kernel/errno";
import { containerProcesses, ProcessRecord } from "../lib/containers";
import { errorText } from "../lib/errors";
import { listDirectory, readFile, remove, rename, unmountTree } from "../lib/files";
import { sha256Of } from "../lib/hash/sha256";
import { JsonValue } from "../lib/json/value";
import { makeDirectories, writeFile } from "../lib/tree";
import { DOCUMENT_BYTES_MAX, parseDocument } from "./archive/plan";
import { fail } from "./problem";

const ROOT: string = "/var/lib/images";
const LAYERS: string = ROOT + "/layers";
const IMAGES: string = ROOT + "/images";
const NAMES: string = ROOT + "/names";
const TEMPORARY: string = ROOT + "/tmp";
const NAMES_BYTES_MAX: u32 = 1 << 20;
const INFO_BYTES_MAX: u32 = 4096;
/** How much of an ID people see. */
export const SHORT_ID: i32 = 12;

/** Makes the store's directories, and clears away what importers that no longer run have left; false with the problem told. */
export function openStore(): bool {
  for (let i = 0; i < 3; i++) {
    const path = i == 0 ? LAYERS : i == 1 ? IMAGES : TEMPORARY;
    const error = makeDirectories(path, 0o755);
    if (error < 0) return fail(`${path}: ${errorText(error)}`);
  }
  const running: ProcessRecord[] = [];
  containerProcesses("", running);
  const pids = new Set<string>();
  for (let i = 0; i < running.length; i++) pids.add(running[i].pid.toString());
  const left: string[] = [];
  listDirectory(TEMPORARY, left);
  for (let i = 0; i < left.length; i++) if (!pids.has(left[i].split(".")[0])) removeUnfinished(`${TEMPORARY}/${left[i]}`);
  return true;
}

/** Writes the text to a file of that name, which appears whole: false with the problem told. */
export function writeWhole(path: string, text: string): bool {
  const unfinished = path + ".new";
  let error = writeFile(unfinished, text);
  if (error >= 0) error = rename(unfinished, path);
  if (error >= 0) return true;
  remove(unfinished);
  return fail(`${path}: ${errorText(error)}`);
}

/** A directory for a layer that the process `pid` unpacks. */
export function unfinishedLayer(pid: u32): string {
  return `${TEMPORARY}/${pid}`;
}

/** Removes a layer's directory, its tree included: 0, or -EBUSY while the tree is in use. */
export function removeUnfinished(path: string): i64 {
  const error = unmountTree(path + "/tree");
  if (error < 0 && error != -Errno.EINVAL && error != -Errno.ENOENT) return error;
  const names: string[] = [];
  listDirectory(path, names);
  for (let i = 0; i < names.length; i++) remove(`${path}/${names[i]}`);
  return remove(path);
}

/** The chain IDs of an image's layers, the lowest first, from their diff IDs. */
export function chainOf(diffIds: string[]): string[] {
  const chain: string[] = [];
  for (let i = 0; i < diffIds.length; i++) chain.push(i == 0 ? diffIds[0] : sha256Of(`sha256:${chain[i - 1]} sha256:${diffIds[i]}`));
  return chain;
}

export function layerDirectory(chain: string): string {
  return `${LAYERS}/${chain}`;
}

export function layerTree(chain: string): string {
  return `${LAYERS}/${chain}/tree`;
}

/** One image of the store. */
export class StoredImage {
  names: string[] = [];

  constructor(
    public id: string,
    /** The configuration, as text and as what it says. */
    public text: string,
    public config: JsonValue,
  ) {}

  /** Chain IDs of its layers, the lowest first. */
  get chain(): string[] {
    const listed = this.config.objectOf("rootfs")!.textsOf("diff_ids");
    const diffIds: string[] = [];
    for (let i = 0; i < listed.length; i++) diffIds.push(listed[i].substring(7));
    return chainOf(diffIds);
  }

  /** Bytes of the files of all its layers. */
  get bytes(): u64 {
    const chain = this.chain;
    let bytes: u64 = 0;
    for (let i = 0; i < chain.length; i++) bytes += layerBytes(chain[i]);
    return bytes;
  }
}

/** Bytes of the files in the layer. */
export function layerBytes(chain: string): u64 {
  const text = readFile(layerDirectory(chain) + "/info", INFO_BYTES_MAX);
  const info: JsonValue | null = text === null ? null : parseDocument(text);
  return info === null ? 0 : <u64>max<i64>(info.numberOf("bytes"), 0);
}

/** All images with their names, in order of ID. */
export function storedImages(): StoredImage[] {
  const images: StoredImage[] = [];
  const ids: string[] = [];
  listDirectory(IMAGES, ids);
  const names = readNames();
  for (let i = 0; i < ids.length; i++) {
    const text: string | null = ids[i].length == 64 ? readFile(`${IMAGES}/${ids[i]}`, DOCUMENT_BYTES_MAX) : null;
    const config: JsonValue | null = text === null ? null : parseDocument(text);
    if (config === null || config.objectOf("rootfs") === null) continue;
    const image = new StoredImage(ids[i], text!, config);
    for (let k = 0; k < names.length; k += 2) if (names[k + 1] == ids[i]) image.names.push(names[k]);
    images.push(image);
  }
  return images;
}

/** Names and IDs in turn. */
function readNames(): string[] {
  const text = readFile(NAMES, NAMES_BYTES_MAX);
  const names: string[] = [];
  if (text === null) return names;
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const blank = lines[i].lastIndexOf(" ");
    if (blank <= 0) continue;
    names.push(lines[i].substring(0, blank));
    names.push(lines[i].substring(blank + 1));
  }
  return names;
}

/** Lets `name` mean the image `id` ("": none) from now on; false with the problem told. */
export function setName(name: string, id: string): bool {
  const names = readNames();
  let text = "";
  for (let i = 0; i < names.length; i += 2) if (names[i] != name) text += `${names[i]} ${names[i + 1]}\n`;
  if (id != "") text += `${name} ${id}\n`;
  return writeWhole(NAMES, text);
}

export function hasLayer(chain: string): bool {
  return readFile(layerDirectory(chain) + "/info", INFO_BYTES_MAX) !== null;
}

/** Keeps the configuration of an image whose layers are there. */
export function keepImage(id: string, config: string): bool {
  return writeWhole(`${IMAGES}/${id}`, config);
}

export function forgetImage(id: string): i64 {
  return remove(`${IMAGES}/${id}`);
}

/** Removes every layer that no image has and nothing stands on. */
export function removeUnneeded(): void {
  const needed = new Set<string>();
  const images = storedImages();
  for (let i = 0; i < images.length; i++) {
    const chain = images[i].chain;
    for (let k = 0; k < chain.length; k++) needed.add(chain[k]);
  }
  // Those at the top first; who stands on whom shows in what can be removed.
  for (let isProgress = true; isProgress; ) {
    isProgress = false;
    const layers: string[] = [];
    listDirectory(LAYERS, layers);
    for (let i = 0; i < layers.length; i++)
      if (!needed.has(layers[i]) && removeUnfinished(layerDirectory(layers[i])) >= 0) isProgress = true;
  }
}
