// Extended header records of the pax format (IEEE 1003.1, pax): "LENGTH KEYWORD=VALUE\n", over and over.

import { parseNumber } from "../number";
import { TarHeader } from "./header";

/** What stands in front of the name of an extended attribute, in the archives of GNU tar and of Go's programs. */
const ATTRIBUTE: string = "SCHILY.xattr.";

export class PaxRecords {
  private values: Map<string, string> = new Map<string, string>();

  /** Adds the records in `text`; "" or what is wrong. An empty value takes an earlier one back. */
  add(text: string): string {
    let at = 0;
    while (at < text.length) {
      const blank = text.indexOf(" ", at);
      const length = blank < 0 ? -1 : parseNumber(text.substring(at, blank));
      const end = at + <i32>min<i64>(length, text.length + 1);
      const equals = text.indexOf("=", at);
      if (length <= 0 || end > text.length || equals < blank || equals >= end || text.charCodeAt(end - 1) != 0x0a)
        return "an extended header is malformed";
      const value = text.substring(equals + 1, end - 1);
      if (value == "") this.values.delete(text.substring(blank + 1, equals));
      else this.values.set(text.substring(blank + 1, equals), value);
      at = end;
    }
    return "";
  }

  clear(): void {
    this.values.clear();
  }

  /** Puts what the records say over what `header` says; "" or what is wrong. */
  applyTo(header: TarHeader): string {
    const values = this.values;
    if (values.has("GNU.sparse.major") || values.has("GNU.sparse.map") || values.has("GNU.sparse.size"))
      return "sparse files are not supported";
    const keys = values.keys();
    for (let i = 0; i < keys.length; i++) {
      if (!keys[i].startsWith(ATTRIBUTE)) continue;
      header.attributeNames.push(keys[i].substring(ATTRIBUTE.length));
      header.attributeValues.push(values.get(keys[i]));
    }
    if (values.has("path")) header.name = values.get("path");
    if (values.has("linkpath")) header.linkName = values.get("linkpath");
    const uid = this.number("uid", header.uid);
    const gid = this.number("gid", header.gid);
    const size = this.number("size", header.size);
    if (uid < 0 || gid < 0 || size < 0 || uid >> 32 != 0 || gid >> 32 != 0 || size >> 48 != 0)
      return "a number in an extended header is malformed";
    header.uid = <u32>uid;
    header.gid = <u32>gid;
    header.size = <u64>size;
    if (!values.has("mtime")) return "";
    const time = parseTime(values.get("mtime"));
    if (time < 0) return "a time in an extended header is malformed";
    header.modifyNs = time;
    return "";
  }

  private number(keyword: string, otherwise: i64): i64 {
    return this.values.has(keyword) ? parseNumber(this.values.get(keyword)) : otherwise;
  }
}

/** "1700000000.123456789" in nanoseconds; times before 1970 give 0, malformed ones -1. */
function parseTime(text: string): i64 {
  if (text.startsWith("-")) return 0;
  const point = text.indexOf(".");
  const seconds = parseNumber(point < 0 ? text : text.substring(0, point));
  if (seconds < 0 || seconds >> 33 != 0) return -1;
  const fraction = point < 0 ? 0 : parseNumber(text.substring(point + 1, point + 10).padEnd(9, "0"));
  return fraction < 0 ? -1 : seconds * 1_000_000_000 + fraction;
}
