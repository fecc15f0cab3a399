// What is wrong with a bundle or a request is an error that names the property; the state afterwards is right and nothing is left behind:
// the kernel's memory is counted before and after each case.

import assert from "node:assert/strict";
import os from "node:os";
import { after, afterEach, before, describe, test } from "node:test";
import type { CpioWriter } from "../scripts/lib/cpio.ts";
import { buildGuestBundle } from "../scripts/lib/guest.ts";
import { DeleteFlag } from "../scripts/lib/protocol.ts";
import { malformedProfiles } from "../scripts/testing/malformed-profiles.ts";
import { addBundle, Lab, labConfig, type Stats } from "../scripts/testing/lab.ts";

const SIGTERM = 15;
const SIGKILL = 9;
type ErrorName = keyof typeof os.constants.errno;
/** A request that is not answered fails its test after so long. */
const timeout = 10_000;

let lab: Lab;

// What may be wrong with a bundle.

type Config = ReturnType<typeof labConfig>;

/** config.json of a case: a text, or changes to one that is right. */
type Content = string | Buffer | null | ((config: Config) => void);

interface Case {
  name: string;
  content: Content;
  error: ErrorName;
  message: RegExp;
}

const cases: Case[] = [];

function wrong(name: string, content: Content, error: ErrorName, message: RegExp): void {
  cases.push({ name, content, error, message });
}

/** Changes the member at `place`, "process.user.uid" say, to `value`; undefined removes it. */
function set(place: string, value: unknown): (config: Config) => void {
  return (config) => {
    const names = place.split(".");
    const last = names.pop() as string;
    let object = config;
    for (const name of names) object = (object[name] ??= {}) as Config;
    object[last] = value;
  };
}

const valid = JSON.stringify(labConfig(["/bin/tiny"]));
const mount = (value: object): Content => set("mounts", [value]);

