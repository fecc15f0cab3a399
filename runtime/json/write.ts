// Writing JSON onto a Text (kernel/lib/text.ts): the one thing that needs care is a string.

import { Text, put, putByte, putBytes, putHex } from "../../kernel/lib/text";

/** Appends the `n` bytes of UTF-8 at `p` as a JSON string with its quotes; quotes, backslashes and control characters are escaped. */
export function putJsonString(text: Text, p: usize, n: u32): void {
  putByte(text, 0x22);
  let from: u32 = 0; // bytes from here to i need no escape and are still to be written
  for (let i: u32 = 0; i < n; i++) {
    const c = load<u8>(p + i);
    if (c >= 0x20 && c != 0x22 && c != 0x5c && c != 0x7f) continue;
    putBytes(text, p + from, i - from);
    putEscape(text, c);
    from = i + 1;
  }
  putBytes(text, p + from, n - from);
  putByte(text, 0x22);
}

function putEscape(text: Text, c: u8): void {
  switch (c) {
    case 0x22:
      return put(text, '\\"');
    case 0x5c:
      return put(text, "\\\\");
    case 0x0a:
      return put(text, "\\n");
    case 0x0d:
      return put(text, "\\r");
    case 0x09:
      return put(text, "\\t");
    default:
      put(text, "\\u");
      putHex(text, c, 4);
  }
}
