// The files of an image archive: a directory, or a tar archive whose index is made once. A piece is where the bytes of one lie.

import { errorText } from "../../lib/errors";
import { FileSource } from "../../lib/compress/source";
import { close, O_RDONLY, open, read, seek, Stat, stat, statDescriptor } from "../../lib/files";
import { fromBytes } from "../../lib/bytes";
import { joinPath, parentPath } from "../../lib/path";
import { TarType } from "../../lib/tar/header";
import { safeName } from "../../lib/tar/names";
import { TarReader } from "../../lib/tar/reader";
import { fail } from "../problem";

/** A file of the archive: `bytes` bytes from `offset` on of the file `path` of this machine. */
export class Piece {
  constructor(
    public path: string,
    public offset: u64,
    public bytes: u64,
  ) {}

  /** A descriptor that stands at the piece's beginning; or -errno. */
  open(): i64 {
    const fd = open(this.path, O_RDONLY);
    if (fd < 0) return fd;
    const at = seek(<i32>fd, this.offset, 0);
    if (at >= 0) return fd;
    close(<i32>fd);
    return at;
  }

  /** The whole piece as a byte string; null, with the problem told, when it cannot be read or is larger than `limit`. */
  text(limit: u32): string | null {
    if (this.bytes > limit) {
      fail(`larger than ${limit >> 20} MiB`);
      return null;
    }
    const fd = this.open();
    if (fd < 0) {
      fail(errorText(fd));
      return null;
    }
    const length = <u32>this.bytes;
    const buffer = new StaticArray<u8>(length);
    let done: u32 = 0;
    let n: i64 = 0;
    while (done < length && (n = read(<i32>fd, changetype<usize>(buffer) + done, length - done)) > 0) done += <u32>n;
    close(<i32>fd);
    if (done == length) return fromBytes(changetype<usize>(buffer), length);
    fail(n < 0 ? errorText(n) : "truncated");
    return null;
  }
}

export abstract class Contents {
  /** The file of that name, null when there is none. */
  abstract find(name: string): Piece | null;
}

export class DirectoryContents extends Contents {
  constructor(private path: string) {
    super();
  }

  find(name: string): Piece | null {
    const safe = safeName(name);
    if (safe === null || safe == "") return null;
    const path = joinPath(this.path, safe);
    const info = new Stat();
    return stat(path, info) == 0 && (info.mode & 0o170000) == 0o100000 ? new Piece(path, 0, info.size) : null;
  }
}

/** Most entries of an archive of images: a layer is two or three of them. */
const ENTRIES_MAX: i32 = 20_000;
/** How many links may lead from one to another. */
const LINKS_MAX: i32 = 8;

export class TarContents extends Contents {
  private pieces: Map<string, Piece> = new Map<string, Piece>();
  /** Where links lead. */
  private links: Map<string, string> = new Map<string, string>();

  constructor(private path: string) {
    super();
  }

  /** Reads the archive's headers from `source`, which stands at its beginning; false with the problem told. `fileBytes`: all there is. */
  readIndex(source: FileSource, fileBytes: u64): bool {
    const reader = new TarReader(source);
    let count = 0;
    while (reader.next()) {
      const entry = reader.entry;
      const name = safeName(entry.name);
      if (name === null) return fail(`${entry.name}: an absolute name, or one with .. or a NUL, is refused`);
      if (++count > ENTRIES_MAX) return fail(`more than ${ENTRIES_MAX} entries`);
      if (entry.type == TarType.File) {
        if (entry.size > fileBytes - min(source.position, fileBytes)) return fail(`${entry.name}: the archive ends in the middle of it`);
        this.pieces.set(name, new Piece(this.path, source.position, entry.size));
      } else if (entry.type == TarType.Symlink) this.links.set(name, joinPath(parentPath(name), entry.linkName));
      else if (entry.type == TarType.HardLink) this.links.set(name, entry.linkName);
    }
    return reader.error == "" || fail(reader.entry.name == "" ? reader.error : `after ${reader.entry.name}: ${reader.error}`);
  }

  find(name: string): Piece | null {
    for (let i = 0; i <= LINKS_MAX; i++) {
      const at = normalized(name);
      if (at === null) return null;
      if (this.pieces.has(at)) return this.pieces.get(at);
      if (!this.links.has(at)) return null;
      name = this.links.get(at);
    }
    return null;
  }
}

/** A relative name without `.` and `..`; null when it leads out of the archive. */
function normalized(name: string): string | null {
  if (name.startsWith("/")) return null;
  const parts = name.split("/");
  const kept: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] == "..") {
      if (kept.length == 0) return null;
      kept.pop();
    } else if (parts[i] != "" && parts[i] != ".") kept.push(parts[i]);
  }
  return kept.join("/");
}

/** What is in the image archive at `path`, a directory or a tar archive; null with the problem told. */
export function openContents(path: string): Contents | null {
  const info = new Stat();
  let error = stat(path, info);
  if (error == 0 && info.isDirectory) return new DirectoryContents(path);
  const fd = error < 0 ? error : open(path, O_RDONLY);
  if (fd >= 0) error = statDescriptor(<i32>fd, info);
  if (fd < 0 || error < 0) {
    fail(errorText(fd < 0 ? fd : error));
    return null;
  }
  const source = new FileSource(<i32>fd);
  const magic = source.peek(4);
  const isPacked = (magic & 0xffff) == 0x8b1f || magic == 0xfd2fb528;
  const contents = new TarContents(path);
  const isRead = isPacked ? fail("is compressed as a whole: unpack it first") : contents.readIndex(source, info.size);
  close(<i32>fd);
  return isRead ? contents : null;
}
