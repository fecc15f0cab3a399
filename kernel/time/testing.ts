// For specs: the simulated machine's clock (as-pect.config.js).

/** Lets `ticks` of the TSC pass; before clockStart a tick is a nanosecond. Reading the clock takes 1,000 ticks by itself. */
@external("isa", "advance")
export declare function advance(ticks: u64): void;
