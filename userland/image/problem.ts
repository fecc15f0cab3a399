// Why something failed. AssemblyScript has no exceptions here: a function that fails calls `fail` and returns false or null, and so does whoever called it.

/** What went wrong first, for people; "" when nothing did. */
export let problem: string = "";

/** Remembers why, unless something failed before; always false. */
export function fail(why: string): bool {
  if (problem == "") problem = why;
  return false;
}

/** Puts `where` in front of the problem, if there is one; true when there is none. */
export function within(where: string, succeeded: bool): bool {
  if (!succeeded) problem = `${where}: ${problem}`;
  return succeeded;
}

export function forgetProblem(): void {
  problem = "";
}
