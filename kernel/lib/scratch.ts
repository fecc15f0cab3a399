// A page of scratch memory for whoever needs one between two calls of other code: nothing in it survives those.

export const SCRATCH_BYTES: u32 = 4096;
export const scratchPage: usize = memory.data(4096, 16);
