// What is measured, and in which steps: the same for Cyrius and for Linux. A step boots a machine and gives one or more figures.

import type { Clock } from "./machine.ts";
import { type Figures, type HostFigure, mergeBest, type Selection } from "./figures.ts";

/** What all systems are measured with. */
export interface Setting {
  clock: Clock;
  memoryKib: number;
  /** The bundle with the guest programs (scripts/lib/guest.ts). */
  guestBundle: string;
  /** Options of `count`. */
  countWords: string[];
}

/** An operating system that runs containers. Every step gives what it could measure; what it could not goes to `failed`. */
export interface System {
  /** As the column of the table is called. */
  readonly title: string;
  /** Names of figures, or of steps, that failed. */
  readonly failed: string[];
  /** tests/guest/bench/count in a container; the figures of these names. */
  count(names: string[]): Promise<Figures>;
  /** The life cycle of containers. */
  life(): Promise<Figures>;
  /** The memory of an idle container. */
  idle(): Promise<Figures>;
  /** From the machine's start to a container's first instruction. */
  boot(): Promise<Figures>;
  /** The least memory with which a container runs. */
  memory(): Promise<Figures>;
  /** The size of the kernel's file. */
  size(): Figures;
}

interface Step {
  /** For people who wait. */
  name: string;
  run: (system: System) => Promise<Figures>;
  /** It says the same whenever it runs, so that once is enough on the wall clock too. */
  once: boolean;
}

const LIFE: HostFigure[] = [
  "container_run",
  "container_create",
  "container_start",
  "container_delete",
  "container_life",
  "container_first_instruction",
];

function stepsFor(selection: Selection, counted: string[]): Step[] {
  const steps: Step[] = [];
  const names = counted.filter((name) => selection.has(name));
  if (selection.has("boot_to_first_instruction")) steps.push({ name: "boot", run: (system) => system.boot(), once: false });
  if (names.length > 0) steps.push({ name: "count", run: (system) => system.count(names), once: false });
  if (LIFE.some((name) => selection.has(name))) steps.push({ name: "life", run: (system) => system.life(), once: false });
  if (selection.has("container_idle_kib")) steps.push({ name: "idle", run: (system) => system.idle(), once: true });
  if (selection.has("least_memory_kib")) steps.push({ name: "memory", run: (system) => system.memory(), once: true });
  if (selection.has("kernel_bytes")) steps.push({ name: "size", run: (system) => Promise.resolve(system.size()), once: true });
  return steps;
}

/**
 * Measures all systems, one after the other in each round, and keeps the best of `rounds`; the figures in the order of the systems.
 * `counted` are the names that the program count knows.
 */
export async function measure(systems: System[], selection: Selection, counted: string[], rounds: number): Promise<Figures[]> {
  const results: Figures[] = systems.map(() => new Map());
  for (const step of stepsFor(selection, counted))
    for (let round = 0; round < (step.once ? 1 : rounds); round++)
      for (const [i, system] of systems.entries()) {
        if (process.stderr.isTTY) process.stderr.write(`${system.title}: ${step.name}\n`);
        const figures = await step.run(system);
        for (const name of figures.keys()) if (!selection.has(name)) figures.delete(name);
        mergeBest(results[i] as Figures, figures);
      }
  return results;
}
