// Which ports the kernel picks from when a program leaves the choice to it: net.ipv4.ip_local_port_range, or the part of it that a socket asks for with
// IP_LOCAL_PORT_RANGE (ip(7)).

import { InetSocket } from "./inet";

/** net.ipv4.ip_local_port_range. */
export const EPHEMERAL_FIRST: u32 = 32768;
export const EPHEMERAL_LAST: u32 = 60999;

/** What rangeOf has found: the first port, and how many there are. */
let rangeFirst: u32 = EPHEMERAL_FIRST;
export let rangeCount: u32 = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;

@inline
function isInRange(port: u32): bool {
  return port >= EPHEMERAL_FIRST && port <= EPHEMERAL_LAST;
}

/** Takes the ports that may be picked for `s`; a bound of its own that lies outside the system's range does not count, as on Linux. */
export function rangeOf(s: InetSocket): void {
  const low = s.portRange & 0xffff;
  const high = s.portRange >> 16;
  rangeFirst = isInRange(low) ? low : EPHEMERAL_FIRST;
  const last = isInRange(high) ? high : EPHEMERAL_LAST;
  rangeCount = last - rangeFirst + 1;
}

/** Port `i` of the range, which begins anew behind its end. */
@inline
export function ephemeral(i: u32): u16 {
  return <u16>(rangeFirst + (i % rangeCount));
}
