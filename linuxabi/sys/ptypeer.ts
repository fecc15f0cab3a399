// TIOCGPTPEER (ioctl_tty(2)): opens the slave of a master without a path, so that it works whatever is mounted on /dev/pts. The file has its
// place all the same, for ttyname(3): in the first mount of the container that shows the slaves.

import { Errno } from "../../kernel/errno";
import { slaveEntry } from "../../kernel/fs/devpts";
import { Result } from "../../kernel/result";
import { current } from "../../kernel/task/thread";
import { openSlave } from "../../kernel/tty/files";
import { Pty, PtyInstance } from "../../kernel/tty/pty";
import { entryRelease } from "../../kernel/vfs/entry";
import { fdInstall } from "../../kernel/vfs/fdtable";
import { fileNew, fileRelease } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { FileKind, Mount } from "../../kernel/vfs/inode";
import { descriptorLimit, descriptors } from "./descriptor";
import { setPeerOpener } from "./ttyioctl";

/** A descriptor of the slave opened with `flags`, or -EIO, -EMFILE, -ENOMEM. */
function openPeer(pty: Pty, flags: u32): Result {
  const instance = pty.instance;
  if (!instance) return -Errno.EIO;
  const entry = slaveEntry(instance, pty);
  if (!entry) return -Errno.ENOMEM;
  const mount = mountOf(instance);
  const file = fileNew(FileKind.Null, flags, entry.inode!, mount, mount ? entry : null);
  entryRelease(entry);
  if (!file) return -Errno.ENOMEM;
  const mode = flags & OpenFlag.AccessMask;
  file.access = mode == OpenFlag.ReadWrite ? 3 : mode + 1;
  const t = current;
  let r = openSlave(file, pty);
  if (r >= 0) r = fdInstall(descriptors(t), file, 0, descriptorLimit(t), (flags & OpenFlag.CloseOnExec) != 0);
  if (r < 0) fileRelease(file);
  return r;
}

/** Where the slaves are mounted, or null. */
function mountOf(instance: PtyInstance): Mount | null {
  const paths = current.process.paths;
  let mount = paths ? paths.vfs.rootMount : null;
  while (mount && changetype<usize>(mount.fs) != instance.fs) mount = mount.next;
  return mount;
}

/** To be called once at start-up. */
export function ptyPeerInit(): void {
  setPeerOpener(openPeer);
}
