// Unpacks an archive below a directory: files, directories, both kinds of links, devices and FIFOs, with modes, owners and times.
// An archive can write nothing outside of the directory: names are checked, and a symlink never stands for a directory above an entry.
// After an error, what this run has made is removed again.

import { Errno } from "../../../kernel/errno";
import { errorText } from "../../lib/errors";
import {
  close,
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
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  setMode,
  setOwner,
  setTimes,
  Stat,
  stat,
  writeAll,
} from "../../lib/files";
import { joinPath, parentPath } from "../../lib/path";
import { deviceOf, TarHeader, TarType } from "../../lib/tar/header";
import { safeName } from "../../lib/tar/names";
import { TarReader } from "../../lib/tar/reader";

const CHUNK_BYTES: u32 = 32768;

/** A directory whose times and mode are set when everything is in it, or a hard link whose target comes later. */
class Later {
  constructor(
    public path: string,
    public header: TarHeader,
  ) {}
}

export class Extractor {
  /** Why it stopped: the entry's name, and in words what is wrong. */
  subject: string = "";
  problem: string = "";
  /** Entries unpacked. */
  count: i32 = 0;
  /** Entries of types that mean nothing here, passed over. */
  skipped: string[] = [];
  /** Paths made by this run, in order. */
  private made: string[] = [];
  /** Directories known to be real ones. */
  private checked: Set<string> = new Set<string>();
  private directories: Later[] = [];
  private links: Later[] = [];
  private chunk: StaticArray<u8> = new StaticArray<u8>(CHUNK_BYTES);

  constructor(
    private reader: TarReader,
    private destination: string,
  ) {
    this.checked.add(destination);
  }

  /** Unpacks the next entry; false at the end or when something is wrong (`problem`). */
  step(): bool {
    const reader = this.reader;
    if (!reader.next()) {
      if (reader.error != "") return this.stop(reader.entry.name == "" ? "" : `after ${reader.entry.name}`, reader.error);
      return false;
    }
    const header = reader.entry;
    const name = safeName(header.name);
    if (name === null) return this.stop(header.name, "absolute names and `..` are refused");
    const path = name == "" ? this.destination : joinPath(this.destination, name);
    if (name == "" && header.type != TarType.Directory) return this.stop(header.name, "is the directory itself, but not a directory");
    if (name != "" && !this.prepareParent(parentPath(path), header.name)) return false;
    if (!this.unpack(header, path)) return false;
    this.count++;
    return true;
  }

  /** Makes the links whose target came later, and sets what directories look like; false when something is wrong. */
  finish(): bool {
    for (let i = 0; i < this.links.length; i++) {
      const link = this.links[i];
      const error = this.linkTo(link.path, link.header);
      if (error < 0) return this.stop(link.header.name, `its link target ${link.header.linkName}: ${errorText(error)}`);
    }
    // From the deepest up, so that a change below does not touch a time set before.
    for (let i = this.directories.length - 1; i >= 0; i--)
      if (!this.setAttributes(this.directories[i].path, this.directories[i].header)) return false;
    return true;
  }

  /** Removes what this run has made. */
  undo(): void {
    for (let i = this.made.length - 1; i >= 0; i--) remove(this.made[i]);
  }

  private stop(subject: string, problem: string): bool {
    this.subject = subject;
    this.problem = problem;
    return false;
  }

  private stopOn(header: TarHeader, error: i64): bool {
    return error >= 0 || this.stop(header.name, errorText(error));
  }

  /** Makes sure that `directory` is a real directory, made if missing, with no symlink on the way from the destination. */
  private prepareParent(directory: string, name: string): bool {
    if (this.checked.has(directory)) return true;
    if (!this.prepareParent(parentPath(directory), name)) return false;
    const info = new Stat();
    let error = stat(directory, info, false);
    if (error == -Errno.ENOENT) {
      error = makeDirectory(directory, 0o755);
      if (error == 0) this.made.push(directory);
    } else if (error == 0 && info.isSymlink) return this.stop(name, `${directory} is a symbolic link: nothing is unpacked through it`);
    else if (error == 0 && !info.isDirectory) error = -Errno.ENOTDIR;
    if (error < 0) return this.stop(name, errorText(error));
    this.checked.add(directory);
    return true;
  }

