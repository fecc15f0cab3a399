// Running the project's own programs from scripts.

import { spawn } from "node:child_process";
import path from "node:path";
import { projectRoot } from "./project.ts";

/** Runs this Node with `args` in the project's root, sharing our streams; resolves to its exit status (1 when a signal ended it). */
export function runNode(args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Runs scripts/NAME.ts through the runner; throws when it fails. */
export async function runScript(name: string, ...args: string[]): Promise<void> {
  const status = await runNode([path.join(projectRoot, "scripts/run.mjs"), name, ...args]);
  if (status !== 0) throw new Error(`${name} failed with status ${status}`);
}
