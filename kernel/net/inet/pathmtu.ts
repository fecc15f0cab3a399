// Path MTUs (RFC 1191): what routers said that packets to a destination may be long. A few per space, the oldest goes first; each is forgotten after ten
// minutes (RFC 1191, 6.3). Nothing below 552 bytes is believed, as on Linux: a liar could make every byte a packet.

import { kernelAlloc } from "../../mm/heap";
import { nowNs } from "../../time/clock";
import { InetSpace } from "./space";

const ENTRIES: u32 = 16;
const ENTRY_BYTES: u32 = 16;
const LIFETIME_NS: u64 = 600_000_000_000;
/** Least path MTU that is believed (net.ipv4.route.min_pmtu). */
export const PATH_MTU_MIN: u32 = 552;

/** The longest packet to `to`, by an interface with `mtu`. */
@inline
export function pathMtu(space: InetSpace, to: u32, mtu: u32): u32 {
  return space.pathMtus == 0 ? mtu : find(space, to, mtu);
}

/** Entries: u32 destination, u32 mtu, u64 end of its life. */
function find(space: InetSpace, to: u32, mtu: u32): u32 {
  const now = nowNs();
  for (let i: u32 = 0; i < ENTRIES; i++) {
    const entry = space.pathMtus + i * ENTRY_BYTES;
    if (load<u32>(entry) == to && load<u64>(entry, 8) > now) return min(mtu, load<u32>(entry, 4));
  }
  return mtu;
}

/** A router said that packets to `to` may have `mtu` bytes at most. Without memory to note it the sender goes on trying. */
export function pathMtuLearn(space: InetSpace, to: u32, mtu: u32): void {
  if (space.pathMtus == 0) space.pathMtus = kernelAlloc(ENTRIES * ENTRY_BYTES);
  if (space.pathMtus == 0) return;
  let oldest = space.pathMtus;
  for (let i: u32 = 0; i < ENTRIES; i++) {
    const entry = space.pathMtus + i * ENTRY_BYTES;
    if (load<u32>(entry) == to) {
      oldest = entry;
      break;
    }
    if (load<u64>(entry, 8) < load<u64>(oldest, 8)) oldest = entry;
  }
  store<u32>(oldest, to);
  store<u32>(oldest, max(mtu, PATH_MTU_MIN), 4);
  store<u64>(oldest, nowNs() + LIFETIME_NS, 8);
  space.generation++;
}
