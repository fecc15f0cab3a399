// A command line as a list of simple commands, each with its words, redirections and what joins it to the one before:
//   line = [ command { (";" | "&&" | "||") command } [";"] ]      command = { word | redirection }

import { Lexer, Token, TokenKind } from "./lexer";

export const enum Join {
  Always,
  /** After `&&`: only when the status is 0. */
  OnSuccess,
  /** After `||`: only when the status is not 0. */
  OnFailure,
}

export class Redirection {
  constructor(
    /** Input, Output or Append. */
    public kind: TokenKind,
    public descriptor: i32,
    public target: string,
  ) {}
}

export class Command {
  words: string[] = [];
  redirections: Redirection[] = [];

  constructor(public join: Join) {}

  get isEmpty(): bool {
    return this.words.length == 0 && this.redirections.length == 0;
  }
}

/** What a line says, or in `error` why it says nothing. */
export class ParsedLine {
  commands: Command[] = [];
  error: string = "";
}

/** Parses a whole line (or script: newlines separate like `;`). Words still hold the lexer's marks. */
export function parseLine(text: string): ParsedLine {
  const parsed = new ParsedLine();
  const lexer = new Lexer(text);
  let command = new Command(Join.Always);
  while (true) {
    const token = lexer.next();
    switch (token.kind) {
      case TokenKind.Error:
        parsed.error = token.text;
        return parsed;
      case TokenKind.Word:
        command.words.push(token.text);
        break;
      case TokenKind.Input:
      case TokenKind.Output:
      case TokenKind.Append: {
        const target = lexer.next();
        if (target.kind != TokenKind.Word) {
          parsed.error = target.kind == TokenKind.Error ? target.text : `a file name must follow \`${token.text}\``;
          return parsed;
        }
        command.redirections.push(new Redirection(token.kind, token.descriptor, target.text));
        break;
      }
      default:
        if (!finishCommand(parsed, command, token) || token.kind == TokenKind.End) return parsed;
        command = new Command(joinAfter(token));
    }
  }
  return parsed;
}

function joinAfter(token: Token): Join {
  return token.kind == TokenKind.And ? Join.OnSuccess : token.kind == TokenKind.Or ? Join.OnFailure : Join.Always;
}

/** Adds `command`, which `token` ends; false when a command is missing on either side of `&&` or `||`. */
function finishCommand(parsed: ParsedLine, command: Command, token: Token): bool {
  if (!command.isEmpty) parsed.commands.push(command);
  else if (token.kind == TokenKind.And || token.kind == TokenKind.Or) parsed.error = `a command must stand before \`${token.text}\``;
  else if (command.join == Join.OnSuccess) parsed.error = "a command must follow `&&`";
  else if (command.join == Join.OnFailure) parsed.error = "a command must follow `||`";
  return parsed.error.length == 0;
}
