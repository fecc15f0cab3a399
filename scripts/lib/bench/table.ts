// The table of figures in Markdown, and its place in a document.

import { bars, costRatio, type Figures, isRate, isSize } from "./figures.ts";
import type { Clock } from "./machine.ts";

export interface Column {
  title: string;
  figures: Figures;
}

/** A number with thousands separated, as a person reads it. */
function readable(value: number | undefined): string {
  return value === undefined ? "" : value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 });
}

/** True when the figure does not keep to its bar, if it has one. The bars are for instructions, and for sizes on either clock. */
export function isBeyondBar(name: string, value: number, clock: Clock): boolean {
  const bar = bars[name];
  if (bar === undefined || (clock === "wall" && !isSize(name))) return false;
  return isRate(name) ? value < bar : value > bar;
}

function barText(name: string, value: number | undefined, clock: Clock): string {
  const bar = bars[name];
  if (bar === undefined || (clock === "wall" && !isSize(name))) return "";
  const text = `${isRate(name) ? "≥" : "≤"} ${readable(bar)}`;
  return value !== undefined && isBeyondBar(name, value, clock) ? `${text} **beyond**` : text;
}

/** One row per figure: the first column's value, each other column's with the ratio of the costs, and the bar. */
export function markdownTable(columns: Column[], clock: Clock): string {
  const [own, ...others] = columns as [Column, ...Column[]];
  // In the order of the system that has most of them.
  const longestFirst = [...columns].sort((a, b) => b.figures.size - a.figures.size);
  const names = new Set(longestFirst.flatMap(({ figures }) => [...figures.keys()]));
  const head = ["figure", own.title, ...others.flatMap(({ title }) => [title, "ratio"]), "bar"];
  const rows = [...names].map((name) => {
    const value = own.figures.get(name);
    const compared = others.flatMap(({ figures }) => {
      const other = figures.get(name);
      const ratio = value === undefined || other === undefined ? "" : costRatio(name, value, other).toFixed(2);
      return [readable(other), ratio];
    });
    return [name, readable(value), ...compared, barText(name, value, clock)];
  });
  const widths = head.map((title, i) => Math.max(3, title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number))).join(" | ")} |`;
  const rule = widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** What the numbers of the table are. */
export function legend(clock: Clock): string {
  return clock === "icount"
    ? "Instructions of the whole machine per operation; `file_` and `_bulk_` figures are bytes per 1,000 instructions. Ratio: cost of Cyrius by cost of that Linux."
    : "Nanoseconds per operation, the best of many; `file_` and `_bulk_` figures are MB/s. Ratio: cost of Cyrius by cost of that Linux.";
}

/** Replaces what stands between the comments `<!-- NAME -->` and `<!-- /NAME -->`, each on a line of its own. */
export function replaceBlock(document: string, name: string, text: string): string {
  const begin = `<!-- ${name} -->\n`;
  const end = `<!-- /${name} -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no block ${name}`);
  return `${document.slice(0, from + begin.length)}\n${text}\n\n${document.slice(to)}`;
}