wrong("no config.json", null, "ENOENT", /config\.json: no such file/);
wrong("an empty config.json", "", "EINVAL", /config\.json/);
wrong("white space alone", " \n\t ", "EINVAL", /config\.json/);
wrong("truncated JSON", valid.slice(0, -20), "EINVAL", /^config\.json:1:\d+: /);
wrong("JSON of 10,000 levels", `${"[".repeat(10_000)}${"]".repeat(10_000)}`, "EINVAL", /config\.json:1:\d+: .*deep/);
wrong("objects of 10,000 levels", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`, "EINVAL", /config\.json:1:\d+: .*deep/);
wrong("a duplicate key", valid.replace('"root"', '"ociVersion":"1.0.2","root"'), "EINVAL", /ociVersion/);
wrong("text behind the end", `${valid} x`, "EINVAL", /^config\.json:1:\d+: /);
wrong("malformed UTF-8", Buffer.from(valid.replace("tiny", "tin\xff"), "latin1"), "EINVAL", /^config\.json:1:\d+: /);
wrong("more than 1 MiB", `${valid}${" ".repeat(1 << 20)}`, "E2BIG", /config\.json: larger than 1 MiB/);
wrong("an array instead of an object", "[]", "EINVAL", /config\.json: must be an object/);
wrong("no version", set("ociVersion", undefined), "EINVAL", /ociVersion: is missing/);
wrong("a version from the future", set("ociVersion", "2.0.0"), "EINVAL", /ociVersion: .*2\.0\.0/);
wrong("no process", set("process", undefined), "EINVAL", /process: is missing/);
wrong("a process that is an array", set("process", []), "EINVAL", /process: must be an object/);
wrong("no root", set("root", undefined), "EINVAL", /root: is missing/);
wrong("no root.path", set("root", {}), "EINVAL", /root\.path: is missing/);
wrong("a root.path that is a number", set("root.path", 5), "EINVAL", /root\.path: must be a string/);
wrong("root.readonly that is a string", set("root.readonly", "yes"), "EINVAL", /root\.readonly: must be true or false/);
wrong("no arguments", set("process.args", []), "EINVAL", /process\.args: must name a program/);
wrong("an argument that is a number", set("process.args", ["/bin/tiny", 5]), "EINVAL", /process\.args\[1\]: must be a string/);
wrong("an argument with a NUL", set("process.args", ["/bin/\0"]), "EINVAL", /process\.args\[0\]: must not hold a NUL/);
wrong("no working directory", set("process.cwd", undefined), "EINVAL", /process\.cwd: is missing/);
wrong("a relative working directory", set("process.cwd", "tmp"), "EINVAL", /process\.cwd: must be an absolute path/);
wrong(
  "an unknown capability",
  set("process.capabilities.bounding", ["CAP_FLY"]),
  "EINVAL",
  /process\.capabilities\.bounding\[0\]: .*CAP_FLY/,
);
wrong(
  "an effective capability that is not permitted",
  set("process.capabilities.effective", ["CAP_KILL"]),
  "EPERM",
  /process\.capabilities\.effective/,
);
wrong("a negative user", set("process.user.uid", -1), "EINVAL", /process\.user\.uid: must be between 0 and 4294967294/);
wrong("a user beyond 32 bits", set("process.user.uid", 2 ** 32), "EINVAL", /process\.user\.uid: must be between/);
wrong("a group that is a name", set("process.user.gid", "root"), "EINVAL", /process\.user\.gid: must be an integer/);
wrong(
  "an additional group with a fraction",
  set("process.user.additionalGids", [1.5]),
  "EINVAL",
  /process\.user\.additionalGids\[0\]: must be an integer/,
);
wrong(
  "an unknown resource limit",
  set("process.rlimits", [{ type: "RLIMIT_SHEEP", soft: 1, hard: 1 }]),
  "EINVAL",
  /process\.rlimits\[0\]\.type: .*RLIMIT_SHEEP/,
);
wrong(
  "a soft limit above the hard one",
  set("process.rlimits", [{ type: "RLIMIT_NOFILE", soft: 2, hard: 1 }]),
  "EINVAL",
  /process\.rlimits\[0\]\.soft/,
);
wrong("a security label", set("process.apparmorProfile", "docker"), "ENOTSUP", /process\.apparmorProfile: is not applied/);
for (const [name, profile, error, message] of malformedProfiles) wrong(name, set("linux.seccomp", profile), error, message);
wrong("hooks", set("hooks", { prestart: [{ path: "/bin/true" }] }), "ENOTSUP", /hooks: is not applied/);
wrong("a namespace to join", set("linux.namespaces", [{ type: "pid", path: "/proc/1/ns/pid" }]), "ENOTSUP", /linux\.namespaces\[0\]\.path/);
wrong("an unknown namespace", set("linux.namespaces", [{ type: "space" }]), "EINVAL", /linux\.namespaces\[0\]\.type: .*space/);
wrong("a host name of 65 bytes", set("hostname", "x".repeat(65)), "EINVAL", /hostname: may have 64 bytes/);
wrong("a mount of unknown type", mount({ destination: "/x", type: "floppyfs", source: "a" }), "ENODEV", /mounts\[0\]\.type: .*floppyfs/);
wrong(
  "a mount with a relative destination",
  mount({ destination: "x", type: "tmpfs", source: "a" }),
  "EINVAL",
  /mounts\[0\]\.destination: must be an absolute path/,
);
wrong(
  "a mount with an unknown option",
  mount({ destination: "/x", type: "tmpfs", source: "a", options: ["fast"] }),
  "EINVAL",
  /mounts\[0\]\.options\[0\]: .*fast/,
);
wrong(
  "a mount on a file",
  mount({ destination: "/etc/passwd", type: "tmpfs", source: "a" }),
  "ENOTDIR",
  /mounts\[0\].*\/etc\/passwd.*not a directory/,
);
wrong(
  "a mount below a symbolic link to itself",
  mount({ destination: "/loop/x", type: "tmpfs", source: "a" }),
  "ELOOP",
  /mounts\[0\].*\/loop\/x.*symbolic links/,
);
wrong(
  "a bind mount of nothing",
  mount({ destination: "/x", type: "bind", source: "/no/such", options: ["bind"] }),
  "ENOENT",
  /mounts\[0\].*no such file/,
);
wrong(
  "a device with a relative path",
  set("linux.devices", [{ type: "c", path: "null", major: 1, minor: 3 }]),
  "EINVAL",
  /linux\.devices\[0\]\.path: must be an absolute path/,
);
wrong(
  "a device of unknown type",
  set("linux.devices", [{ type: "x", path: "/dev/x", major: 1, minor: 3 }]),
  "EINVAL",
  /linux\.devices\[0\]\.type/,
);
wrong(
  "a masked path that is relative",
  set("linux.maskedPaths", ["proc/kcore"]),
  "EINVAL",
  /linux\.maskedPaths\[0\]: must be an absolute path/,
);
wrong("a root file system that is missing", set("root.path", "rootfs"), "ENOENT", /root\.path: "rootfs": no such file/);
wrong("a root file system that is a file", set("root.path", "config.json"), "ENOTDIR", /root\.path: "config\.json": not a directory/);
wrong("a root file system that is a link to itself", set("root.path", "/loop"), "ELOOP", /root\.path: "\/loop": too many symbolic links/);
wrong(
  "a root file system above everything",
  set("root.path", "../../../../no/such"),
  "ENOENT",
  /root\.path: "\.\.\/\.\.\/.*": no such file/,
);
wrong("a root file system whose name is too long", set("root.path", `/${"x".repeat(300)}`), "ENAMETOOLONG", /root\.path: .*/);

// What only shows when the program is started.

interface StartCase extends Case {
  status: number;
}

const startCases: StartCase[] = [];

function wrongAtStart(name: string, content: Content, error: ErrorName, status: number, message: RegExp): void {
  startCases.push({ name, content, error, status, message });
}

const program = (file: string, ...more: string[]): Content => set("process.args", [file, ...more]);

wrongAtStart("a program that is missing", program("/bin/none"), "ENOENT", 127, /process\.args\[0\]: "\/bin\/none": no such file/);
wrongAtStart("a program that is not in PATH", program("none"), "ENOENT", 127, /process\.args\[0\]: "none": not found in \$PATH/);
wrongAtStart("an empty name of a program", program(""), "ENOENT", 127, /process\.args\[0\]: ""/);
wrongAtStart("a program without permission to execute", program("/etc/passwd"), "EACCES", 126, /process\.args\[0\]: .*permission denied/);
wrongAtStart("a program that is a directory", program("/bin"), "EACCES", 126, /process\.args\[0\]: "\/bin": permission denied/);
wrongAtStart("a program below a file", program("/etc/passwd/x"), "ENOTDIR", 126, /process\.args\[0\]: .*not a directory/);
wrongAtStart("a program that is a link to itself", program("/loop"), "ELOOP", 126, /process\.args\[0\]: "\/loop": too many symbolic links/);
wrongAtStart("a name that is too long", program(`/${"x".repeat(300)}`), "ENAMETOOLONG", 126, /process\.args\[0\]/);
wrongAtStart("a file that is no program", program("/bad/text"), "ENOEXEC", 126, /process\.args\[0\]: "\/bad\/text": not a program/);
wrongAtStart("an empty file", program("/bad/empty"), "ENOEXEC", 126, /process\.args\[0\]: "\/bad\/empty": not a program/);
wrongAtStart("a truncated ELF file", program("/bad/truncated"), "ENOEXEC", 126, /process\.args\[0\]: "\/bad\/truncated": not a program/);
wrongAtStart(
  "a program for another processor",
  program("/bad/foreign"),
  "ENOEXEC",
  126,
  /process\.args\[0\]: "\/bad\/foreign": not a program/,
);
wrongAtStart("a script whose interpreter is missing", program("/bad/script"), "ENOENT", 127, /process\.args\[0\]: "\/bad\/script"/);
wrongAtStart("a script that interprets itself", program("/bad/self"), "ELOOP", 126, /process\.args\[0\]: "\/bad\/self"/);
wrongAtStart("an argument of 200,000 bytes", program("/bin/tiny", "x".repeat(200_000)), "E2BIG", 126, /process\.args/);
wrongAtStart(
  "a working directory that is a file",
  set("process.cwd", "/etc/passwd"),
  "ENOTDIR",
  126,
  /process\.cwd: "\/etc\/passwd": not a directory/,
);
wrongAtStart("a working directory that is a link to itself", set("process.cwd", "/loop"), "ELOOP", 126, /process\.cwd: "\/loop"/);
wrongAtStart("a working directory without permission", closedDirectory, "EACCES", 126, /process\.cwd: "\/closed": permission denied/);

function closedDirectory(config: Config): void {
  set("process.cwd", "/closed")(config);
  set("process.user.uid", 1000)(config);
}

function content(of: Content): object | string | Buffer | null {
  if (typeof of !== "function") return of;
  const config = labConfig(["/bin/tiny"]);
  of(config);
  return config;
}

/** A header of an ELF file for `machine` (elf(5)); 62 is x86-64. */
function elfHeader(machine: number): Buffer {
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  header.writeUInt16LE(2, 16); // e_type: an executable
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(64n, 32); // e_phoff: behind the end of the file
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  return header;
}

function fill(archive: CpioWriter, guestRoot: string): void {
  archive.addTree(guestRoot, "guest");
  archive.addDirectory("guest/bad");
  archive.addDirectory("guest/closed", 0o700);
  const bad = {
    text: "just words\n",
    empty: "",
    script: "#!/no/such\n",
    self: "#!/bad/self\n",
    truncated: elfHeader(62),
    foreign: elfHeader(183),
  };
  for (const [name, data] of Object.entries(bad)) archive.add({ name: `guest/bad/${name}`, mode: 0o100755, data: Buffer.from(data) });
  for (const name of ["loop", "guest/loop"]) archive.add({ name, mode: 0o120777, data: Buffer.from("loop") });
  for (const [i, one] of [...cases, ...startCases].entries()) {
    const config = content(one.content);
    if (config === null) archive.addDirectory(`bundle-${i}`);
    else addBundle(archive, `bundle-${i}`, config);
  }
  addBundle(archive, "good", labConfig(["/bin/tiny"]));
  addBundle(archive, "sleeper", labConfig(["/bin/sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do read x; done"]));
}

/** Runs `body` twice, the first time to warm up, and checks that the second leaves nothing behind. */
async function leavesNothing(body: () => Promise<void>): Promise<void> {
  await body();
  const earlier = await lab.stats();
  await body();
  const later: Stats = await lab.stats();
  assert.deepEqual(await lab.list(), []);
  assert.deepEqual(later, earlier);
  assert.equal(later.writableExecutable, 0);
}

async function refused(request: Promise<unknown>, error: ErrorName, message: RegExp, status = 125): Promise<void> {
  const refusal = await lab.refusal(request);
  assert.match(refusal.message, message);
  const name = Object.entries(os.constants.errno).find(([, number]) => number === refusal.errno)?.[0];
  assert.deepEqual([name, refusal.status], [error, status], refusal.message);
}

afterEach(async () => {
  // Whatever a failed test left behind is not to fail the next one.
  for (const { id } of await lab.list()) await lab.delete(id, DeleteFlag.force);
});
before(async () => {
  const bundle = await buildGuestBundle();
  lab = await Lab.boot((archive) => fill(archive, `${bundle}/rootfs`));
});
after(() => lab.end());

describe("a bundle with", () => {
  for (const [i, { name, error, message }] of cases.entries())
    test(`${name} is refused`, { timeout }, () =>
      leavesNothing(async () => {
        await refused(lab.create("c", `/bundle-${i}`), error, message);
        await refused(lab.run("c", `/bundle-${i}`, lab.streams()), error, message);
        await refused(lab.state("c"), "ENOENT", /no container "c"/);
      }),
    );
});

describe("at the start,", () => {
  for (const [i, { name, error, status, message }] of startCases.entries())
    test(`${name} is refused`, { timeout }, () =>
      leavesNothing(async () => {
        const bundle = `/bundle-${cases.length + i}`;
        await lab.create("c", bundle);
        await refused(lab.start("c"), error, message, status);
        assert.equal((await lab.state("c")).status, "stopped");
        await lab.delete("c");
        await refused(lab.run("c", bundle, lab.streams()), error, message, status);
      }),
    );
});

describe("a request", () => {
  const check = (name: string, body: () => Promise<void>): void => void test(name, { timeout }, () => leavesNothing(body));

  check("for a bundle that does not exist", () => refused(lab.create("c", "/nowhere"), "ENOENT", /bundle: "\/nowhere"/));
  check("for a bundle that is a file", () => refused(lab.create("c", "/good/config.json"), "ENOTDIR", /bundle: .*not a directory/));
  check("for a bundle behind a link to itself", () => refused(lab.create("c", "/loop/x"), "ELOOP", /bundle: .*symbolic links/));
  for (const id of ["", "-x", "a/b", "..", "a b", "ä", "x".repeat(256)])
    check(`for a container called ${JSON.stringify(id.slice(0, 10))}`, () =>
      refused(lab.create(id, "/good"), "EINVAL", /id: 1 to 255 letters/),
    );
  check("for an id in use", async () => {
    await lab.create("c", "/good");
    await refused(lab.create("c", "/good"), "EEXIST", /id: "c"/);
    assert.equal((await lab.state("c")).status, "created");
    await lab.start("c");
    await lab.wait("c");
    await lab.delete("c");
  });
  check("about a container that does not exist", async () => {
    const message = /no container "none"/;
    await refused(lab.state("none"), "ENOENT", message);
    await refused(lab.start("none"), "ENOENT", message);
    await refused(lab.kill("none", SIGTERM), "ENOENT", message);
    await refused(lab.delete("none"), "ENOENT", message);
    await refused(lab.wait("none"), "ENOENT", message);
    await refused(lab.exec("none", { args: ["/bin/tiny"], cwd: "/" }, lab.streams()), "ENOENT", message);
  });
  check("that does not fit a created container", async () => {
    await lab.create("c", "/good");
    assert.deepEqual([(await lab.state("c")).status, (await lab.state("c")).pid], ["created", undefined]);
    await refused(lab.delete("c"), "EBUSY", /cannot delete container "c": it is created/);
    await refused(lab.exec("c", { args: ["/bin/tiny"], cwd: "/" }, lab.streams()), "EBUSY", /cannot exec in container "c": it is created/);
    await refused(lab.kill("c", 0), "EINVAL", /signal: a number from 1 to 64/);
    await refused(lab.kill("c", 65), "EINVAL", /signal: a number from 1 to 64/);
    assert.equal((await lab.state("c")).status, "created");
    await lab.kill("c", SIGTERM);
    assert.equal((await lab.state("c")).status, "stopped");
    assert.deepEqual(await lab.wait("c"), { code: 0, signal: SIGTERM });
    await refused(lab.start("c"), "EBUSY", /cannot start container "c": it is stopped/);
    await lab.delete("c");
  });
  check("that waits for a created container which is then killed", async () => {
    await lab.create("c", "/good");
    const ending = lab.wait("c");
    await lab.kill("c", SIGKILL);
    assert.deepEqual(await ending, { code: 0, signal: SIGKILL });
    await lab.delete("c");
  });
  check("that does not fit a running container", async () => {
    const streams = lab.streams();
    await lab.create("c", "/sleeper", streams);
    await lab.start("c");
    await streams.printed("ready\n");
    assert.deepEqual([(await lab.state("c")).status, (await lab.state("c")).pid], ["running", 1]);
    await refused(lab.start("c"), "EBUSY", /cannot start container "c": it is running/);
    await refused(lab.delete("c"), "EBUSY", /cannot delete container "c": it is running/);
    await refused(lab.create("d", "/good", streams), "EINVAL", /channel: .*in use/);
    await refused(lab.kill("c", 99), "EINVAL", /signal: a number from 1 to 64/);
    await refused(lab.kill("c", SIGTERM, 4242), "ESRCH", /pid: no such process/);
    await refused(lab.exec("c", "{", lab.streams()), "EINVAL", /^process:1:2: /);
    await refused(lab.exec("c", { args: [], cwd: "/" }, lab.streams()), "EINVAL", /process\.args/);
    await refused(lab.exec("c", { args: ["/none"], cwd: "/" }, lab.streams()), "ENOENT", /process\.args\[0\]: "\/none"/, 127);
    await refused(lab.exec("c", { args: ["/bin"], cwd: "/" }, lab.streams()), "EACCES", /process\.args\[0\]: "\/bin"/, 126);
    assert.equal((await lab.state("c")).status, "running");
    const exec = lab.exec("c", { args: ["/bin/sh", "-c", "exit 9"], cwd: "/" }, lab.streams());
    assert.deepEqual(await exec, { code: 9, signal: 0 });
    await lab.kill("c", SIGTERM);
    assert.deepEqual(await lab.wait("c"), { code: 3, signal: 0 });
    await refused(lab.kill("c", SIGTERM), "EBUSY", /cannot kill container "c": it is stopped/);
    await lab.delete("c");
  });
  check("that waits for a container whose start fails", async () => {
    await lab.create("c", `/bundle-${cases.length}`);
    const ending = lab.wait("c");
    await refused(lab.start("c"), "ENOENT", /process\.args\[0\]/, 127);
    assert.deepEqual(await ending, { code: 127, signal: 0 });
    await lab.delete("c");
  });
  check("to delete a running container by force, which answers all that was asked about it", async () => {
    const streams = lab.streams();
    const running = lab.run("c", "/sleeper", streams);
    await streams.printed("ready\n");
    const waiting = lab.wait("c");
    const exec = lab.exec("c", { args: ["/bin/sh", "-c", "read x"], cwd: "/" }, lab.streams());
    const deleted = lab.delete("c", DeleteFlag.force);
    // The second time it is on its way out, or gone.
    assert.match((await lab.refusal(lab.delete("c", DeleteFlag.force))).message, /container "c"/);
    await deleted;
    const killed = { code: 0, signal: SIGKILL };
    assert.deepEqual([await running, await waiting, await exec], [killed, killed, killed]);
    await refused(lab.state("c"), "ENOENT", /no container "c"/);
  });
});
