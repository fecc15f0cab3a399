// The target that is real files. The process's root is the layer's tree, so that the kernel resolves every path, symbolic links included, inside.

import {
  close,
  listDirectory,
  makeDirectory,
  makeLink,
  makeNode,
  makeSymlink,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_WRONLY,
  open,
  remove,
  setAttribute,
  setMode,
  setOwner,
  setTimes,
  Stat,
  stat,
  writeAll,
} from "../../lib/files";
import { TarReader } from "../../lib/tar/reader";
import { LayerTarget } from "./target";

const CHUNK_BYTES: u32 = 1 << 18;

export class FileTarget extends LayerTarget {
  private chunk: StaticArray<u8> = new StaticArray<u8>(CHUNK_BYTES);

  stat(path: string, into: Stat, follow: bool): i64 {
    return stat(path, into, follow);
  }

  list(path: string, names: string[]): i64 {
    return listDirectory(path, names);
  }

  remove(path: string): i64 {
    return remove(path);
  }

  makeDirectory(path: string): i64 {
    return makeDirectory(path, 0o755);
  }

  makeSymlink(target: string, path: string): i64 {
    return makeSymlink(target, path);
  }

  makeLink(from: string, path: string): i64 {
    return makeLink(from, path);
  }

  makeNode(path: string, mode: u32, device: u64): i64 {
    return makeNode(path, mode, device);
  }

  makeFile(path: string, reader: TarReader): i64 {
    const fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    if (fd < 0) return fd;
    const p = changetype<usize>(this.chunk);
    let error: i64 = 0;
    for (let n = reader.readContent(p, CHUNK_BYTES); n > 0 && error == 0; n = reader.readContent(p, CHUNK_BYTES))
      error = writeAll(<i32>fd, p, n);
    const closed = close(<i32>fd);
    return error < 0 ? error : closed;
  }

  setOwner(path: string, uid: u32, gid: u32): i64 {
    return setOwner(path, uid, gid);
  }

  setMode(path: string, mode: u32): i64 {
    return setMode(path, mode);
  }

  setTime(path: string, modifyNs: u64): i64 {
    return setTimes(path, modifyNs, modifyNs);
  }

  setAttribute(path: string, name: string, value: string): i64 {
    return setAttribute(path, name, value);
  }
}
