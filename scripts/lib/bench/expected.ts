// bench/expected.json: the counted figures of Cyrius as they were when the file was last written, and the comparison with them.

import fs from "node:fs";
import path from "node:path";
import { projectRoot } from "../project.ts";
import { costRatio, type Figures } from "./figures.ts";

export const expectedFile = path.join(projectRoot, "bench/expected.json");

/** A cost may grow by so much before it counts as worse: the smallest changes of a build move instructions about. */
export const TOLERANCE = 0.03;

export interface Comparison {
  /** Names of figures that got worse by more than the tolerance, or are missing. */
  worse: string[];
  /** Those that got better by more than it. */
  better: string[];
  /** Those that nothing is expected of. */
  unknown: string[];
}

export function readExpected(): Figures {
  return new Map(Object.entries(JSON.parse(fs.readFileSync(expectedFile, "utf8")) as Record<string, number>));
}

/** Writes figures over those of the file; the others stay, unless `whole`. */
export function writeExpected(figures: Figures, whole: boolean): void {
  const merged = new Map(whole || !fs.existsSync(expectedFile) ? figures : [...readExpected(), ...figures]);
  fs.writeFileSync(expectedFile, `${JSON.stringify(Object.fromEntries(merged), null, 2)}\n`);
}

/** Compares figures with what is expected; `wanted` says which of the expected ones must be there. */
export function compareFigures(figures: Figures, expected: Figures, wanted: (name: string) => boolean): Comparison {
  const comparison: Comparison = { worse: [], better: [], unknown: [] };
  for (const [name, before] of expected) {
    if (!wanted(name)) continue;
    const value = figures.get(name);
    const ratio = value === undefined ? Infinity : costRatio(name, value, before);
    if (ratio > 1 + TOLERANCE) comparison.worse.push(name);
    else if (ratio < 1 - TOLERANCE) comparison.better.push(name);
  }
  for (const name of figures.keys()) if (!expected.has(name)) comparison.unknown.push(name);
  return comparison;
}

/** The comparison in lines, the figures that got worse last. */
export function describeComparison(comparison: Comparison, figures: Figures, expected: Figures): string[] {
  const line = (word: string) => (name: string) =>
    `${word} ${name}: ${figures.get(name) ?? "not measured"}, expected ${expected.get(name) ?? "nothing"}`;
  return [...comparison.unknown.map(line("new")), ...comparison.better.map(line("better")), ...comparison.worse.map(line("WORSE"))];
}
