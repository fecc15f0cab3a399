// Waits for a person to press the machine's power button, and then ends it in order. init starts it.

import { errorText } from "../lib/errors";
import { complain } from "../lib/output";
import { PowerAction, waitForPowerButton } from "../lib/process";
import { shutDown } from "../lib/shutdown";

export function main(): i32 {
  const r = waitForPowerButton();
  if (r == 0) {
    complain("the power button was pressed: switching off");
    shutDown(PowerAction.Off);
  }
  complain(`powerbutton: ${errorText(r)}`);
  return 1;
}
