// What an AF_UNIX socket is ready for: poll(2), unix(7).

import { pollOn, PollEvent } from "../../vfs/poll";
import { hasRoom, pollQueue, Shutdown, SocketState, SocketType } from "../socket";
import { isConnectionBased, isFull, relayJoin, UnixSocket } from "./unix";

/** Event bits that hold now; registers `poller` unless it is 0. */
export function unixPoll(s: UnixSocket, poller: usize): u32 {
  if (poller != 0) pollOn(poller, pollQueue(s));
  let events: u32 = 0;
  if (s.error != 0) events |= PollEvent.Error;
  if (s.shutdown == Shutdown.Both) events |= PollEvent.HangUp;
  if ((s.shutdown & Shutdown.Receive) != 0) events |= PollEvent.ReadHangUp | PollEvent.In | PollEvent.ReadNormal;
  if (s.firstMessage || s.acceptFirst) events |= PollEvent.In | PollEvent.ReadNormal;
  if (s.urgent) events |= PollEvent.Priority;
  if (isConnectionBased(s) && s.state == SocketState.Closed) events |= PollEvent.HangUp;
  if (isWritable(s)) events |= PollEvent.Out | PollEvent.WriteNormal | PollEvent.WriteBand;
  return events;
}

function isWritable(s: UnixSocket): bool {
  if (s.state == SocketState.Listening || !hasRoom(s)) return false;
  const peer = s.peer;
  if (s.type != SocketType.Datagram || !peer || peer.peer == s || !isFull(peer)) return true;
  relayJoin(s, peer);
  return false;
}
