// Root file systems out of package trees that the test makes; the program is this machine's own, so it needs what ldd(1) says.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { readElf } from "./elf.ts";
import { PackageFiles } from "./packages.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cyrius-packages-"));
after(() => fs.rmSync(folder, { recursive: true }));

/** Makes a tree of files (content), copies ({ from }) and links ({ link }); returns its folder. */
function tree(name: string, files: Record<string, string | { from: string } | { link: string }>): string {
  for (const [file, content] of Object.entries(files)) {
    const place = path.join(folder, name, file);
    fs.mkdirSync(path.dirname(place), { recursive: true });
    if (typeof content === "string") fs.writeFileSync(place, content);
    else if ("from" in content) fs.copyFileSync(content.from, place);
    else fs.symlinkSync(content.link, place);
  }
  return path.join(folder, name);
}

function listed(rootfs: string): string[] {
  const entries = fs.readdirSync(rootfs, { withFileTypes: true, recursive: true }).filter((entry) => !entry.isDirectory());
  return entries.map((entry) => `/${path.relative(rootfs, path.join(entry.parentPath, entry.name))}`).sort();
}

test("a selection takes files, what links lead to, and stands in /usr", () => {
  const files = new PackageFiles();
  files.addPackage(
    "tools",
    tree("tools", {
      "bin/one": "1",
      "usr/bin/two": { link: "../lib/two/real" },
      "usr/lib/two/real": "2",
      "usr/share/doc/tools/copyright": "c",
      "etc/dangling": { link: "/nowhere" },
    }),
  );
  const some = tree("some", {});
  fs.mkdirSync(some);
  files.copy("tools", ["/bin/*"], [], some);
  assert.deepEqual(listed(some), ["/usr/bin/one", "/usr/bin/two", "/usr/lib/two/real"]);
  assert.equal(fs.readFileSync(path.join(some, "usr/bin/two"), "utf8"), "2");

  const all = tree("all", {});
  fs.mkdirSync(all);
  files.copy("tools", "all", ["/usr/bin/one"], all);
  assert.deepEqual(listed(all), ["/etc/dangling", "/usr/bin/two", "/usr/lib/two/real"]);
  assert.throws(() => files.copy("tools", ["/usr/bin/three"], [], all), /tools has no \/usr\/bin\/three/);
});

test("programs bring their loader and libraries, and a missing one is an error", () => {
  const program = fs.realpathSync("/usr/bin/env");
  const needs = readElf(program)!;
  assert.ok(needs.libraries.includes("libc.so.6"));
  assert.equal(readElf("package.json"), undefined);

  const libraries = execFileSync("ldd", [program], { encoding: "utf8" });
  const found = [...libraries.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)].map(([, file]) => file as string);
  const files = new PackageFiles();
  files.addPackage("env", tree("env", { "usr/bin/env": { from: program } }));
  const rootfs = tree("rootfs", {});
  fs.mkdirSync(rootfs);
  files.copy("env", ["/usr/bin/env"], [], rootfs);
  assert.throws(() => files.copyLibraries(rootfs, []), /\/usr\/bin\/env needs .*, which is in none/);

  files.addPackage("libc", tree("libc", Object.fromEntries(found.map((file) => [file, { from: file }]))));
  files.copyLibraries(rootfs, []);
  for (const file of found) assert.ok(fs.existsSync(path.join(rootfs, file.replace(/^\/(usr\/)?/, "/usr/"))), file);
});
