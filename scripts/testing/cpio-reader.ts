// Reads newc archives for tests. Written from cpio(5), independent of the writer.

import assert from "node:assert/strict";
import fs from "node:fs";

/** An entry as the archive has it. */
export interface ArchiveEntry {
  name: string;
  nameBytes: number;
  inode: number;
  mode: number;
  uid: number;
  gid: number;
  links: number;
  mtime: number;
  device: [number, number];
  offset: number;
  data: Buffer;
}

/** All entries of the archive but its trailer. Throws when the archive is malformed. */
export function readArchive(file: string): ArchiveEntry[] {
  const bytes = fs.readFileSync(file);
  const entries: ArchiveEntry[] = [];
  for (let at = 0; ; ) {
    assert.equal(bytes.toString("latin1", at, at + 6), "070701");
    const field = (index: number): number => Number.parseInt(bytes.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const nameBytes = field(11);
    const name = bytes.toString("utf8", at + 110, bytes.indexOf(0, at + 110));
    const offset = (at + 110 + nameBytes + 3) & ~3;
    const size = field(6);
    if (name === "TRAILER!!!") {
      assert.equal(offset, bytes.length);
      return entries;
    }
    const data = bytes.subarray(offset, offset + size);
    const [inode, mode, uid, gid, links, mtime] = [field(0), field(1), field(2), field(3), field(4), field(5)];
    entries.push({ name, nameBytes, inode, mode, uid, gid, links, mtime, device: [field(9), field(10)], offset, data });
    at = (offset + size + 3) & ~3;
  }
}
