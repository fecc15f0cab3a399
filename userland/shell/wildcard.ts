// What is expanded when a command runs: `$?`, and unquoted `*` and `?` against the file system.

import { listDirectory } from "../lib/files";
import { joinPath } from "../lib/path";
import { MARK_ANY, MARK_ONE, MARK_STATUS } from "./language/lexer";
import { nextCharacter } from "../lib/utf8";

/** The words that `word` stands for: itself without marks, or the sorted paths its wildcards match. */
export function expandWord(word: string, status: i32): string[] {
  const withStatus = word.replaceAll(String.fromCharCode(MARK_STATUS), status.toString());
  if (!hasWildcard(withStatus)) return [withStatus];
  const absolute = withStatus.startsWith("/");
  let found: string[] = [absolute ? "/" : ""];
  const parts = withStatus.split("/");
  for (let i = 0; i < parts.length; i++) if (parts[i] != "") found = expandPart(found, parts[i]);
  return found.length > 0 ? found : [plain(withStatus)];
}

function hasWildcard(text: string): bool {
  return text.includes(String.fromCharCode(MARK_ANY)) || text.includes(String.fromCharCode(MARK_ONE));
}

/** The text with its wildcards as ordinary characters. */
export function plain(text: string): string {
  return text.replaceAll(String.fromCharCode(MARK_ANY), "*").replaceAll(String.fromCharCode(MARK_ONE), "?");
}

function expandPart(directories: string[], pattern: string): string[] {
  const found: string[] = [];
  for (let i = 0; i < directories.length; i++) {
    const directory = directories[i];
    const names: string[] = [];
    if (hasWildcard(pattern)) listDirectory(directory == "" ? "." : directory, names);
    else names.push(pattern);
    for (let j = 0; j < names.length; j++) {
      const isHidden = names[j].startsWith(".") && !pattern.startsWith(".");
      if (isHidden || !matches(names[j], 0, pattern, 0)) continue;
      found.push(directory == "" ? names[j] : joinPath(directory, names[j]));
    }
  }
  return found;
}

/** True when `name` from `i` on matches `pattern` from `j` on. */
export function matches(name: string, i: i32, pattern: string, j: i32): bool {
  // On a mismatch the last `*` takes one character more: at most name.length * pattern.length steps.
  let star = -1;
  let resume = 0;
  while (i < name.length) {
    const c = j < pattern.length ? pattern.charCodeAt(j) : -1;
    if (c == MARK_ANY) {
      star = j++;
      resume = i;
    } else if (c == MARK_ONE) {
      i = nextCharacter(name, i);
      j++;
    } else if (c == name.charCodeAt(i)) {
      i++;
      j++;
    } else if (star >= 0) {
      j = star + 1;
      i = ++resume;
    } else return false;
  }
  while (j < pattern.length && pattern.charCodeAt(j) == MARK_ANY) j++;
  return j == pattern.length;
}
