// The host shell. `sh` reads commands from its standard input, with line editing when that is a terminal; `sh -c TEXT` runs one line;
// `sh FILE` runs a script.

import { readFile, getDirectory } from "../lib/files";
import { programArguments, TerminalMode, terminalMode } from "../lib/process";
import { completeCommandLine } from "./completion";
import { runText } from "./execute";
import { History } from "./line/history";
import { Keyboard } from "./line/keyboard";
import { LineEnd, Prompter } from "./line/prompter";
import { Session } from "./session";

const SCRIPT_BYTES: u32 = 1 << 20;

export function main(): i32 {
  const words = programArguments();
  if (words.length == 1) {
    const isTerminal = terminalMode(0, TerminalMode.Raw) >= 0;
    const session = newSession(isTerminal);
    if (isTerminal) {
      converse(session);
      terminalMode(0, TerminalMode.Canonical);
    } else readCommands(session);
    return session.status;
  }
  const session = newSession(false);
  if (words[1] == "-c" && words.length == 3) runText(session, words[2]);
  else if (words[1].startsWith("-") || words.length > 2) return session.usage("sh [-c COMMANDS | FILE]");
  else {
    const script = readFile(words[1], SCRIPT_BYTES);
    if (script === null) return session.failText("sh", words[1], "cannot be read as a script of at most 1 MiB");
    runText(session, script);
  }
  return session.status;
}

function newSession(isInteractive: bool): Session {
  const keyboard = new Keyboard(0);
  const history = new History();
  return new Session(isInteractive, keyboard, history, new Prompter(keyboard, history, completeCommandLine));
}

/** With a person: prompt, read, run. */
function converse(session: Session): void {
  session.output.line("cyrius: type `help` for the commands");
  session.output.flush();
  while (!session.isOver) {
    const prompt = `${getDirectory()} $ `;
    const end = session.prompter.read(prompt, true);
    if (end == LineEnd.EndOfInput) return;
    if (end == LineEnd.Interrupt) {
      session.status = 130;
      continue;
    }
    const line = session.prompter.line;
    session.history.add(line);
    runText(session, line);
  }
}

/** From a file or pipe, line by line; a builtin that reads the same input finds what follows its line (Keyboard). */
function readCommands(session: Session): void {
  let line = "";
  while (!session.isOver) {
    const byte = session.keyboard.next();
    if (byte >= 0 && byte != 0x0a) {
      line += String.fromCharCode(byte);
      continue;
    }
    if (line.length > 0) runText(session, line);
    line = "";
    if (byte < 0) return;
  }
}
