// What recorded.spec.ts cannot record: time, breaks, and the few places where this discipline is stricter than Linux.

import { Cc, Iflag, Lflag } from "../termios";
import { receiveBreak } from "./input";
import { NEVER, isReadable, readDeadlineNs, readableBytes } from "./read";
import {
  advanceMs,
  closeTerminal,
  discipline,
  openTerminal,
  read,
  setCharacter,
  setMode,
  shown,
  signals,
  testNowNs,
  type,
  write,
} from "./testing";

/** Raw mode with the given VMIN and VTIME. */
function openRaw(minimum: u8, tenths: u8): void {
  openTerminal();
  setMode(0, 0, 0);
  setCharacter(Cc.VMIN, minimum);
  setCharacter(Cc.VTIME, tenths);
}

describe("VMIN and VTIME", () => {
  test("VMIN 0, VTIME 0: whatever is there, without waiting", () => {
    openRaw(0, 0);
    expect(read(10, true)).toBe("");
    expect(readDeadlineNs(discipline, testNowNs)).toBe(NEVER);
    type("ab");
    expect(read(10, true)).toBe("ab");
    closeTerminal();
  });

  test("VMIN 0, VTIME > 0: the timer runs from the start of the read", () => {
    openRaw(0, 3);
    const startedNs = testNowNs;
    expect(read(10, true, startedNs)).toBe("-11");
    expect(readDeadlineNs(discipline, startedNs)).toBe(startedNs + 300_000_000);
    advanceMs(299);
    expect(read(10, true, startedNs)).toBe("-11");
    advanceMs(1);
    expect(read(10, true, startedNs)).toBe("");
    type("a");
    expect(read(10, true, testNowNs)).toBe("a");
    closeTerminal();
  });

  test("VMIN > 0, VTIME 0: waits for VMIN bytes or as many as are wanted", () => {
    openRaw(3, 0);
    type("ab");
    expect(isReadable(discipline)).toBe(false);
    expect(read(10, true)).toBe("-11");
    expect(readDeadlineNs(discipline, testNowNs)).toBe(NEVER);
    expect(read(2, true)).toBe("ab");
    type("cdef");
    expect(isReadable(discipline)).toBe(true);
    expect(read(10, true)).toBe("cdef");
    type("g");
    expect(read(10, false)).toBe("g");
    expect(read(10, false)).toBe("-11");
    closeTerminal();
  });

  test("VMIN > 0, VTIME > 0: the timer runs from the last byte", () => {
    openRaw(4, 2);
    const startedNs = testNowNs;
    expect(readDeadlineNs(discipline, startedNs)).toBe(NEVER);
    advanceMs(5000);
    expect(read(10, true, startedNs)).toBe("-11");
    type("a");
    expect(isReadable(discipline)).toBe(true);
    expect(read(10, true, startedNs)).toBe("-11");
    expect(readDeadlineNs(discipline, startedNs)).toBe(testNowNs + 200_000_000);
    advanceMs(150);
    type("b");
    advanceMs(199);
    expect(read(10, true, startedNs)).toBe("-11");
    advanceMs(1);
    expect(read(10, true, startedNs)).toBe("ab");
    type("cdef");
    expect(read(10, true, testNowNs)).toBe("cdef");
    closeTerminal();
  });

  test("bytes that wait already: the timer runs from the start of the read", () => {
    openRaw(4, 2);
    type("a");
    advanceMs(1000);
    const startedNs = testNowNs;
    expect(read(10, true, startedNs)).toBe("-11");
    expect(readDeadlineNs(discipline, startedNs)).toBe(startedNs + 200_000_000);
    closeTerminal();
  });

  test("canonical mode knows no timer", () => {
    openTerminal();
    setCharacter(Cc.VTIME, 1);
    setCharacter(Cc.VMIN, 0);
    expect(readDeadlineNs(discipline, testNowNs)).toBe(NEVER);
    expect(read(10, true)).toBe("-11");
    closeTerminal();
  });

  test("a VMIN above 64 holds for the whole read", () => {
    openRaw(200, 0);
    type("x".repeat(199));
    expect(read(300, true)).toBe("-11");
    type("y");
    expect(read(300, true)).toBe("x".repeat(199) + "y");
    closeTerminal();
  });
});

describe("room for input", () => {
  test("raw input waits for a reader at 4095 bytes", () => {
    openRaw(1, 0);
    expect(type("x".repeat(5000))).toBe(4095);
    expect(type("y")).toBe(0);
    expect(read(95)).toBe("x".repeat(95));
    expect(type("z".repeat(200))).toBe(95);
    expect(read(5000)).toBe("x".repeat(4000) + "z".repeat(95));
    closeTerminal();
  });

  test("complete lines are never overwritten", () => {
    openTerminal();
    expect(type("one\n" + "x".repeat(5000))).toBe(4095);
    expect(read(100)).toBe("one\\x0a");
    expect(type("x".repeat(905))).toBe(905);
    expect(type("\n")).toBe(1);
    expect(read(5000)).toBe("x".repeat(4095) + "\\x0a");
    closeTerminal();
  });

  test("a line that is too long keeps to the buffer with PARMRK, too", () => {
    openTerminal();
    setMode(Iflag.PARMRK, 0, Lflag.ICANON);
    expect(type("x".repeat(4000) + "\xff".repeat(300) + "y\n")).toBe(4302);
    expect(readableBytes(discipline) <= 4096).toBe(true);
    const line = read(5000);
    expect(line.endsWith("\\x0a")).toBe(true);
    expect(read(5000)).toBe("-11");
    closeTerminal();
  });
});

describe("output that stands still", () => {
  test("writes take what there is room for", () => {
    openTerminal();
    expect(write("x".repeat(8191))).toBe(8191);
    expect(write("\n")).toBe(0); // CR LF needs two
    expect(write("yz")).toBe(1);
    expect(shown().length).toBe(8192);
    expect(write("\n")).toBe(1);
    closeTerminal();
  });

  test("a stopped terminal keeps the newest echoes and never runs over", () => {
    openTerminal();
    setMode(Iflag.IXON, 0, Lflag.ECHO);
    type("\x13");
    for (let i = 0; i < 20; i++) {
      type("x".repeat(499) + "y");
      read(500);
    }
    expect(shown()).toBe("");
    type("\x11");
    const echo = shown();
    expect(echo.length >= 1500 && echo.length <= 2048).toBe(true);
    expect(echo.endsWith("x".repeat(499) + "y")).toBe(true);
    closeTerminal();
  });
});

describe("breaks", () => {
  test("are a NUL, a mark, a signal or nothing", () => {
    openRaw(1, 0);
    receiveBreak(discipline);
    expect(read(10)).toBe("\\x00");
    setMode(Iflag.PARMRK, 0, 0);
    receiveBreak(discipline);
    expect(read(10)).toBe("\\xff\\x00\\x00");
    setMode(Iflag.BRKINT | Iflag.PARMRK, 0, 0);
    type("lost");
    receiveBreak(discipline);
    expect(signals()).toBe("i");
    expect(read(10)).toBe("-11");
    setMode(Iflag.BRKINT | Iflag.IGNBRK, 0, 0);
    receiveBreak(discipline);
    expect(signals()).toBe("");
    expect(read(10)).toBe("-11");
    closeTerminal();
  });
});
