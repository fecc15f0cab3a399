// Linux with crun in the machine that Cyrius is measured in: an initramfs for each step, with our own init (tests/guest/linux) and
// the same guest programs, and the figures that it prints.

import fs from "node:fs";
import path from "node:path";
import { ociConfig } from "../bundles.ts";
import { CpioWriter } from "../cpio.ts";
import { projectRoot } from "../project.ts";
import { type Figures, parseFigures } from "./figures.ts";
import type { Setting, System } from "./system.ts";
import type { LinuxKernel } from "./kernels.ts";
import { type Boot, COUNTED_HZ, lastWords, leastMemory, runMachine } from "./machine.ts";
import type { Crun } from "./packages.ts";

/** Words for every kernel: quiet, and it need not look for its clock. */
const COMMON = [
  ...["console=ttyS0", "reboot=t", "panic=-1", "quiet", "loglevel=0", "tsc=reliable", "no_timer_check", "random.trust_cpu=on"],
  // Nothing that ordinary machines have for safety and that costs time.
  ...["mitigations=off", "audit=0", "nowatchdog", "lsm=", "init_on_alloc=0", "nokaslr", "no5lvl", "cryptomgr.notests", "raid=noautodetect"],
  // QEMU charges `rep movsb` and `rep stosb` an instruction for each byte, and flushes its TLB when protection keys are written.
  ...["clearcpuid=erms,fsrm", "nopku"],
];

const ROUNDS = 5;
const IDLE_CONTAINERS = 50;
const STEP_SECONDS = 900;
const BOOT_SECONDS = 120;

/** What the program `first` prints: the time-stamp counter at its first instruction. */
const FIRST_LINE = /TSC ([0-9a-f]{16})/;

/** The archives of this run. */
const written = new Set<string>();
process.on("exit", () => written.forEach((file) => fs.rmSync(file, { force: true })));

/** A bundle in the initramfs: config.json and the files of its root. */
interface Bundle {
  config: object;
  programs: string[];
}

/** Linux, ready to be booted with one kernel on one clock. */
export class Linux implements System {
  readonly title: string;
  readonly failed: string[] = [];

  constructor(
    readonly kernel: LinuxKernel,
    private readonly setting: Setting,
    private readonly crun: Crun,
    /** Compiled programs of tests/guest/linux, by name. */
    private readonly programs: Map<string, string>,
  ) {
    this.title = `Linux ${kernel.name}`;
  }

  /** The program `count` in a container with the configuration of the guest bundle. */
  count(names: string[]): Promise<Figures> {
    const bin = path.join(this.setting.guestBundle, "rootfs/bin");
    const others = new Set(["guest", "busybox"]); // the programs of the tests
    const programs = fs.readdirSync(bin).filter((name) => !others.has(name) && fs.lstatSync(path.join(bin, name)).isFile());
    const config = JSON.parse(fs.readFileSync(path.join(this.setting.guestBundle, "config.json"), "utf8")) as {
      process: { args: string[] };
    };
    config.process.args = ["/bin/count", ...this.hz("--hz"), ...this.setting.countWords, ...names];
    const initrd = this.pack("count", { count: { config, programs: programs.map((name) => path.join(bin, name)) } });
    return this.figures("count", initrd, ["/bin/crun", "run", "--bundle", "/bundles/count", "count"]);
  }

  /** The verbs of crun. */
  life(): Promise<Figures> {
    const initrd = this.pack("life", { tiny: this.bundle("tiny"), first: this.bundle("first") });
    const hz = this.hz()[0] ?? "0";
    return this.figures("life", initrd, ["/bin/containers", "life", String(ROUNDS), hz, "/bundles/tiny", "/bundles/first"]);
  }

  /** What an idle container takes. */
  idle(): Promise<Figures> {
    const initrd = this.pack("idle", { sleeper: this.bundle("sleeper") });
    return this.figures("idle", initrd, ["/bin/containers", "idle", String(IDLE_CONTAINERS), "/bundles/sleeper"]);
  }

  /** From the start of the machine to the first instruction of a container that init has crun run: instructions, or nanoseconds. */
  async boot(): Promise<Figures> {
    const run = await runMachine(this.first());
    const line = run.lines.find(({ text }) => FIRST_LINE.test(text));
    if (line === undefined) return this.failure("boot", lastWords(run));
    const ticks = Number(`0x${FIRST_LINE.exec(line.text)?.[1]}`);
    return new Map([["boot_to_first_instruction", this.setting.clock === "icount" ? ticks : Math.round(line.seconds * 1e9)]]);
  }

