// Out of memory: when a page cannot be had even after reclaim (kernel/mm/reclaim.ts), the process that uses most is killed: of the container, when it
// has reached its limit (cgroup v2, memory.max); of all containers, when the machine has no more, so that whoever took all pays and not who asks next.
// The host's world is spared.

import { Container, firstContainer } from "../container/container";
import { Errno } from "../errno";
import { logBytes, logEnd, logNumber, logStart, logText } from "../log/log";
import { Account, kernelAccount, ReclaimState } from "../mm/account";
import { framesUsable, PAGE_SHIFT, PAGE_SIZE } from "../mm/frame";
import { reclaimedEnough, reclaimerAdd, reclaimSoon } from "../mm/reclaim";
import { AddressSpace } from "../mm/space";
import { spaceTrim } from "../mm/trim";
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

let victim: Process | null = null;
let worst: i64 = -1;
/** A process that is about to give its memory back. */
let dying = false;

/** Looks for a worse process among those of `c`. */
function search(c: Container, total: u32): void {
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const p = e.process;
      if (p && p.exiting && p.space != null && (!current || p != current.process)) dying = true;
      const score = p && !p.exiting ? badness(p, total) : -1;
      if (score > worst) {
        worst = score;
        victim = p;
      }
      e = e.hashNext;
    }
  }
}

function searchAll(own: Container): void {
  let c = firstContainer;
  while (c) {
    if (!c.isHost || c == own) search(c, framesUsable());
    c = c.next;
  }
}

/** Reclaimer: what the spaces of a container's processes can do without. */
function trimProcesses(c: Container | null): void {
  if (!c) return;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e && !reclaimedEnough()) {
      const p = e.process;
      const space = p ? p.space : null;
      if (space) spaceTrim(space);
      e = e.hashNext;
    }
  }
}

/** To be called once at start-up. */
export function processReclaimInit(): void {
  reclaimerAdd(trimProcesses);
}

/** Whose limit stands in the way of one more frame in `c`: its account, or kernelAccount for the machine's. */
function shortAccount(c: Container): Account {
  const own = c.account;
  return own.bytes + PAGE_SIZE > own.limit ? own : kernelAccount;
}

/** For handleFaultOrKill: frees memory, by killing if need be. -ENOMEM when the current process is the one to go, BLOCKED until there may be some. */
export function makeRoom(space: AddressSpace): Result {
  const t = current;
  const c = space.container;
  if (!t) return -Errno.ENOMEM;
  const short = shortAccount(c);
  if (short.reclaim == ReclaimState.Wanted || reclaimSoon(short)) {
    return t.process.exiting ? -Errno.ENOMEM : parkUninterruptible(null, nowNs());
  }
  victim = null;
  worst = -1;
  dying = false;
  if (short != kernelAccount) search(c, <u32>min<u64>(short.limit >> PAGE_SHIFT, u32.MAX_VALUE));
  else searchAll(c);
  if (!dying) {
    const chosen = victim;
    c.account.shortages++;
    if (!chosen) return -Errno.ENOMEM;
    report(chosen);
    chosen.container.account.kills++;
    short.reclaim = ReclaimState.None;
    exitGroup(chosen, SIGKILL);
    if (chosen == t.process) return -Errno.ENOMEM;
  }
  return t.process.exiting ? -Errno.ENOMEM : parkUninterruptible(null, nowNs() + WAIT_NS);
}
