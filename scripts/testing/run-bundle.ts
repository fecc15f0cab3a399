// Runs the bundles of build/bundles/ with the `cyrius` command, for the system tests.

import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { bundlesFolder, projectRoot } from "../lib/project.ts";

export interface Result {
  status: number | null;
  stdout: Buffer;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  ended: Promise<Result>;
  /** Resolves once `text` has appeared on standard output; rejects when the container ends before that. */
  output(text: string): Promise<void>;
}

/** A machine that hangs fails its test after so many seconds. */
const LIMIT_SECONDS = 120;

/** Starts `cyrius run [options] BUNDLE [args]`; `bundle` is a name under build/bundles/ or a path. */
export function startBundle(bundle: string, args: string[] = [], options: string[] = []): Running {
  const command = path.join(projectRoot, "dist/cyrius.js");
  const words = ["run", "--accel", "tcg", "--timeout", String(LIMIT_SECONDS), ...options, path.resolve(bundlesFolder, bundle), ...args];
  const child = spawn(process.execPath, [command, ...words], { stdio: ["pipe", "pipe", "pipe"] });
  const stdout: Buffer[] = [];
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdin.on("error", () => {}); // the container may end before it has read everything
  child.stdout.on("data", (chunk: Buffer) => {
    stdout.push(chunk);
    for (const watcher of watchers) watcher();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Result>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout: Buffer.concat(stdout), stderr }));
  });
  const output = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!Buffer.concat(stdout).includes(text)) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
      void ended.then((result) => reject(new Error(`ended with status ${result.status} before printing ${text}: ${result.stderr}`)));
    });
  return { child, ended, output };
}

/** Runs a bundle to its end, with an empty input. */
export function runBundle(bundle: string, args: string[] = [], options: string[] = []): Promise<Result> {
  const running = startBundle(bundle, args, options);
  running.child.stdin?.end();
  return running.ended;
}
