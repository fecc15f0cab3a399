// What a built-in command is.

import { Session } from "../session";

export class BuiltIn {
  constructor(
    public name: string,
    /** The arguments, as `help` and usage lines show them. */
    public parameters: string,
    public summary: string,
    /** Runs with words[0] the name; gives the exit status. */
    public run: (session: Session, words: string[]) => i32,
  ) {}

  get usage(): string {
    return this.parameters == "" ? this.name : `${this.name} ${this.parameters}`;
  }
}
