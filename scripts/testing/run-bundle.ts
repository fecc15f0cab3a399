// Runs the bundles of build/bundles/ with the `cyrius` command, for the system tests.

import { type ChildProcess, spawn } from "node:child_process";
import dgram from "node:dgram";
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
  /** As `output`, for a pattern; gives what matched. */
  matched(pattern: RegExp): Promise<RegExpExecArray>;
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
  const printed = <T>(what: string | RegExp, find: (output: Buffer) => T | null): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find(Buffer.concat(stdout));
        if (found === null) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
      void ended.then((result) => reject(new Error(`ended with status ${result.status} before printing ${what}: ${result.stderr}`)));
    });
  const output = (text: string): Promise<void> => printed(text, (bytes) => (bytes.includes(text) ? undefined : null));
  const matched = (pattern: RegExp): Promise<RegExpExecArray> => printed(pattern, (bytes) => pattern.exec(bytes.toString()));
  return { child, ended, output, matched };
}

/** Runs a bundle to its end, with an empty input. */
export function runBundle(bundle: string, args: string[] = [], options: string[] = []): Promise<Result> {
  const running = startBundle(bundle, args, options);
  running.child.stdin?.end();
  return running.ended;
}

/** What `--missing` reported in the run, a line each, but for io_uring, which the kernel has switched off. */
export function lackingCalls(result: Result): string[] {
  const missing = /^cyrius: system calls the kernel lacks:\n((?:.*\n)*)/m.exec(result.stderr)?.[1] ?? "";
  return missing.split("\n").filter((line) => line.trim() !== "" && !line.includes("io_uring"));
}

/** A port that is free now; nobody else takes it before QEMU does. */
export async function freePort(): Promise<number> {
  const socket = dgram.createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
