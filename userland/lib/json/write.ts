// Writes JSON: a text of values that the caller puts together, with escapes where they are needed.

/** Byte string `s` as a JSON text. */
export function jsonText(s: string): string {
  let text = '"';
  let start = 0;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c >= 0x20 && c != 0x22 && c != 0x5c) continue;
    text += s.substring(start, i);
    text += c == 0x22 || c == 0x5c ? "\\" + String.fromCharCode(c) : "\\u" + c.toString(16).padStart(4, "0");
    start = i + 1;
  }
  return text + s.substring(start) + '"';
}

/** The texts as a JSON list. */
export function jsonTexts(texts: string[]): string {
  const parts: string[] = [];
  for (let i = 0; i < texts.length; i++) parts.push(jsonText(texts[i]));
  return "[" + parts.join(",") + "]";
}
