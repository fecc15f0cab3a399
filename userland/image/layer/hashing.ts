// A source whose bytes are counted and hashed on their way.

import { Errno } from "../../../kernel/errno";
import { ByteSource } from "../../lib/compress/source";
import { Sha256 } from "../../lib/hash/sha256";

export class HashingSource extends ByteSource {
  readonly hash: Sha256 = new Sha256();

  /** More than `limit` bytes are an error. */
  constructor(
    private source: ByteSource,
    private limit: u64 = u64.MAX_VALUE,
  ) {
    super();
  }

  /** As the source's; -EFBIG beyond the limit. */
  read(p: usize, n: u32): i64 {
    const got = this.source.read(p, n);
    if (got <= 0) return got;
    this.hash.update(p, <u32>got);
    return this.hash.length > this.limit ? <i64>-Errno.EFBIG : got;
  }

  /** Reads what is left: 0 or -errno. */
  drain(): i64 {
    const buffer = memory.data(4096);
    let got: i64;
    do {
      got = this.read(buffer, 4096);
    } while (got > 0);
    return got;
  }
}
