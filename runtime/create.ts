// create: from a bundle to a Container in state created (OCI runtime.md, "Create"). Everything is checked and built before the container can
// be seen in that state; on failure the message names the property, and nothing is left behind.

import { Container, ContainerState, hostContainer } from "../kernel/container/container";
import { containerFind, containerNew, containerRemove, idIsValid, setName } from "../kernel/container/lifecycle";
import { Errno } from "../kernel/errno";
import { memfsNewOver } from "../kernel/fs/union";
import { putLiteral } from "../kernel/lib/bytes";
import { accountLimit } from "../kernel/mm/account";
import { PAGE_SIZE } from "../kernel/mm/frame";
import { kernelAlloc, kernelFree } from "../kernel/mm/heap";
import { Result } from "../kernel/result";
import { fileSystemRelease } from "../kernel/vfs/entry";
import { FileSystemKind, FsContext, isDirectory, isRegular, MountFlag, Path } from "../kernel/vfs/inode";
import { fsContextNew, fsContextRelease, mountSetFlags, vfsNew } from "../kernel/vfs/mount";
import { inodeRead } from "../kernel/vfs/regular";
import { pathRelease, walk, WalkFlag } from "../kernel/vfs/walk";
import { Failure, failureClear, fail, failBegin, failPut, failPutBytes, failPutUnsigned, failReason } from "./failure";
import { applyMasks, applyMount, applyReadonlyPaths, defaultInodeLimit, failedPath } from "./mounts";
import { makeDefaultDevices, makeDeviceNode } from "./devices";
import { Spec, specAt, specBytes, SpecDevice, specForgetBuilding, specFree, SpecMount, SpecString, stringListAt } from "./spec/model";
import { applyNetwork } from "./network";
import { made, makeFilter } from "./seccomp";
import { specParse } from "./spec/parse";
import { builder } from "./tree";

/** Longest config.json. */
const CONFIG_BYTES_MAX: u64 = 1 << 20;

const bundlePlace = changetype<Path>(memory.data(8, 8));
const filePlace = changetype<Path>(memory.data(8, 8));
const rootPlace = changetype<Path>(memory.data(8, 8));
const configName = memory.data(16, 8);
const names = memory.data(32, 8);

/** The spec a container was created from. */
@inline
export function specOf(c: Container): Spec {
  return changetype<Spec>(c.spec);
}

/** Says what is wrong with `property` in words that fit `error`. */
function failProperty(failure: Failure, property: string, value: SpecString | null, error: Result): Result {
  failBegin(failure, <i32>-error);
  failPut(failure, property);
  failPut(failure, ": ");
  if (value) {
    failPut(failure, '"');
    failPutBytes(failure, specBytes(value), value.length);
    failPut(failure, '": ');
  }
  failReason(failure, error);
  return error;
}

/** Reads and decodes config.json of the bundle; null with the failure told. */
function readConfig(host: FsContext, failure: Failure): Spec | null {
  const r = walk(filePlace, host, builder, bundlePlace, configName, putLiteral(configName, "config.json"), WalkFlag.Follow);
  if (r < 0) {
    failProperty(failure, "config.json", null, r);
    return null;
  }
  const inode = filePlace.entry.inode!;
  let spec: Spec | null = null;
  if (!isRegular(inode)) fail(failure, Errno.EINVAL, "config.json: not a file");
  else if (inode.size > CONFIG_BYTES_MAX) fail(failure, Errno.E2BIG, "config.json: larger than 1 MiB");
  else {
    const bytes = <u32>inode.size;
    const text = kernelAlloc(max<u32>(bytes, 1));
    if (text == 0) fail(failure, Errno.ENOMEM, "config.json: out of memory");
    else {
      inodeRead(inode, 0, text, bytes);
      spec = specParse(text, bytes, failure);
      kernelFree(text);
    }
  }
  pathRelease(filePlace);
  return spec;
}

/** Gives the container its tree: a private file system over the bundle's root. 0, or -errno with the failure told. */
function makeTree(c: Container, spec: Spec, host: FsContext, failure: Failure): Result {
  const path = spec.rootPath;
  let r = walk(rootPlace, host, builder, bundlePlace, specBytes(path), path.length, WalkFlag.Follow | WalkFlag.Directory);
  if (r < 0) return failProperty(failure, "root.path", path, r);
  if (rootPlace.entry.inode!.fs.kind != FileSystemKind.Memory) r = -Errno.EINVAL;
  if (r == 0) {
    const fs = memfsNewOver(rootPlace.entry, changetype<usize>(c), 0, defaultInodeLimit());
    if (fs) {
      const length = putLiteral(names, "overlay");
      const vfs = vfsNew(fs, 0, names, length, names, length);
      fileSystemRelease(fs);
      if (vfs) c.vfs = vfs;
      else r = -Errno.ENOMEM;
    } else r = -Errno.ENOMEM;
  }
  pathRelease(rootPlace);
  return r < 0 ? failProperty(failure, "root.path", path, r) : 0;
}

