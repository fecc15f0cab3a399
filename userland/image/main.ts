// `image`: the images of this machine. Reads archives that anybody may have written, so it is a program and not a part of the kernel
// (docs/adr/0013-images-in-a-host-program.md).

import { Errno } from "../../kernel/errno";
import { errorText } from "../lib/errors";
import { Stat, stat, unmountTree } from "../lib/files";
import { jsonText, jsonTexts } from "../lib/json/write";
import { humanBytes } from "../lib/number";
import { complain, Output } from "../lib/output";
import { programArguments } from "../lib/process";
import { Table } from "../lib/table";
import { removeAll } from "../lib/tree";
import { findImage } from "./find";
import { importImage } from "./import";
import { unpackFromInput } from "./layer/child";
import { prepare } from "./prepare";
import { fail, forgetProblem, problem } from "./problem";
import { normalName } from "./reference";
import { forgetImage, layerBytes, layerTree, openStore, removeUnneeded, setName, SHORT_ID, StoredImage, storedImages } from "./store";

const USAGE: string =
  "usage: image import [--absolute] [--remove] PATH[:TAG] [NAME]\n" +
  "       image ls [-q]\n" +
  "       image rm NAME|ID...\n" +
  "       image inspect NAME|ID\n" +
  "       image prepare [-t] [--size COLUMNSxROWS] [--hostname NAME] [--env NAME=VALUE]... [--annotation NAME=VALUE]... NAME|ID BUNDLE [ARG...]";
const STATUS_USAGE: i32 = 2;

const output: Output = new Output(1);

export function main(): i32 {
  const words = programArguments();
  const verb = words.length > 1 ? words[1] : "";
  const rest = words.slice(2);
  let status = -1;
  if (verb == "layer" && rest.length >= 5) return unpackFromInput(rest);
  if (verb == "import") status = importVerb(rest);
  else if (verb == "ls" && (rest.length == 0 || (rest.length == 1 && rest[0] == "-q"))) status = list(rest.length == 1);
  else if (verb == "rm" && rest.length > 0) status = removeImages(rest);
  else if (verb == "inspect" && rest.length == 1) status = inspect(rest[0]);
  else if (verb == "prepare" || verb == "spec") status = prepare(verb, rest);
  if (status < 0) {
    complain(USAGE);
    return STATUS_USAGE;
  }
  if (problem != "") complain(`image: ${problem}`);
  return output.flush() < 0 ? 1 : status;
}

/** import: a path that is there as it stands has no tag behind it. */
function importVerb(words: string[]): i32 {
  let isAbsolute = false;
  let removes = false;
  while (words.length > 0 && words[0].startsWith("--")) {
    if (words[0] == "--absolute") isAbsolute = true;
    else if (words[0] == "--remove") removes = true;
    else return -1;
    words = words.slice(1);
  }
  if (words.length < 1 || words.length > 2) return -1;
  let path = words[0];
  let tag = "";
  const colon = path.lastIndexOf(":");
  if (colon > 0 && stat(path, new Stat()) == -Errno.ENOENT) {
    tag = path.substring(colon + 1);
    path = path.substring(0, colon);
  }
  const result = importImage(path, tag, words.length == 2 ? words[1] : "", isAbsolute);
  if (result === null) return 1;
  output.line(`${result.names.join(" ")} ${result.id.substring(0, SHORT_ID)}: ${result.layers} layers, ${result.unpacked} unpacked`);
  // A name may have been taken from an image that now has none.
  if (removes) removeAll(path);
  return 0;
}

function createdOf(image: StoredImage): string {
  const created = image.config.textOf("created");
  return created.length < 19 ? "-" : created.substring(0, 10) + " " + created.substring(11, 19);
}

function list(onlyIds: bool): i32 {
  const images = storedImages();
  const table = new Table(["NAME", "ID", "CREATED", "LAYERS", "SIZE"], [3, 4]);
  for (let i = 0; i < images.length; i++) {
    const image = images[i];
    const id = image.id.substring(0, SHORT_ID);
    if (onlyIds) output.line(id);
    const size = humanBytes(image.bytes);
    const layers = image.chain.length.toString();
    if (image.names.length == 0) table.add(["-", id, createdOf(image), layers, size]);
    for (let k = 0; k < image.names.length; k++) table.add([image.names[k], id, createdOf(image), layers, size]);
  }
  if (!onlyIds) table.print(output);
  return 0;
}

function inspect(name: string): i32 {
  const image = findImage(name);
  if (image === null) return 1;
  const chain = image.chain;
  const layers: string[] = [];
  for (let i = 0; i < chain.length; i++)
    layers.push(`{"chainId":"sha256:${chain[i]}","tree":${jsonText(layerTree(chain[i]))},"bytes":${layerBytes(chain[i])}}`);
  output.line(
    `{"id":"sha256:${image.id}","names":${jsonTexts(image.names)},"bytes":${image.bytes},"layers":[${layers.join(",")}],"config":${image.text.trimEnd()}}`,
  );
  return 0;
}

function removeImages(names: string[]): i32 {
  if (!openStore()) return 1;
  let status = 0;
  for (let i = 0; i < names.length; i++) {
    if (removeImage(names[i])) continue;
    complain(`image: ${problem}`);
    forgetProblem();
    status = 1;
  }
  removeUnneeded();
  return status;
}

/** Takes a name away from its image; the last one, or the ID, takes the image away, unless a container stands on it. */
function removeImage(name: string): bool {
  const image = findImage(name);
  if (image === null) return false;
  const normal = normalName(name);
  if (image.names.length > 1 && image.names.includes(normal)) return setName(normal, "");
  const chain = image.chain;
  const top = chain[chain.length - 1];
  if (!isNeededByOthers(image.id, top)) {
    const error = unmountTree(layerTree(top));
    if (error == -Errno.EBUSY) return fail(`${name}: is in use by a container`);
    if (error < 0 && error != -Errno.ENOENT && error != -Errno.EINVAL) return fail(`${name}: ${errorText(error)}`);
  }
  for (let i = 0; i < image.names.length; i++) if (!setName(image.names[i], "")) return false;
  const error = forgetImage(image.id);
  return error >= 0 || fail(`${name}: ${errorText(error)}`);
}

/** True when another image has the layer. */
function isNeededByOthers(id: string, chain: string): bool {
  const images = storedImages();
  for (let i = 0; i < images.length; i++) if (images[i].id != id && images[i].chain.includes(chain)) return true;
  return false;
}
