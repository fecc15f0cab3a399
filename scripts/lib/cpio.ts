// Writes "newc" archives (cpio(5), format magic 070701), the form in which a root file system travels to the kernel as an initrd.
// Two conventions beyond the format, which other readers ignore or understand:
//   * The data of each regular file of at least a page starts at a multiple of 4,096 in the archive, so that the kernel can map the
//     pages where they lie. The name field is padded with NULs to get there (its size counts them), as dracut-cpio does, so it may
//     be up to 8,191 bytes long. What follows the data in a file's last page is not zero.
//   * Of the names of one inode (same ino, nlink > 1) the first carries the data and the later ones have size 0.
// The same tree gives the same bytes: names in byte order, inodes numbered in the order of the archive, device numbers of the host left out.

import fs from "node:fs";
import path from "node:path";

export const DATA_ALIGNMENT = 4096;
/** Names are shorter than PATH_MAX, as the kernel could not walk them otherwise. */
const NAME_LIMIT = 4095;
const HEADER_BYTES = 110;
const COPY_BYTES = 1 << 20;

/** File types: S_IFMT of st_mode. */
const Type = { mask: 0o170000, directory: 0o040000, regular: 0o100000, symlink: 0o120000, character: 0o020000, block: 0o060000 };

/** One name of the archive. */
export interface Entry {
  /** Path without a leading slash; its directories come first. */
  name: string | Buffer;
  /** st_mode: type and permissions. */
  mode: number;
  uid?: number;
  gid?: number;
  /** Modification time in seconds. */
  mtime?: number;
  /** Major and minor number of a device node. */
  device?: [number, number];
  /** Content of a regular file, target of a symbolic link. */
  data?: Buffer;
}

/** Writes one archive to a file, which appears whole, by `end`; after an exception, call `abandon`. */
export class CpioWriter {
  /** Another run may be reading, or writing, an archive under the same name. */
  private readonly unfinished: string;
  private readonly fd: number;
  private position = 0;
  private inode = 0;
  private readonly copyBuffer = Buffer.allocUnsafe(COPY_BYTES);

  constructor(private readonly file: string) {
    this.unfinished = `${file}.${process.pid}`;
    this.fd = fs.openSync(this.unfinished, "w", 0o600);
  }

  /** Adds an entry that is not a file of this machine. */
  add(entry: Entry): void {
    const data = entry.data ?? Buffer.alloc(0);
    this.header(entry, ++this.inode, 1, data.length);
    this.write(data);
    this.pad();
  }

  /** Adds a directory; a shorthand for the common synthetic entry. */
  addDirectory(name: string, mode = 0o755): void {
    this.add({ name, mode: Type.directory | mode });
  }

  /**
   * Adds the directory `folder` and everything below it under the name `prefix`, with modes, owners, times, links and devices as
   * they are. `replace` gives other content to regular files, and null to leave a path out; it is asked with the path within `folder`.
   */
  addTree(folder: string, prefix: string, replace: (relative: string) => Buffer | null | undefined = () => undefined): void {
    const links = new Map<string, number>();
    // Names are bytes, so walk with Buffers; `relative` is only for `replace` and messages.
    const visit = (file: Buffer, name: Buffer, relative: string): void => {
      const replacement = replace(relative);
      if (replacement === null) return;
      const status = fs.lstatSync(file);
      const entry: Entry = {
        name,
        mode: status.mode,
        uid: status.uid,
        gid: status.gid,
        mtime: Math.max(0, Math.floor(status.mtimeMs / 1000)),
      };
      if (replacement) return this.add({ ...entry, data: replacement });
      const type = status.mode & Type.mask;
      if (type === Type.regular) return this.addFile(file, entry, status, links);
      if (type === Type.symlink) entry.data = fs.readlinkSync(file, { encoding: "buffer" });
      if (type === Type.character || type === Type.block) entry.device = splitDevice(status.rdev);
      this.add(entry);
      if (type !== Type.directory) return;
      const children = fs.readdirSync(file, { encoding: "buffer" }).sort(Buffer.compare);
      for (const child of children) {
        const within = relative === "" ? child.toString() : `${relative}/${child.toString()}`;
        visit(join(file, child), join(name, child), within);
      }
    };
    visit(Buffer.from(path.resolve(folder)), Buffer.from(prefix), "");
  }

