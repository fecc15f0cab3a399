import { playSession } from "./fuzz";
import { RECORDED_SESSIONS, recordedHashes } from "./fuzz-recorded";
import { closeTerminal, openTerminal } from "./testing";

describe("line discipline against recorded sessions of Linux", () => {
  test("random modes, input, output, reads and controls", () => {
    for (let n: u32 = 0; n < RECORDED_SESSIONS; n++) {
      openTerminal();
      expect(playSession(n)).toBe(load<u32>(recordedHashes + (n << 2)), "session " + n.toString());
      closeTerminal();
    }
  });
});
