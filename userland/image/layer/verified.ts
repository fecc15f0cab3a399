// Reads a layer from its packed bytes to its tree, in one go, and verifies what the image says of it: size and digest of what is packed, and the
// digest of what that unpacks to (OCI image specification, descriptor.md and config.md).

import { ByteSource } from "../../lib/compress/source";
import { unpacked } from "../../lib/compress/unpacked";
import { errorText } from "../../lib/errors";
import { TarReader } from "../../lib/tar/reader";
import { HashingSource } from "./hashing";
import { LayerTarget } from "./target";
import { Unpacker } from "./unpack";

/** What the stream may have beside content: headers, padding, and what follows the end mark. */
const STREAM_SURPLUS: u64 = 64 << 20;

export class LayerExpectation {
  constructor(
    /** SHA-256 of the packed layer in hexadecimal; "" when nothing is said of it. */
    public digest: string,
    /** SHA-256 of the unpacked stream. */
    public diffId: string,
    /** Bytes of memory that it may take. */
    public budget: u64,
    public takesAbsolute: bool,
  ) {}
}

export class LayerResult {
  /** Why the layer is refused, "" when it is not. */
  problem: string = "";
  warnings: string[] = [];
  entries: u32 = 0;
  bytes: u64 = 0;
}

/** Unpacks the layer in `source`, which begins with the bytes `magic` and is as long as the image says. */
export function unpackLayer(source: ByteSource, magic: u64, expected: LayerExpectation, target: LayerTarget): LayerResult {
  const result = new LayerResult();
  const packed = new HashingSource(source);
  const inner = unpacked(packed, magic);
  // What is not packed is hashed once.
  const stream = inner == packed ? packed : new HashingSource(inner, expected.budget * 2 + STREAM_SURPLUS);
  const reader = new TarReader(stream);
  reader.needsEndMark = false;
  const unpacker = new Unpacker(reader, target, expected.budget, expected.takesAbsolute);
  const isUnpacked = unpacker.run();
  result.entries = unpacker.entries;
  result.bytes = unpacker.bytes;
  result.warnings = unpacker.warnings;
  result.problem = isUnpacked ? "" : unpacker.problem;
  if (!isUnpacked) return result;
  let error = stream.drain();
  if (error == 0 && inner != packed) error = packed.drain();
  if (error < 0) {
    result.problem = errorText(error);
    return result;
  }
  const diffId = stream.hash.digest();
  const digest = inner == packed ? diffId : packed.hash.digest();
  if (expected.digest != "" && digest != expected.digest) result.problem = `its digest is sha256:${digest}, not sha256:${expected.digest}`;
  else if (diffId != expected.diffId) result.problem = `it unpacks to sha256:${diffId}, not sha256:${expected.diffId}`;
  return result;
}
