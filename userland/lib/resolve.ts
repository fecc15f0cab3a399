// From a host's name to its IPv4 address: an address itself, "localhost", a container's id, or what the name servers say (RFC 1035).

import { parseAddress } from "./address";
import { containerList } from "./containers";
import { isName, NO_SUCH_NAME, NOT_THE_ANSWER, parseAnswer, writeQuestion } from "./dns";
import { close } from "./files";
import { containerAddress, nameServers } from "./network";
import { monotonicTime, POLL_IN, PollSet } from "./process";
import { connect, receive, send, SOCK_DGRAM, socket } from "./socket";

const DNS_PORT: u16 = 53;
/** Each server is asked twice, and given so long for an answer. */
const ATTEMPTS: i32 = 2;
const ATTEMPT_NS: u64 = 2_000_000_000;
const LOOPBACK: u32 = 0x0100_007f;
const MESSAGE_BYTES: u32 = 512;
const message: usize = memory.data(512, 8);

/** Why resolve gave -1, in words. */
export let resolveError: string = "";

/** The IPv4 address that `host` means; -1 with the reason in resolveError. */
export function resolve(host: string): i64 {
  const address = parseAddress(host);
  if (address >= 0) return address;
  if (host == "localhost") return LOOPBACK;
  const containers = containerList();
  for (let i = 0; i < containers.length; i++)
    if (containers[i].id == host) {
      const v4 = containerAddress(host);
      if (v4 != 0) return v4;
    }
  resolveError = "no such host";
  if (!isName(host)) return -1;
  const servers = nameServers();
  if (servers.length == 0) resolveError = "no such host, and no name server to ask";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++)
    for (let i = 0; i < servers.length; i++) {
      const found = ask(servers[i], host);
      if (found >= 0) return found;
      if (found == NO_SUCH_NAME) {
        resolveError = "no such host";
        return -1;
      }
      resolveError = "the name servers do not answer";
    }
  return -1;
}

/** What the server answers. */
function ask(server: u32, host: string): i64 {
  const fd = <i32>socket(SOCK_DGRAM);
  if (fd < 0) return NOT_THE_ANSWER;
  const id = <u16>(monotonicTime() >> 10);
  const n = writeQuestion(message, id, host);
  let found: i64 = NOT_THE_ANSWER;
  if (connect(fd, server, DNS_PORT) >= 0 && send(fd, message, n) == n) found = answer(fd, id);
  close(fd);
  return found;
}

function answer(fd: i32, id: u16): i64 {
  const deadline = monotonicTime() + ATTEMPT_NS;
  const set = new PollSet();
  set.add(fd, POLL_IN);
  let now: u64;
  while ((now = monotonicTime()) < deadline && set.wait(deadline - now) > 0) {
    const n = receive(fd, message, MESSAGE_BYTES);
    if (n < 0) break;
    const found = parseAnswer(message, <i32>n, id);
    if (found != NOT_THE_ANSWER) return found;
  }
  return NOT_THE_ANSWER;
}
