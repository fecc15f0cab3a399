// Completion with Tab: command names, the verbs of oci, ids of containers, paths.

import { containerList } from "../lib/containers";
import { listDirectory, Stat, stat } from "../lib/files";
import { joinPath } from "../lib/path";
import { builtIns } from "./commands/registry";
import { OCI_VERBS } from "./commands/oci";
import { commonPrefix, CompletionWord, wordToComplete } from "./language/partial";
import { quoteWord } from "./language/lexer";
import { Completion } from "./line/prompter";

/** What Tab does to `text` with the cursor at `cursor`. */
export function completeCommandLine(text: string, cursor: i32): Completion {
  const word = wordToComplete(text, cursor);
  const slash = word.text.lastIndexOf("/");
  const directory = word.text.substring(0, slash + 1);
  let candidates: string[] = [];
  if (slash < 0) candidates = names(word);
  if (candidates.length == 0) candidates = paths(directory, word.words.length == 0 && slash < 0);
  const beginning = word.text.substring(slash + 1);

  const matching: string[] = [];
  for (let i = 0; i < candidates.length; i++) if (candidates[i].startsWith(beginning)) matching.push(candidates[i]);
  if (matching.length == 0) return new Completion("", []);
  const common = commonPrefix(matching);
  let rest = common.substring(beginning.length);
  if (word.quote == "") rest = quoteWord(rest);
  if (matching.length > 1) return new Completion(rest, rest.length == 0 ? matching : []);
  if (!common.endsWith("/")) rest += word.quote + " ";
  return new Completion(rest, []);
}

/** Names that can stand where `word` stands: commands, verbs, ids; none when it is a path. */
function names(word: CompletionWord): string[] {
  const found: string[] = [];
  if (word.words.length == 0) {
    const commands = builtIns();
    for (let i = 0; i < commands.length; i++) found.push(commands[i].name);
    listDirectory("/bin", found);
    return found.sort();
  }
  const command = word.words[0];
  const isOci = command == "oci" || command == "oci-runtime";
  if (isOci && word.words.length == 1) return OCI_VERBS;
  const wantsId = isOci ? word.words[1] != "create" && word.words[1] != "run" : command == "ps";
  if (!wantsId) return found;
  const containers = containerList();
  for (let i = 0; i < containers.length; i++) found.push(containers[i].id);
  return found;
}

/** The names in `directory`, those of directories with a slash. */
function paths(directory: string, isCommand: bool): string[] {
  const found: string[] = [];
  if (isCommand) return found;
  listDirectory(directory == "" ? "." : directory, found);
  const info = new Stat();
  for (let i = 0; i < found.length; i++) {
    const path = directory == "" ? found[i] : joinPath(directory, found[i]);
    if (stat(path, info) == 0 && info.isDirectory) found[i] += "/";
  }
  return found;
}
