// Runs command lines: expands words, redirects, finds the command (built in, or a program) and keeps its status.

import { close, O_APPEND, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, open, Stat, stat } from "../lib/files";
import { Output } from "../lib/output";
import { findCommand } from "./commands/registry";
import { TokenKind } from "./language/lexer";
import { Command, Join, parseLine, Redirection } from "./language/parser";
import { runProgram } from "./program";
import { Session } from "./session";
import { expandWord, plain } from "./wildcard";

const STATUS_SYNTAX: i32 = 2;
const STATUS_NOT_FOUND: i32 = 127;

/** Runs `text`, a line or a whole script; the session's status is that of the last command that ran. */
export function runText(session: Session, text: string): void {
  const parsed = parseLine(text);
  if (parsed.error.length > 0) {
    session.failText("sh", "", `syntax error: ${parsed.error}`);
    session.status = STATUS_SYNTAX;
    return;
  }
  for (let i = 0; i < parsed.commands.length && !session.isOver; i++) {
    const command = parsed.commands[i];
    if (command.join == Join.OnSuccess && session.status != 0) continue;
    if (command.join == Join.OnFailure && session.status == 0) continue;
    session.status = runCommand(session, command);
  }
}

function runCommand(session: Session, command: Command): i32 {
  let words: string[] = [];
  for (let i = 0; i < command.words.length; i++) words = words.concat(expandWord(command.words[i], session.status));

  const input = session.input;
  const output = session.output;
  const errors = session.errors;
  const opened: i32[] = [];
  let status = 0;
  for (let i = 0; i < command.redirections.length && status == 0; i++) status = redirect(session, command.redirections[i], opened);
  if (status == 0 && words.length > 0) status = runWords(session, words);
  const failed = session.output.flush();
  if (failed < 0 && status == 0) {
    session.output = output;
    status = session.fail(words[0], "write", failed);
  }
  session.errors.flush();
  for (let i = 0; i < opened.length; i++) close(opened[i]);
  session.input = input;
  session.output = output;
  session.output.error = 0;
  session.errors = errors;
  return status;
}

/** Opens a redirection's file and makes it the stream; 0 or the status of the failure. */
function redirect(session: Session, redirection: Redirection, opened: i32[]): i32 {
  const path = plain(expandWord(redirection.target, session.status)[0]);
  let flags = O_RDONLY;
  if (redirection.kind == TokenKind.Output) flags = O_WRONLY | O_CREAT | O_TRUNC;
  if (redirection.kind == TokenKind.Append) flags = O_WRONLY | O_CREAT | O_APPEND;
  const fd = open(path, flags, 0o644);
  if (fd < 0) return session.fail("sh", path, fd);
  opened.push(<i32>fd);
  if (redirection.kind == TokenKind.Input) session.input = <i32>fd;
  else if (redirection.descriptor == 2) session.errors = new Output(<i32>fd);
  else session.output = new Output(<i32>fd);
  return 0;
}

function runWords(session: Session, words: string[]): i32 {
  const name = words[0];
  const builtin = findCommand(name);
  if (builtin !== null) {
    session.commandUsage = builtin.usage;
    return builtin.run(session, words);
  }
  if (name.includes("/")) return runProgram(session, name, words);
  const path = "/bin/" + name;
  const info = new Stat();
  if (name.length > 0 && stat(path, info) == 0 && !info.isDirectory) return runProgram(session, path, words);
  session.failText("sh", name, "command not found; `help` lists what there is");
  return STATUS_NOT_FOUND;
}
