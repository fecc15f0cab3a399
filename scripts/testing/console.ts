// Types on a program's standard input and waits for what it prints, for tests of interactive programs.

import { type ChildProcess, spawn } from "node:child_process";
import { projectRoot } from "../lib/project.ts";

export class Console {
  readonly child: ChildProcess;
  /** Everything printed so far, without escape sequences. */
  output = "";
  /** Resolves to the exit status. */
  readonly ended: Promise<number | null>;
  private seen = 0;
  private watcher: (() => void) | undefined;

  constructor(program: string, args: string[]) {
    this.child = spawn(program, args, { cwd: projectRoot, stdio: ["pipe", "pipe", "inherit"] });
    this.child.stdin?.on("error", () => {}); // the program may end before it has read everything
    let cut = ""; // the beginning of an escape sequence whose end has not come yet
    this.child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
      const text = cut + piece;
      cut = /\x1b(\[[0-9;?]*)?$/.exec(text)?.[0] ?? "";
      this.output += text.slice(0, text.length - cut.length).replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
      this.watcher?.();
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (status) => {
        resolve(status);
        this.watcher?.();
      });
    });
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Resolves to the match once `pattern` appears in what was printed after the last match; rejects after `seconds`. */
  expect(pattern: RegExp, seconds = 30): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        finish();
        reject(new Error(`${why} while waiting for ${pattern}; printed since the last match:\n${this.output.slice(this.seen)}`));
      };
      const timer = setTimeout(() => fail(`${seconds} s have passed`), seconds * 1000);
      const finish = (): void => {
        clearTimeout(timer);
        this.watcher = undefined;
      };
      this.watcher = () => {
        const match = pattern.exec(this.output.slice(this.seen));
        if (match) {
          this.seen += match.index + match[0].length;
          finish();
          resolve(match);
        } else if (this.child.exitCode !== null || this.child.signalCode !== null) fail("the program ended");
      };
      this.watcher();
    });
  }

  /** Ends the program at once if it still runs. */
  kill(): void {
    this.child.kill("SIGKILL");
  }
}
