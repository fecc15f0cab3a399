// Text tables: a head line and rows, columns as wide as what is in them.

import { Output } from "./output";
import { columns } from "./utf8";

export class Table {
  private rows: string[][] = [];

  constructor(
    head: string[],
    /** Which columns are numbers, set against the right edge. */
    private numeric: i32[],
  ) {
    this.rows.push(head);
  }

  add(row: string[]): void {
    this.rows.push(row);
  }

  print(output: Output): void {
    const count = this.rows[0].length;
    const widths = new StaticArray<i32>(count);
    for (let i = 0; i < this.rows.length; i++) for (let j = 0; j < count; j++) widths[j] = max(widths[j], width(this.rows[i][j]));
    for (let i = 0; i < this.rows.length; i++) {
      let line = "";
      for (let j = 0; j < count; j++) {
        const cell = this.rows[i][j];
        const space = " ".repeat(widths[j] - width(cell));
        const isLast = j == count - 1;
        line += this.numeric.includes(j) ? space + cell : isLast ? cell : cell + space;
        if (!isLast) line += "  ";
      }
      output.line(line);
    }
  }
}

function width(cell: string): i32 {
  return columns(cell, 0, cell.length);
}
