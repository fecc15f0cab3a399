// The host's programs, run on Linux by userland/testing/loader.c as they are: the shell's commands, tar against GNU tar, typing on a terminal.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { buildLoader, buildProgram } from "./userland.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-userland-"));
let shell = "";
let loader = "";
before(async () => {
  shell = path.resolve(await buildProgram("shell"));
  loader = path.resolve(await buildLoader());
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

function emptyFolder(): string {
  return fs.mkdtempSync(path.join(folder, "t-"));
}

/** Runs `script` in the shell, in `cwd`. */
function run(script: string, cwd: string, input = ""): Result {
  const { status, stdout, stderr } = spawnSync(loader, [shell, "-c", script], { cwd, input, encoding: "utf8", timeout: 20_000 });
  return { status, stdout, stderr };
}

/** Runs `script` and expects this output, nothing on standard error and status 0. */
function expectOutput(script: string, stdout: string, cwd = emptyFolder()): void {
  assert.deepEqual(run(script, cwd), { status: 0, stdout, stderr: "" }, script);
}

function expectFailure(script: string, stderr: string, status = 1, cwd = emptyFolder()): void {
  assert.deepEqual(run(script, cwd), { status, stdout: "", stderr }, script);
}

/** Makes a bundle whose init is the shell script `text`. */
function bundle(cwd: string, name: string, text: string): void {
  fs.mkdirSync(path.join(cwd, name));
  fs.writeFileSync(path.join(cwd, name, "run"), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

test("words, quotes, status and sequences", () => {
  expectOutput(`echo a  'b  c' "d\\"e" f\\ g # h`, 'a b  c d"e f g\n');
  expectOutput("false; echo $?; true && echo yes || echo no; false && echo yes || echo no", "1\nyes\nno\n");
  expectOutput("echo -n a; echo; echo 'naïve 漢'", "a\nnaïve 漢\n");
  expectFailure('echo "a', 'sh: syntax error: a " is not closed\n', 2);
  expectFailure("nothing-like-it", "sh: nothing-like-it: command not found; `help` lists what there is\n", 127);
  assert.equal(run("exit 7; echo not this", emptyFolder()).status, 7);
});

test("redirection", () => {
  const cwd = emptyFolder();
  expectOutput("echo one > f; echo two >> f; cat < f; cat f > g; cat g", "one\ntwo\none\ntwo\n", cwd);
  expectOutput("echo short > f; cat f", "short\n", cwd);
  expectOutput("ls /none 2> e; cat e", "ls: /none: no such file or directory\n", cwd);
  expectFailure("cat < none", "sh: none: no such file or directory\n", 1, cwd);
  expectFailure("echo x > /none/x", "sh: /none/x: no such file or directory\n", 1, cwd);
  expectFailure("echo full > /dev/full", "echo: write: no space left\n", 1, cwd);
});

test("wildcards", () => {
  const cwd = emptyFolder();
  for (const name of ["a1", "a2", "b1", ".hidden", "sp ace"]) fs.writeFileSync(path.join(cwd, name), "");
  fs.mkdirSync(path.join(cwd, "d"));
  fs.writeFileSync(path.join(cwd, "d/a3"), "");
  expectOutput("echo a*; echo *1; echo */a?; echo 'a*' none*; echo s*", "a1 a2\na1 b1\nd/a3\na* none*\nsp ace\n", cwd);
});

test("ls shows types, sizes and names", () => {
  const cwd = emptyFolder();
  fs.writeFileSync(path.join(cwd, "file"), "x".repeat(1234), { mode: 0o640 });
  fs.chmodSync(path.join(cwd, "file"), 0o4640);
  fs.utimesSync(path.join(cwd, "file"), 0, 1700000000);
  fs.symlinkSync("file", path.join(cwd, "link"));
  fs.symlinkSync("nowhere", path.join(cwd, "dangling"));
  fs.mkdirSync(path.join(cwd, "sub"));
  fs.writeFileSync(path.join(cwd, ".hidden"), "");
  expectOutput("ls -1", "dangling\nfile\nlink\nsub\n", cwd);
  expectOutput("ls -1a", ".hidden\ndangling\nfile\nlink\nsub\n", cwd);
  expectOutput("ls file", "- 1234 file\n", cwd);
  expectOutput("ls dangling", "l 7 dangling\n", cwd);
  assert.match(run("ls", cwd).stdout, /^l +7 dangling\n- 1234 file\nl +4 link\nd +\d+ sub\n$/);
  const owner = `${process.getuid?.()}`.padStart(5) + " " + `${process.getgid?.()}`.padStart(5);
  expectOutput("ls -l file", `-rwSr-----   1 ${owner} 1234 2023-11-14 22:13:20 file\n`, cwd);
  assert.match(run("ls -l", cwd).stdout, /link -> file\n/);
  assert.match(run("ls /dev/null", cwd).stdout, /^c 1,3 \/dev\/null\n$/);
  expectFailure("ls /x /y", "ls: /x: no such file or directory\nls: /y: no such file or directory\n");
  expectFailure("ls -z", "usage: ls [-1aCdlR] [PATH...]\n", 2);
});

test("directories and files are made, copied, moved and removed", () => {
  const cwd = emptyFolder();
  expectOutput("mkdir -p a/b/c; wt a/f some text; cat a/f; wt a/f x; cat a/f", "some textx", cwd);
  expectOutput("mkdir -m 700 m", "", cwd);
  assert.equal(fs.statSync(path.join(cwd, "m")).mode & 0o7777, 0o700);
  fs.symlinkSync("f", path.join(cwd, "a/link"));
  fs.linkSync(path.join(cwd, "a/f"), path.join(cwd, "a/other"));
  expectOutput("cp -r a copy; ls -1R copy", "copy:\nb\nf\nlink\nother\n\ncopy/b:\nc\n\ncopy/b/c:\n", cwd);
  assert.equal(fs.readlinkSync(path.join(cwd, "copy/link")), "f");
  assert.equal(fs.statSync(path.join(cwd, "copy/f")).ino, fs.statSync(path.join(cwd, "copy/other")).ino);
  expectOutput(
    "mv copy moved; mv a/f moved/b; ls -1 moved moved/b; cp a/other new; cat new",
    "moved:\nb\nf\nlink\nother\n\nmoved/b:\nc\nf\nx",
    cwd,
  );
  expectOutput("rm -r moved a; rm new; rm -f new; ls -1", "m\n", cwd);
  expectFailure("mkdir m", "mkdir: m: file exists\n", 1, cwd);
  expectFailure("rm m", "rm: m: is a directory (use -r)\n", 1, cwd);
  expectFailure("cp m n", "cp: m: is a directory (use -r)\n", 1, cwd);
  expectFailure("cp -r m m/n", "cp: m: cannot be copied into itself\n", 1, cwd);
  expectFailure("rm -r .", "rm: .: will not be removed\n", 1, cwd);
  expectFailure("mv none there", "mv: none: no such file or directory\n", 1, cwd);
  expectOutput("wt s content; cp s s2", "", cwd);
  expectFailure("cp s s", "cp: s: cannot be copied into itself\n", 1, cwd);
  assert.equal(fs.readFileSync(path.join(cwd, "s"), "utf8"), "content");
});

test("rm and cp stay out of what symlinks point to", () => {
  const cwd = emptyFolder();
  fs.mkdirSync(path.join(cwd, "safe"));
  fs.writeFileSync(path.join(cwd, "safe/file"), "kept");
  fs.mkdirSync(path.join(cwd, "d"));
  fs.symlinkSync("../safe", path.join(cwd, "d/link"));
  expectOutput("cp -r d e; rm -r d e; cat safe/file", "kept", cwd);
});

test("cat copies any bytes", () => {
  const cwd = emptyFolder();
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3));
  fs.writeFileSync(path.join(cwd, "in"), bytes);
  assert.equal(run("cat in > out; cat in in > twice", cwd).status, 0);
  assert.ok(fs.readFileSync(path.join(cwd, "out")).equals(bytes));
  assert.ok(fs.readFileSync(path.join(cwd, "twice")).equals(Buffer.concat([bytes, bytes])));
  assert.equal(run("cat; cat -", cwd, "typed").stdout, "typed");
  expectFailure("cat .", "cat: .: is a directory\n", 1, cwd);
});

test("the working directory", () => {
  const cwd = fs.realpathSync(emptyFolder());
  fs.mkdirSync(path.join(cwd, "d"));
  expectOutput("cd d; pwd; cd -; cd ..; cd /; pwd", `${cwd}/d\n${cwd}\n/\n`, cwd);
  expectFailure("cd none", "cd: none: no such file or directory\n", 1, cwd);
});

test("programs are run by path or name, with their status", () => {
  expectOutput("/bin/echo a 'b c'; run /bin/echo d", "a b c\nd\n");
  assert.equal(run("/bin/sh -c 'exit 9'", emptyFolder()).status, 9);
  assert.equal(run("/bin/sh -c 'kill -9 $$'", emptyFolder()).status, 137);
  expectOutput("/bin/echo out > f; cat f", "out\n");
  expectFailure("/none/program", "sh: /none/program: no such file or directory\n", 126);
});

test("the machine", () => {
  expectOutput("dmesg", "[0.000001] test log\n");
  assert.match(
    run("mem", emptyFolder()).stdout,
    /^memory +256\.0 MiB, free 200\.0 MiB\nkernel heap 8\.0 MiB, in use 3\.0 MiB\nprocessors +2\n/,
  );
  assert.match(run("ps", emptyFolder()).stdout, /^CONTAINER  PID .*\n- +1 +0 +0  S  00:01\.23  2\.0 MiB  \/bin\/init\n$/);
  assert.equal(run("poweroff", emptyFolder()).status, 70);
  assert.equal(run("reboot", emptyFolder()).status, 71);
  const help = run("help", emptyFolder()).stdout;
  for (const name of "ls cat cd pwd mkdir rm cp mv echo tar ps dmesg mem poweroff reboot wt oci oci-runtime linux-box help".split(" "))
    assert.match(help, new RegExp(`^  ${name}( |$)`, "m"));
});

test("a container's life", () => {
  const cwd = emptyFolder();
  bundle(cwd, "b", "echo inside; exit 3");
  const life = run("oci create c1 b; oci state c1; oci start c1; echo $?; oci state c1; oci delete c1; oci list -q", cwd);
  assert.deepEqual(life, {
    status: 0,
    stdout: 'container c1 created\n{"id":"c1","status":"created"}\ninside\n3\n{"id":"c1","status":"stopped"}\n',
    stderr: "[c1 exited with status 3]\n",
  });
  assert.deepEqual(run("oci-runtime run --rm c2 b; oci list -q", cwd), {
    status: 0,
    stdout: "inside\n",
    stderr: "[c2 exited with status 3]\n",
  });
});

test("a container that goes on", () => {
  const cwd = emptyFolder();
  bundle(cwd, "b", "exec sleep 100");
  const start = "oci create c1 b; oci start -d c1; ";
  const stop = "; oci delete -f c1";
  assert.match(
    run(`${start}oci list; ps c1${stop}`, cwd).stdout,
    /^c1  running +\d+ +1  1\.0 MiB .*\/b\n[^]*\nc1 +1 +0 +0  S .*sleep 1000\n$/m,
  );
  assert.match(run(`${start}oci exec c1 /bin/echo hello${stop}`, cwd).stdout, /created\nhello\n$/);
  const failing = run(`${start}oci exec c1 /bin/sh -c 'exit 4'; echo $?${stop}`, cwd);
  assert.deepEqual(failing, { status: 0, stdout: "container c1 created\n4\n", stderr: "[c1 exited with status 4]\n" });
  assert.equal(run(`${start}oci kill c1 SIGKILL; oci wait c1${stop}`, cwd).stderr, "[c1 was killed by signal 9 (SIGKILL)]\n");
  assert.equal(run(`${start}oci delete c1${stop}`, cwd).stderr, 'oci delete: cannot delete container "c1": it is running\n');
  assert.equal(run(`${start}oci start c1${stop}`, cwd).stderr, 'oci start: cannot start container "c1": it is running\n');
});

test("container verbs say what is wrong", () => {
  const cwd = emptyFolder();
  bundle(cwd, "b", "exit 0");
  expectFailure("oci create c1 none", "oci create: config.json: no such file\n", 1, cwd);
  for (const verb of ["start", "state", "delete", "kill", "wait"])
    expectFailure(`oci ${verb} c9`, `oci ${verb}: c9: no such container\n`, 1, cwd);
  expectFailure("oci kill c9 FOO", "oci kill: FOO: no such signal\n", 1, cwd);
  expectFailure("oci create c1", "usage: oci create [--no-terminal] ID BUNDLE\n", 2, cwd);
  expectFailure("oci create --bogus c1 b", "usage: oci create [--no-terminal] ID BUNDLE\n", 2, cwd);
  assert.match(run("oci", cwd).stderr, /^usage: oci VERB \.\.\.; the verbs are:\n/);
  assert.equal(run("oci create c1 b; oci create c1 b", cwd).stderr, "oci create: the id is taken\n");
});

/** What find says of a tree: type, mode, owner, link count, size, time, name and link target. */
function describeTree(tree: string): string {
  const format = "%P %y %m %U:%G %n %s %T@ %l\\n";
  const lines = execFileSync("find", [tree, "-mindepth", "1", "-printf", format], { encoding: "utf8" }).split("\n");
  // The size of a directory is the file system's own affair.
  return lines
    .map((line) => line.replace(/^(\S* d \S+ \S+ \d+) \d+/, "$1"))
    .sort()
    .join("\n");
}

function makeTree(): string {
  const tree = emptyFolder();
  fs.mkdirSync(path.join(tree, "bin"), { mode: 0o755 });
  fs.writeFileSync(path.join(tree, "bin/program"), Buffer.alloc(70_001, "p"));
  fs.chmodSync(path.join(tree, "bin/program"), 0o4755);
  fs.linkSync(path.join(tree, "bin/program"), path.join(tree, "bin/applet"));
  fs.symlinkSync("/absolute/target", path.join(tree, "link"));
  fs.symlinkSync("t".repeat(150), path.join(tree, "long-link"));
  fs.mkdirSync(path.join(tree, "d".repeat(90), "e".repeat(90), "f".repeat(90)), { recursive: true });
  fs.writeFileSync(path.join(tree, "d".repeat(90), "e".repeat(90), "f".repeat(90), "deep"), "deep");
  fs.writeFileSync(path.join(tree, "naïve 漢"), "");
  fs.mkdirSync(path.join(tree, "closed"));
  fs.writeFileSync(path.join(tree, "closed/in"), "in");
  execFileSync("mkfifo", [path.join(tree, "fifo")]);
  fs.utimesSync(path.join(tree, "bin/program"), 1, 1_600_000_000);
  fs.utimesSync(path.join(tree, "closed"), 1, 1_500_000_000);
  fs.chmodSync(path.join(tree, "closed"), 0o711);
  fs.chmodSync(path.join(tree, "bin"), 0o1777);
  return tree;
}

for (const format of ["gnu", "pax", "ustar", "v7"]) {
  test(`tar unpacks what GNU tar packs (${format})`, () => {
    const tree = makeTree();
    const cwd = emptyFolder();
    // What a format cannot say is left out: long names and links, and in v7 FIFOs.
    const excluded =
      format === "v7"
        ? ["--exclude=./d*", "--exclude=./long-link", "--exclude=./fifo"]
        : format === "ustar"
          ? ["--exclude=./d*", "--exclude=./long-link"]
          : [];
    if (excluded.length > 0) fs.rmSync(path.join(tree, "d".repeat(90)), { recursive: true });
    if (excluded.length > 0) fs.rmSync(path.join(tree, "long-link"));
    if (excluded.length === 3) fs.rmSync(path.join(tree, "fifo"));
    if (format !== "pax") execFileSync("find", [tree, "-exec", "touch", "-h", "-d", "@1650000000", "{}", "+"]);
    execFileSync("tar", [`--format=${format}`, "-cf", path.join(cwd, "a.tar"), "-C", tree, "."]);
    expectOutput("mkdir out; tar a.tar out", "", cwd);
    assert.equal(describeTree(path.join(cwd, "out")), describeTree(tree));
    assert.deepEqual(fs.readFileSync(path.join(cwd, "out/bin/applet")), Buffer.alloc(70_001, "p"));
    // Once more over what is there.
    expectOutput("tar -xf a.tar -C out", "", cwd);
    assert.equal(describeTree(path.join(cwd, "out")), describeTree(tree));
    const listed = execFileSync("tar", ["-tf", path.join(cwd, "a.tar"), "--quoting-style=literal"], { encoding: "utf8" });
    assert.equal(run("tar -t a.tar", cwd).stdout.replace(/ -> .*$/gm, ""), listed);
  });
}

test("tar unpacks gzip, at every level, and knows when it is damaged", () => {
  const cwd = emptyFolder();
  // Text, noise, and what repeats at a distance: all kinds of blocks and matches.
  const text = fs.readFileSync("package-lock.json");
  const noise = Buffer.from(Array.from({ length: 150_000 }, (_, i) => Math.imul(i ^ 0x9e3779b9, 0x85ebca6b) >>> 24));
  fs.writeFileSync(path.join(cwd, "content"), Buffer.concat([text, noise, text, Buffer.alloc(300_000, "ab"), noise]));
  execFileSync("tar", ["-cf", "a.tar", "content"], { cwd });
  const tar = fs.readFileSync(path.join(cwd, "a.tar"));
  const content = fs.readFileSync(path.join(cwd, "content"));
  for (const [strategy, level] of [
    [0, 0],
    [0, 1],
    [0, 6],
    [0, 9],
    [2, 6],
    [4, 6],
  ]) {
    fs.writeFileSync(path.join(cwd, "a.tgz"), gzipSync(tar, { level: level!, strategy: strategy! }));
    expectOutput("mkdir out; tar a.tgz out", "", cwd);
    assert.ok(fs.readFileSync(path.join(cwd, "out/content")).equals(content), `strategy ${strategy}, level ${level}`);
    expectOutput("rm -r out", "", cwd);
  }
  // Two members, and a name in the header.
  fs.writeFileSync(path.join(cwd, "half"), tar.subarray(0, 100_000));
  fs.writeFileSync(path.join(cwd, "rest"), tar.subarray(100_000));
  execFileSync("sh", ["-c", "gzip half; gzip rest; cat half.gz rest.gz > two.tgz"], { cwd });
  expectOutput("mkdir out; tar two.tgz out", "", cwd);
  assert.ok(fs.readFileSync(path.join(cwd, "out/content")).equals(content));

  const packed = gzipSync(tar);
  const seen = new Set<number | null>();
  for (let i = 0; i < 40; i++) {
    const broken = Buffer.from(packed);
    broken[Math.floor((i * packed.length) / 40)]! ^= 1 << (i & 7);
    fs.writeFileSync(path.join(cwd, "broken.tgz"), broken);
    fs.writeFileSync(path.join(cwd, "cut.tgz"), packed.subarray(0, Math.floor(((i + 1) * packed.length) / 42)));
    assert.match(run("mkdir -p out2; tar cut.tgz out2", cwd).stderr, /^tar: cut\.tgz: /);
    assert.deepEqual(fs.readdirSync(path.join(cwd, "out2")), []);
    const { status } = run("mkdir -p out3; tar broken.tgz out3", cwd);
    if (status === 0) assert.ok(fs.readFileSync(path.join(cwd, "out3/content")).equals(content));
    else assert.deepEqual(fs.readdirSync(path.join(cwd, "out3")), []);
    fs.rmSync(path.join(cwd, "out3"), { recursive: true });
    seen.add(status);
  }
  assert.deepEqual(
    [...seen].filter((status) => status !== 0 && status !== 1),
    [],
  );
  assert.ok(seen.has(1));
});

/** An archive of hand-made entries, packed by GNU tar's own rules through --transform and -P. */
function hostileArchive(cwd: string, ...args: string[]): void {
  execFileSync("tar", ["-P", "-cf", path.join(cwd, "a.tar"), "-C", cwd, ...args]);
}

test("tar lets nothing out of the directory", () => {
  const cwd = emptyFolder();
  fs.mkdirSync(path.join(cwd, "safe"));
  fs.writeFileSync(path.join(cwd, "f"), "evil");
  const refused = "absolute names and `..` are refused\n";
  hostileArchive(cwd, "--transform=s,^f$,../safe/f,", "f");
  expectFailure("mkdir -p out; tar a.tar out", `tar: a.tar: ../safe/f: ${refused}`, 1, cwd);
  hostileArchive(cwd, `--transform=s,^f$,${cwd}/safe/f,`, "f");
  expectFailure("tar a.tar out", `tar: a.tar: ${cwd}/safe/f: ${refused}`, 1, cwd);

  // A symlink out of the directory, then a file through it.
  fs.symlinkSync("../safe", path.join(cwd, "way"));
  hostileArchive(cwd, "--transform=s,^f$,way/f,", "way", "f");
  expectFailure("tar a.tar out", "tar: a.tar: way/f: out/way is a symbolic link: nothing is unpacked through it\n", 1, cwd);
  // A hard link to a file outside, by way of that symlink.
  fs.writeFileSync(path.join(cwd, "safe/secret"), "secret");
  fs.linkSync(path.join(cwd, "f"), path.join(cwd, "g"));
  hostileArchive(cwd, "--transform=flags=h;s,^f$,way/secret,", "way", "f", "g");
  const linked = run("tar a.tar out", cwd);
  assert.equal(linked.status, 1);
  assert.match(linked.stderr, /link target way\/secret: no such file or directory/);
  assert.deepEqual(fs.readdirSync(path.join(cwd, "out")), []);
  assert.deepEqual(fs.readdirSync(path.join(cwd, "safe")), ["secret"]);
});

test("tar leaves nothing of a broken archive behind", () => {
  const cwd = emptyFolder();
  const tree = makeTree();
  execFileSync("tar", ["-cf", path.join(cwd, "a.tar"), "-C", tree, "."]);
  const bytes = fs.readFileSync(path.join(cwd, "a.tar"));
  fs.writeFileSync(path.join(cwd, "cut.tar"), bytes.subarray(0, 30_000));
  fs.mkdirSync(path.join(cwd, "out"));
  const cut = run("tar cut.tar out", cwd);
  assert.equal(cut.status, 1);
  assert.match(cut.stderr, /^tar: cut\.tar: .*the archive ends in the middle of a file\n$/);
  assert.deepEqual(fs.readdirSync(path.join(cwd, "out")), []);
  execFileSync("xz", [path.join(cwd, "a.tar")]);
  expectFailure("tar a.tar.xz out", "tar: a.tar.xz: is compressed with xz; unpack it before it gets here\n", 1, cwd);
  fs.writeFileSync(path.join(cwd, "text"), "x".repeat(2000));
  expectFailure("tar text out", "tar: text: the checksum of a header is wrong: damaged, or not a tar archive\n", 1, cwd);
  expectFailure("tar none", "tar: none: no such file or directory\n", 1, cwd);
});

/** A shell on a terminal 60 columns wide, and a person who waits for what it shows. */
class Conversation {
  readonly child: ChildProcessWithoutNullStreams;
  private shown = "";

  constructor(cwd: string, program = shell) {
    this.child = spawn(loader, [program], { cwd, env: { CYRIUS_TEST_TERMINAL: "60" } });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", (data: Buffer) => (this.shown += data.toString("utf8")));
  }

  type(keys: string): void {
    this.child.stdin.write(Buffer.from(keys, "utf8"));
  }

  /** Waits until `text` is shown, and forgets what was shown up to there. */
  async expect(text: string): Promise<void> {
    const end = Date.now() + 10_000;
    while (!this.shown.includes(text)) {
      if (Date.now() > end) assert.fail(`${JSON.stringify(text)} was not shown, but ${JSON.stringify(this.shown)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.shown = this.shown.slice(this.shown.indexOf(text) + text.length);
  }

  /** Types a command and waits for `text` behind the echo of the line. */
  async command(keys: string, text: string): Promise<void> {
    await this.expect("$ ");
    this.type(keys + "\r");
    await this.expect("\n");
    await this.expect(text);
  }

  async end(): Promise<number | null> {
    this.type("\x15exit 5\r");
    return this.child.exitCode ?? new Promise((resolve) => this.child.on("exit", resolve));
  }
}

test("typing: editing, history, completion, Ctrl-C", { timeout: 60_000 }, async (context) => {
  const cwd = emptyFolder();
  fs.mkdirSync(path.join(cwd, "directory"));
  fs.writeFileSync(path.join(cwd, "directory/fïle one"), "content\n");
  const person = new Conversation(cwd);
  context.after(() => person.child.kill());
  await person.expect("cyrius: type `help` for the commands\n");
  await person.command("echo abc\x1b[D\x1b[DX", "aXbc\n");
  await person.command("echo é漢\x7f!\x01\x1b[C\x1b[C\x05?", "é!?\n");
  await person.command("echo one two\x17three\x01\x0b\x19", "one three\n");
  await person.command("\x1b[A\x1b[A", "é!?\n");
  await person.command("\x12aXb", "aXbc\n");
  await person.command("cat dir\tf\t", "content\n");
  await person.command(`echo ${"long ".repeat(30)}\x01\x1b[1;5C\x1b[1;5C\x1b[3~-`, `long-${"long ".repeat(29).trim()}\n`);
  await person.expect("$ ");
  person.type("oci st\t\t");
  await person.expect("start  state\n");
  person.type("\x03");
  await person.expect("^C\n");
  await person.expect("$ ");
  person.type("sleep 100\r");
  await person.expect("\n");
  await new Promise((resolve) => setTimeout(resolve, 50));
  person.type("\x03");
  await person.expect("^C\n");
  await person.command("echo $?", "130\n");
  await person.command("cat", "");
  person.type("tÿped\r");
  await person.expect("\ntÿped\n");
  person.type("\x04");
  await person.command("\x12zzz\x07echo still here", "still here\n");
  assert.equal(await person.end(), 5);
});

test("a real terminal is raw while the shell reads, and canonical while a program runs", () => {
  const keys = "/bin/stty -a > f\rexit\r";
  const cwd = emptyFolder();
  const result = spawnSync("script", ["-qec", `${loader} ${shell}`, "/dev/null"], { cwd, input: keys, encoding: "utf8", timeout: 20_000 });
  assert.equal(result.status, 0, result.stdout);
  assert.match(result.stdout, /stty -a > f/);
});

test("init starts another shell when one ends", { timeout: 30_000 }, async (context) => {
  // The loader's /bin/sh is this machine's.
  const person = new Conversation(emptyFolder(), path.resolve(await buildProgram("init")));
  context.after(() => person.child.kill());
  person.type("echo first $((1 + 1)); kill -9 $$\n");
  await person.expect("first 2\n");
  await person.expect("init: the shell was ended by signal 9; starting another\n");
  person.type("echo second $((2 + 2))\n");
  await person.expect("second 4\n");
});

test("a program grows as far as it is let", () => {
  const cwd = emptyFolder();
  // One word of a megabyte makes the shell grow by several.
  fs.writeFileSync(path.join(cwd, "large"), `echo ${"w".repeat(1_000_000)} > out\n`);
  const grown = spawnSync(loader, [shell, "large"], { cwd, encoding: "utf8", timeout: 20_000 });
  assert.deepEqual([grown.status, grown.stderr], [0, ""]);
  assert.equal(fs.statSync(path.join(cwd, "out")).size, 1_000_001);
  const limited = spawnSync("sh", ["-c", `ulimit -v 9000; exec ${loader} ${shell} large`], { cwd, encoding: "utf8", timeout: 20_000 });
  assert.equal(limited.status, 134);
  assert.match(limited.stderr, /shell: trap: unreachable code \(out of memory\?\)\n$/);
});
