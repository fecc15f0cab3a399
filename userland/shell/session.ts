// What commands share: where they read and write, how they complain, the status of the command before.

import { errorText } from "../lib/errors";
import { Output } from "../lib/output";
import { History } from "./line/history";
import { Keyboard } from "./line/keyboard";
import { Prompter } from "./line/prompter";

export class Session {
  /** Exit status of the last command. */
  status: i32 = 0;
  /** Set by `exit`. */
  isOver: bool = false;
  /** How the command that runs is used. */
  commandUsage: string = "";
  /** Where `cd -` goes. */
  previousDirectory: string = "/";
  /** Standard streams of the command that runs; redirections change them. */
  input: i32 = 0;
  output: Output = new Output(1);
  errors: Output = new Output(2);

  constructor(
    /** A person types: prompts, raw mode, Ctrl-C. */
    public isInteractive: bool,
    readonly keyboard: Keyboard,
    readonly history: History,
    readonly prompter: Prompter,
  ) {}

  /** Prints "command: subject: the error in words" and gives status 1. */
  fail(command: string, subject: string, error: i64): i32 {
    return this.failText(command, subject, errorText(error));
  }

  /** The same with a text of the command's own. */
  failText(command: string, subject: string, text: string): i32 {
    this.output.flush();
    this.errors.line(subject.length > 0 ? `${command}: ${subject}: ${text}` : `${command}: ${text}`);
    this.errors.flush();
    return 1;
  }

  /** Prints how the running command (or `text`) is used and gives status 2. */
  usage(text: string = this.commandUsage): i32 {
    this.output.flush();
    this.errors.line("usage: " + text);
    this.errors.flush();
    return 2;
  }

  /** True once Ctrl-C was typed; a long-running command asks now and then and returns 130. */
  interrupted(): bool {
    if (!this.isInteractive || !this.keyboard.interrupted()) return false;
    this.output.flush();
    this.errors.line("^C");
    this.errors.flush();
    return true;
  }
}

/** Status of a command that Ctrl-C ended: 128 + SIGINT. */
export const STATUS_INTERRUPTED: i32 = 130;

/** A command's options: single letters in front of its operands; `--` ends them. */
export class Options {
  letters: string = "";
  operands: string[] = [];
  /** The first letter or long option that is not allowed; "" when all are. */
  unknown: string = "";

  /** Parses `words` (after the command's name) for single-letter options of `allowed`. */
  constructor(words: string[], allowed: string) {
    let i = 1;
    for (; i < words.length; i++) {
      const word = words[i];
      if (word == "--") {
        i++;
        break;
      }
      if (word.length < 2 || word.charCodeAt(0) != 0x2d) break;
      for (let j = 1; j < word.length; j++) {
        const letter = word.charAt(j);
        if (!allowed.includes(letter) && this.unknown == "") this.unknown = word.startsWith("--") ? word : "-" + letter;
        this.letters += letter;
      }
    }
    for (; i < words.length; i++) this.operands.push(words[i]);
  }

  has(letter: string): bool {
    return this.letters.includes(letter);
  }
}
