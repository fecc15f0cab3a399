// How much longer than usual specs with random input shall try (as-pect.config.js): TEST_SCALE=100.

@external("isa", "test_scale")
export declare function test_scale(): u32;
