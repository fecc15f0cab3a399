// Out of memory: when a page cannot be had, the process of the same container that uses most is killed. Other containers are never touched: one
// that exceeds its limit, or takes all there is, pays for it itself (cgroup v2, memory.max).

import { Errno } from "../errno";
import { logBytes, logEnd, logNumber, logStart, logText } from "../log/log";
import { AddressSpace } from "../mm/space";
import { Result } from "../result";
import { nowNs } from "../time/clock";
import { exitGroup } from "./lifecycle";
import { PidEntry, Process, ProcessState } from "./process";
import { current, parkUninterruptible } from "./thread";

const SIGKILL: u32 = 9;
/** How long the thread that met the shortage waits for the victim to go before it tries again. */
const WAIT_NS: u64 = 1_000_000;

/** How much a process is to blame: its pages, shifted by its oom_score_adj in thousandths of all it could use; -1 when it is exempt. */
function badness(p: Process, total: u32): i64 {
  const space = p.space;
  if (!space || p.state != ProcessState.Running || p.oomScoreAdjust == -1000) return -1;
  return max<i64>(0, <i64>space.pages + (<i64>p.oomScoreAdjust * total) / 1000);
}

function report(victim: Process): void {
  const c = victim.container;
  logStart("memory");
  logText("out of memory in ");
  if (c.isHost) logText("the host's world");
  else logBytes(c.id, c.idLength);
  logText(": killed process ");
  logNumber(victim.pid);
  logText(" with ");
  logNumber(victim.space!.pages);
  logText(" pages");
  logEnd();
}

/** For handleFaultOrKill: frees memory by killing. -ENOMEM when the current process is the one to go, BLOCKED while another goes. */
export function makeRoom(space: AddressSpace): Result {
  const t = current;
  const c = space.container;
  let victim: Process | null = null;
  let worst: i64 = -1;
  let dying = false;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const p = e.process;
      if (p && p.exiting && p.space != null && (!t || p != t.process)) dying = true;
      const score = p && !p.exiting ? badness(p, max<u32>(c.pages, 1)) : -1;
      if (score > worst) {
        worst = score;
        victim = p;
      }
      e = e.hashNext;
    }
  }
  if (!t) return -Errno.ENOMEM;
  if (!dying) {
    if (!victim) return -Errno.ENOMEM;
    report(victim);
    exitGroup(victim, SIGKILL);
    if (victim == t.process) return -Errno.ENOMEM;
  }
  return t.process.exiting ? -Errno.ENOMEM : parkUninterruptible(null, nowNs() + WAIT_NS);
}
