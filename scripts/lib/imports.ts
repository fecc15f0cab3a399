// The graph of imports between the project's AssemblyScript files.

import fs from "node:fs";
import path from "node:path";

/** For each file the files it imports, as paths from the project's root. */
export type ImportGraph = Map<string, Set<string>>;

/** Reads the imports of `files`; those that lead to none of them are left out. */
export function readImports(files: string[]): ImportGraph {
  const known = new Set(files);
  const graph: ImportGraph = new Map();
  for (const file of files) {
    const targets = new Set<string>();
    const text = fs.readFileSync(file, "utf8");
    for (const [, from] of text.matchAll(/^(?:import|export)\b[^;"]*?from\s+"(\.[^"]*)"/gm)) {
      const target = `${path.join(path.dirname(file), from as string)}.ts`;
      if (known.has(target)) targets.add(target);
    }
    graph.set(file, targets);
  }
  return graph;
}

/** The graph in which all nodes of a `group` are one; edges within a group are left out. */
export function grouped(graph: ImportGraph, group: (file: string) => string): ImportGraph {
  const groups: ImportGraph = new Map();
  for (const [file, targets] of graph) {
    const from = group(file);
    const merged = groups.get(from) ?? new Set<string>();
    groups.set(from, merged);
    for (const target of targets) if (group(target) !== from) merged.add(group(target));
  }
  return groups;
}

/** The sets of nodes that reach each other: Tarjan's strongly connected components of more than one node. */
export function cycles(graph: ImportGraph): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const found: string[][] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node) as number);
    stack.push(node);
    onStack.add(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node) as number, low.get(next) as number));
      } else if (onStack.has(next)) low.set(node, Math.min(low.get(node) as number, index.get(next) as number));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    for (const member of component) onStack.delete(member);
    if (component.length > 1) found.push(component.sort());
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}
