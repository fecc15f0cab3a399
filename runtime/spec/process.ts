// The process object: of config.json ("process"), and alone, as exec takes it (config.md, "Process").

import { Errno } from "../../kernel/errno";
import { JsonNode, jsonEnd, jsonFirst, jsonNext } from "../json/node";
import { jsonStringIs } from "../json/access";
import { decodeCapabilities } from "./capability";
import {
  ID_MAXIMUM,
  arrayMember,
  boolMember,
  complain,
  complainMissing,
  complainOfValue,
  decodeAlloc,
  decodeArray,
  decodeFine,
  integerMember,
  integerOf,
  isObject,
  member,
  objectMember,
  refuse,
  requiredPath,
  stringListMember,
  textMember,
  unsignedMember,
} from "./decode";
import { SPEC_ARRAY_HEADER_BYTES, SpecProcess, SpecRlimit, specAt } from "./model";

/** NGROUPS_MAX of Linux (uapi/linux/limits.h). */
const GROUPS_LIMIT: u32 = 65536;

/** Decodes the process object `source`; null after a complaint that memory is short. */
export function decodeProcess(source: JsonNode): SpecProcess | null {
  const p = decodeAlloc(offsetof<SpecProcess>());
  if (p == 0) return null;
  const process = changetype<SpecProcess>(p);
  decodeCommand(source, process);
  decodeUser(source, process);
  decodeCapabilities(source, process);
  decodeRlimits(source, process);
  decodeConsole(source, process);
  process.noNewPrivileges = boolMember(source, "noNewPrivileges");
  process.hasOomScoreAdj = member(source, "oomScoreAdj") != null;
  process.oomScoreAdj = <i32>integerMember(source, "oomScoreAdj", -1000, 1000, 0);
  refuse(source, "apparmorProfile");
  refuse(source, "selinuxLabel");
  refuse(source, "scheduler");
  refuse(source, "ioPriority");
  refuse(source, "execCPUAffinity");
  return process;
}

function decodeCommand(source: JsonNode, process: SpecProcess): void {
  const args = arrayMember(source, "args");
  if (!args) complainMissing(source, "args");
  else if (args.length == 0) complain(args, Errno.EINVAL, "must name a program");
  process.args = stringListMember(source, "args");
  process.env = stringListMember(source, "env");
  process.cwd = requiredPath(source, "cwd");
}

function decodeUser(source: JsonNode, process: SpecProcess): void {
  process.additionalGids = decodeArray(null, 0);
  const user = objectMember(source, "user");
  if (!user) return;
  process.uid = <u32>integerMember(user, "uid", 0, ID_MAXIMUM, 0);
  process.gid = <u32>integerMember(user, "gid", 0, ID_MAXIMUM, 0);
  process.hasUmask = member(user, "umask") != null;
  process.umask = <u32>integerMember(user, "umask", 0, 0o777, 0);
  const groups = arrayMember(user, "additionalGids");
  if (!groups) return;
  if (groups.length > GROUPS_LIMIT) complain(groups, Errno.EINVAL, "may have 65536 groups");
  process.additionalGids = decodeArray(groups, sizeof<u32>());
  let slot = changetype<usize>(process.additionalGids) + SPEC_ARRAY_HEADER_BYTES;
  for (let node = jsonFirst(groups); changetype<usize>(node) < jsonEnd(groups) && decodeFine(); node = jsonNext(node)) {
    store<u32>(slot, <u32>integerOf(node, 0, ID_MAXIMUM));
    slot += sizeof<u32>();
  }
}

/** Number of Linux's limit (asm-generic/resource.h) that the string `node` names, or -1. */
function rlimitNumber(node: JsonNode): i32 {
  if (jsonStringIs(node, "RLIMIT_CPU")) return 0;
  if (jsonStringIs(node, "RLIMIT_FSIZE")) return 1;
  if (jsonStringIs(node, "RLIMIT_DATA")) return 2;
  if (jsonStringIs(node, "RLIMIT_STACK")) return 3;
  if (jsonStringIs(node, "RLIMIT_CORE")) return 4;
  if (jsonStringIs(node, "RLIMIT_RSS")) return 5;
  if (jsonStringIs(node, "RLIMIT_NPROC")) return 6;
  if (jsonStringIs(node, "RLIMIT_NOFILE")) return 7;
  if (jsonStringIs(node, "RLIMIT_MEMLOCK")) return 8;
  if (jsonStringIs(node, "RLIMIT_AS")) return 9;
  if (jsonStringIs(node, "RLIMIT_LOCKS")) return 10;
  if (jsonStringIs(node, "RLIMIT_SIGPENDING")) return 11;
  if (jsonStringIs(node, "RLIMIT_MSGQUEUE")) return 12;
  if (jsonStringIs(node, "RLIMIT_NICE")) return 13;
  if (jsonStringIs(node, "RLIMIT_RTPRIO")) return 14;
  if (jsonStringIs(node, "RLIMIT_RTTIME")) return 15;
  return -1;
}

function decodeRlimits(source: JsonNode, process: SpecProcess): void {
  const array = arrayMember(source, "rlimits");
  process.rlimits = decodeArray(array, offsetof<SpecRlimit>());
  if (!array) return;
  let seen: u32 = 0;
  let node = jsonFirst(array);
  for (let i: u32 = 0; i < array.length && decodeFine(); i++, node = jsonNext(node)) {
    if (!isObject(node)) return;
    const type = textMember(node, "type");
    if (!type) return complainMissing(node, "type");
    const resource = rlimitNumber(type);
    if (resource < 0) return complainOfValue(type, Errno.EINVAL, "unknown resource limit");
    if (seen & (1 << resource)) return complainOfValue(type, Errno.EINVAL, "there is another limit of");
    seen |= 1 << resource;
    const limit = specAt<SpecRlimit>(process.rlimits, i);
    limit.resource = resource;
    limit.soft = unsignedMember(node, "soft");
    limit.hard = unsignedMember(node, "hard");
    if (limit.soft > limit.hard && decodeFine()) complain(member(node, "soft")!, Errno.EINVAL, "must not be above hard");
  }
}

function decodeConsole(source: JsonNode, process: SpecProcess): void {
  process.terminal = boolMember(source, "terminal");
  const size = objectMember(source, "consoleSize");
  if (!size) return;
  process.consoleHeight = <u16>integerMember(size, "height", 0, u16.MAX_VALUE, 0);
  process.consoleWidth = <u16>integerMember(size, "width", 0, u16.MAX_VALUE, 0);
}
