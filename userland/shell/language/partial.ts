// The unfinished end of a command line, as completion sees it.

/** The word the cursor is in, and those before it in the same command. */
export class CompletionWord {
  /** The words before, unquoted. */
  words: string[] = [];
  /** The word up to the cursor, unquoted. */
  text: string = "";
  /** The quote that is still open, or "". */
  quote: string = "";
}

/** Takes the part of `line` before `cursor` apart; it need not be a complete line. */
export function wordToComplete(line: string, cursor: i32): CompletionWord {
  const result = new CompletionWord();
  let inWord = false;
  for (let i = 0; i < cursor; i++) {
    const c = line.charAt(i);
    if (result.quote != "") {
      if (c == result.quote) result.quote = "";
      else if (c == "\\" && result.quote == '"' && i + 1 < cursor && (line.charAt(i + 1) == '"' || line.charAt(i + 1) == "\\"))
        result.text += line.charAt(++i);
      else result.text += c;
    } else if (c == "'" || c == '"') {
      result.quote = c;
      inWord = true;
    } else if (c == "\\") {
      if (i + 1 < cursor) result.text += line.charAt(++i);
      inWord = true;
    } else if (c == " " || c == "\t" || c == "<" || c == ">") {
      if (inWord) result.words.push(result.text);
      result.text = "";
      inWord = false;
    } else if (c == ";" || c == "&" || c == "|") {
      result.words = [];
      result.text = "";
      inWord = false;
    } else {
      result.text += c;
      inWord = true;
    }
  }
  return result;
}

/** The longest beginning that all of `names` (at least one) share; never a part of a UTF-8 character. */
export function commonPrefix(names: string[]): string {
  let length = names[0].length;
  for (let i = 1; i < names.length; i++) {
    let n = 0;
    while (n < length && n < names[i].length && names[i].charCodeAt(n) == names[0].charCodeAt(n)) n++;
    length = n;
  }
  while (length > 0 && length < names[0].length && (names[0].charCodeAt(length) & 0xc0) == 0x80) length--;
  return names[0].substring(0, length);
}