  private unpack(header: TarHeader, path: string): bool {
    const type = header.type;
    if (type == TarType.Directory) return this.unpackDirectory(header, path);
    const info = new Stat();
    const wasThere = stat(path, info, false) == 0;
    if (wasThere) {
      if (info.isDirectory) return this.stop(header.name, "a directory of this name is there already");
      if (type == TarType.HardLink && safeName(header.linkName) == safeName(header.name)) return true;
      const error = remove(path);
      if (error < 0) return this.stopOn(header, error);
    }
    const device = deviceOf(header);
    let error: i64 = 0;
    switch (type) {
      case TarType.File:
        if (!this.unpackFile(header, path)) return false;
        break;
      case TarType.HardLink:
        error = this.linkTo(path, header);
        if (error == -Errno.ENOENT) {
          this.links.push(new Later(path, header));
          return true;
        }
        break;
      case TarType.Symlink:
        error = makeSymlink(header.linkName, path);
        break;
      case TarType.Character:
        error = makeNode(path, S_IFCHR | header.mode, device);
        break;
      case TarType.Block:
        error = makeNode(path, S_IFBLK | header.mode, device);
        break;
      case TarType.Fifo:
        error = makeNode(path, S_IFIFO | header.mode, 0);
        break;
      default:
        this.skipped.push(header.name);
        return true;
    }
    if (error < 0) return this.stopOn(header, error);
    if (!wasThere && type != TarType.File) this.made.push(path);
    return type == TarType.HardLink || this.setAttributes(path, header);
  }

  private unpackDirectory(header: TarHeader, path: string): bool {
    let error = makeDirectory(path, 0o755);
    if (error == 0) this.made.push(path);
    if (error == -Errno.EEXIST) {
      const info = new Stat();
      error = stat(path, info, path == this.destination);
      if (error == 0 && !info.isDirectory) {
        error = remove(path);
        if (error == 0) error = makeDirectory(path, 0o755);
      }
    }
    this.checked.add(path);
    this.directories.push(new Later(path, header));
    return this.stopOn(header, error);
  }

  private unpackFile(header: TarHeader, path: string): bool {
    const fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    if (fd < 0) return this.stopOn(header, fd);
    this.made.push(path);
    const p = changetype<usize>(this.chunk);
    let error: i64 = 0;
    for (let n = this.reader.readContent(p, CHUNK_BYTES); n > 0 && error == 0; n = this.reader.readContent(p, CHUNK_BYTES))
      error = writeAll(<i32>fd, p, n);
    const closed = close(<i32>fd);
    if (this.reader.error != "") return this.stop(header.name, this.reader.error);
    return this.stopOn(header, error < 0 ? error : closed);
  }

  /** Makes `path` a further name of the archive's file `linkName`: seen from the archive's root, or from the link's directory. */
  private linkTo(path: string, header: TarHeader): i64 {
    const name = safeName(header.linkName);
    if (name === null || name == "") return -Errno.EPERM;
    const fromRoot = joinPath(this.destination, name);
    if (!this.prepareExisting(parentPath(fromRoot))) return -Errno.ENOENT;
    const error = makeLink(fromRoot, path);
    if (error != -Errno.ENOENT) return error;
    const beside = joinPath(parentPath(path), name);
    return this.prepareExisting(parentPath(beside)) ? makeLink(beside, path) : error;
  }

  /** True when `directory` is a real directory below the destination, reached without symlinks. */
  private prepareExisting(directory: string): bool {
    if (this.checked.has(directory)) return true;
    if (directory.length <= this.destination.length || !this.prepareExisting(parentPath(directory))) return false;
    const info = new Stat();
    if (stat(directory, info, false) < 0 || !info.isDirectory) return false;
    this.checked.add(directory);
    return true;
  }

  private setAttributes(path: string, header: TarHeader): bool {
    let error = setOwner(path, header.uid, header.gid);
    // After the owner, for a change of owner clears the set-id bits. A symlink has no mode of its own.
    if (error == 0 && header.type != TarType.Symlink) error = setMode(path, header.mode);
    if (error == 0) error = setTimes(path, header.modifyNs, header.modifyNs);
    return this.stopOn(header, error);
  }
}
