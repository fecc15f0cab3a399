// Commands about the shell itself.

import { runProgram } from "../program";
import { Session, STATUS_INTERRUPTED } from "../session";
import { monotonicTime, sleep as sleepFor } from "../../lib/process";
import { parseNumber } from "../../lib/number";

export function run(session: Session, words: string[]): i32 {
  if (words.length < 2) return session.usage();
  return runProgram(session, words[1], words.slice(1));
}

export function sleep(session: Session, words: string[]): i32 {
  const seconds = words.length == 2 ? parseNumber(words[1]) : -1;
  if (seconds < 0) return session.usage();
  const step: u64 = 100_000_000;
  const end = monotonicTime() + <u64>seconds * 1_000_000_000;
  for (let now = monotonicTime(); now < end; now = monotonicTime()) {
    if (session.interrupted()) return STATUS_INTERRUPTED;
    sleepFor(min(step, end - now));
  }
  return 0;
}

export function history(session: Session, words: string[]): i32 {
  const lines = session.history.lines;
  for (let i = 0; i < lines.length; i++) session.output.line(`${(i + 1).toString().padStart(5)}  ${lines[i]}`);
  return 0;
}

export function clear(session: Session, words: string[]): i32 {
  session.output.put("\x1b[H\x1b[2J");
  return 0;
}

export function succeed(session: Session, words: string[]): i32 {
  return 0;
}

export function doNotSucceed(session: Session, words: string[]): i32 {
  return 1;
}

export function exit(session: Session, words: string[]): i32 {
  const status = words.length == 1 ? <i64>session.status : parseNumber(words[1]);
  if (words.length > 2 || status < 0 || status > 255) return session.usage();
  session.isOver = true;
  return <i32>status;
}
