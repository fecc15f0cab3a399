// Threads that may not read the time-stamp counter (prctl(2), PR_SET_TSC). A switch of threads does not look for them: such a thread always
// has work to do before user mode, which hides the counter, and the first other thread that reads it then is shown it again.

import { trapTimeStamp } from "../../shim/isa";
import { Thread, Work } from "./thread";

/** RDTSC in user mode is a general-protection exception. */
let isHidden: bool = false;

/** The current thread, which has Work.HideTimeStamp, goes to user mode. */
export function timeStampHide(): void {
  if (isHidden) return;
  isHidden = true;
  trapTimeStamp(true);
}

/** The current thread `t` raised a general-protection exception: true when it may have read the counter, and shall do so again. */
export function timeStampShow(t: Thread): bool {
  if (!isHidden || (t.work & Work.HideTimeStamp) != 0) return false;
  isHidden = false;
  trapTimeStamp(false);
  return true;
}
