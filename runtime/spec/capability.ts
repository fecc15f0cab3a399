// process.capabilities: the five sets of capabilities(7) as masks, bit n for capability n of Linux (uapi/linux/capability.h).

import { Errno } from "../../kernel/errno";
import { bytesEqual, bytesEqualLiteral } from "../../kernel/lib/bytes";
import { JsonFlag, JsonNode, jsonEnd, jsonFirst, jsonNext } from "../json/node";
import { arrayMember, complain, complainOfValue, isText, objectMember } from "./decode";
import { SpecProcess } from "./model";

/** Number of the capability whose name is the `n` bytes at `p` ("CAP_CHOWN" is 0), or -1. */
export function capabilityNumber(p: usize, n: u32): i32 {
  // By length first, which leaves few names to compare.
  switch (n) {
    case 7:
      if (bytesEqualLiteral(p, n, "CAP_BPF")) return 39;
      return -1;
    case 8:
      if (bytesEqualLiteral(p, n, "CAP_KILL")) return 5;
      return -1;
    case 9:
      if (bytesEqualLiteral(p, n, "CAP_CHOWN")) return 0;
      if (bytesEqualLiteral(p, n, "CAP_MKNOD")) return 27;
      if (bytesEqualLiteral(p, n, "CAP_LEASE")) return 28;
      return -1;
    case 10:
      if (bytesEqualLiteral(p, n, "CAP_FOWNER")) return 3;
      if (bytesEqualLiteral(p, n, "CAP_FSETID")) return 4;
      if (bytesEqualLiteral(p, n, "CAP_SETGID")) return 6;
      if (bytesEqualLiteral(p, n, "CAP_SETUID")) return 7;
      if (bytesEqualLiteral(p, n, "CAP_SYSLOG")) return 34;
      return -1;
    case 11:
      if (bytesEqualLiteral(p, n, "CAP_SETPCAP")) return 8;
      if (bytesEqualLiteral(p, n, "CAP_NET_RAW")) return 13;
      if (bytesEqualLiteral(p, n, "CAP_SETFCAP")) return 31;
      if (bytesEqualLiteral(p, n, "CAP_PERFMON")) return 38;
      return -1;
    case 12:
      if (bytesEqualLiteral(p, n, "CAP_IPC_LOCK")) return 14;
      if (bytesEqualLiteral(p, n, "CAP_SYS_BOOT")) return 22;
      if (bytesEqualLiteral(p, n, "CAP_SYS_NICE")) return 23;
      if (bytesEqualLiteral(p, n, "CAP_SYS_TIME")) return 25;
      return -1;
    case 13:
      if (bytesEqualLiteral(p, n, "CAP_NET_ADMIN")) return 12;
      if (bytesEqualLiteral(p, n, "CAP_IPC_OWNER")) return 15;
      if (bytesEqualLiteral(p, n, "CAP_SYS_RAWIO")) return 17;
      if (bytesEqualLiteral(p, n, "CAP_SYS_PACCT")) return 20;
      if (bytesEqualLiteral(p, n, "CAP_SYS_ADMIN")) return 21;
      if (bytesEqualLiteral(p, n, "CAP_MAC_ADMIN")) return 33;
      return -1;
    case 14:
      if (bytesEqualLiteral(p, n, "CAP_SYS_MODULE")) return 16;
      if (bytesEqualLiteral(p, n, "CAP_SYS_CHROOT")) return 18;
      if (bytesEqualLiteral(p, n, "CAP_SYS_PTRACE")) return 19;
      if (bytesEqualLiteral(p, n, "CAP_WAKE_ALARM")) return 35;
      if (bytesEqualLiteral(p, n, "CAP_AUDIT_READ")) return 37;
      return -1;
    case 15:
      if (bytesEqualLiteral(p, n, "CAP_AUDIT_WRITE")) return 29;
      return -1;
    case 16:
      if (bytesEqualLiteral(p, n, "CAP_DAC_OVERRIDE")) return 1;
      if (bytesEqualLiteral(p, n, "CAP_SYS_RESOURCE")) return 24;
      if (bytesEqualLiteral(p, n, "CAP_MAC_OVERRIDE")) return 32;
      return -1;
    case 17:
      if (bytesEqualLiteral(p, n, "CAP_NET_BROADCAST")) return 11;
      if (bytesEqualLiteral(p, n, "CAP_AUDIT_CONTROL")) return 30;
      if (bytesEqualLiteral(p, n, "CAP_BLOCK_SUSPEND")) return 36;
      return -1;
    case 18:
      if (bytesEqualLiteral(p, n, "CAP_SYS_TTY_CONFIG")) return 26;
      return -1;
    case 19:
      if (bytesEqualLiteral(p, n, "CAP_DAC_READ_SEARCH")) return 2;
      if (bytesEqualLiteral(p, n, "CAP_LINUX_IMMUTABLE")) return 9;
      return -1;
    case 20:
      if (bytesEqualLiteral(p, n, "CAP_NET_BIND_SERVICE")) return 10;
      return -1;
    case 22:
      if (bytesEqualLiteral(p, n, "CAP_CHECKPOINT_RESTORE")) return 40;
      return -1;
    default:
      return -1;
  }
}

/** The set decoded last: Docker and others write the same list for several sets. */
let lastArray: JsonNode = changetype<JsonNode>(0);
let lastMask: u64 = 0;

/** Bytes of text from the first element of `array` to behind the last. */
function extent(array: JsonNode): u32 {
  let last = jsonFirst(array);
  for (let i: u32 = 1; i < array.length; i++) last = jsonNext(last);
  return <u32>(last.start + last.length - jsonFirst(array).start);
}

function sameAsLast(array: JsonNode): bool {
  if (changetype<usize>(lastArray) == 0 || lastArray.length != array.length) return false;
  const bytes = extent(array);
  return extent(lastArray) == bytes && bytesEqual(jsonFirst(lastArray).start, jsonFirst(array).start, bytes);
}

function capabilitySet(sets: JsonNode, name: string): u64 {
  const array = arrayMember(sets, name);
  if (!array || array.length == 0) return 0;
  if (sameAsLast(array)) return lastMask;
  let mask: u64 = 0;
  let escaped = false;
  for (let node = jsonFirst(array); changetype<usize>(node) < jsonEnd(array); node = jsonNext(node)) {
    if (node.flags & JsonFlag.Escaped) escaped = true;
    if (!isText(node)) return 0;
    const capability = capabilityNumber(node.start, node.length);
    if (capability < 0) complainOfValue(node, Errno.EINVAL, "unknown capability");
    else mask |= (<u64>1) << capability;
  }
  lastArray = escaped ? changetype<JsonNode>(0) : array; // what had escapes is no longer one stretch of text
  lastMask = mask;
  return mask;
}

/** Decodes the capability sets of the process object `source`. */
export function decodeCapabilities(source: JsonNode, process: SpecProcess): void {
  const sets = objectMember(source, "capabilities");
  if (!sets) return;
  lastArray = changetype<JsonNode>(0);
  process.hasCapabilities = true;
  process.bounding = capabilitySet(sets, "bounding");
  process.effective = capabilitySet(sets, "effective");
  process.inheritable = capabilitySet(sets, "inheritable");
  process.permitted = capabilitySet(sets, "permitted");
  process.ambient = capabilitySet(sets, "ambient");
  // As capset(2) has it: nothing may be effective that is not permitted.
  if (process.effective & ~process.permitted) complain(arrayMember(sets, "effective")!, Errno.EPERM, "must be a subset of permitted");
}
