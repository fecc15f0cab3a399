// File systems that a container can ask to have mounted, by type: each registers how a new instance is made. The memory file system is not
// among them (it takes limits); see runtime/mounts.ts.

import { Container } from "../container/container";
import { FileSystem } from "../vfs/inode";

export const enum Mountable {
  Proc = 0,
  Sysfs = 1,
  Devpts = 2,
  Cgroup = 3,
  Mqueue = 4,
  Count = 5,
}

/** Options that some types take; u32.MAX_VALUE means "not given". */
@unmanaged
export class MountableOptions {
  mode: u32;
  gid: u32;
  uid: u32;
  ptmxMode: u32;
  limit: u32;
}

type Maker = (container: Container, options: MountableOptions) => FileSystem | null;
const makers = memory.data(Mountable.Count * 4, 8);

/** Registers what makes an instance of `type`: the file system with one reference, or null when memory is short. */
export function registerMountable(type: Mountable, maker: Maker): void {
  store<u32>(makers + ((<usize>type) << 2), maker.index);
}

/** A new instance for `container`; null when memory is short. */
export function mountableNew(type: Mountable, container: Container, options: MountableOptions): FileSystem | null {
  return call_indirect<FileSystem | null>(load<u32>(makers + ((<usize>type) << 2)), container, options);
}

/** False until the type has been registered. */
export function isMountable(type: Mountable): bool {
  return load<u32>(makers + ((<usize>type) << 2)) != 0;
}
