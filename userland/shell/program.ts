// Runs host programs.

import { spawn, TerminalMode, terminalMode, wait } from "../lib/process";
import { Session } from "./session";

const SIGINT: i32 = 2;
const STATUS_CANNOT_RUN: i32 = 126;

/** Runs the host program `path` in the foreground and waits for it; its status, 128 + signal when a signal ended it. */
export function runProgram(session: Session, path: string, words: string[]): i32 {
  session.output.flush();
  session.errors.flush();
  if (session.isInteractive) terminalMode(0, TerminalMode.Canonical);
  const pid = spawn(path, words, session.input, session.output.fd, session.errors.fd, session.isInteractive);
  const ended = pid < 0 ? pid : wait(<u32>pid);
  if (session.isInteractive) terminalMode(0, TerminalMode.Raw);
  if (ended < 0) {
    session.fail("sh", path, ended);
    return STATUS_CANNOT_RUN;
  }
  const signal = (<i32>ended) & 0x7f;
  if (signal == SIGINT && session.isInteractive) session.errors.line(""); // behind the terminal's ^C
  return signal != 0 ? 128 + signal : ((<i32>ended) >> 8) & 0xff;
}
