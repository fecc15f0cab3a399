// Unpacks the changes of one layer over what is below it (OCI image specification, layer.md): files replace what has their name, directories add
// to it, `.wh.NAME` takes NAME of the layers below away, and `.wh..wh..opq` all that they have in a directory.

import { Errno } from "../../../kernel/errno";
import { errorText } from "../../lib/errors";
import { S_IFBLK, S_IFCHR, S_IFIFO, Stat } from "../../lib/files";
import { humanBytes } from "../../lib/number";
import { joinPath, parentPath } from "../../lib/path";
import { deviceOf, TarHeader, TarType } from "../../lib/tar/header";
import { safeName } from "../../lib/tar/names";
import { TarReader } from "../../lib/tar/reader";
import { LayerTarget } from "./target";

const WHITEOUT: string = ".wh.";
/** Whiteouts of this name are aufs's own: of them only the opaque mark means something. */
const WHITEOUT_OF_AUFS: string = ".wh..wh.";
const OPAQUE: string = ".wh..wh..opq";
/** What an entry takes in memory beside its content, with all that is kept here about it: no less than it really does. */
const ENTRY_BYTES: u64 = 1024;
const PAGE_BYTES: u64 = 4096;
/** Character devices that every container has (OCI runtime specification, config-linux.md, and /dev/console), as major << 8 | minor. */
const DEVICES: StaticArray<u32> = [0x103, 0x105, 0x107, 0x108, 0x109, 0x500, 0x501, 0x502];

export class Unpacker {
  /** Why it stopped: the entry and what is wrong with it; "" when nothing is. */
  problem: string = "";
  /** What could not be taken over, once for each kind. */
  warnings: string[] = [];
  entries: u32 = 0;
  /** Bytes of all files. */
  bytes: u64 = 0;
  /** Paths that this layer has made or replaced, with the directories above them. */
  private ours: Set<string> = new Set<string>();
  /** Directories whose times are set when all is in them. */
  private directories: string[] = [];
  private directoryTimes: u64[] = [];
  /** The directory that was last seen to exist. */
  private knownParent: string = "/";
  private info: Stat = new Stat();

  /** `budget`: how many bytes of memory the layer may take. With `takesAbsolute`, absolute names are seen from the layer's root. */
  constructor(
    private reader: TarReader,
    private target: LayerTarget,
    private budget: u64,
    private takesAbsolute: bool,
  ) {}

  /** Unpacks all entries; false when something is wrong. */
  run(): bool {
    while (this.reader.next()) if (!this.one(this.reader.entry)) return false;
    if (this.reader.error != "") return this.stop(this.reader.entry.name == "" ? "" : `after ${this.reader.entry.name}`, this.reader.error);
    // From the deepest up, so that a change below does not touch a time set before.
    for (let i = this.directories.length - 1; i >= 0; i--) {
      const error = this.target.setTime(this.directories[i], this.directoryTimes[i]);
      // It may have been replaced since.
      if (error < 0 && error != -Errno.ENOENT && error != -Errno.ENOTDIR) return this.stop(this.directories[i], errorText(error));
    }
    return true;
  }

  private stop(subject: string, why: string): bool {
    this.problem = subject == "" ? why : `${subject}: ${why}`;
    return false;
  }

  private stopOn(header: TarHeader, error: i64): bool {
    return error >= 0 || this.stop(header.name, errorText(error));
  }

  /** The path that a name of the archive means, seen from the layer's root; null with the problem told. */
  private pathOf(header: TarHeader, name: string, isTarget: bool): string | null {
    let start = 0;
    while (start < name.length && name.charCodeAt(start) == 0x2f) start++;
    // The root itself is often called "/"; other absolute names are wanted by few, and a sign of malice in others.
    if (start > 0 && start < name.length && !this.takesAbsolute) {
      this.refuse(header, isTarget, "an absolute name (image import --absolute takes it as seen from the image's root)");
      return null;
    }
    name = name.substring(start);
    const safe = safeName(name);
    if (safe === null) {
      this.refuse(header, isTarget, "a name with .. or a NUL is refused");
      return null;
    }
    return "/" + safe;
  }

