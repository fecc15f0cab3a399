// What travels with AF_UNIX messages beside the data: the sender's address, its credentials, descriptors. See unix(7), "Ancillary messages".

import { Errno } from "../../errno";
import { Result } from "../../result";
import { capable, Capability } from "../../task/credentials";
import { LimitKind, softLimit } from "../../task/limits";
import { current } from "../../task/thread";
import { Exchange, exchange } from "../exchange";
import { Message } from "../message";
import { rightsTakeOff } from "../rights";
import { SocketOption } from "../socket";
import { inFlightOf } from "../space";
import { unixAddress } from "./name";
import { asUnix, UnixSocket } from "./unix";

/** Puts the exchange's descriptors into the message: 0, -ETOOMANYREFS when the user has too many in flight, -ENOMEM. */
export function attach(m: Message, s: UnixSocket): Result {
  const rights = exchange.rights;
  if (!rights) return 0;
  const c = current.credentials;
  if (inFlightOf(s.space, c.uid) > softLimit(current.process, LimitKind.OpenFiles)) {
    if (!capable(c, Capability.SysResource) && !capable(c, Capability.SysAdmin)) return -Errno.ETOOMANYREFS;
  }
  if (!rightsTakeOff(rights, s.space, c.uid)) return -Errno.ENOMEM;
  m.rights = rights;
  exchange.rights = null;
  return 0;
}

/** Notes who sends, if either end wants that or the other one is not accepted yet and so may come to want it. */
export function stamp(m: Message, s: UnixSocket, to: UnixSocket): void {
  const e = exchange;
  if (e.credentials) {
    m.pid = e.pid;
    m.uid = e.uid;
    m.gid = e.gid;
  } else if (((s.options | to.options) & SocketOption.PassCredentials) != 0 || !to.file) {
    const c = current.credentials;
    m.pid = current.process.pid;
    m.uid = c.uid;
    m.gid = c.gid;
  }
}

/** Tells the receiver who sent; a process of another container has no number here. */
export function showCredentials(e: Exchange, s: UnixSocket, m: Message): void {
  e.credentials = true;
  e.pid = m.sender.space == s.space ? m.pid : 0;
  e.uid = m.uid;
  e.gid = m.gid;
}

/** Tells the receiver where a message came from; nothing for a sender without a name. */
export function senderAddress(e: Exchange, m: Message): void {
  const sender = asUnix(m.sender);
  e.addressLength = sender.name ? unixAddress(sender, e.address) : 0;
}
