// A container's profile of system calls as a Filter: an index by number, and behind it rules, each with a verdict and comparisons of arguments.
// The semantics are libseccomp's (seccomp_rule_add(3)): a rule without comparisons holds for every call of its number and takes the place of
// those with; the first of them stays. Comparisons of one rule must all hold. Rules with comparisons are tried in the order given.

import { Filter, FILTER_NUMBERS, filterBody, FilterKind, filterNew, filterTable, Pass } from "./filter";
import { Thread } from "./thread";

/** How an argument is compared, all as 64-bit numbers without sign. */
export const enum Comparison {
  NotEqual = 1,
  Less = 2,
  LessOrEqual = 3,
  Equal = 4,
  GreaterOrEqual = 5,
  Greater = 6,
  /** argument & value == value2 & value */
  MaskedEqual = 7,
}

@unmanaged
export class Condition {
  value: u64;
  value2: u64;
  /** Which argument, 0 to 5. */
  argument: u32;
  comparison: u32;
}
export const CONDITION_BYTES: u32 = 24;
if (offsetof<Condition>() != CONDITION_BYTES) ERROR("a condition has 24 bytes");

@unmanaged
class Rule {
  verdict: u32;
  /** The next rule of the number, in units of 8 bytes from the body's start; 0: none. */
  next: u16;
  conditions: u16;
}
const RULE_BYTES: u32 = 8;
if (offsetof<Rule>() != RULE_BYTES) ERROR("conditions follow 8 bytes of rule");

/** The index: the first rule of each number, as Rule.next. */
const INDEX_BYTES: u32 = FILTER_NUMBERS * 2;

/** Bytes of body for `rules` rules with `conditions` conditions in all. The index reaches 512 KiB of them. */
export function profileBytes(rules: u32, conditions: u32): u32 {
  return INDEX_BYTES + rules * RULE_BYTES + conditions * CONDITION_BYTES;
}
export const PROFILE_BYTES_MAX: u32 = 0xffff * 8;

/** An empty profile: every call gets the verdict `fallback`. `bytes` is from profileBytes. Null when memory is short. */
export function profileNew(fallback: u32, bytes: u32): Filter | null {
  const f = filterNew(FilterKind.Profile, null, bytes);
  if (!f) return null;
  f.fallback = fallback;
  f.beyond = fallback;
  f.highest = u32.MAX_VALUE;
  f.bodyUsed = INDEX_BYTES;
  return f;
}

@inline
function ruleAt(f: Filter, offset: u32): Rule {
  return changetype<Rule>(filterBody(f) + (offset << 3));
}

@inline
function conditionAt(rule: Rule, i: u32): Condition {
  return changetype<Condition>(changetype<usize>(rule) + RULE_BYTES + i * CONDITION_BYTES);
}

/** True when both rules compare the same arguments in the same way, in whatever order. */
function sameConditions(rule: Rule, conditions: usize, count: u32): bool {
  if (rule.conditions != count) return false;
  for (let i: u32 = 0; i < count; i++) {
    const a = changetype<Condition>(conditions + i * CONDITION_BYTES);
    let found = false;
    for (let j: u32 = 0; j < count && !found; j++) {
      const b = conditionAt(rule, j);
      found = a.argument == b.argument && a.comparison == b.comparison && a.value == b.value && a.value2 == b.value2;
    }
    if (!found) return false;
  }
  return true;
}

/**
 * Adds a rule for call `number` with `count` conditions at `conditions`. False when an earlier rule with the same conditions has another
 * verdict: libseccomp refuses that.
 */
export function profileAdd(f: Filter, number: u32, verdict: u32, conditions: usize, count: u32): bool {
  const slot = filterBody(f) + (number << 1);
  let last = slot;
  let offset = load<u16>(slot);
  while (offset != 0) {
    const rule = ruleAt(f, offset);
    if (rule.conditions == 0) return true;
    if (count != 0 && sameConditions(rule, conditions, count)) return rule.verdict == verdict;
    last = changetype<usize>(rule) + offsetof<Rule>("next");
    offset = rule.next;
  }
  const at = f.bodyUsed;
  const rule = changetype<Rule>(filterBody(f) + at);
  f.bodyUsed += RULE_BYTES + count * CONDITION_BYTES;
  rule.verdict = verdict;
  rule.conditions = <u16>count;
  memory.copy(changetype<usize>(rule) + RULE_BYTES, conditions, count * CONDITION_BYTES);
  store<u16>(count == 0 ? slot : last, <u16>(at >> 3));
  return true;
}

/** Fills the table of bytes: `pass` is the verdict that lets a call through. To be called once all rules are there. */
export function profileSeal(f: Filter, pass: u32): void {
  const table = filterTable(f);
  for (let number: u32 = 0; number < FILTER_NUMBERS; number++) {
    const offset = load<u16>(filterBody(f) + (number << 1));
    let verdict = number > f.highest ? f.beyond : f.fallback;
    let fixed = true;
    if (offset != 0) {
      verdict = ruleAt(f, offset).verdict;
      fixed = ruleAt(f, offset).conditions == 0;
    }
    store<u8>(table + number, <u8>(fixed && verdict == pass ? Pass.Always : Pass.Look));
  }
}

/** Argument `i` of the call that `t` makes. */
export function callArgument(t: Thread, i: u32): u64 {
  switch (i) {
    case 0:
      return t.rdi;
    case 1:
      return t.rsi;
    case 2:
      return t.rdx;
    case 3:
      return t.r10;
    case 4:
      return t.r8;
    default:
      return t.r9;
  }
}

function holds(condition: Condition, t: Thread): bool {
  const argument = callArgument(t, condition.argument);
  const value = condition.value;
  switch (condition.comparison) {
    case Comparison.NotEqual:
      return argument != value;
    case Comparison.Less:
      return argument < value;
    case Comparison.LessOrEqual:
      return argument <= value;
    case Comparison.Equal:
      return argument == value;
    case Comparison.GreaterOrEqual:
      return argument >= value;
    case Comparison.Greater:
      return argument > value;
    default:
      return (argument & value) == (condition.value2 & value);
  }
}

function allHold(rule: Rule, t: Thread): bool {
  for (let i: u32 = 0; i < rule.conditions; i++) if (!holds(conditionAt(rule, i), t)) return false;
  return true;
}

/** The verdict of profile `f` on call `number` with the arguments of `t`. */
export function profileVerdict(f: Filter, t: Thread, number: u32): u32 {
  if (number > f.highest) return f.beyond;
  if (number >= FILTER_NUMBERS) return f.fallback;
  let offset = load<u16>(filterBody(f) + (number << 1));
  while (offset != 0) {
    const rule = ruleAt(f, offset);
    if (allHold(rule, t)) return rule.verdict;
    offset = rule.next;
  }
  return f.fallback;
}
