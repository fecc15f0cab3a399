// The rules about who may import whom: ESLint's part, and cycles.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ESLint } from "eslint";
import { cycles, grouped, type ImportGraph } from "./imports.ts";
import { projectRoot } from "./project.ts";

const graph = (edges: Record<string, string[]>): ImportGraph => new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to)]));

test("cycles are found, each once, and chains are none", () => {
  assert.deepEqual(cycles(graph({ a: ["b", "c"], b: ["c"], c: [] })), []);
  const found = cycles(graph({ a: ["b"], b: ["c"], c: ["a", "d"], d: ["e"], e: ["d"], f: ["a"] }));
  assert.deepEqual(found.sort(), [
    ["a", "b", "c"],
    ["d", "e"],
  ]);
});

test("grouping merges files and drops what is within a group", () => {
  const files = graph({ "x/1": ["x/2", "y/1"], "x/2": [], "y/1": ["x/2"] });
  const folders = grouped(files, (file) => file.slice(0, 1));
  assert.deepEqual([...folders], [...graph({ x: ["y"], y: ["x"] })]);
});

test("ESLint refuses what breaks the layers and the kernel's rules", async () => {
  const eslint = new ESLint({ cwd: projectRoot });
  const cases: [file: string, code: string, refused: RegExp | null][] = [
    ["kernel/vfs/x.ts", 'export { a } from "../mm/heap";', null],
    ["kernel/vfs/x.ts", 'import { a } from "../../linuxabi/types/stat";', /interface and a registration/],
    ["kernel/main.ts", 'export { a } from "../linuxabi/table";', null],
    ["drivers/virtio/x.ts", 'import { a } from "../../runtime/create";', /kernel and the shim only/],
    ["linuxabi/sys/x.ts", 'import { a } from "../../drivers/bus/pci";', /kernel and the shim only/],
    ["linuxabi/types/x.ts", 'import { a } from "../../kernel/errno";', /imports nothing/],
    ["runtime/x.ts", 'export { a } from "../linuxabi/types/stat";', null],
    ["runtime/x.ts", 'import { a } from "../linuxabi/sys/read";', /only the types/],
    ["shim/isa.ts", 'import { a } from "../kernel/errno";', /lowest layer/],
    ["kernel/x.ts", "export function f(): void { const a = new A(); g(a); }", /no managed objects/],
    ["kernel/x.ts", 'export const a: string = "b" + "c";', /Joining strings allocates/],
    ["kernel/x.ts", "export const a: u32 = 1 + 2;", null],
    ["kernel/x.ts", "@unmanaged export class A { a: u32; }", null],
    ["userland/x.ts", 'export { a } from "../kernel/errno";', null],
    ["userland/x.ts", 'import { a } from "../kernel/vfs/file";', /not the kernel/],
    ["kernel/x.ts", 'import { a } from "./errno";', /never used/],
  ];
  for (const [file, code, refused] of cases) {
    const [result] = await eslint.lintText(code, { filePath: file });
    const messages = (result?.messages ?? []).map((message) => message.message).join("\n");
    if (refused) assert.match(messages, refused, `${file}: ${code}`);
    else assert.equal(messages, "", `${file}: ${code}`);
  }
});
