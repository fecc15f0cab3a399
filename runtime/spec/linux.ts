// The linux object (config-linux.md): what a kernel whose containers are one object applies of it, and what such a kernel has by
// construction: namespaces, a private view of mounts, a place for each container's limits.

import { Errno } from "../../kernel/errno";
import { jsonStringIs } from "../json/access";
import { JsonNode, jsonEnd, jsonFirst, jsonNext } from "../json/node";
import {
  arrayMember,
  complain,
  complainMissing,
  complainOfValue,
  decodeArray,
  emptyList,
  integerMember,
  isObject,
  mapMember,
  objectMember,
  refuse,
  stringListMember,
  stringMember,
  textMember,
} from "./decode";
import { decodeDeviceRules, decodeDevices } from "./device";
import { Spec, SpecNamespace } from "./model";
import { decodeSeccomp } from "./seccomp";

/** The SpecNamespace bit that the string `type` names, or 0. */
function namespaceBit(type: JsonNode): u32 {
  if (jsonStringIs(type, "pid")) return SpecNamespace.Pid;
  if (jsonStringIs(type, "network")) return SpecNamespace.Network;
  if (jsonStringIs(type, "mount")) return SpecNamespace.Mount;
  if (jsonStringIs(type, "ipc")) return SpecNamespace.Ipc;
  if (jsonStringIs(type, "uts")) return SpecNamespace.Uts;
  if (jsonStringIs(type, "user")) return SpecNamespace.User;
  if (jsonStringIs(type, "cgroup")) return SpecNamespace.Cgroup;
  if (jsonStringIs(type, "time")) return SpecNamespace.Time;
  return 0;
}

function decodeNamespaces(linux: JsonNode, spec: Spec): void {
  const array = arrayMember(linux, "namespaces");
  if (!array) return;
  for (let node = jsonFirst(array); changetype<usize>(node) < jsonEnd(array); node = jsonNext(node)) {
    if (!isObject(node)) return;
    const type = textMember(node, "type");
    if (!type) return complainMissing(node, "type");
    const bit = namespaceBit(type);
    if (bit == 0) return complainOfValue(type, Errno.EINVAL, "unknown namespace");
    if (spec.namespaces & bit) return complainOfValue(type, Errno.EINVAL, "there is another namespace of type");
    spec.namespaces |= bit;
    const path = textMember(node, "path");
    if (path && path.length != 0) complain(path, Errno.EOPNOTSUPP, "joining a namespace is not supported");
  }
}

/** What is mounted in a container stays there, and nothing comes in: private and slave hold, shared and unbindable cannot. */
function decodePropagation(linux: JsonNode, spec: Spec): void {
  const node = textMember(linux, "rootfsPropagation");
  if (!node || node.length == 0) return;
  spec.slave = jsonStringIs(node, "slave") || jsonStringIs(node, "rslave");
  if (spec.slave || jsonStringIs(node, "private") || jsonStringIs(node, "rprivate")) return;
  if (
    jsonStringIs(node, "shared") ||
    jsonStringIs(node, "rshared") ||
    jsonStringIs(node, "unbindable") ||
    jsonStringIs(node, "runbindable")
  )
    return complainOfValue(node, Errno.EOPNOTSUPP, "only private and slave are applied, not");
  complainOfValue(node, Errno.EINVAL, "unknown propagation");
}

/** A limit where 0 and -1 mean that there is none, which is -1. */
function limitMember(object: JsonNode, name: string): i64 {
  const v = integerMember(object, name, -1, i64.MAX_VALUE, -1);
  return v == 0 ? -1 : v;
}

function decodeResources(linux: JsonNode, spec: Spec): void {
  const resources = objectMember(linux, "resources");
  if (!resources) return;
  decodeDeviceRules(resources, spec);
  const pids = objectMember(resources, "pids");
  if (pids) spec.pidsLimit = limitMember(pids, "limit");
  const memory = objectMember(resources, "memory");
  if (memory) {
    spec.memoryLimitBytes = limitMember(memory, "limit");
    refuseUnlessUnlimited(memory, "swap");
    refuseUnlessUnlimited(memory, "reservation");
    refuseUnlessUnlimited(memory, "kernel");
    refuseUnlessUnlimited(memory, "kernelTCP");
    refuse(memory, "swappiness");
    refuse(memory, "disableOOMKiller");
  }
  refuse(resources, "cpu");
  refuse(resources, "blockIO");
  refuse(resources, "hugepageLimits");
  refuse(resources, "network");
  refuse(resources, "rdma");
  refuse(resources, "unified");
}

function refuseUnlessUnlimited(memory: JsonNode, name: string): void {
  if (limitMember(memory, name) >= 0) refuse(memory, name);
}

/** Decodes the linux object of `config`, if it has one. */
export function decodeLinux(config: JsonNode, spec: Spec): void {
  spec.memoryLimitBytes = -1;
  spec.pidsLimit = -1;
  spec.devices = decodeArray(null, 0);
  spec.deviceRules = decodeArray(null, 0);
  spec.maskedPaths = emptyList();
  spec.readonlyPaths = emptyList();
  spec.sysctl = emptyList();
  const linux = objectMember(config, "linux");
  if (!linux) return;
  decodeDevices(linux, spec);
  spec.maskedPaths = stringListMember(linux, "maskedPaths", true);
  spec.readonlyPaths = stringListMember(linux, "readonlyPaths", true);
  spec.sysctl = mapMember(linux, "sysctl");
  spec.cgroupsPath = stringMember(linux, "cgroupsPath");
  decodeNamespaces(linux, spec);
  decodePropagation(linux, spec);
  decodeResources(linux, spec);
  refuse(linux, "uidMappings");
  refuse(linux, "gidMappings");
  decodeSeccomp(linux, spec);
  refuse(linux, "intelRdt");
  refuse(linux, "mountLabel");
  refuse(linux, "timeOffsets");
  refuse(linux, "netDevices");
  refuse(linux, "memoryPolicy");
  refusePersonality(linux);
}

/** The default personality is the only one. */
function refusePersonality(linux: JsonNode): void {
  const personality = objectMember(linux, "personality");
  if (!personality) return;
  const domain = textMember(personality, "domain");
  if (!domain || !jsonStringIs(domain, "LINUX")) refuse(linux, "personality");
  refuse(personality, "flags");
}
