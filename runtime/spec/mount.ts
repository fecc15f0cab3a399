// mounts of config.json (config.md, "Mounts").

import { Errno } from "../../kernel/errno";
import { jsonStringIs } from "../json/access";
import { JsonNode, jsonEnd, jsonFirst, jsonNext } from "../json/node";
import {
  arrayMember,
  complainMissing,
  complainOfValue,
  decodeArray,
  decodeFine,
  isObject,
  isText,
  refuse,
  requiredPath,
  requiredString,
  stringMember,
  textMember,
} from "./decode";
import { Spec, SpecMount, SpecMountType, specAt } from "./model";
import { applyMountOption } from "./mount-option";

/** Whether the options say bind or rbind: then the type says nothing. */
function isBind(options: JsonNode | null): bool {
  if (!options) return false;
  for (let node = jsonFirst(options); changetype<usize>(node) < jsonEnd(options); node = jsonNext(node)) {
    if (jsonStringIs(node, "bind") || jsonStringIs(node, "rbind")) return true;
  }
  return false;
}

/** The SpecMountType that the string `type` names, or -1. */
function mountType(type: JsonNode): i32 {
  if (jsonStringIs(type, "tmpfs")) return SpecMountType.Tmpfs;
  if (jsonStringIs(type, "proc")) return SpecMountType.Proc;
  if (jsonStringIs(type, "sysfs")) return SpecMountType.Sysfs;
  if (jsonStringIs(type, "devpts")) return SpecMountType.Devpts;
  if (jsonStringIs(type, "mqueue")) return SpecMountType.Mqueue;
  if (jsonStringIs(type, "cgroup")) return SpecMountType.Cgroup;
  if (jsonStringIs(type, "cgroup2")) return SpecMountType.Cgroup2;
  if (jsonStringIs(type, "bind")) return SpecMountType.Bind;
  return -1;
}

function decodeMount(source: JsonNode, mount: SpecMount): void {
  mount.destination = requiredPath(source, "destination");
  const options = arrayMember(source, "options");
  const type = textMember(source, "type");
  if (isBind(options)) mount.type = SpecMountType.Bind;
  else if (!type) return complainMissing(source, "type");
  else {
    const known = mountType(type);
    if (known < 0) return complainOfValue(type, Errno.ENODEV, "unknown file system type");
    mount.type = known;
  }
  mount.source = mount.type == SpecMountType.Bind ? requiredString(source, "source") : stringMember(source, "source");
  refuse(source, "uidMappings");
  refuse(source, "gidMappings");
  if (!options) return;
  for (let node = jsonFirst(options); changetype<usize>(node) < jsonEnd(options); node = jsonNext(node)) {
    if (isText(node)) applyMountOption(mount, node);
  }
}

/** Decodes the mounts of `config`. */
export function decodeMounts(config: JsonNode, spec: Spec): void {
  const array = arrayMember(config, "mounts");
  spec.mounts = decodeArray(array, offsetof<SpecMount>());
  if (!array) return;
  let node = jsonFirst(array);
  for (let i: u32 = 0; i < array.length && decodeFine(); i++, node = jsonNext(node)) {
    if (isObject(node)) decodeMount(node, specAt<SpecMount>(spec.mounts, i));
  }
}
