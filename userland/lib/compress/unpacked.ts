// Which compression a file has is told by its first bytes.

import { GzipSource } from "./gzip";
import { ByteSource } from "./source";
import { ZstdSource } from "./zstd";

const GZIP_MAGIC: u64 = 0x8b1f;
const ZSTD_MAGIC: u64 = 0xfd2fb528;
/** The first of zstd's sixteen skippable frames, with which a file may begin too. */
const SKIPPABLE_MAGIC: u64 = 0x184d2a50;

/** What is in `source`, whose first four bytes are `magic`, unpacked if it is packed with gzip or zstd. */
export function unpacked(source: ByteSource, magic: u64): ByteSource {
  if ((magic & 0xffff) == GZIP_MAGIC) return new GzipSource(source);
  return magic == ZSTD_MAGIC || (magic & 0xfffffff0) == SKIPPABLE_MAGIC ? new ZstdSource(source) : source;
}
