// A QEMU process with the kernel in it, its control channel and its log. The channel is one end of a socket pair that QEMU inherits as
// descriptor 3, so nothing of it is in the file system and it ends with either process.

import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import type { Duplex } from "node:stream";
import type { Accelerator, MachineType } from "./run-options.ts";

export interface MachineOptions {
  type: MachineType;
  accelerator: Accelerator;
  memory: string;
  icount: boolean;
  kernel: string;
  /** The archive for -initrd. */
  initrd: string;
  /** The kernel's command line. */
  append: string;
  qemuArgs: string[];
  /** QEMU's user networking, with what `hostForwards` says (QEMU's hostfwd=); undefined: no network device. */
  hostForwards?: string[] | undefined;
  /** Where the kernel's messages go, if anywhere. */
  kernelLog: string | undefined;
}

/** How QEMU ended. */
export interface MachineEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** What QEMU itself had to say, on its standard error. */
  complaint: string;
}

/** Bytes of the kernel's messages that are kept for the report of a panic. */
const LOG_TAIL_BYTES = 32768;

/** The accelerator to take when none is asked for: KVM only where the processor has the extension and we may use it. */
export function defaultAccelerator(): Accelerator {
  try {
    if (!/^flags\s*:.*\b(svm|vmx)\b/m.test(fs.readFileSync("/proc/cpuinfo", "utf8"))) return "tcg";
    fs.closeSync(fs.openSync("/dev/kvm", "r+"));
    return "kvm";
  } catch {
    return "tcg";
  }
}

/** QEMU's arguments for a machine with a serial port on standard output and the control port on descriptor 3. */
export function qemuArguments(options: MachineOptions): string[] {
  const q35 = options.type === "q35";
  const counted = options.icount ? ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "clock=vm"] : [];
  return [
    ...["-machine", q35 ? "q35" : "microvm,isa-serial=on"],
    ...["-accel", options.accelerator, "-cpu", options.accelerator === "kvm" ? "host" : "max", "-m", options.memory],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...counted,
    ...(q35 ? [] : ["-global", "virtio-mmio.force-legacy=false"]),
    ...["-device", q35 ? "virtio-serial-pci-non-transitional" : "virtio-serial-device"],
    ...["-chardev", "socket,id=control,fd=3", "-device", "virtserialport,chardev=control,name=cyrius.control"],
    ...["-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
    ...networkArguments(options),
    ...["-kernel", options.kernel, "-initrd", options.initrd, "-append", options.append],
    ...options.qemuArgs,
  ];
}

/** The addresses that QEMU's user networking has: the machine's, the way out, the name server. */
export const USER_NETWORK = { address: "10.0.2.15", prefix: 24, gateway: "10.0.2.2", nameServer: "10.0.2.3" };

/** The kernel's option that gives the device the address which QEMU's DHCP server would. */
export function networkOption(): string {
  const { address, prefix, gateway, nameServer } = USER_NETWORK;
  return `net=${address}/${prefix},${gateway},${nameServer}`;
}

/** QEMU's arguments for the machine's network device, if it is to have one. */
export function networkArguments(options: Pick<MachineOptions, "type" | "hostForwards">): string[] {
  if (!options.hostForwards) return [];
  const forwards = options.hostForwards.map((forward) => `,hostfwd=${forward}`).join("");
  const device = options.type === "q35" ? "virtio-net-pci-non-transitional" : "virtio-net-device";
  return ["-netdev", `user,id=net${forwards}`, "-device", `${device},netdev=net${options.type === "q35" ? ",romfile=" : ""}`];
}

export class Machine {
  /** The control channel. */
  readonly control: Duplex;
  /** Resolves when QEMU has ended and its output is read; never rejects. */
  readonly ended: Promise<MachineEnd>;
  private readonly child: ChildProcess;
  private log: Buffer[] = [];
  private logBytes = 0;

  constructor(options: MachineOptions) {
    const qemu = process.env.CYRIUS_QEMU ?? "qemu-system-x86_64";
    // A session of its own keeps the terminal's Ctrl-C from QEMU; setpriv ends it with us even when we are killed.
    const command = [qemu, ...qemuArguments(options)];
    if (fs.existsSync("/usr/bin/setpriv")) command.unshift("/usr/bin/setpriv", "--pdeathsig", "KILL", "--");
    this.child = spawn(command[0] as string, command.slice(1), { stdio: ["ignore", "pipe", "pipe", "pipe"], detached: true });
    this.control = this.child.stdio[3] as Duplex;
    const logFile = options.kernelLog === undefined ? undefined : fs.openSync(options.kernelLog, "w");
    this.child.stdout?.on("data", (bytes: Buffer) => {
      if (logFile !== undefined) fs.writeSync(logFile, bytes);
      this.keep(bytes);
    });
    let complaint = "";
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaint = (complaint + text).slice(-4096)));
    this.ended = new Promise((resolve) => {
      this.child.on("error", (error) => resolve({ code: null, signal: null, complaint: `${qemu}: ${error.message}` }));
      this.child.on("close", (code, signal) => {
        if (logFile !== undefined) fs.closeSync(logFile);
        resolve({ code, signal, complaint: complaint.trim() });
      });
    });
  }

  private keep(bytes: Buffer): void {
    this.log.push(bytes);
    this.logBytes += bytes.length;
    while (this.logBytes - (this.log[0] as Buffer).length > LOG_TAIL_BYTES) this.logBytes -= (this.log.shift() as Buffer).length;
  }

  /** The kernel's last messages: from its panic on, or else the last few lines. */
  lastWords(): string {
    const lines = Buffer.concat(this.log).toString().replaceAll("\r", "").trimEnd().split("\n");
    const panic = lines.findLastIndex((line) => /panic/i.test(line));
    return lines.slice(panic < 0 ? -12 : panic, panic < 0 ? undefined : panic + 60).join("\n");
  }

  /** Ends QEMU at once. */
  kill(): void {
    this.child.kill("SIGKILL");
  }
}
