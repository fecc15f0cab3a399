// TIOCGPTPEER (ioctl_tty(2)): opens the slave of a master without a path, so that it works whatever is mounted on /dev/pts.

import { Errno } from "../../kernel/errno";
import { slaveInode } from "../../kernel/fs/devpts";
import { Result } from "../../kernel/result";
import { current } from "../../kernel/task/thread";
import { openSlave } from "../../kernel/tty/files";
import { Pty } from "../../kernel/tty/pty";
import { inodeRelease } from "../../kernel/vfs/entry";
import { fdInstall } from "../../kernel/vfs/fdtable";
import { fileNew, fileRelease } from "../../kernel/vfs/file";
import { OpenFlag } from "../../kernel/vfs/flags";
import { FileKind } from "../../kernel/vfs/inode";
import { descriptorLimit, descriptors } from "./descriptor";
import { setPeerOpener } from "./ttyioctl";

/** A descriptor of the slave opened with `flags`, or -EIO, -EMFILE, -ENOMEM. */
function openPeer(pty: Pty, flags: u32): Result {
  const instance = pty.instance;
  if (!instance) return -Errno.EIO;
  const inode = slaveInode(instance, pty);
  if (!inode) return -Errno.ENOMEM;
  const file = fileNew(FileKind.Null, flags, inode, null, null);
  inodeRelease(inode);
  if (!file) return -Errno.ENOMEM;
  const mode = flags & OpenFlag.AccessMask;
  file.access = mode == OpenFlag.ReadWrite ? 3 : mode + 1;
  const t = current;
  let r = openSlave(file, pty);
  if (r >= 0) r = fdInstall(descriptors(t), file, 0, descriptorLimit(t), (flags & OpenFlag.CloseOnExec) != 0);
  if (r < 0) fileRelease(file);
  return r;
}

/** To be called once at start-up. */
export function ptyPeerInit(): void {
  setPeerOpener(openPeer);
}
