// Profiles: which rule holds. What comparisons do with real calls is tests/seccomp.test.ts.

import { heapObjectsUsed } from "../mm/heap";
import { useTestMemory } from "../mm/testing";
import { Filter, filterRelease, filterTable, Pass } from "./filter";
import { Comparison, Condition, CONDITION_BYTES, profileAdd, profileBytes, profileNew, profileSeal, profileVerdict } from "./profile";
import { Thread } from "./thread";

const caller = changetype<Thread>(memory.data(1024, 8));
const conditions = memory.data(6 * 24, 8);
const DENY: u32 = 0x50001;
const ALLOW: u32 = 0x7fff0000;

function condition(i: u32, argument: u32, comparison: Comparison, value: u64): void {
  const c = changetype<Condition>(conditions + i * CONDITION_BYTES);
  c.argument = argument;
  c.comparison = comparison;
  c.value = value;
}

function byteOf(f: Filter, number: u32): u8 {
  return load<u8>(filterTable(f) + number);
}

describe("a profile", () => {
  beforeAll(() => useTestMemory(512));

  it("gives calls without a rule the default, and what always passes a zero in the table", () => {
    const before = heapObjectsUsed();
    const f = profileNew(DENY, profileBytes(2, 0))!;
    expect(profileAdd(f, 0, ALLOW, 0, 0)).toBe(true);
    expect(profileAdd(f, 511, ALLOW, 0, 0)).toBe(true);
    profileSeal(f, ALLOW);
    expect(byteOf(f, 0)).toBe(<u8>Pass.Always);
    expect(byteOf(f, 1)).toBe(<u8>Pass.Look);
    expect(byteOf(f, 511)).toBe(<u8>Pass.Always);
    expect(profileVerdict(f, caller, 0)).toBe(ALLOW);
    expect(profileVerdict(f, caller, 1)).toBe(DENY);
    expect(profileVerdict(f, caller, 511)).toBe(ALLOW);
    expect(profileVerdict(f, caller, 512)).toBe(DENY);
    expect(profileVerdict(f, caller, u32.MAX_VALUE)).toBe(DENY);
    filterRelease(f);
    expect(heapObjectsUsed()).toBe(before);
  });

  it("answers otherwise above its highest number", () => {
    const f = profileNew(DENY, profileBytes(1, 0))!;
    profileAdd(f, 10, ALLOW, 0, 0);
    f.highest = 10;
    f.beyond = 0x50026;
    profileSeal(f, ALLOW);
    expect(profileVerdict(f, caller, 9)).toBe(DENY);
    expect(profileVerdict(f, caller, 11)).toBe(0x50026);
    filterRelease(f);
  });

  it("tries rules with comparisons in turn, of which all must hold", () => {
    const f = profileNew(ALLOW, profileBytes(2, 3))!;
    condition(0, 0, Comparison.Equal, 5);
    condition(1, 5, Comparison.Greater, 1);
    expect(profileAdd(f, 3, 0x50002, conditions, 2)).toBe(true);
    condition(0, 0, Comparison.Equal, 5);
    expect(profileAdd(f, 3, 0x50003, conditions, 1)).toBe(true);
    profileSeal(f, ALLOW);
    expect(byteOf(f, 3)).toBe(<u8>Pass.Look);
    caller.rdi = 5;
    caller.r9 = 2;
    expect(profileVerdict(f, caller, 3)).toBe(0x50002);
    caller.r9 = 1;
    expect(profileVerdict(f, caller, 3)).toBe(0x50003);
    caller.rdi = 6;
    expect(profileVerdict(f, caller, 3)).toBe(ALLOW);
    filterRelease(f);
  });

  it("refuses a contradiction, and takes the same again", () => {
    const f = profileNew(ALLOW, profileBytes(4, 6))!;
    condition(0, 0, Comparison.Equal, 5);
    condition(1, 1, Comparison.Less, 5);
    expect(profileAdd(f, 3, DENY, conditions, 2)).toBe(true);
    const used = f.bodyUsed;
    condition(1, 0, Comparison.Equal, 5);
    condition(0, 1, Comparison.Less, 5);
    expect(profileAdd(f, 3, DENY, conditions, 2)).toBe(true, "the same in another order");
    expect(f.bodyUsed).toBe(used);
    expect(profileAdd(f, 3, 0, conditions, 2)).toBe(false);
    // One without comparisons takes the place of all, and the first of them stays.
    expect(profileAdd(f, 3, 0x50007, 0, 0)).toBe(true);
    expect(profileAdd(f, 3, 0x50008, 0, 0)).toBe(true);
    expect(profileVerdict(f, caller, 3)).toBe(0x50007);
    filterRelease(f);
  });
});
