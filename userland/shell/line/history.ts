// The lines typed before, and a walk through them that keeps the unfinished line.

const LIMIT: i32 = 500;

export class History {
  readonly lines: string[] = [];
  /** Where the walk stands: an index into `lines`, or its length for the line being typed. */
  private at: i32 = 0;
  private draft: string = "";

  /** Adds a finished line, unless it is empty or the same as the last, and ends the walk. */
  add(line: string): void {
    const repeated = this.lines.length > 0 && this.lines[this.lines.length - 1] == line;
    if (line.trim().length > 0 && !repeated) this.lines.push(line);
    if (this.lines.length > LIMIT) this.lines.shift();
    this.at = this.lines.length;
    this.draft = "";
  }

  /** Ends the walk without adding a line. */
  rewind(): void {
    this.at = this.lines.length;
    this.draft = "";
  }

  /** The line before; `current` is what stands in the editor. */
  older(current: string): string {
    if (this.at == 0) return current;
    if (this.at == this.lines.length) this.draft = current;
    return this.lines[--this.at];
  }

  /** The line after; past the newest, the unfinished one. */
  newer(current: string): string {
    if (this.at >= this.lines.length) return current;
    return ++this.at == this.lines.length ? this.draft : this.lines[this.at];
  }

  /** Index of the newest line before index `before` that contains `text`, or -1. */
  search(text: string, before: i32): i32 {
    for (let i = min(before, this.lines.length) - 1; i >= 0; i--) if (this.lines[i].includes(text)) return i;
    return -1;
  }
}
