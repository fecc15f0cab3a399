// The command line of `cyrius run`.

/** What is wrong with the command line, the bundle or the machine: a message for people, exit status 125. */
export class UsageError extends Error {
  override name = "UsageError";
}

export type MachineType = "q35" | "microvm";
export type Accelerator = "tcg" | "kvm";

export type NetworkMode = "bridge" | "host" | "none";

/** A port of this machine that leads to one of the container. */
export interface PublishedPort {
  /** Address of this machine, empty for 127.0.0.1. */
  address: string;
  host: number;
  guest: number;
  protocol: "tcp" | "udp";
}

/** A service of the host's world, and the port of this machine that leads to it. */
export interface Service {
  name: "echo" | "status";
  port: number;
}

export interface RunOptions {
  bundle: string;
  /** Replaces process.args when not empty. */
  args: string[];
  id: string;
  /** QEMU's notation: a number of MiB, or with K, M or G. */
  memory: string;
  machine: MachineType;
  /** undefined: KVM where it works. */
  accelerator: Accelerator | undefined;
  icount: boolean;
  interactive: boolean;
  terminal: boolean;
  env: string[];
  append: string[];
  qemuArgs: string[];
  kernel: string | undefined;
  kernelLog: string | undefined;
  timeoutSeconds: number | undefined;
  missing: boolean;
  /** undefined: what config.json says, or else bridge. */
  network: NetworkMode | undefined;
  publish: PublishedPort[];
  services: Service[];
}

export const USAGE = `usage: cyrius run [OPTION...] BUNDLE [ARG...]

Boots a virtual machine, runs the container of the OCI bundle in the directory BUNDLE, passes its standard streams on and ends with
its exit status (128 + n if signal n ended it; 124 after --timeout; 125 if Cyrius failed; 126 or 127 if the program cannot be executed
or is not found). ARG... replaces process.args of config.json.

  -i                     pass standard input on; without it the container's input is empty
  -t                     give the container a terminal
  -e, --env NAME[=VALUE] set an environment variable, to our own value of it without =VALUE
  -p, --publish PORTS    let a port of this machine lead to the container: [ADDRESS:]HOST:GUEST[/udp], 127.0.0.1 without ADDRESS
      --network MODE     bridge (default), host (the machine's network without translation) or none
      --service NAME:PORT run a service of the host's world, at that port of 127.0.0.1: status (an HTTP page about the machine and its
                         containers, and /status.json) or echo (TCP)
      --id ID            the container's id (default: run)
      --memory SIZE      memory of the machine, such as 64M or 2G (default: 256M)
      --machine TYPE     q35 (default) or microvm
      --accel NAME       tcg or kvm (default: kvm where it works)
      --icount           let the clock advance by 1 ns per instruction, for repeatable measurements
      --timeout SECONDS  end the machine after so long, with status 124
      --missing          list on standard error the calls and flags that the container asked for and the kernel lacks
      --kernel FILE      the kernel to boot (default: the project's build/kernel.elf, built when missing)
      --kernel-log FILE  write the kernel's messages to FILE
      --append TEXT      add to the kernel's command line
      --qemu-arg ARG     add an argument to QEMU's command line
  -h, --help             show this

Signals are passed on to the container's init; a second SIGINT within two seconds ends the machine.
`;

type Setter = (options: RunOptions, value: string) => void;

const flags: Record<string, (options: RunOptions) => void> = {
  "-i": (o) => (o.interactive = true),
  "-t": (o) => (o.terminal = true),
  "--interactive": (o) => (o.interactive = true),
  "--tty": (o) => (o.terminal = true),
  "--icount": (o) => (o.icount = true),
  "--missing": (o) => (o.missing = true),
};