  /** Tells what is wrong with the entry's name, or with its link target. */
  private refuse(header: TarHeader, isTarget: bool, why: string): void {
    this.stop(header.name, isTarget ? `its link target ${header.linkName}: ${why}` : why);
  }

  private one(header: TarHeader): bool {
    const path = this.pathOf(header, header.name, false);
    if (path === null || !this.pay(header)) return false;
    this.entries++;
    if (path == "/") {
      if (header.type != TarType.Directory) return this.stop(header.name, "is the root, but not a directory");
      return this.finishDirectory(path, header);
    }
    const parent = parentPath(path);
    const name = path.substring(path.lastIndexOf("/") + 1);
    if (!this.prepareParent(parent, header)) return false;
    return name.startsWith(WHITEOUT) ? this.whiteout(header, parent, name) : this.unpack(header, path);
  }

  /** Takes what the entry needs out of the budget. */
  private pay(header: TarHeader): bool {
    const size = header.type == TarType.File ? header.size : 0;
    const price = ENTRY_BYTES + ((size + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1)) + <u64>(header.name.length + header.linkName.length);
    if (price > this.budget) return this.stop(header.name, `needs ${humanBytes(price)}, more than the memory that is left`);
    this.budget -= price;
    this.bytes += size;
    return true;
  }

  /** Makes sure that the directory is there. The kernel follows symbolic links in it, inside of the layer's root. */
  private prepareParent(directory: string, header: TarHeader): bool {
    if (directory == this.knownParent || directory == "/") return true;
    const info = this.info;
    let error = this.target.stat(directory, info, true);
    if (error == 0 && !info.isDirectory) error = -Errno.ENOTDIR;
    if (error == -Errno.ENOENT) {
      if (!this.prepareParent(parentPath(directory), header)) return false;
      error = this.target.makeDirectory(directory);
      if (error == -Errno.EEXIST) return this.stop(header.name, `${directory} is a symbolic link that leads nowhere`);
      this.ours.add(directory);
    }
    if (error < 0) return this.stop(header.name, `${directory}: ${errorText(error)}`);
    this.knownParent = directory;
    return true;
  }

  /** Remembers that the layer has `path`, and so the directories above it. */
  private own(path: string): void {
    for (let at = path; at != "/" && !this.ours.has(at); at = parentPath(at)) this.ours.add(at);
  }

  private whiteout(header: TarHeader, parent: string, name: string): bool {
    if (name == OPAQUE) return this.stopOn(header, this.hideBelow(parent));
    if (name.startsWith(WHITEOUT_OF_AUFS)) return true;
    const hidden = name.substring(WHITEOUT.length);
    if (hidden == "" || hidden == "." || hidden == "..") return this.stop(header.name, "a whiteout of nothing");
    this.knownParent = "/";
    return this.stopOn(header, this.hide(joinPath(parent, hidden)));
  }

  /** Takes away what the layers below have at `path`: 0 or -errno. */
  private hide(path: string): i64 {
    const error = this.target.stat(path, this.info, false);
    if (error == -Errno.ENOENT) return 0;
    if (error < 0) return error;
    if (!this.ours.has(path)) return this.removeTree(path);
    return this.info.isDirectory ? this.hideBelow(path) : 0;
  }

  /** Takes away what the layers below have in the directory: 0 or -errno. */
  private hideBelow(directory: string): i64 {
    const waiting: string[] = [directory];
    this.knownParent = "/";
    while (waiting.length > 0) {
      const at = waiting.pop();
      const names: string[] = [];
      let error = this.target.list(at, names);
      for (let i = 0; i < names.length && error >= 0; i++) {
        const path = joinPath(at, names[i]);
        if (!this.ours.has(path)) error = this.removeTree(path);
        else if (this.target.stat(path, this.info, false) == 0 && this.info.isDirectory) waiting.push(path);
      }
      if (error < 0) return error;
    }
    return 0;
  }

  /** Removes the file or directory with all that is in it: 0 or -errno. */
  private removeTree(path: string): i64 {
    const waiting: string[] = [path];
    while (waiting.length > 0) {
      const at = waiting[waiting.length - 1];
      let error = this.target.remove(at);
      if (error == -Errno.ENOTEMPTY) {
        const names: string[] = [];
        error = this.target.list(at, names);
        for (let i = 0; i < names.length; i++) waiting.push(joinPath(at, names[i]));
        if (error < 0) return error;
        continue;
      }
      if (error < 0) return error;
      this.ours.delete(at);
      waiting.pop();
    }
    return 0;
  }

