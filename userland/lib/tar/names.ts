// Which names an archive may use.

/** The archive's name `name` as components joined by "/", "" for the directory it is unpacked in; null when it is absolute or has "..". */
export function safeName(name: string): string | null {
  if (name.startsWith("/") || name.includes("\0")) return null;
  const parts = name.split("/");
  const kept: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] == "..") return null;
    if (parts[i] != "" && parts[i] != ".") kept.push(parts[i]);
  }
  return kept.join("/");
}
