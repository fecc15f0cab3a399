// A TCP server: one loop that waits for all its connections at once. What a connection does is its class's affair; none of its calls may wait.

import { close } from "./files";
import { FOR_EVER, monotonicTime, POLL_IN, PollSet } from "./process";
import { accept, listenAt, SOCK_NONBLOCK } from "./socket";

/** Connections at a time: poll takes 64 descriptors. Others wait in the backlog. */
const CONNECTIONS_MAX: i32 = 63;
const SECOND_NS: u64 = 1_000_000_000;

export abstract class Connection {
  /** When something last happened. */
  activeNs: u64 = 0;

  constructor(public fd: i32) {}

  /** What it waits for: POLL_IN, POLL_OUT. */
  abstract wants(): u16;

  /** Goes on, as it can be read or written: false when it is over. */
  abstract proceed(): bool;
}

/**
 * Listens at `port` and serves for ever; a connection on which nothing has happened for `idleSeconds` (0: no matter how long) is closed. Returns only
 * when it cannot listen: -errno.
 */
export function serve(port: u16, make: (fd: i32) => Connection, idleSeconds: u64): i64 {
  const listener = listenAt(port, SOCK_NONBLOCK);
  if (listener < 0) return listener;
  const connections: Connection[] = [];
  const set = new PollSet();
  while (true) {
    set.clear();
    for (let i = 0; i < connections.length; i++) set.add(connections[i].fd, connections[i].wants());
    const count = connections.length;
    if (count < CONNECTIONS_MAX) set.add(<i32>listener, POLL_IN);
    set.wait(idleSeconds != 0 && count > 0 ? SECOND_NS : FOR_EVER);
    const now = monotonicTime();
    for (let i = count - 1; i >= 0; i--) {
      const connection = connections[i];
      let isOver = false;
      if (set.ready(i) != 0) {
        connection.activeNs = now;
        isOver = !connection.proceed();
      } else isOver = idleSeconds != 0 && now - connection.activeNs > idleSeconds * SECOND_NS;
      if (!isOver) continue;
      close(connection.fd);
      connections.splice(i, 1);
    }
    if (count == CONNECTIONS_MAX || set.ready(count) == 0) continue;
    const fd = accept(<i32>listener, SOCK_NONBLOCK);
    if (fd < 0) continue;
    const connection = make(<i32>fd);
    connection.activeNs = now;
    connections.push(connection);
  }
}