  /** Makes room for an entry at `path`; true with `isThere` when a directory stands there and is to stay. */
  private makeRoom(header: TarHeader, path: string): bool {
    this.isThere = false;
    const error = this.target.stat(path, this.info, false);
    if (error == -Errno.ENOENT) return true;
    if (error < 0) return this.stopOn(header, error);
    if (this.info.isDirectory && header.type == TarType.Directory) {
      this.isThere = true;
      return true;
    }
    this.knownParent = "/";
    return this.stopOn(header, this.removeTree(path));
  }
  private isThere: bool = false;

  private unpack(header: TarHeader, path: string): bool {
    if (header.type == TarType.HardLink) return this.link(header, path);
    if (!this.makeRoom(header, path)) return false;
    this.own(path);
    const target = this.target;
    switch (header.type) {
      case TarType.Directory:
        if (!this.isThere && !this.stopOn(header, target.makeDirectory(path))) return false;
        return this.finishDirectory(path, header);
      case TarType.File: {
        const error = target.makeFile(path, this.reader);
        if (this.reader.error != "") return this.stop(header.name, this.reader.error);
        return this.stopOn(header, error) && this.setAttributes(path, header);
      }
      case TarType.Symlink:
        return this.stopOn(header, target.makeSymlink(header.linkName, path)) && this.setAttributes(path, header);
      case TarType.Fifo:
        return this.stopOn(header, target.makeNode(path, S_IFIFO | header.mode, 0)) && this.setAttributes(path, header);
      case TarType.Character:
      case TarType.Block:
        return this.makeDevice(header, path) && this.setAttributes(path, header);
    }
    return this.stop(header.name, `a type of entry that means nothing here (0x${header.type.toString(16)})`);
  }

  private makeDevice(header: TarHeader, path: string): bool {
    const isCharacter = header.type == TarType.Character;
    const isKnown = isCharacter && header.major < 256 && header.minor < 256 && DEVICES.includes((header.major << 8) | header.minor);
    if (!isKnown) {
      const kind = isCharacter ? "character" : "block";
      return this.stop(header.name, `${kind} device ${header.major}:${header.minor} is none of those that every container has`);
    }
    return this.stopOn(header, this.target.makeNode(path, (isCharacter ? S_IFCHR : S_IFBLK) | header.mode, deviceOf(header)));
  }

  private link(header: TarHeader, path: string): bool {
    const from = this.pathOf(header, header.linkName, true);
    if (from === null) return false;
    if (from == path) return this.stop(header.name, "is a hard link to itself");
    if (!this.makeRoom(header, path)) return false;
    this.own(path);
    const error = this.target.makeLink(from, path);
    return error >= 0 || this.stop(header.name, `its link target ${header.linkName}: ${errorText(error)}`);
  }

  private finishDirectory(path: string, header: TarHeader): bool {
    this.directories.push(path);
    this.directoryTimes.push(header.modifyNs);
    return this.setAttributes(path, header);
  }

  private setAttributes(path: string, header: TarHeader): bool {
    const target = this.target;
    let error = target.setOwner(path, header.uid, header.gid);
    for (let i = 0; i < header.attributeNames.length && error >= 0; i++) {
      error = target.setAttribute(path, header.attributeNames[i], header.attributeValues[i]);
      if (error != -Errno.EOPNOTSUPP && error != -Errno.EPERM) continue;
      this.warn(`extended attributes like ${header.attributeNames[i]} are left out`);
      error = 0;
    }
    // After the owner, for a change of owner clears the set-id bits. A symlink has no mode of its own.
    if (error >= 0 && header.type != TarType.Symlink) error = target.setMode(path, header.mode);
    if (error >= 0) error = target.setTime(path, header.modifyNs);
    return this.stopOn(header, error);
  }

  private warn(text: string): void {
    if (!this.warnings.includes(text) && this.warnings.length < 8) this.warnings.push(text);
  }
}
