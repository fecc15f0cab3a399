// The list of names as it is registered at boot, and lists that are not.

import { CALL_NAMES } from "./types/calls";
import { bytesEqualLiteral, putLiteral } from "../kernel/lib/bytes";
import { callName, callNumber, CALL_NUMBERS, setCallNames } from "../kernel/container/callnames";

const text = memory.data(64, 8);
const other = memory.data(64, 8);

function numberOf(name: string): i32 {
  return callNumber(text, putLiteral(text, name));
}

function nameIs(number: u32, name: string): bool {
  return bytesEqualLiteral(text, callName(number, text), name);
}

describe("names of system calls", () => {
  it("lead to numbers and back", () => {
    setCallNames(CALL_NAMES);
    expect(numberOf("read")).toBe(0);
    expect(numberOf("getppid")).toBe(110);
    expect(numberOf("fchmodat2")).toBe(452);
    expect(nameIs(59, "execve")).toBe(true);
    let named = 0;
    for (let number: u32 = 0; number < CALL_NUMBERS; number++) {
      const length = callName(number, other);
      if (bytesEqualLiteral(other, length, "?")) continue;
      named++;
      expect(callNumber(other, length)).toBe(<i32>number);
    }
    expect(named).toBeGreaterThan(370);
  });

  it("that do not exist lead nowhere", () => {
    setCallNames(CALL_NAMES);
    expect(numberOf("frobnicate")).toBe(-1);
    expect(numberOf("")).toBe(-1);
    expect(numberOf("rea")).toBe(-1);
    expect(numberOf("reads")).toBe(-1);
    expect(nameIs(400, "?")).toBe(true);
    expect(nameIs(100000, "?")).toBe(true);
    setCallNames("");
    expect(numberOf("read")).toBe(-1);
  });
});
