// STATS: what the kernel holds at this moment and whether its page tables are in order, as JSON. A test that asks before and after
// knows whether something was left behind.

import { Container, firstContainer } from "../../kernel/container/container";
import { put, putUnsigned, Text, textNew } from "../../kernel/lib/text";
import { auditKernel, auditSpace } from "../../kernel/mm/audit";
import { framesFree, framesLeastFree, framesUsable } from "../../kernel/mm/frame";
import { heapBytesUsed, heapFramesKept, heapObjectsUsed } from "../../kernel/mm/heap";
import { tablesPooled } from "../../kernel/mm/pagetable";
import { PidEntry } from "../../kernel/task/process";

/** Bugs in the address spaces of the container's processes (kernel/mm/audit.ts). */
function auditContainer(c: Container): u32 {
  let found: u32 = 0;
  for (let i: u32 = 0; i < c.pidBuckets; i++) {
    let e = changetype<PidEntry | null>(<usize>load<u32>(c.pidTable + (i << 2)));
    while (e) {
      const p = e.process;
      const space = p ? p.space : null;
      if (space) found += auditSpace(space);
      e = e.hashNext;
    }
  }
  return found;
}

function putMember(text: Text, name: string, value: u64): void {
  put(text, text.length == 0 ? '{"' : ',"');
  put(text, name);
  put(text, '":');
  putUnsigned(text, value);
}

/** The object of STATS, to be freed with textFree; null when memory is short. What it takes itself is not counted. */
export function statsNew(): Text | null {
  const free = framesFree() + heapFramesKept() + tablesPooled();
  const bytes = heapBytesUsed();
  const objects = heapObjectsUsed();
  const text = textNew(256);
  if (!text) return null;
  let containers: u32 = 0;
  let processes: u32 = 0;
  let threads: u32 = 0;
  let writableExecutable = auditKernel();
  let c = firstContainer;
  while (c) {
    if (!c.isHost) containers++;
    processes += c.processCount;
    threads += c.threadCount;
    writableExecutable += auditContainer(c);
    c = c.next;
  }
  putMember(text, "framesUsable", framesUsable());
  putMember(text, "framesFree", free);
  putMember(text, "framesLeastFree", framesLeastFree());
  putMember(text, "heapBytes", bytes);
  putMember(text, "heapObjects", objects);
  putMember(text, "containers", containers);
  putMember(text, "processes", processes);
  putMember(text, "threads", threads);
  putMember(text, "writableExecutable", writableExecutable);
  put(text, "}");
  return text;
}