  /** Adds a regular file of this machine; a second name of the same inode becomes a link. */
  private addFile(file: Buffer, entry: Entry, status: fs.Stats, links: Map<string, number>): void {
    const identity = `${status.dev}:${status.ino}`;
    const first = status.nlink > 1 ? links.get(identity) : undefined;
    if (first !== undefined) return this.header(entry, first, status.nlink, 0);
    const input = fs.openSync(file, "r");
    try {
      this.header(entry, ++this.inode, status.nlink, status.size);
      if (status.nlink > 1) links.set(identity, this.inode);
      for (let left = status.size; left > 0; ) {
        const count = fs.readSync(input, this.copyBuffer, 0, Math.min(left, COPY_BYTES), null);
        if (count === 0) throw new Error(`${file.toString()} became shorter while it was read`);
        this.write(this.copyBuffer.subarray(0, count));
        left -= count;
      }
      this.pad();
    } finally {
      fs.closeSync(input);
    }
  }

  /** Writes the trailer and gives the file its name; returns the archive's size in bytes. */
  end(): number {
    this.header({ name: "TRAILER!!!", mode: 0 }, 0, 1, 0);
    fs.closeSync(this.fd);
    fs.renameSync(this.unfinished, this.file);
    return this.position;
  }

  /** Leaves no archive behind. */
  abandon(): void {
    fs.closeSync(this.fd);
    fs.rmSync(this.unfinished);
  }

  private header(entry: Entry, inode: number, links: number, size: number): void {
    if (size > 0xffffffff) throw new Error(`${entry.name.toString()}: a file of 4 GiB or more does not fit into a newc archive`);
    const name = typeof entry.name === "string" ? Buffer.from(entry.name) : entry.name;
    if (name.length > NAME_LIMIT) throw new Error(`${name.toString().slice(0, 60)}...: the path is longer than ${NAME_LIMIT} bytes`);
    const aligned = (entry.mode & Type.mask) === Type.regular && size >= DATA_ALIGNMENT;
    const nameBytes = this.nameFieldBytes(name.length + 1, aligned);
    const [major, minor] = entry.device ?? [0, 0];
    const mtime = entry.mtime ?? 0;
    const fields = [inode, entry.mode, entry.uid ?? 0, entry.gid ?? 0, links, mtime, size, 0, 0, major, minor, nameBytes, 0];
    const text = fields.map((value) => value.toString(16).padStart(8, "0")).join("");
    this.write(Buffer.concat([Buffer.from(`070701${text}`), name, Buffer.alloc(nameBytes - name.length)]));
    this.pad();
  }

  /** Size of a name field that holds `least` bytes, and brings the data to a multiple of DATA_ALIGNMENT if `aligned`. */
  private nameFieldBytes(least: number, aligned: boolean): number {
    if (!aligned) return least;
    const unaligned = (this.position + HEADER_BYTES + least) % DATA_ALIGNMENT;
    return least + ((DATA_ALIGNMENT - unaligned) % DATA_ALIGNMENT);
  }

  private write(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.fd, bytes, done);
    this.position += bytes.length;
  }

  /** Headers with their names, and data, are padded to 4 bytes. */
  private pad(): void {
    this.write(Buffer.alloc(-this.position & 3));
  }
}

function join(folder: Buffer, name: Buffer): Buffer {
  return folder.length === 0 ? name : Buffer.concat([folder, Buffer.from("/"), name]);
}

/** Major and minor of a Linux st_rdev: 12 bits at 8 and 20 bits in two pieces (makedev(3)). */
function splitDevice(device: number): [number, number] {
  return [(device >>> 8) & 0xfff, (device & 0xff) | (Math.floor(device / 4096) & 0xfff00)];
}
