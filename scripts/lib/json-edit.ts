// Changes single values in JSON text and leaves every other byte as it is: numbers above 2^53 (a resource limit of 2^64 - 1 is common in
// config.json) would not survive JSON.parse and JSON.stringify, and line numbers in error messages stay the file's own.

/** `text` with the value at `path` set to `value`; members on the way are made. Text that is not a JSON object comes back unchanged. */
export function setMember(text: string, path: readonly string[], value: unknown): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const start = skipSpace(text, 0);
  if (text[start] !== "{") return text;
  return setIn(text, start, path, value);
}

function setIn(text: string, object: number, path: readonly string[], value: unknown): string {
  const [name, ...rest] = path as [string, ...string[]];
  const found = members(text, object).findLast((member) => member.name === name);
  if (!found) {
    const nested = rest.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    const empty = text[skipSpace(text, object + 1)] === "}";
    return `${text.slice(0, object + 1)}${JSON.stringify(name)}: ${JSON.stringify(nested)}${empty ? "" : ","}${text.slice(object + 1)}`;
  }
  if (rest.length === 0) return text.slice(0, found.start) + JSON.stringify(value) + text.slice(found.end);
  return text[found.start] === "{" ? setIn(text, found.start, rest, value) : text;
}

interface Member {
  name: string;
  start: number;
  end: number;
}

/** The members of the object that begins at `at`, with the spans of their values. The text is valid JSON. */
function members(text: string, at: number): Member[] {
  const found: Member[] = [];
  at = skipSpace(text, at + 1);
  while (text[at] !== "}") {
    const nameEnd = skipString(text, at);
    const name = JSON.parse(text.slice(at, nameEnd)) as string;
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1);
    const end = skipValue(text, start);
    found.push({ name, start, end });
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return found;
}

function skipSpace(text: string, at: number): number {
  while (" \t\r\n".includes(text[at] ?? "x")) at++;
  return at;
}

function skipString(text: string, at: number): number {
  for (at++; text[at] !== '"'; at++) if (text[at] === "\\") at++;
  return at + 1;
}

function skipValue(text: string, at: number): number {
  let depth = 0;
  do {
    const c = text[at] as string;
    if (c === '"') {
      at = skipString(text, at);
      continue;
    }
    if (c === "{" || c === "[") depth++;
    else if (c === "}" || c === "]") depth--;
    else if (depth === 0) {
      while (/[^\s,}\]]/.test(text[at] ?? ",")) at++; // a number, true, false or null
      continue;
    }
    at++;
  } while (depth > 0);
  return at;
}
