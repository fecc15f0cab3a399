import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { type ArchiveEntry, readArchive } from "../testing/cpio-reader.ts";
import { CpioWriter, DATA_ALIGNMENT } from "./cpio.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-cpio-"));
after(() => fs.rmSync(folder, { recursive: true }));

/** A tree with one file of each kind that an unprivileged user can make. */
function makeTree(): string {
  const tree = fs.mkdtempSync(path.join(folder, "tree-"));
  fs.mkdirSync(path.join(tree, "etc"), { mode: 0o750 });
  fs.writeFileSync(path.join(tree, "etc/hostname"), "box\n", { mode: 0o644 });
  fs.writeFileSync(path.join(tree, "empty"), "");
  for (const size of [4095, 4096, 4097, 100001]) fs.writeFileSync(path.join(tree, `size-${size}`), Buffer.alloc(size, String(size)));
  fs.writeFileSync(path.join(tree, "program"), Buffer.alloc(8000, 7));
  fs.chmodSync(path.join(tree, "program"), 0o4755);
  fs.linkSync(path.join(tree, "program"), path.join(tree, "etc/other-name"));
  fs.symlinkSync("../etc/hostname", path.join(tree, "link"));
  fs.symlinkSync("loop", path.join(tree, "loop"));
  fs.writeFileSync(path.join(tree, "naïve"), "name in UTF-8");
  execFileSync("mkfifo", [path.join(tree, "fifo")]);
  fs.mkdirSync(path.join(tree, "tmp"));
  fs.chmodSync(path.join(tree, "tmp"), 0o1777);
  fs.utimesSync(path.join(tree, "empty"), 86400, 1234567890.9);
  return tree;
}

function pack(tree: string, prefix = "root"): string {
  const file = path.join(folder, "archive.cpio");
  const writer = new CpioWriter(file);
  writer.addTree(tree, prefix);
  assert.equal(writer.end(), fs.statSync(file).size);
  return file;
}

test("a tree arrives with its modes, owners, times, links and contents", () => {
  const tree = makeTree();
  const entries = readArchive(pack(tree));
  const names = entries.map((entry) => entry.name);
  const listed = execFileSync("find", [".", "-mindepth", "0"], { cwd: tree, encoding: "utf8" }).trim().split("\n");
  assert.deepEqual([...names].sort(), listed.map((name) => name.replace(/^\./, "root")).sort());
  for (const entry of entries) {
    const file = path.join(tree, path.relative("root", entry.name));
    const status = fs.lstatSync(file);
    const firstName = entries.find((other) => other.inode === entry.inode) as ArchiveEntry;
    assert.equal(entry.mode, status.mode, entry.name);
    assert.deepEqual([entry.uid, entry.gid], [status.uid, status.gid]);
    assert.equal(entry.mtime, Math.floor(status.mtimeMs / 1000));
    if (status.isFile()) {
      assert.equal(entry.links, status.nlink);
      assert.deepEqual(firstName.data, fs.readFileSync(file));
      assert.equal(entry.data.length, firstName === entry ? status.size : 0);
    }
    if (status.isSymbolicLink()) assert.equal(entry.data.toString(), fs.readlinkSync(file));
    const parent = path.dirname(entry.name);
    assert.ok(parent === "." || names.indexOf(parent) < names.indexOf(entry.name), `${parent} comes before ${entry.name}`);
  }
  const inodes = (name: string): number | undefined => entries.find((entry) => entry.name === name)?.inode;
  assert.equal(inodes("root/program"), inodes("root/etc/other-name"));
  assert.equal(new Set(entries.map((entry) => entry.inode)).size, entries.length - 1);
});

test("data of a page or more starts at a page boundary, also behind long names", () => {
  const file = path.join(folder, "aligned.cpio");
  const writer = new CpioWriter(file);
  for (let length = 1; length < 300; length += 7)
    writer.add({ name: "n".repeat(length), mode: 0o100644, data: Buffer.alloc(4096 + length * 13) });
  writer.add({ name: "d/".repeat(1900) + "x", mode: 0o100644, data: Buffer.alloc(5000) });
  writer.end();
  const entries = readArchive(file);
  assert.equal(entries.length, 44);
  for (const entry of entries) {
    assert.equal(entry.offset % DATA_ALIGNMENT, 0);
    assert.ok(entry.nameBytes < 8192);
  }
});

test("the same tree gives the same bytes", () => {
  const tree = makeTree();
  const first = fs.readFileSync(pack(tree));
  assert.ok(first.equals(fs.readFileSync(pack(tree))));
});

test("device nodes keep their numbers", () => {
  const file = path.join(folder, "devices.cpio");
  const writer = new CpioWriter(file);
  writer.addDirectory("dev");
  writer.add({ name: "dev/big", mode: 0o020666, device: [259, 0x12345], uid: 3, gid: 4, mtime: 5 });
  if (process.getuid?.() === 0) {
    const tree = fs.mkdtempSync(path.join(folder, "nodes-"));
    const made = spawnSync("mknod", [path.join(tree, "node"), "b", "259", "70000"]);
    if (made.status === 0) writer.addTree(tree, "tree");
  }
  writer.end();
  const entries = readArchive(file);
  const big = entries[1] as ArchiveEntry;
  assert.deepEqual([big.mode, big.device, big.uid, big.gid, big.mtime], [0o020666, [259, 0x12345], 3, 4, 5]);
  const node = entries.find((entry) => entry.name === "tree/node");
  if (node) assert.deepEqual([node.mode & 0o170000, node.device], [0o060000, [259, 70000]]);
});

test("replace changes and leaves out files", () => {
  const file = path.join(folder, "replaced.cpio");
  const writer = new CpioWriter(file);
  writer.addTree(makeTree(), "b", (name) => (name === "etc/hostname" ? Buffer.from("new") : name === "tmp" ? null : undefined));
  writer.end();
  const entries = readArchive(file);
  assert.equal(entries.find((entry) => entry.name === "b/etc/hostname")?.data.toString(), "new");
  assert.equal(
    entries.find((entry) => entry.name === "b/tmp"),
    undefined,
  );
});

test("GNU cpio lists and unpacks the archive", () => {
  const tree = makeTree();
  const input = fs.readFileSync(pack(tree, "out"));
  const names = execFileSync("cpio", ["-t", "--quiet"], { input, encoding: "utf8" }).trim().split("\n");
  assert.ok(names.includes("out/etc/hostname") && names.includes("out/size-100001"));
  const target = fs.mkdtempSync(path.join(folder, "unpacked-"));
  execFileSync("cpio", ["-i", "-d", "-m", "--quiet"], { input, cwd: target });
  const list = (root: string): string =>
    execFileSync("find", [".", "-printf", "%P %y %m %s %l %n %T@\\n"], { cwd: root, encoding: "utf8" })
      .replace(/\.\d+$/gm, "") // whole seconds
      .replace(/^(\S* d \d+) .*$/gm, "$1") // unpacking changes sizes and times of directories
      .split("\n")
      .sort()
      .join("\n");
  assert.equal(list(path.join(target, "out")), list(tree));
  assert.deepEqual(fs.readFileSync(path.join(target, "out/etc/other-name")), fs.readFileSync(path.join(tree, "program")));
});
