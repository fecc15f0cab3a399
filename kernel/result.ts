// The one convention for results. See docs/adr/0003-results.md.

/** A value >= 0, or a negated Errno, or BLOCKED. */
export type Result = i64;

/** The thread was parked: propagate it up to the dispatcher, which runs the call again from the top when it wakes. */
export const BLOCKED: Result = i64.MIN_VALUE;

/**
 * The handler reads or replaces all of the caller's registers (clone, execve, exit), of which the straight way in saves only
 * those that C may change: the call is made again once all are saved (shim/trap.S, kernel/main.ts).
 */
export const NEEDS_REGISTERS: Result = i64.MIN_VALUE + 2;

/** A filter lets the call pass (kernel/run.ts): never a result. */
export const PASSED: Result = i64.MIN_VALUE + 3;

/** The handler has replaced all registers in the Thread (sigreturn), on the straight way in: those of the call are not to be saved any more. */
export const REPLACED: Result = i64.MIN_VALUE + 4;

/** There is nobody to give a result to, as the calling thread has ended; or its registers are already what they shall be. */
export const GONE: Result = i64.MIN_VALUE + 1;
