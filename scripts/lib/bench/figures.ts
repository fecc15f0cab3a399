// Figures: what is measured, by name. Programs print them as lines `NAME VALUE` or `NAME VALUE BEST`, where BEST is the best of many.

import fs from "node:fs";
import path from "node:path";
import { projectRoot } from "../project.ts";
import type { Clock } from "./machine.ts";

export type Figures = Map<string, number>;

/** Figures that the host takes itself; every other name belongs to tests/guest/bench/count. */
export const hostFigures = [
  "boot_to_first_instruction",
  "container_run",
  "container_create",
  "container_start",
  "container_delete",
  "container_life",
  "container_first_instruction",
  "container_idle_kib",
  "least_memory_kib",
  "kernel_bytes",
] as const;
export type HostFigure = (typeof hostFigures)[number];

/** Figures that say neither instructions nor nanoseconds: they are the same on either clock. */
const sizes = new Set<string>(["container_idle_kib", "least_memory_kib", "kernel_bytes"]);

/** Limits that the project has set itself, by name: most, or for a rate least. */
export const bars = JSON.parse(fs.readFileSync(path.join(projectRoot, "bench/bars.json"), "utf8")) as Record<string, number>;

/** Bytes per 1,000 instructions (on the wall clock, MB/s): more is better. */
export function isRate(name: string): boolean {
  return name === "memcpy_1m" || name.startsWith("file_") || name.includes("_bulk_");
}

export function isSize(name: string): boolean {
  return sizes.has(name);
}

/** How much worse `value` is than `other`: 1 is as good, 1.1 costs a tenth more. */
export function costRatio(name: string, value: number, other: number): number {
  return isRate(name) ? other / value : value / other;
}

/** The better of two values. */
export function better(name: string, a: number, b: number): number {
  return isRate(name) ? Math.max(a, b) : Math.min(a, b);
}

/** Takes the figures out of what a program printed, and the names of those it could not take. */
export function parseFigures(text: string, clock: Clock): { figures: Figures; failed: string[] } {
  const figures: Figures = new Map();
  for (const [, name = "", value, best] of text.matchAll(/^([a-z]\w*) (\d+(?:\.\d+)?)(?: (\d+(?:\.\d+)?))?\r*$/gm))
    figures.set(name, Number(clock === "wall" && best !== undefined ? best : value));
  return { figures, failed: [...text.matchAll(/^([a-z]\w*) FAIL\b/gm)].map((match) => match[1] as string) };
}

/** Adds figures to others, keeping the better value of those that are in both. */
export function mergeBest(into: Figures, figures: Figures): void {
  for (const [name, value] of figures) {
    const before = into.get(name);
    into.set(name, before === undefined ? value : better(name, before, value));
  }
}

/** What was asked for: all figures, or those that match patterns, in which `*` stands for anything; sizes only if wanted. */
export class Selection {
  constructor(
    readonly patterns: string[],
    private readonly withSizes = true,
  ) {}

  has(name: string): boolean {
    if (isSize(name) && !this.withSizes) return false;
    return this.patterns.length === 0 || this.patterns.some((pattern) => matchesPattern(pattern, name));
  }
}

/** True if the pattern, in which `*` stands for anything, is the whole name. */
export function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[^\w]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}
