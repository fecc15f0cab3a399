// Which services init runs: `services=NAME[:PORT],...` on the kernel's command line, none when it is empty; without it all of them if the machine has a
// network device. A service is the program /bin/NAME, with its port as the argument.

import { interfaces } from "../lib/network";
import { parseNumber } from "../lib/number";
import { complain } from "../lib/output";

const OPTION: string = "services=";
const ALL: string = "echo,status";
/** InterfaceKind of a network device. */
const KIND_DEVICE: u32 = 2;

export class Service {
  pid: u32 = 0;
  startedNs: u64 = 0;

  constructor(
    public program: string,
    public port: u16,
  ) {}
}

/** The port that a service has unless another is asked for; 0 when there is no such service. */
function defaultPort(name: string): u16 {
  return name == "echo" ? 12345 : name == "status" ? 9090 : 0;
}

function hasDevice(): bool {
  const list = interfaces("");
  for (let i = 0; i < list.length; i++) if (list[i].kind == KIND_DEVICE) return true;
  return false;
}

/** The services that `words`, the kernel's command line behind our own name, ask for. The last word counts. */
export function servicesOf(words: string[]): Service[] {
  let wanted = "";
  let isAsked = false;
  for (let i = 1; i < words.length; i++) {
    if (!words[i].startsWith(OPTION)) continue;
    wanted = words[i].substring(OPTION.length);
    isAsked = true;
  }
  if (!isAsked && hasDevice()) wanted = ALL;
  const list: Service[] = [];
  const parts = wanted.split(",");
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] == "") continue;
    const colon = parts[i].indexOf(":");
    const name = colon < 0 ? parts[i] : parts[i].substring(0, colon);
    const port = colon < 0 ? <i64>defaultPort(name) : parseNumber(parts[i].substring(colon + 1));
    if (defaultPort(name) == 0 || port < 1 || port > 65535)
      complain(`init: services: ${parts[i]}: not echo or status, with a port behind :`);
    else list.push(new Service("/bin/" + name, <u16>port));
  }
  return list;
}
