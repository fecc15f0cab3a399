import { Errno } from "../errno";
import { Capability, Credentials, credentialsNew, credentialsRelease } from "../task/credentials";
import { changeMode, changeOwner, changeTimes, KEEP_ID, TIME_NOW, TIME_OMIT } from "./attributes";
import { Inode, S_IFDIR, S_IFLNK, S_IFREG } from "./inode";
import { mayDelete, newFileGroup, newFileMode, permission } from "./permission";
import { root, useEmptyTree, context, dropTree, useTestCredentials, user } from "./testing";

const READ: u32 = 4;
const WRITE: u32 = 2;
const EXECUTE: u32 = 1;

const file = changetype<Inode>(memory.data(offsetof<Inode>() + 8, 8));
const directory = changetype<Inode>(memory.data(offsetof<Inode>() + 8, 8));
let member: Credentials = changetype<Credentials>(0);

/** A user without other rights than one capability. */
function withCapability(capability: Capability): Credentials {
  user.effective = (<u64>1) << (<u64>capability);
  return user;
}

function set(inode: Inode, mode: u32, uid: u32, gid: u32): Inode {
  inode.mode = mode;
  inode.uid = uid;
  inode.gid = gid;
  return inode;
}

describe("permission", () => {
  beforeEach(() => {
    useTestCredentials();
    useEmptyTree();
    user.effective = 0;
    file.fs = context.rootEntry.inode!.fs;
    directory.fs = file.fs;
    directory.links = 2;
    // uid 2000 in the groups 50, 60 and 70
    member = credentialsNew(3)!;
    member.fsuid = 2000;
    member.fsgid = 2000;
    store<u32>(member.groups, 50);
    store<u32>(member.groups, 60, 4);
    store<u32>(member.groups, 70, 8);
  });

  afterEach(() => {
    credentialsRelease(member);
    dropTree();
  });

  test("the owner's bits alone count for the owner, the group's for the group", () => {
    set(file, S_IFREG | 0o047, 1000, 60);
    expect(permission(file, user, READ)).toBe(-Errno.EACCES, "owner, although others may");
    expect(permission(file, member, READ)).toBe(0, "supplementary group");
    expect(permission(file, member, WRITE)).toBe(-Errno.EACCES, "group, although others may");
    set(file, S_IFREG | 0o007, 1, 1);
    expect(permission(file, member, READ | WRITE | EXECUTE)).toBe(0);
    set(file, S_IFREG | 0o640, 1000, 1);
    expect(permission(file, user, READ | WRITE)).toBe(0);
    expect(permission(file, user, READ | EXECUTE)).toBe(-Errno.EACCES);
  });

  test("CAP_DAC_OVERRIDE does all but run what nobody may run", () => {
    const c = withCapability(Capability.DacOverride);
    set(file, S_IFREG, 1, 1);
    expect(permission(file, c, READ | WRITE)).toBe(0);
    expect(permission(file, c, EXECUTE)).toBe(-Errno.EACCES);
    expect(permission(file, root, EXECUTE)).toBe(-Errno.EACCES);
    set(file, S_IFREG | 0o001, 1, 1);
    expect(permission(file, c, EXECUTE)).toBe(0);
    set(directory, S_IFDIR, 1, 1);
    expect(permission(directory, c, READ | WRITE | EXECUTE)).toBe(0);
  });

  test("CAP_DAC_READ_SEARCH reads files and searches directories", () => {
    const c = withCapability(Capability.DacReadSearch);
    set(file, S_IFREG | 0o001, 1, 1);
    expect(permission(file, c, READ)).toBe(0);
    expect(permission(file, c, WRITE)).toBe(-Errno.EACCES);
    expect(permission(file, c, READ | WRITE)).toBe(-Errno.EACCES);
    set(directory, S_IFDIR, 1, 1);
    expect(permission(directory, c, READ | EXECUTE)).toBe(0);
    expect(permission(directory, c, WRITE | EXECUTE)).toBe(-Errno.EACCES);
  });

  test("a sticky directory lets delete the owners of file and directory, and CAP_FOWNER", () => {
    set(directory, S_IFDIR | 0o1777, 1, 1);
    set(file, S_IFREG | 0o666, 2000, 1);
    expect(mayDelete(directory, file, user, false)).toBe(-Errno.EPERM);
    expect(mayDelete(directory, file, member, false)).toBe(0);
    expect(mayDelete(directory, file, withCapability(Capability.Fowner), false)).toBe(0);
    user.effective = 0;
    directory.uid = 1000;
    expect(mayDelete(directory, file, user, false)).toBe(0);
    directory.mode = S_IFDIR | 0o777;
    directory.uid = 1;
    expect(mayDelete(directory, file, user, false)).toBe(0);
    expect(mayDelete(directory, file, user, true)).toBe(-Errno.ENOTDIR);
    expect(mayDelete(directory, directory, user, false)).toBe(-Errno.EISDIR);
    directory.mode = S_IFDIR | 0o775;
    expect(mayDelete(directory, file, user, false)).toBe(-Errno.EACCES);
  });

  test("a set-group-ID directory gives its group, and the bit to directories", () => {
    set(directory, S_IFDIR | 0o2777, 1, 77);
    expect(newFileGroup(directory, user)).toBe(77);
    expect(newFileMode(directory, user, S_IFDIR | 0o755)).toBe(S_IFDIR | 0o2755);
    expect(newFileMode(directory, user, S_IFREG | 0o2755)).toBe(S_IFREG | 0o755);
    expect(newFileMode(directory, user, S_IFREG | 0o2745)).toBe(S_IFREG | 0o2745);
    expect(newFileMode(directory, withCapability(Capability.Fsetid), S_IFREG | 0o2755)).toBe(S_IFREG | 0o2755);
    directory.mode = S_IFDIR | 0o777;
    expect(newFileGroup(directory, user)).toBe(1000);
  });

  test("chmod is for the owner; set-group-ID for members of the group", () => {
    set(file, S_IFREG | 0o600, 1000, 1000);
    expect(changeMode(file, user, 0o6755)).toBe(0);
    expect(file.mode).toBe(S_IFREG | 0o6755);
    expect(changeMode(file, member, 0o777)).toBe(-Errno.EPERM);
    file.gid = 99;
    expect(changeMode(file, user, 0o2755)).toBe(0);
    expect(file.mode).toBe(S_IFREG | 0o755);
    expect(changeMode(file, root, 0o2755)).toBe(0);
    expect(file.mode).toBe(S_IFREG | 0o2755);
    set(file, S_IFLNK | 0o777, 1000, 1000);
    expect(changeMode(file, user, 0o600)).toBe(-Errno.EOPNOTSUPP);
  });

  test("chown is for CAP_CHOWN; an owner may choose among his groups; set-id bits go", () => {
    set(file, S_IFREG | 0o6755, 2000, 1);
    expect(changeOwner(file, member, 2000, KEEP_ID)).toBe(0);
    expect(file.mode).toBe(S_IFREG | 0o755);
    expect(changeOwner(file, member, 0, KEEP_ID)).toBe(-Errno.EPERM);
    expect(changeOwner(file, member, KEEP_ID, 60)).toBe(0);
    expect(file.gid).toBe(60);
    expect(changeOwner(file, member, KEEP_ID, 61)).toBe(-Errno.EPERM);
    expect(changeOwner(file, user, KEEP_ID, 1000)).toBe(-Errno.EPERM);
    set(file, S_IFREG | 0o6745, 2000, 1);
    expect(changeOwner(file, root, 5, 6)).toBe(0);
    expect(file.mode).toBe(S_IFREG | 0o2745, "set-group-ID without group execution stays");
    expect(file.uid).toBe(5);
    expect(file.gid).toBe(6);
  });

  test("times: the owner sets any, who may write sets now", () => {
    set(file, S_IFREG | 0o646, 2000, 1);
    expect(changeTimes(file, member, 1, 2)).toBe(0);
    expect(file.atimeNs).toBe(1);
    expect(file.mtimeNs).toBe(2);
    expect(changeTimes(file, user, 1, TIME_NOW)).toBe(-Errno.EPERM);
    expect(changeTimes(file, user, TIME_NOW, TIME_NOW)).toBe(0);
    expect(file.mtimeNs).toBeGreaterThan(2);
    file.mode = S_IFREG | 0o644;
    expect(changeTimes(file, user, TIME_NOW, TIME_NOW)).toBe(-Errno.EACCES);
    expect(changeTimes(file, user, TIME_OMIT, TIME_OMIT)).toBe(0);
    expect(changeTimes(file, member, TIME_OMIT, 7)).toBe(0);
    expect(file.mtimeNs).toBe(7);
  });
});