/** mounts, devices, masks, read-only paths and root, in the order in which they build on each other. */
function fillTree(c: Container, spec: Spec, host: FsContext, context: FsContext, failure: Failure): Result {
  for (let i: u32 = 0; i < spec.mounts.count; i++) {
    const mount = specAt<SpecMount>(spec.mounts, i);
    const r = applyMount(c, context, mount, host, bundlePlace);
    if (r == 0) continue;
    failBegin(failure, <i32>-r);
    failPut(failure, "mounts[");
    failPutUnsigned(failure, i);
    failPut(failure, ']: "');
    failPutBytes(failure, specBytes(mount.destination), mount.destination.length);
    failPut(failure, '": ');
    failReason(failure, r);
    return r;
  }
  let r = makeDefaultDevices(context, spec.process.terminal);
  if (r < 0) return failProperty(failure, "/dev", null, r);
  for (let i: u32 = 0; i < spec.devices.count; i++) {
    const device = specAt<SpecDevice>(spec.devices, i);
    r = makeDeviceNode(context, device);
    if (r < 0) return failProperty(failure, "linux.devices", device.path, r);
  }
  r = applyNetwork(c, spec, context, failure);
  if (r < 0) return r;
  r = applyMasks(c, context, spec.maskedPaths);
  if (r < 0) return failProperty(failure, "linux.maskedPaths", failedPath, r);
  r = applyReadonlyPaths(c, context, spec.readonlyPaths);
  if (r < 0) return failProperty(failure, "linux.readonlyPaths", failedPath, r);
  if (spec.rootReadonly) mountSetFlags(c.vfs.rootMount!, MountFlag.ReadOnly);
  return 0;
}

/** hostname, domainname, limits: 0, or -errno with the failure told. */
function applyIdentity(c: Container, spec: Spec, failure: Failure): Result {
  const host = spec.hostname;
  const domain = spec.domainname;
  if (host && setName(c.hostname, specBytes(host), host.length) < 0) return failProperty(failure, "hostname", host, -Errno.EINVAL);
  if (domain && setName(c.domainname, specBytes(domain), domain.length) < 0)
    return failProperty(failure, "domainname", domain, -Errno.EINVAL);
  if (spec.sysctl.count != 0) return failProperty(failure, "linux.sysctl", stringListAt(spec.sysctl, 0), -Errno.EOPNOTSUPP);
  if (spec.pidsLimit > 0) c.pidLimit = <u32>min<i64>(spec.pidsLimit, u32.MAX_VALUE);
  if (spec.memoryLimitBytes > 0) accountLimit(c.account, max<u64>((<u64>spec.memoryLimitBytes) & ~(<u64>PAGE_SIZE - 1), PAGE_SIZE));
  return 0;
}

function build(c: Container, spec: Spec, host: FsContext, failure: Failure): Result {
  let r = applyIdentity(c, spec, failure);
  const seccomp = spec.seccomp;
  if (r == 0 && seccomp) {
    r = makeFilter(seccomp, failure);
    if (r == 0) c.filter = made;
  }
  if (r == 0) r = makeTree(c, spec, host, failure);
  if (r < 0) return r;
  const context = fsContextNew(c.vfs);
  if (!context) {
    fail(failure, Errno.ENOMEM, "out of memory");
    return -Errno.ENOMEM;
  }
  r = fillTree(c, spec, host, context, failure);
  fsContextRelease(context);
  return r;
}

/**
 * Creates the container `id` from the bundle at `path` of the host's tree (resolved from `host`): 0, or -errno with the failure told and
 * nothing left behind.
 */
export function create(id: usize, idLength: u32, host: FsContext, path: usize, pathLength: u32, failure: Failure): Result {
  failureClear(failure);
  if (!idIsValid(id, idLength)) {
    fail(failure, Errno.EINVAL, "id: 1 to 255 letters, digits and _ . + -, beginning with a letter or digit");
    return -Errno.EINVAL;
  }
  if (containerFind(id, idLength)) {
    failBegin(failure, Errno.EEXIST);
    failPut(failure, 'id: "');
    failPutBytes(failure, id, idLength);
    failPut(failure, '": a container of this name exists');
    return -Errno.EEXIST;
  }
  let r = walk(bundlePlace, host, builder, null, path, pathLength, WalkFlag.Follow);
  if (r == 0 && !isDirectory(bundlePlace.entry.inode!)) {
    pathRelease(bundlePlace);
    r = -Errno.ENOTDIR;
  }
  if (r < 0) {
    failBegin(failure, <i32>-r);
    failPut(failure, 'bundle: "');
    failPutBytes(failure, path, pathLength);
    failPut(failure, '": ');
    failReason(failure, r);
    return r;
  }
  const spec = readConfig(host, failure);
  r = spec ? createFrom(id, idLength, spec, host, path, pathLength, failure) : <Result>-failure.errno;
  pathRelease(bundlePlace);
  return r;
}

function createFrom(id: usize, idLength: u32, spec: Spec, host: FsContext, path: usize, pathLength: u32, failure: Failure): Result {
  const bundle = kernelAlloc(pathLength + 1);
  let c: Container | null = null;
  if (bundle != 0) c = containerNew(id, idLength);
  if (!c) {
    kernelFree(bundle);
    specFree(spec);
    fail(failure, Errno.ENOMEM, "out of memory");
    return -Errno.ENOMEM;
  }
  memory.copy(bundle, path, pathLength);
  c.bundle = bundle;
  c.spec = changetype<usize>(spec);
  const r = build(c, spec, host, failure);
  if (r < 0) {
    discard(c);
    return r;
  }
  specForgetBuilding(spec);
  c.state = ContainerState.Created;
  return 0;
}

/** Frees what the runtime keeps of a container, and takes it out of the list. */
export function discard(c: Container): void {
  if (c.spec != 0) specFree(specOf(c));
  kernelFree(c.bundle);
  c.spec = 0;
  c.bundle = 0;
  containerRemove(c);
}

/** Paths without a working directory of their own start at the host's root. */
export function hostRoot(): FsContext | null {
  return fsContextNew(hostContainer.vfs);
}
