// struct rusage (getrusage(2)), 144 bytes: user and system time, then fourteen longs.

import { PAGE_SIZE } from "../../kernel/mm/frame";
import { Process } from "../../kernel/task/process";

/** Writes CPU time in ns as a struct timeval at `at`. */
export function putTimeval(at: usize, ns: u64): void {
  store<u64>(at, ns / 1_000_000_000);
  store<u64>(at, (ns / 1000) % 1_000_000, 8);
}

/** Fills a rusage from totals. All CPU time counts as user time: the kernel does not split it. */
export function putUsage(to: usize, cpuNs: u64, maxPages: u32, minorFaults: u64, majorFaults: u64): void {
  memory.fill(to, 0, 144);
  putTimeval(to, cpuNs);
  store<u64>(to, (<u64>maxPages * PAGE_SIZE) >> 10, 32);
  store<u64>(to, minorFaults, 64);
  store<u64>(to, majorFaults, 72);
}

/** What an ended process and the children it waited for used: the rusage of wait4. */
export function usageOf(p: Process, to: usize): void {
  putUsage(
    to,
    p.deadCpuNs + p.childCpuNs,
    max(p.maxPages, p.childMaxPages),
    p.deadMinorFaults + p.childMinorFaults,
    p.deadMajorFaults + p.childMajorFaults,
  );
}
