// config.json as a whole (config.md), and a process object alone: text in, a checked model or one clear message out. Unknown properties
// are ignored, as the specification wants; known ones that this kernel does not apply are errors that name them.

import { Errno } from "../../kernel/errno";
import { Failure, fail, failureClear } from "../failure";
import { JsonNode, jsonFree } from "../json/node";
import { jsonParse } from "../json/parse";
import { arenaFree, arenaNew } from "./arena";
import {
  boolMember,
  complain,
  complainMissing,
  complainOfValue,
  decodeAlloc,
  decodeBegin,
  decodeFine,
  decodeInto,
  isObject,
  mapMember,
  objectMember,
  refuse,
  requiredString,
  stringMember,
  textMember,
} from "./decode";
import { decodeLinux } from "./linux";
import { Spec, SpecProcess } from "./model";
import { decodeMounts } from "./mount";
import { decodeProcess } from "./process";

/** Chunks of what lasts as long as the container, and of what only its making needs. */
const LASTING_CHUNK_BYTES: u32 = 816;
const BUILDING_CHUNK_BYTES: u32 = 2048;
/** HOST_NAME_MAX of Linux; the domain name has the same limit. */
const NAME_LIMIT: u32 = 64;

/**
 * Decodes the config.json that is the `length` bytes at `text`. On failure returns null and tells in `failure`: EINVAL; EOPNOTSUPP for a
 * property that is not applied; ENODEV for an unknown type of mount; EPERM for capabilities; EFBIG, E2BIG, ENOMEM. Release with specFree.
 */
export function specParse(text: usize, length: u32, failure: Failure): Spec | null {
  failureClear(failure);
  const root = jsonParse(text, length, "config.json", failure);
  if (!root) return null;
  const spec = decodeConfig(root, failure);
  jsonFree(root);
  return spec;
}

function decodeConfig(root: JsonNode, failure: Failure): Spec | null {
  const arena = arenaNew(LASTING_CHUNK_BYTES);
  const building = arenaNew(BUILDING_CHUNK_BYTES);
  if (arena && building) {
    decodeBegin(root, "config.json", "", arena, failure);
    const spec = changetype<Spec>(decodeAlloc(offsetof<Spec>()));
    if (decodeFine() && isObject(root)) {
      spec.arena = arena;
      spec.building = building;
      decodeMembers(root, spec);
    }
    if (decodeFine()) return spec;
  } else fail(failure, Errno.ENOMEM, "out of memory");
  if (building) arenaFree(building);
  if (arena) arenaFree(arena);
  return null;
}

/** Decodes a process object alone, as exec takes it; as specParse. Release with specProcessFree. */
export function specParseProcess(text: usize, length: u32, failure: Failure): SpecProcess | null {
  failureClear(failure);
  const root = jsonParse(text, length, "process", failure);
  if (!root) return null;
  const process = decodeProcessAlone(root, failure);
  jsonFree(root);
  return process;
}

function decodeProcessAlone(root: JsonNode, failure: Failure): SpecProcess | null {
  const arena = arenaNew(LASTING_CHUNK_BYTES);
  if (!arena) {
    fail(failure, Errno.ENOMEM, "out of memory");
    return null;
  }
  decodeBegin(root, "process", "process.", arena, failure);
  const process = isObject(root) ? decodeProcess(root) : null;
  if (decodeFine()) {
    process!.arena = arena;
    return process;
  }
  arenaFree(arena);
  return null;
}

function decodeMembers(config: JsonNode, spec: Spec): void {
  decodeVersion(config, spec);
  decodeRoot(config, spec);
  const process = objectMember(config, "process");
  if (!process) return complainMissing(config, "process");
  const decoded = decodeProcess(process);
  if (!decoded) return;
  spec.process = decoded;
  decoded.arena = spec.arena;
  spec.hostname = stringMember(config, "hostname");
  spec.domainname = stringMember(config, "domainname");
  checkName(config, "hostname");
  checkName(config, "domainname");
  spec.annotations = mapMember(config, "annotations");
  decodeInto(spec.building!);
  decodeMounts(config, spec);
  decodeLinux(config, spec);
  refuse(config, "hooks");
  refuse(config, "vm");
  refuse(config, "windows");
  refuse(config, "solaris");
  refuse(config, "freebsd");
  refuse(config, "zos");
}

function checkName(config: JsonNode, name: string): void {
  const node = textMember(config, name);
  if (node && node.length > NAME_LIMIT) complain(node, Errno.EINVAL, "may have 64 bytes");
}

/** Versions 1.x are compatible by the rules of semver.org: a later one adds properties, and unknown ones are ignored. */
function decodeVersion(config: JsonNode, spec: Spec): void {
  spec.ociVersion = requiredString(config, "ociVersion");
  const node = textMember(config, "ociVersion");
  if (node && !isVersionOne(node.start, node.length)) complainOfValue(node, Errno.EINVAL, "this kernel knows versions 1.x.y, not");
}

/** Whether the `n` bytes at `p` are 1.MINOR.PATCH, perhaps with a pre-release or build part behind. */
function isVersionOne(p: usize, n: u32): bool {
  if (n < 5 || load<u8>(p) != 0x31 || load<u8>(p + 1) != 0x2e) return false;
  let i: u32 = 2;
  while (i < n && <u8>(load<u8>(p + i) - 0x30) < 10) i++;
  if (i == 2 || i + 1 >= n || load<u8>(p + i) != 0x2e) return false;
  const patch = ++i;
  while (i < n && <u8>(load<u8>(p + i) - 0x30) < 10) i++;
  return i > patch && (i == n || load<u8>(p + i) == 0x2d || load<u8>(p + i) == 0x2b);
}

function decodeRoot(config: JsonNode, spec: Spec): void {
  const root = objectMember(config, "root");
  if (!root) return complainMissing(config, "root");
  spec.rootPath = requiredString(root, "path");
  spec.rootReadonly = boolMember(root, "readonly");
}
