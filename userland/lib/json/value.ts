// JSON values (RFC 8259) as programs read them: texts are byte strings, the UTF-8 that stood there. Asking a value for what it is not gives
// null, 0 or "", so that a reader of a document needs one check for each thing it wants.

export const enum JsonKind {
  Null,
  Boolean,
  Number,
  Text,
  List,
  Object,
}

export class JsonValue {
  /** Text: the text. Number: as it was written. Boolean: "true" or "false". */
  text: string = "";
  /** List: the items. Object: the values of `names`. */
  items: JsonValue[] = [];
  names: string[] = [];

  constructor(public kind: JsonKind) {}

  /** The object's member of that name; null when there is none, or when this is no object. */
  member(name: string): JsonValue | null {
    const at = this.names.indexOf(name);
    return at < 0 ? null : this.items[at];
  }

  /** The member that is a text; "" when there is none. */
  textOf(name: string): string {
    const value = this.member(name);
    return value !== null && value.kind == JsonKind.Text ? value.text : "";
  }

  /** The member that is a whole number from 0 to 2^63 - 1; -1 when there is none. */
  numberOf(name: string): i64 {
    const value = this.member(name);
    return value !== null && value.kind == JsonKind.Number ? wholeNumber(value.text) : -1;
  }

  /** The items of the member that is a list; none when there is none. */
  listOf(name: string): JsonValue[] {
    const value = this.member(name);
    return value !== null && value.kind == JsonKind.List ? value.items : [];
  }

  /** The texts in the member that is a list; what is no text is left out. */
  textsOf(name: string): string[] {
    const items = this.listOf(name);
    const texts: string[] = [];
    for (let i = 0; i < items.length; i++) if (items[i].kind == JsonKind.Text) texts.push(items[i].text);
    return texts;
  }

  /** The member that is an object; null when there is none. */
  objectOf(name: string): JsonValue | null {
    const value = this.member(name);
    return value !== null && value.kind == JsonKind.Object ? value : null;
  }
}

/** The number that the digits `text` give; -1 when it is not a whole one from 0 to 2^63 - 1. */
function wholeNumber(text: string): i64 {
  let value: u64 = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9 || value > (<u64>i64.MAX_VALUE - digit) / 10) return -1;
    value = value * 10 + digit;
  }
  return value;
}
