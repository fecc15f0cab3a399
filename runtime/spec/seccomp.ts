// linux.seccomp (config-linux.md, "Seccomp"): from names to numbers and verdicts, in the order given, which is what runc gives to libseccomp.
// Names that no call of this architecture has are ignored, as runc ignores them: profiles are written for many kernels.

import { Errno } from "../../kernel/errno";
import { callNumber } from "../../kernel/container/callnames";
import { Comparison, Condition } from "../../kernel/task/profile";
import {
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_KILL_PROCESS,
  SECCOMP_RET_KILL_THREAD,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
  SECCOMP_RET_TRAP,
} from "../../linuxabi/types/seccomp";
import { jsonStringIs } from "../json/access";
import { JsonNode, jsonEnd, jsonFirst, jsonNext } from "../json/node";
import {
  arrayMember,
  complain,
  complainMissing,
  complainOfValue,
  decodeAlloc,
  decodeArray,
  decodeFine,
  integerMember,
  isObject,
  isText,
  member,
  objectMember,
  refuse,
  textMember,
  unsignedMember,
} from "./decode";
import { Spec, specAt, SpecSeccomp, SpecSyscallRule } from "./model";

const EPERM: i64 = 1;
/** What the 16 bits beside an action can hold. */
const ERRNO_RET_MAX: i64 = 0xffff;
const ARGUMENTS: i64 = 6;
const NO_ACTION: u32 = 1;

/** The action that the string `node` names, or NO_ACTION after a complaint. */
function actionOf(node: JsonNode): u32 {
  if (jsonStringIs(node, "SCMP_ACT_ALLOW")) return SECCOMP_RET_ALLOW;
  if (jsonStringIs(node, "SCMP_ACT_ERRNO")) return SECCOMP_RET_ERRNO;
  if (jsonStringIs(node, "SCMP_ACT_KILL") || jsonStringIs(node, "SCMP_ACT_KILL_THREAD")) return SECCOMP_RET_KILL_THREAD;
  if (jsonStringIs(node, "SCMP_ACT_KILL_PROCESS")) return SECCOMP_RET_KILL_PROCESS;
  if (jsonStringIs(node, "SCMP_ACT_TRAP")) return SECCOMP_RET_TRAP;
  if (jsonStringIs(node, "SCMP_ACT_TRACE")) return SECCOMP_RET_TRACE;
  if (jsonStringIs(node, "SCMP_ACT_LOG")) return SECCOMP_RET_LOG;
  if (jsonStringIs(node, "SCMP_ACT_NOTIFY")) complain(node, Errno.EOPNOTSUPP, "SCMP_ACT_NOTIFY is not supported");
  else complainOfValue(node, Errno.EINVAL, "unknown action");
  return NO_ACTION;
}

/** The verdict of the members `action` and `errnoRet` of `object`. Only two actions have an errno, EPERM unless it is given. */
function verdictOf(object: JsonNode, action: string, errnoRet: string): u32 {
  const node = textMember(object, action);
  if (!node) {
    complainMissing(object, action);
    return NO_ACTION;
  }
  const verdict = actionOf(node);
  const errno = integerMember(object, errnoRet, 0, ERRNO_RET_MAX, EPERM);
  if (verdict == SECCOMP_RET_ERRNO || verdict == SECCOMP_RET_TRACE) return verdict | (<u32>errno);
  const given = member(object, errnoRet);
  if (given) complain(given, Errno.EINVAL, "the action has no error number");
  return verdict;
}

function comparisonOf(node: JsonNode): u32 {
  if (jsonStringIs(node, "SCMP_CMP_NE")) return Comparison.NotEqual;
  if (jsonStringIs(node, "SCMP_CMP_LT")) return Comparison.Less;
  if (jsonStringIs(node, "SCMP_CMP_LE")) return Comparison.LessOrEqual;
  if (jsonStringIs(node, "SCMP_CMP_EQ")) return Comparison.Equal;
  if (jsonStringIs(node, "SCMP_CMP_GE")) return Comparison.GreaterOrEqual;
  if (jsonStringIs(node, "SCMP_CMP_GT")) return Comparison.Greater;
  if (jsonStringIs(node, "SCMP_CMP_MASKED_EQ")) return Comparison.MaskedEqual;
  complainOfValue(node, Errno.EINVAL, "unknown operator");
  return 0;
}

/** The architectures that the profile is for: unknown names are errors; calls of other machines cannot happen here. */
function decodeArchitectures(source: JsonNode, seccomp: SpecSeccomp): void {
  const array = arrayMember(source, "architectures");
  if (!array) return;
  for (let node = jsonFirst(array); changetype<usize>(node) < jsonEnd(array) && decodeFine(); node = jsonNext(node)) {
    if (!isText(node)) return;
    if (jsonStringIs(node, "SCMP_ARCH_X86_64") || jsonStringIs(node, "SCMP_ARCH_NATIVE")) seccomp.namesNative = true;
    else if (jsonStringIs(node, "SCMP_ARCH_X32")) seccomp.namesX32 = true;
    else if (!isOtherArchitecture(node)) complainOfValue(node, Errno.EINVAL, "unknown architecture");
  }
}

