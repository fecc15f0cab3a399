// `image prepare`: makes the bundle of a container that runs an image. It has only config.json, whose root is the image's top layer. What
// is read out of the image is read by a process whose root is that layer, so that no link in the image leads elsewhere.

import { errorText } from "../lib/errors";
import { close, O_CREAT, O_TRUNC, O_WRONLY, open, readFile, remove, rename, setRoot } from "../lib/files";
import { parseNumber } from "../lib/number";
import { exit, spawn, wait } from "../lib/process";
import { makeDirectories, writeText } from "../lib/tree";
import { SELF } from "./import";
import { fail, problem } from "./problem";
import { findImage } from "./find";
import { makeSpec, SpecOptions } from "./spec";
import { layerTree } from "./store";
import { findUser } from "./users";

/** Files of the image that are read: none is near as large. */
const FILE_BYTES_MAX: u32 = 1 << 20;

/** The words of `image prepare`, taken apart. */
class PrepareRequest {
  image: string = "";
  bundle: string = "";
  options: SpecOptions = new SpecOptions();
}

/** Takes one option with its value into the request; false when it is none, or malformed. */
function takeOption(request: PrepareRequest, name: string, value: string): bool {
  const options = request.options;
  const equals = value.indexOf("=");
  if (name == "--hostname") options.hostname = value;
  else if (name == "--env" && equals > 0) options.env.push(value);
  else if (name == "--annotation" && equals > 0) {
    options.annotations.push(value.substring(0, equals));
    options.annotations.push(value.substring(equals + 1));
  } else if (name == "--size") {
    const by = value.indexOf("x");
    options.columns = by < 0 ? -1 : parseNumber(value.substring(0, by));
    options.rows = by < 0 ? -1 : parseNumber(value.substring(by + 1));
    return options.columns > 0 && options.rows > 0 && options.columns < 65536 && options.rows < 65536;
  } else return false;
  return true;
}

/** The request in the words behind `prepare`; null when they are used wrongly. */
function parseRequest(words: string[]): PrepareRequest | null {
  const request = new PrepareRequest();
  let i = 0;
  for (; i < words.length && words[i].startsWith("-"); i++) {
    if (words[i] == "-t") request.options.terminal = true;
    else if (i + 1 >= words.length || !takeOption(request, words[i], words[++i])) return null;
  }
  if (words.length - i < 2) return null;
  request.image = words[i];
  request.bundle = words[i + 1];
  request.options.args = words.slice(i + 2);
  return request;
}

/** Makes the bundle; the exit status, -1 when the words are used wrongly. `verb` is "prepare", or "spec" in the process that writes config.json. */
export function prepare(verb: string, words: string[]): i32 {
  const request = parseRequest(words);
  if (request === null) return -1;
  if (verb == "spec") return writeSpec(request);
  const directory = makeDirectories(request.bundle, 0o755);
  const file = request.bundle + "/config.json";
  const unfinished = file + ".new";
  const fd = directory < 0 ? directory : open(unfinished, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
  if (fd < 0) {
    fail(`${request.bundle}: ${errorText(fd)}`);
    return 1;
  }
  const pid = spawn(SELF, [SELF, "spec"].concat(words), 0, <i32>fd, 2, false);
  close(<i32>fd);
  const ended = pid < 0 ? pid : wait(<u32>pid);
  if (ended < 0) fail(errorText(ended));
  const isMade = ended >= 0 && <i32>ended == 0;
  const renamed = isMade ? rename(unfinished, file) : remove(unfinished);
  if (isMade && renamed < 0) fail(`${file}: ${errorText(renamed)}`);
  // What the other process complained of has been said.
  if (!isMade && problem == "") exit(1);
  return isMade && renamed >= 0 ? 0 : 1;
}

/** Writes config.json to standard output. */
function writeSpec(request: PrepareRequest): i32 {
  const image = findImage(request.image);
  if (image === null) return 1;
  const chain = image.chain;
  const tree = layerTree(chain[chain.length - 1]);
  const error = setRoot(tree);
  if (error < 0) {
    fail(`${tree}: ${errorText(error)}`);
    return 1;
  }
  const config = image.config.objectOf("config");
  const passwd = readFile("/etc/passwd", FILE_BYTES_MAX);
  const group = readFile("/etc/group", FILE_BYTES_MAX);
  const user = findUser(config === null ? "" : config.textOf("User"), passwd === null ? "" : passwd, group === null ? "" : group);
  const spec: string | null = user === null ? null : makeSpec(image.config, tree, user, request.options);
  if (spec === null) return 1;
  const written = writeText(1, spec);
  if (written < 0) fail(errorText(written));
  return written < 0 ? 1 : 0;
}
