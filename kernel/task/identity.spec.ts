import { Errno } from "../errno";
import { Capability, capable, CAPABILITIES_ALL, Credentials, inGroup } from "./credentials";
import {
  credentialsCommit,
  credentialsWithGroups,
  KEEP,
  SecureBit,
  setAllUsers,
  setCapabilities,
  setFileUser,
  setGroup,
  setUser,
  setUsers,
  sortGroups,
} from "./identity";
import { init, newCredentials, startContainer } from "./testing";
import { Thread } from "./thread";

let t: Thread = changetype<Thread>(0);

function become(c: Credentials): void {
  t.credentials = c;
}

/** Real, effective and saved user id as one number: easy to compare. */
function users(): u32 {
  const c = t.credentials;
  return c.uid * 10000 + c.euid * 100 + c.suid;
}

beforeEach(() => {
  startContainer();
  t = init.leader;
  become(newCredentials(0));
});

describe("setuid", () => {
  test("of root sets all three and drops every capability", () => {
    expect(setUser(t, 7)).toBe(0);
    expect(users()).toBe(70707);
    expect(t.credentials.fsuid).toBe(7);
    expect(t.credentials.permitted | t.credentials.effective).toBe(0);
    expect(setUser(t, 0)).toBe(-Errno.EPERM);
  });

  test("of others only moves between real and saved", () => {
    become(newCredentials(5));
    t.credentials.suid = 6;
    expect(setUser(t, 6)).toBe(0);
    expect(users()).toBe(50606);
    expect(setUser(t, 7)).toBe(-Errno.EPERM);
    expect(setUser(t, KEEP)).toBe(-Errno.EINVAL);
  });

  test("with kept capabilities loses only the effective ones", () => {
    t.credentials.securebits = SecureBit.KeepCapabilities;
    setUser(t, 7);
    expect(t.credentials.permitted).toBe(CAPABILITIES_ALL);
    expect(t.credentials.effective).toBe(0);
  });

  test("without fix-up changes no capability", () => {
    t.credentials.securebits = SecureBit.NoSetuidFixup;
    setUser(t, 7);
    expect(t.credentials.effective).toBe(CAPABILITIES_ALL);
  });

  test("leaves shared credentials alone", () => {
    const shared = t.credentials;
    shared.refs = 2;
    setUser(t, 7);
    expect(shared.uid).toBe(0);
    expect(shared.refs).toBe(1);
  });

  test("makes the process undumpable and forgets the parent-death signal", () => {
    t.parentDeathSignal = 9;
    setUser(t, 7);
    expect(t.process.dumpable).toBe(false);
    expect(t.parentDeathSignal).toBe(0);
  });
});

describe("setreuid and setresuid", () => {
  test("the way there and back", () => {
    expect(setUsers(t, KEEP, 7)).toBe(0);
    expect(users()).toBe(707);
    expect(t.credentials.effective).toBe(0);
    expect(t.credentials.permitted).toBe(CAPABILITIES_ALL);
    expect(setUsers(t, KEEP, 0)).toBe(0);
    expect(t.credentials.effective).toBe(CAPABILITIES_ALL);
  });

  test("setreuid: the saved id follows when real or effective change", () => {
    become(newCredentials(5));
    t.credentials.suid = 6;
    expect(setUsers(t, KEEP, 5)).toBe(0);
    expect(users()).toBe(50506);
    expect(setUsers(t, 5, KEEP)).toBe(0);
    expect(users()).toBe(50505);
    expect(setUsers(t, 6, KEEP)).toBe(-Errno.EPERM);
  });

  test("setresuid permutes, and takes no strangers", () => {
    expect(setAllUsers(t, 1, 2, 3)).toBe(0);
    expect(setAllUsers(t, 3, 1, 2)).toBe(0);
    expect(users()).toBe(30102);
    expect(setAllUsers(t, KEEP, 2, KEEP)).toBe(0);
    expect(users()).toBe(30202);
    expect(setAllUsers(t, 9, KEEP, KEEP)).toBe(-Errno.EPERM);
    expect(users()).toBe(30202);
  });
});

test("setgid needs CAP_SETGID, not root", () => {
  become(newCredentials(5));
  expect(setGroup(t, 9)).toBe(-Errno.EPERM);
  t.credentials.effective = (<u64>1) << Capability.Setgid;
  expect(setGroup(t, 9)).toBe(0);
  expect(t.credentials.gid + t.credentials.egid + t.credentials.sgid + t.credentials.fsgid).toBe(36);
});

test("setfsuid answers the old id, and moves the file capabilities", () => {
  expect(setFileUser(t, 7)).toBe(0);
  expect(setFileUser(t, KEEP)).toBe(7);
  expect(capable(t.credentials, Capability.DacOverride)).toBe(false);
  expect(capable(t.credentials, Capability.Setuid)).toBe(true);
  expect(setFileUser(t, 0)).toBe(7);
  expect(capable(t.credentials, Capability.DacOverride)).toBe(true);
});

describe("capset", () => {
  test("only gives up", () => {
    expect(setCapabilities(t, 1, 3, 0)).toBe(0);
    expect(setCapabilities(t, 3, 3, 0)).toBe(0);
    expect(setCapabilities(t, 3, 7, 0)).toBe(-Errno.EPERM);
    expect(setCapabilities(t, 3, 1, 0)).toBe(-Errno.EPERM);
  });

  test("inheritable ones come from what is permitted, and within the bounding set", () => {
    t.credentials.bounding = 3;
    expect(setCapabilities(t, 3, 3, 4)).toBe(-Errno.EPERM);
    expect(setCapabilities(t, 3, 3, 3)).toBe(0);
    expect(setCapabilities(t, 1, 1, 3)).toBe(0);
  });

  test("ambient ones go with permitted or inheritable", () => {
    setCapabilities(t, 3, 3, 3);
    t.credentials.ambient = 3;
    setCapabilities(t, 3, 3, 1);
    expect(t.credentials.ambient).toBe(1);
  });
});

test("supplementary groups are sorted, so that they are found", () => {
  const count: u32 = 300;
  const c = credentialsWithGroups(t, count)!;
  for (let i: u32 = 0; i < count; i++) store<u32>(c.groups + i * 4, ((i * 7919) % 1000) + 1);
  sortGroups(c);
  for (let i: u32 = 1; i < count; i++) expect(load<u32>(c.groups + i * 4) >= load<u32>(c.groups + i * 4 - 4)).toBe(true);
  credentialsCommit(t, c);
  expect(inGroup(t.credentials, ((123 * 7919) % 1000) + 1)).toBe(true);
  expect(inGroup(t.credentials, 1001)).toBe(false);
});
