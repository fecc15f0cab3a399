// Cyrius as it is measured: `count` through `cyrius run`, the life cycle and the rest through host programs (userland/lifecycle, userland/density)
// that are booted in place of init, so that no figure waits for this machine.

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { lifecycleArchive } from "../lifecycle.ts";
import { kernelFile, projectRoot } from "../project.ts";
import { type Figures, parseFigures } from "./figures.ts";
import { type Boot, COUNTED_HZ, lastWords, leastMemory, runMachine } from "./machine.ts";
import type { Setting, System } from "./system.ts";

const STEP_SECONDS = 900;
const BOOT_SECONDS = 60;
const BOOT_LINE = /^boot_to_first_instruction (\d+)/;

export class Cyrius implements System {
  readonly title = "Cyrius";
  readonly failed: string[] = [];

  constructor(private readonly setting: Setting) {}

  count(names: string[]): Promise<Figures> {
    const counted = this.setting.clock === "icount";
    const machine = [
      "--accel",
      "tcg",
      "--memory",
      `${this.setting.memoryKib}K`,
      "--timeout",
      String(STEP_SECONDS),
      ...(counted ? ["--icount"] : []),
    ];
    const program = ["/bin/count", ...(counted ? ["--hz", String(COUNTED_HZ)] : []), ...this.setting.countWords, ...names];
    const command = [path.join(projectRoot, "dist/cyrius.js"), "run", ...machine, this.setting.guestBundle, ...program];
    const result = spawnSync(process.execPath, command, { encoding: "utf8", maxBuffer: 1 << 24 });
    const { figures, failed } = parseFigures(result.stdout, this.setting.clock);
    this.failed.push(...failed);
    if (result.status !== 0) this.failure("count", `status ${result.status}\n${result.stdout}${result.stderr}`);
    return Promise.resolve(figures);
  }

  async life(): Promise<Figures> {
    const figures = await this.figures("lifecycle");
    figures.delete("boot_to_first_instruction");
    return figures;
  }

  idle(): Promise<Figures> {
    return this.figures("density");
  }

  async boot(): Promise<Figures> {
    const run = await runMachine({ ...(await this.bootOf("lifecycle")), until: BOOT_LINE });
    const line = run.lines.find(({ text }) => BOOT_LINE.test(text));
    if (line === undefined) return this.failure("boot", lastWords(run));
    const ticks = Number(BOOT_LINE.exec(line.text)?.[1]);
    return new Map([["boot_to_first_instruction", this.setting.clock === "icount" ? ticks : Math.round(line.seconds * 1e9)]]);
  }

  async memory(): Promise<Figures> {
    const boot: Boot = { ...(await this.bootOf("lifecycle")), clock: "icount", until: /^boot_to_first_instruction|panic|lifecycle:/i };
    const works = async (memoryKib: number, timeoutSeconds: number): Promise<boolean> =>
      (await runMachine({ ...boot, memoryKib, timeoutSeconds })).lines.some(({ text }) => BOOT_LINE.test(text));
    const least = await leastMemory(works, 64, this.setting.memoryKib);
    return least === undefined ? this.failure("least_memory_kib", "too much") : new Map([["least_memory_kib", least]]);
  }

  size(): Figures {
    const stripped = "build/kernel.stripped.elf";
    if (spawnSync("strip", ["-o", stripped, kernelFile], { stdio: "inherit" }).status !== 0)
      return this.failure("kernel_bytes", "strip failed");
    return new Map([["kernel_bytes", fs.statSync(stripped).size]]);
  }

  /** The machine of a step that boots a host program. */
  async bootOf(program: "lifecycle" | "density"): Promise<Boot> {
    const initrd = await lifecycleArchive(program, path.join(this.setting.guestBundle, "rootfs/bin"));
    return {
      kernel: path.resolve(kernelFile),
      initrd,
      append: "quiet",
      clock: this.setting.clock,
      memoryKib: this.setting.memoryKib,
      timeoutSeconds: program === "density" ? STEP_SECONDS : BOOT_SECONDS,
    };
  }

  private async figures(program: "lifecycle" | "density"): Promise<Figures> {
    const run = await runMachine(await this.bootOf(program));
    const { figures } = parseFigures(run.lines.map(({ text }) => text).join("\n"), this.setting.clock);
    return figures.size > 0 && !run.timedOut ? figures : this.failure(program, lastWords(run));
  }

  private failure(step: string, words: string): Figures {
    console.error(`Cyrius: ${step} failed:\n${words}`);
    this.failed.push(step);
    return new Map();
  }
}
