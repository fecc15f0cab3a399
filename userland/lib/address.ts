// Addresses as text. An IPv4 address is a u32 as it lies in memory: its first byte is the lowest one.

import { parseNumber } from "./number";

/** The address that the dotted text means; -1 when it is none. */
export function parseAddress(text: string): i64 {
  const parts = text.split(".");
  if (parts.length != 4) return -1;
  let v4: i64 = 0;
  for (let i = 0; i < 4; i++) {
    const value = parts[i].length > 3 ? -1 : parseNumber(parts[i]);
    if (value < 0 || value > 255) return -1;
    v4 |= value << (i << 3);
  }
  return v4;
}

/** "10.0.2.15". */
export function formatAddress(v4: u32): string {
  return `${v4 & 0xff}.${(v4 >> 8) & 0xff}.${(v4 >> 16) & 0xff}.${v4 >> 24}`;
}

/** "52:54:00:12:34:56", of the six bytes in the low part of `hardware`. */
export function formatHardware(hardware: u64): string {
  let text = "";
  for (let i: u64 = 0; i < 48; i += 8) text += (i == 0 ? "" : ":") + <string>((hardware >> i) & 0xff).toString(16).padStart(2, "0");
  return text;
}

/** The 16 bytes of an address of either family, in two words as they lie in memory: IPv4 dotted, IPv6 after RFC 5952. */
export function formatAnyAddress(high: u64, low: u64): string {
  if (high == 0 && (low & 0xffff_ffff) == 0xffff_0000) return formatAddress(<u32>(low >> 32));
  const groups = new StaticArray<u32>(8);
  for (let i = 0; i < 8; i++) groups[i] = bswap<u16>(<u16>((i < 4 ? high : low) >> ((<u64>(i & 3)) << 4)));
  // The longest run of zeros, of two at least, is left out.
  let from = -1;
  let longest = 1;
  for (let i = 0; i < 8; ) {
    let n = 0;
    while (i + n < 8 && groups[i + n] == 0) n++;
    if (n > longest) {
      longest = n;
      from = i;
    }
    i += n + 1;
  }
  let text = "";
  for (let i = 0; i < 8; i++) {
    if (i == from) {
      text += "::";
      i += longest - 1;
    } else text += (text == "" || text.endsWith(":") ? "" : ":") + groups[i].toString(16);
  }
  return text;
}