  /** The least memory, in whole MiB, with which that succeeds. */
  async memory(): Promise<Figures> {
    const first = this.first();
    const works = async (memoryKib: number, timeoutSeconds: number): Promise<boolean> => {
      const run = await runMachine({ ...first, memoryKib, timeoutSeconds, clock: "icount", until: /Kernel panic|init: status [^0]/ });
      return run.lines.some(({ text }) => FIRST_LINE.test(text)) && run.lines.some(({ text }) => text === "init: status 0");
    };
    const least = await leastMemory(works, 1024, this.setting.memoryKib);
    return least === undefined ? this.failure("least_memory_kib", "too much") : new Map([["least_memory_kib", least]]);
  }

  size(): Figures {
    return new Map([["kernel_bytes", fs.statSync(this.kernel.file).size]]);
  }

  private first(): Boot {
    return this.bootOf(
      this.pack("first", { first: this.bundle("first") }),
      ["/bin/crun", "run", "--bundle", "/bundles/first", "first"],
      BOOT_SECONDS,
    );
  }

  /** A container of every day, as Cyrius' side has it (scripts/lib/lifecycle.ts), with one program of tests/guest/bench. */
  private bundle(name: string): Bundle {
    return {
      config: ociConfig({ args: [`/bin/${name}`], hostname: name }),
      programs: [path.join(this.setting.guestBundle, "rootfs/bin", name)],
    };
  }

  /** On the counted clock, the rate of the time-stamp counter after the given words; else nothing. */
  private hz(...option: string[]): string[] {
    return this.setting.clock === "icount" ? [...option, String(COUNTED_HZ)] : [];
  }

  private bootOf(initrd: string, words: string[], timeoutSeconds: number): Boot {
    // Spares the kernel its loops of calibration.
    const clock = this.setting.clock === "icount" ? [`tsc_early_khz=${COUNTED_HZ / 1000}`] : [];
    return {
      kernel: this.kernel.file,
      initrd,
      append: [...COMMON, ...clock, "--", ...words].join(" "),
      clock: this.setting.clock,
      memoryKib: this.setting.memoryKib,
      timeoutSeconds,
    };
  }

  private async figures(step: string, initrd: string, words: string[]): Promise<Figures> {
    const run = await runMachine(this.bootOf(initrd, words, STEP_SECONDS));
    const { figures, failed } = parseFigures(run.lines.map(({ text }) => text).join("\n"), this.setting.clock);
    this.failed.push(...failed);
    return run.lines.some(({ text }) => text === "init: status 0") ? figures : new Map([...figures, ...this.failure(step, lastWords(run))]);
  }

  private failure(step: string, words: string): Figures {
    console.error(`Linux ${this.kernel.name}: ${step} failed:\n${words}`);
    this.failed.push(step);
    return new Map();
  }

  /** Writes the initramfs for one step. */
  private pack(step: string, bundles: Record<string, Bundle>): string {
    const file = path.join(projectRoot, `build/linux-${step}-${process.pid}.cpio`);
    const writer = new CpioWriter(file);
    const addProgram = (from: string, name: string): void => writer.add({ name, mode: 0o100755, data: fs.readFileSync(from) });
    for (const folder of ["bin", "bundles", "dev", "lib", "lib64", "proc", "root", "run", "sys", "tmp"]) writer.addDirectory(folder);
    writer.addDirectory("lib/x86_64-linux-gnu");
    writer.add({ name: "dev/console", mode: 0o020600, device: [5, 1] });
    addProgram(this.programs.get("init") as string, "init");
    if (step === "life" || step === "idle") addProgram(this.programs.get("containers") as string, "bin/containers");
    addProgram(this.crun.program, "bin/crun");
    for (const [name, from] of this.crun.libraries)
      addProgram(from, `${name.startsWith("ld-linux") ? "lib64" : "lib/x86_64-linux-gnu"}/${name}`);
    for (const [name, { config, programs }] of Object.entries(bundles)) {
      writer.addDirectory(`bundles/${name}`);
      writer.addDirectory(`bundles/${name}/rootfs`);
      writer.addDirectory(`bundles/${name}/rootfs/bin`);
      writer.add({ name: `bundles/${name}/config.json`, mode: 0o100644, data: Buffer.from(JSON.stringify(config)) });
      for (const program of programs) addProgram(program, `bundles/${name}/rootfs/bin/${path.basename(program)}`);
    }
    writer.end();
    written.add(file);
    return file;
  }
}
