// SIGURG: whoever owns the file (F_SETOWN) is told of urgent data (socket(7), "Signals").

import { Container } from "../../container/container";
import { pidFind } from "../../task/pids";
import { kernelInfo, sendSignalToGroup, sendSignalToProcess, sendSignalToThread, Signal } from "../../task/signal";
import { TcpSocket } from "./socket";

/** Owner kinds of File.ownerType. */
const THREAD: i32 = 0;
const GROUP: i32 = 2;

/** Urgent data has been announced: the owner of the socket's file gets SIGURG. */
export function raiseUrgent(s: TcpSocket): void {
  const file = s.file;
  if (!file || file.owner == 0) return;
  const container = changetype<Container | null>(s.space.container);
  const e = container ? pidFind(container, <u32>file.owner) : null;
  if (!e) return;
  if (file.ownerType == GROUP) {
    sendSignalToGroup(e, kernelInfo(Signal.URG));
    return;
  }
  const t = e.thread;
  if (file.ownerType == THREAD && t) sendSignalToThread(t, kernelInfo(Signal.URG));
  const p = e.process;
  if (file.ownerType != THREAD && p) sendSignalToProcess(p, kernelInfo(Signal.URG));
}
