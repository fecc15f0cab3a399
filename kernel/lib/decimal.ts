// A number as decimal digits, in a buffer of its own: for names of directory entries and links.

const DIGITS: u32 = 24;
const digits = memory.data(24, 8);

/** Where the digits of the last putDecimal begin. */
export let decimalAt: usize = 0;

/** Writes `n` in decimal; returns how many digits it has, at decimalAt until the next call. */
export function putDecimal(n: u64): u32 {
  let p = digits + DIGITS;
  do {
    store<u8>(--p, 0x30 + <u8>(n % 10));
    n /= 10;
  } while (n != 0);
  decimalAt = p;
  return <u32>(digits + DIGITS - p);
}
