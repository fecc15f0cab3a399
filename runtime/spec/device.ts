// linux.devices, the nodes to make in /dev and elsewhere, and linux.resources.devices, the rules on who may use which device
// (config-linux.md, "Devices" and "Allowed Device list").

import { Errno } from "../../kernel/errno";
import { jsonStringIs } from "../json/access";
import { JsonNode, jsonFirst, jsonNext } from "../json/node";
import {
  ID_MAXIMUM,
  arrayMember,
  boolMember,
  complainMissing,
  complainOfValue,
  decodeArray,
  decodeFine,
  integerMember,
  isObject,
  member,
  requiredPath,
  textMember,
} from "./decode";
import { Spec, SpecDevice, SpecDeviceAccess, SpecDeviceRule, specAt } from "./model";

/** Linux's dev_t has 12 bits for the major and 20 bits for the minor number. */
const MAJOR_MAXIMUM: i64 = (1 << 12) - 1;
const MINOR_MAXIMUM: i64 = (1 << 20) - 1;

const LETTER_A: u8 = 0x61;
const LETTER_B: u8 = 0x62;
const LETTER_C: u8 = 0x63;
const LETTER_P: u8 = 0x70;

/** The letter of the type "b", "c", "u" (the same as "c") or "p" that the string `type` is, or 0. */
function deviceType(type: JsonNode): u8 {
  if (jsonStringIs(type, "c") || jsonStringIs(type, "u")) return LETTER_C;
  if (jsonStringIs(type, "b")) return LETTER_B;
  if (jsonStringIs(type, "p")) return LETTER_P;
  return 0;
}

function decodeDevice(source: JsonNode, device: SpecDevice): void {
  const type = textMember(source, "type");
  if (!type) return complainMissing(source, "type");
  device.type = deviceType(type);
  if (device.type == 0) return complainOfValue(type, Errno.EINVAL, "unknown device type");
  device.path = requiredPath(source, "path");
  if (device.type != LETTER_P) {
    if (!member(source, "major")) return complainMissing(source, "major");
    if (!member(source, "minor")) return complainMissing(source, "minor");
    device.major = <u32>integerMember(source, "major", 0, MAJOR_MAXIMUM, 0);
    device.minor = <u32>integerMember(source, "minor", 0, MINOR_MAXIMUM, 0);
  }
  // Written by Go programs, the mode may hold bits for the type, Linux's or Go's own; `type` has said it already.
  device.mode = <u32>(integerMember(source, "fileMode", 0, u32.MAX_VALUE, 0o666) & 0o7777);
  device.uid = <u32>integerMember(source, "uid", 0, ID_MAXIMUM, 0);
  device.gid = <u32>integerMember(source, "gid", 0, ID_MAXIMUM, 0);
}

/** Decodes the devices of `linux`. */
export function decodeDevices(linux: JsonNode, spec: Spec): void {
  const array = arrayMember(linux, "devices");
  spec.devices = decodeArray(array, offsetof<SpecDevice>());
  if (!array) return;
  let node = jsonFirst(array);
  for (let i: u32 = 0; i < array.length && decodeFine(); i++, node = jsonNext(node)) {
    if (isObject(node)) decodeDevice(node, specAt<SpecDevice>(spec.devices, i));
  }
}

/** The SpecDeviceAccess bits of the letters in the string `access`; without letters all of them. */
function accessBits(access: JsonNode): u8 {
  let bits: u8 = 0;
  for (let i: u32 = 0; i < access.length; i++) {
    const c = load<u8>(access.start + i);
    if (c == 0x72) bits |= <u8>SpecDeviceAccess.Read;
    else if (c == 0x77) bits |= <u8>SpecDeviceAccess.Write;
    else if (c == 0x6d) bits |= <u8>SpecDeviceAccess.Make;
    else {
      complainOfValue(access, Errno.EINVAL, "must consist of r, w and m, but is");
      return 0;
    }
  }
  return bits;
}

function decodeRule(source: JsonNode, rule: SpecDeviceRule): void {
  rule.allow = boolMember(source, "allow");
  rule.type = LETTER_A;
  const type = textMember(source, "type");
  if (type && type.length != 0 && !jsonStringIs(type, "a")) {
    rule.type = deviceType(type);
    if (rule.type != LETTER_B && rule.type != LETTER_C) return complainOfValue(type, Errno.EINVAL, "unknown device type");
  }
  rule.major = <i32>integerMember(source, "major", -1, MAJOR_MAXIMUM, -1);
  rule.minor = <i32>integerMember(source, "minor", -1, MINOR_MAXIMUM, -1);
  const access = textMember(source, "access");
  rule.access = <u8>(SpecDeviceAccess.Read | SpecDeviceAccess.Write | SpecDeviceAccess.Make);
  if (access && access.length != 0) rule.access = accessBits(access);
}

/** Decodes the device rules of `resources`. */
export function decodeDeviceRules(resources: JsonNode, spec: Spec): void {
  const array = arrayMember(resources, "devices");
  spec.deviceRules = decodeArray(array, offsetof<SpecDeviceRule>());
  if (!array) return;
  let node = jsonFirst(array);
  for (let i: u32 = 0; i < array.length && decodeFine(); i++, node = jsonNext(node)) {
    if (isObject(node)) decodeRule(node, specAt<SpecDeviceRule>(spec.deviceRules, i));
  }
}
