// From linux.seccomp to the filter that every process of the container starts with, as runc makes it with libseccomp: rules with the default's
// verdict are left out, and comparisons of one argument in one rule are alternatives. Calls above the highest that the profile names answer ENOSYS
// when the default is a refusal: programs then try the older way, as on a kernel of the profile's time.

import { Errno } from "../kernel/errno";
import { Result } from "../kernel/result";
import { Filter, filterRelease } from "../kernel/task/filter";
import { CONDITION_BYTES, PROFILE_BYTES_MAX, profileAdd, profileBytes, profileNew, profileSeal } from "../kernel/task/profile";
import {
  SECCOMP_RET_ACTION_FULL,
  SECCOMP_RET_ALLOW,
  SECCOMP_RET_ERRNO,
  SECCOMP_RET_LOG,
  SECCOMP_RET_TRACE,
} from "../linuxabi/types/seccomp";
import { Failure, fail, failBegin, failPut, failPutUnsigned } from "./failure";
import { SPEC_ARRAY_HEADER_BYTES, specAt, SpecSeccomp, SpecSyscallRule } from "./spec/model";

/** Where the conditions of `rule` stand. */
@inline
function conditionsOf(rule: SpecSyscallRule): usize {
  return changetype<usize>(rule.conditions) + SPEC_ARRAY_HEADER_BYTES;
}

/** Bytes of body that all rules need at most. */
function bytesFor(seccomp: SpecSeccomp): u64 {
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < seccomp.rules.count; i++) {
    const rule = specAt<SpecSyscallRule>(seccomp.rules, i);
    const conditions = rule.conditions.count;
    const one = rule.repeatsArgument ? profileBytes(conditions, conditions) : profileBytes(1, conditions);
    bytes += <u64>(one - profileBytes(0, 0)) * rule.numberCount;
  }
  return bytes + profileBytes(0, 0);
}

/** Adds `rule` for one number; false when it contradicts an earlier one. */
function addFor(f: Filter, number: u32, rule: SpecSyscallRule): bool {
  const count = rule.conditions.count;
  if (!rule.repeatsArgument) return profileAdd(f, number, rule.verdict, conditionsOf(rule), count);
  for (let i: u32 = 0; i < count; i++) if (!profileAdd(f, number, rule.verdict, conditionsOf(rule) + i * CONDITION_BYTES, 1)) return false;
  return true;
}

/** Adds all numbers of `rule`; false when one contradicts an earlier rule. */
function addRule(f: Filter, rule: SpecSyscallRule): bool {
  for (let i: u32 = 0; i < rule.numberCount; i++) if (!addFor(f, load<u16>(rule.numbers + (i << 1)), rule)) return false;
  return true;
}

/** Calls above the highest number named get ENOSYS, unless the default lets calls through. */
function closeTop(f: Filter, seccomp: SpecSeccomp): void {
  const action = seccomp.defaultVerdict & SECCOMP_RET_ACTION_FULL;
  if (!seccomp.namesNative || action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_TRACE) return;
  let highest: u32 = 0;
  for (let i: u32 = 0; i < seccomp.rules.count; i++) {
    const rule = specAt<SpecSyscallRule>(seccomp.rules, i);
    for (let j: u32 = 0; j < rule.numberCount; j++) highest = max<u32>(highest, load<u16>(rule.numbers + (j << 1)));
  }
  if (highest == 0) return;
  f.highest = highest;
  f.beyond = SECCOMP_RET_ERRNO | Errno.ENOSYS;
}

/** The filter of `seccomp` in `made`: 0, or -errno with the failure told. */
export function makeFilter(seccomp: SpecSeccomp, failure: Failure): Result {
  const bytes = bytesFor(seccomp);
  if (bytes > PROFILE_BYTES_MAX) {
    fail(failure, Errno.E2BIG, "linux.seccomp.syscalls: too many rules with comparisons");
    return -Errno.E2BIG;
  }
  const f = profileNew(seccomp.defaultVerdict, <u32>bytes);
  if (!f) {
    fail(failure, Errno.ENOMEM, "linux.seccomp: out of memory");
    return -Errno.ENOMEM;
  }
  f.logs = seccomp.logs;
  f.allowsX32 = seccomp.namesX32;
  for (let i: u32 = 0; i < seccomp.rules.count; i++) {
    const rule = specAt<SpecSyscallRule>(seccomp.rules, i);
    if (rule.verdict == seccomp.defaultVerdict || addRule(f, rule)) continue;
    filterRelease(f);
    failBegin(failure, Errno.EEXIST);
    failPut(failure, "linux.seccomp.syscalls[");
    failPutUnsigned(failure, i);
    failPut(failure, "]: an earlier rule with the same comparisons has another action");
    return -Errno.EEXIST;
  }
  closeTop(f, seccomp);
  profileSeal(f, SECCOMP_RET_ALLOW);
  made = f;
  return 0;
}

/** What makeFilter made last. */
export let made: Filter = changetype<Filter>(0);