const settings: Record<string, Setter> = {
  "-e": addVariable,
  "--env": addVariable,
  "--id": (o, value) => (o.id = matched("--id", value, /^[\w.+-]{1,64}$/)),
  "--memory": (o, value) => (o.memory = matched("--memory", value, /^[1-9]\d*[KMGkmg]?$/)),
  "--machine": (o, value) => (o.machine = oneOf("--machine", value, ["q35", "microvm"] as const)),
  "--accel": (o, value) => (o.accelerator = oneOf("--accel", value, ["tcg", "kvm"] as const)),
  "--timeout": (o, value) => (o.timeoutSeconds = Number(matched("--timeout", value, /^(\d+\.?\d*|\.\d+)$/))),
  "--kernel": (o, value) => (o.kernel = value),
  "--kernel-log": (o, value) => (o.kernelLog = value),
  "-p": (o, value) => o.publish.push(publishedPort(value)),
  "--publish": (o, value) => o.publish.push(publishedPort(value)),
  "--network": (o, value) => (o.network = oneOf("--network", value, ["bridge", "host", "none"] as const)),
  "--service": (o, value) => o.services.push(service(value)),
  "--append": (o, value) => o.append.push(value),
  "--qemu-arg": (o, value) => o.qemuArgs.push(value),
};

function addVariable(options: RunOptions, value: string): void {
  if (/^[^=]+=/.test(value)) options.env.push(value);
  else {
    const ours = process.env[matched("--env", value, /^[^=]+$/)];
    if (ours !== undefined) options.env.push(`${value}=${ours}`);
  }
}

function matched(name: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value)) throw new UsageError(`${name}: ${JSON.stringify(value)} is not valid`);
  return value;
}

function publishedPort(value: string): PublishedPort {
  const [, address = "", host, guest, protocol = "tcp"] =
    /^(?:(\d{1,3}(?:\.\d{1,3}){3}):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/.exec(value) ?? [];
  const port = { address, host: Number(host), guest: Number(guest), protocol: protocol as "tcp" | "udp" };
  if (!(port.host > 0 && port.host < 65536 && port.guest > 0 && port.guest < 65536))
    throw new UsageError(`--publish: ${JSON.stringify(value)} is not [ADDRESS:]HOST:GUEST[/udp]`);
  return port;
}

function service(value: string): Service {
  const [, name, port] = /^(echo|status):(\d{1,5})$/.exec(value) ?? [];
  const number = Number(port);
  if (!(number > 0 && number < 65536)) throw new UsageError(`--service: ${JSON.stringify(value)} is not echo:PORT or status:PORT`);
  return { name: name as Service["name"], port: number };
}

function oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((c) => c === value);
  if (choice === undefined) throw new UsageError(`${name}: ${JSON.stringify(value)} is none of ${choices.join(", ")}`);
  return choice;
}

/** Reads the arguments after `cyrius run`; "help" when they ask for it. Throws UsageError. */
export function parseRunOptions(words: string[]): RunOptions | "help" {
  const options: RunOptions = {
    bundle: "",
    args: [],
    id: "run",
    memory: "256M",
    machine: "q35",
    accelerator: undefined,
    icount: false,
    interactive: false,
    terminal: false,
    env: [],
    append: [],
    qemuArgs: [],
    kernel: undefined,
    kernelLog: undefined,
    timeoutSeconds: undefined,
    missing: false,
    network: undefined,
    publish: [],
    services: [],
  };
  const rest = [...words];
  while (rest[0]?.startsWith("-")) {
    const word = rest.shift() as string;
    if (word === "--") break;
    if (word === "-h" || word === "--help") return "help";
    if (/^-[it]{2,}$/.test(word)) {
      rest.unshift(...[...word.slice(1)].map((letter) => `-${letter}`));
      continue;
    }
    const [, name, attached] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [undefined, word, undefined];
    const flag = flags[name as string];
    const setting = settings[name as string];
    if (flag && attached === undefined) flag(options);
    else if (setting) {
      const value = attached ?? rest.shift();
      if (value === undefined) throw new UsageError(`${name} needs a value`);
      setting(options, value);
    } else throw new UsageError(`unknown option ${word}; see cyrius run --help`);
  }
  const bundle = rest.shift();
  if (bundle === undefined || bundle === "") throw new UsageError("no BUNDLE given; see cyrius run --help");
  if (rest[0] === "--") rest.shift();
  if (options.network === "none" && options.publish.length > 0) throw new UsageError("--publish needs a network");
  if (options.network === "none" && options.services.length > 0) throw new UsageError("--service needs a network");
  if (options.icount && options.accelerator === "kvm") throw new UsageError("--icount counts instructions of --accel tcg only");
  return { ...options, bundle, args: rest };
}
