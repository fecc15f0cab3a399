// For specs: random numbers that are the same in every run (Marsaglia, "Xorshift RNGs", 2003).

let state: u64 = 0;

export function seed(value: u64): void {
  state = value * 0x9e37_79b9_7f4a_7c15 + 1;
}

/** A number below `bound`. */
export function random(bound: u32): u32 {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return <u32>((state >> 16) % bound);
}

/** How many times as long as usual a spec with random input shall try (the environment's TEST_SCALE, 1). */
@external("isa", "test_scale")
export declare function testScale(): u32;
