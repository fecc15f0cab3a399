// Restartable sequences: rseq(2), with structures and meaning of include/uapi/linux/rseq.h. A thread that is preempted or gets a signal inside the
// sequence that its area points to goes on at the sequence's abort handler. There is one CPU, so its number never changes.
// A sequence makes no system calls, so a thread that waits in one is not looked at.

import { Errno } from "../../kernel/errno";
import { copyIn, copyOut, USER_END, userRange } from "../../kernel/mm/user";
import { Result } from "../../kernel/result";
import { Thread } from "../../kernel/task/thread";

const RSEQ_FLAG_UNREGISTER: u32 = 1;
const RSEQ_CPU_ID_UNINITIALIZED: u32 = 0xffff_ffff;
/** Size and alignment of the first struct rseq. */
const AREA_BYTES: u32 = 32;

/** struct rseq: cpu_id_start u32, cpu_id u32, rseq_cs u64, flags u32, node_id u32, mm_cid u32. */
const area = memory.data(32, 8);
/** struct rseq_cs: version u32, flags u32, start_ip u64, post_commit_offset u64, abort_ip u64. */
const sequence = memory.data(32, 8);

export function sysRseq(t: Thread, ua: u64, bytes: u32, flags: u32, signature: u32): Result {
  if ((flags & RSEQ_FLAG_UNREGISTER) != 0) return unregister(t, ua, bytes, flags, signature);
  if (flags != 0) return -Errno.EINVAL;
  if (t.rseq != 0) {
    if (t.rseq != ua || t.rseqBytes != bytes) return -Errno.EINVAL;
    return t.rseqSignature != signature ? -Errno.EPERM : -Errno.EBUSY;
  }
  if (bytes < AREA_BYTES || (ua & (AREA_BYTES - 1)) != 0) return -Errno.EINVAL;
  if (!userRange(ua, bytes)) return -Errno.EFAULT;
  store<u64>(area, 0);
  let r = copyOut(ua + 8, area, 8);
  if (r >= 0) r = writeNumbers(ua, 0);
  if (r < 0) return r;
  t.rseq = ua;
  t.rseqBytes = bytes;
  t.rseqSignature = signature;
  return 0;
}

function unregister(t: Thread, ua: u64, bytes: u32, flags: u32, signature: u32): Result {
  if (flags != RSEQ_FLAG_UNREGISTER || t.rseq == 0 || t.rseq != ua || t.rseqBytes != bytes) return -Errno.EINVAL;
  if (t.rseqSignature != signature) return -Errno.EPERM;
  const r = writeNumbers(ua, RSEQ_CPU_ID_UNINITIALIZED);
  if (r < 0) return r;
  t.rseq = 0;
  t.rseqBytes = 0;
  t.rseqSignature = 0;
  return 0;
}

/** Writes the numbers of CPU, node and concurrency, which are 0: 0, -EFAULT or BLOCKED. `cpu` is cpu_id. */
function writeNumbers(ua: u64, cpu: u32): Result {
  memory.fill(area, 0, AREA_BYTES);
  store<u32>(area, cpu, 4);
  const r = copyOut(ua, area, 8);
  return r < 0 ? r : copyOut(ua + 20, area + 20, 8);
}

/**
 * The current thread was interrupted: if that was inside a sequence, it goes on at the abort handler. 0; BLOCKED; or -EFAULT or -EINVAL for an area
 * or sequence that deserves SIGSEGV.
 */
export function sequenceInterrupted(t: Thread): Result {
  let r = copyIn(area, t.rseq + 8, 8);
  if (r < 0) return r;
  const described = load<u64>(area);
  if (described == 0) return 0;
  if (described >= USER_END) return -Errno.EINVAL;
  r = copyIn(sequence, described, 32);
  if (r < 0) return r;
  const start = load<u64>(sequence, 8);
  const length = load<u64>(sequence, 16);
  const abort = load<u64>(sequence, 24);
  if (start >= USER_END || start + length >= USER_END || start + length < start || abort >= USER_END) return -Errno.EINVAL;
  if (load<u32>(sequence) > 0 || abort - start < length) return -Errno.EINVAL;
  r = copyIn(area, abort - 4, 4);
  if (r < 0) return r;
  if (load<u32>(area) != t.rseqSignature) return -Errno.EINVAL;
  const inside = t.rip - start < length;
  // The flags that once kept a sequence going are not supported any more.
  if (inside && load<u32>(sequence, 4) != 0) return -Errno.EINVAL;
  store<u64>(area, 0);
  r = copyOut(t.rseq + 8, area, 8);
  if (r >= 0 && inside) t.rip = abort;
  return r;
}

/** Work.Sequence: another thread ran since. As sequenceInterrupted. */
export function sequenceResumes(t: Thread): Result {
  const r = sequenceInterrupted(t);
  return r < 0 ? r : writeNumbers(t.rseq, 0);
}
