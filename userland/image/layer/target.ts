// Where a layer is unpacked: files.ts is the real one, specs have one in memory. Paths are absolute, seen from the layer's root; results are values
// >= 0 or -errno, as of the host's calls.

import { Stat } from "../../lib/files";
import { TarReader } from "../../lib/tar/reader";

export abstract class LayerTarget {
  /** What `path` is; with `follow` what a symbolic link there leads to. */
  abstract stat(path: string, into: Stat, follow: bool): i64;
  /** Names in the directory `path`. */
  abstract list(path: string, names: string[]): i64;
  /** Removes a file or an empty directory. */
  abstract remove(path: string): i64;
  abstract makeDirectory(path: string): i64;
  abstract makeSymlink(target: string, path: string): i64;
  abstract makeLink(from: string, path: string): i64;
  abstract makeNode(path: string, mode: u32, device: u64): i64;
  /** Writes the current entry's content to the new file `path`; why that failed stands in `reader.error` if it was the reading. */
  abstract makeFile(path: string, reader: TarReader): i64;
  abstract setOwner(path: string, uid: u32, gid: u32): i64;
  abstract setMode(path: string, mode: u32): i64;
  abstract setTime(path: string, modifyNs: u64): i64;
  abstract setAttribute(path: string, name: string, value: string): i64;
}