function isOtherArchitecture(node: JsonNode): bool {
  return (
    jsonStringIs(node, "SCMP_ARCH_X86") ||
    jsonStringIs(node, "SCMP_ARCH_ARM") ||
    jsonStringIs(node, "SCMP_ARCH_AARCH64") ||
    jsonStringIs(node, "SCMP_ARCH_MIPS") ||
    jsonStringIs(node, "SCMP_ARCH_MIPS64") ||
    jsonStringIs(node, "SCMP_ARCH_MIPS64N32") ||
    jsonStringIs(node, "SCMP_ARCH_MIPSEL") ||
    jsonStringIs(node, "SCMP_ARCH_MIPSEL64") ||
    jsonStringIs(node, "SCMP_ARCH_MIPSEL64N32") ||
    jsonStringIs(node, "SCMP_ARCH_PPC") ||
    jsonStringIs(node, "SCMP_ARCH_PPC64") ||
    jsonStringIs(node, "SCMP_ARCH_PPC64LE") ||
    jsonStringIs(node, "SCMP_ARCH_S390") ||
    jsonStringIs(node, "SCMP_ARCH_S390X") ||
    jsonStringIs(node, "SCMP_ARCH_PARISC") ||
    jsonStringIs(node, "SCMP_ARCH_PARISC64") ||
    jsonStringIs(node, "SCMP_ARCH_RISCV64") ||
    jsonStringIs(node, "SCMP_ARCH_LOONGARCH64") ||
    jsonStringIs(node, "SCMP_ARCH_M68K") ||
    jsonStringIs(node, "SCMP_ARCH_SH") ||
    jsonStringIs(node, "SCMP_ARCH_SHEB")
  );
}

/** SECCOMP_FILTER_FLAG_*: a container's first thread is alone, and no CPU here speculates past a filter, so two change nothing. */
function decodeFlags(source: JsonNode, seccomp: SpecSeccomp): void {
  const array = arrayMember(source, "flags");
  if (!array) return;
  for (let node = jsonFirst(array); changetype<usize>(node) < jsonEnd(array) && decodeFine(); node = jsonNext(node)) {
    if (!isText(node)) return;
    if (jsonStringIs(node, "SECCOMP_FILTER_FLAG_LOG")) seccomp.logs = true;
    else if (jsonStringIs(node, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"))
      complain(node, Errno.EOPNOTSUPP, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is not supported");
    else if (!jsonStringIs(node, "SECCOMP_FILTER_FLAG_TSYNC") && !jsonStringIs(node, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"))
      complainOfValue(node, Errno.EINVAL, "unknown flag");
  }
}

/** The comparisons of a rule; `rule` gets them, and whether two are of one argument. */
function decodeConditions(source: JsonNode, rule: SpecSyscallRule): void {
  const array = arrayMember(source, "args");
  rule.conditions = decodeArray(array, offsetof<Condition>());
  if (!array) return;
  let seen: u32 = 0;
  let node = jsonFirst(array);
  for (let i: u32 = 0; i < array.length && decodeFine(); i++, node = jsonNext(node)) {
    if (!isObject(node)) return;
    if (!member(node, "index")) return complainMissing(node, "index");
    const operator = textMember(node, "op");
    if (!operator) return complainMissing(node, "op");
    const condition = specAt<Condition>(rule.conditions, i);
    condition.argument = <u32>integerMember(node, "index", 0, ARGUMENTS - 1, 0);
    condition.comparison = comparisonOf(operator);
    condition.value = unsignedMember(node, "value");
    condition.value2 = member(node, "valueTwo") ? unsignedMember(node, "valueTwo") : 0;
    if (seen & (1 << condition.argument)) rule.repeatsArgument = true;
    seen |= 1 << condition.argument;
  }
}

/** One of syscalls: its names become numbers. */
function decodeRule(source: JsonNode, rule: SpecSyscallRule): void {
  const names = arrayMember(source, "names");
  if (!names) return complainMissing(source, "names");
  if (names.length == 0) return complain(names, Errno.EINVAL, "must name a system call");
  rule.verdict = verdictOf(source, "action", "errnoRet");
  decodeConditions(source, rule);
  rule.numbers = decodeAlloc(names.length * sizeof<u16>());
  let node = jsonFirst(names);
  for (; changetype<usize>(node) < jsonEnd(names) && decodeFine(); node = jsonNext(node)) {
    if (!isText(node)) return;
    if (node.length == 0) return complain(node, Errno.EINVAL, "must not be empty");
    const number = callNumber(node.start, node.length);
    if (number < 0) continue;
    store<u16>(rule.numbers + (rule.numberCount << 1), <u16>number);
    rule.numberCount++;
  }
}

/** Decodes linux.seccomp, if it is there. */
export function decodeSeccomp(linux: JsonNode, spec: Spec): void {
  const source = objectMember(linux, "seccomp");
  if (!source) return;
  const p = decodeAlloc(offsetof<SpecSeccomp>());
  if (p == 0) return;
  const seccomp = changetype<SpecSeccomp>(p);
  spec.seccomp = seccomp;
  seccomp.defaultVerdict = verdictOf(source, "defaultAction", "defaultErrnoRet");
  decodeArchitectures(source, seccomp);
  decodeFlags(source, seccomp);
  refuse(source, "listenerPath");
  refuse(source, "listenerMetadata");
  const array = arrayMember(source, "syscalls");
  seccomp.rules = decodeArray(array, offsetof<SpecSyscallRule>());
  if (!array) return;
  let node = jsonFirst(array);
  for (let i: u32 = 0; i < array.length && decodeFine(); i++, node = jsonNext(node))
    if (isObject(node)) decodeRule(node, specAt<SpecSyscallRule>(seccomp.rules, i));
}
