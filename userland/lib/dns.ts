// DNS messages (RFC 1035): a question for a name's IPv4 address, and the answer to it. Pure; resolve.ts sends and receives.

const HEADER_BYTES: i32 = 12;
const TYPE_A: u32 = 1;
const CLASS_INTERNET: u32 = 1;
/** Labels and names are no longer (RFC 1035, 2.3.4). */
const LABEL_MAX: i32 = 63;
const NAME_MAX: i32 = 253;

/** Results of parseAnswer besides an address. */
export const NOT_THE_ANSWER: i64 = -1;
export const NO_SUCH_NAME: i64 = -2;
export const SERVER_FAILED: i64 = -3;

/** Whether `name` may be asked for. */
export function isName(name: string): bool {
  if (name.length == 0 || name.length > NAME_MAX) return false;
  const labels = name.split(".");
  for (let i = 0; i < labels.length; i++) if (labels[i].length == 0 || labels[i].length > LABEL_MAX) return false;
  return true;
}

/** Writes the question for the address of `name` (isName) with the number `id` to `p` (512 bytes): its length. */
export function writeQuestion(p: usize, id: u16, name: string): i32 {
  memory.fill(p, 0, HEADER_BYTES);
  store<u16>(p, bswap<u16>(id));
  store<u8>(p, 1, 2); // recursion desired
  store<u8>(p, 1, 5); // one question
  let at = p + HEADER_BYTES;
  const labels = name.split(".");
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    store<u8>(at++, <u8>label.length);
    for (let j = 0; j < label.length; j++) store<u8>(at++, <u8>label.charCodeAt(j));
  }
  store<u8>(at++, 0);
  store<u16>(at, bswap<u16>(<u16>TYPE_A));
  store<u16>(at, bswap<u16>(<u16>CLASS_INTERNET), 2);
  return <i32>(at + 4 - p);
}

@inline
function word(p: usize): u32 {
  return bswap<u16>(load<u16>(p));
}

/** Where what follows the name at `at` begins; -1 when it runs out of the `n` bytes. A pointer ends a name. */
function afterName(p: usize, n: i32, at: i32): i32 {
  while (at < n) {
    const length = <i32>load<u8>(p + at);
    if (length == 0) return at + 1;
    if ((length & 0xc0) == 0xc0) return at + 2;
    if ((length & 0xc0) != 0) return -1;
    at += length + 1;
  }
  return -1;
}

/** The first address in the answer of `n` bytes at `p` to question `id`, as it lies in memory; or one of the constants above. */
export function parseAnswer(p: usize, n: i32, id: u16): i64 {
  if (n < HEADER_BYTES || word(p) != <u32>id || (load<u8>(p, 2) & 0x80) == 0) return NOT_THE_ANSWER;
  const code = load<u8>(p, 3) & 15;
  if (code == 3) return NO_SUCH_NAME;
  if (code != 0) return SERVER_FAILED;
  let at = HEADER_BYTES;
  for (let i = word(p + 4); i != 0; i--) {
    at = afterName(p, n, at) + 4;
    if (at < HEADER_BYTES + 4) return NOT_THE_ANSWER;
  }
  // An alias (CNAME) stands before the address of what it means.
  for (let i = word(p + 6); i != 0; i--) {
    at = afterName(p, n, at);
    if (at < 0 || at + 10 > n) return NOT_THE_ANSWER;
    const bytes = <i32>word(p + at + 8);
    if (at + 10 + bytes > n) return NOT_THE_ANSWER;
    if (word(p + at) == TYPE_A && word(p + at + 2) == CLASS_INTERNET && bytes == 4) return load<u32>(p + at + 10);
    at += 10 + bytes;
  }
  return NO_SUCH_NAME;
}
