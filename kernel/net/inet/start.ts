// What the Internet protocols need from boot on.

import { loopbackInit } from "../loopback";
import { arpInit } from "../arp";
import { natInit } from "../nat";
import { datagramsInit } from "./datagram";
import { fragmentInit } from "./fragment";
import { tcpInit } from "../tcp/actions";

/** To be called once at start-up; false when memory is short. */
export function inetInit(): bool {
  loopbackInit();
  datagramsInit();
  tcpInit();
  return fragmentInit() && arpInit() && natInit();
}
