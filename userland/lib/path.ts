// Paths as text. Nothing here looks at the file system.

/** `path` without "." and empty components, and with ".." taken out lexically; absolute, seen from the absolute `directory`. */
export function absolutePath(path: string, directory: string): string {
  const whole = path.startsWith("/") ? path : directory + "/" + path;
  const parts = whole.split("/");
  const kept: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] == "" || parts[i] == ".") continue;
    if (parts[i] == "..") {
      if (kept.length > 0) kept.pop();
    } else kept.push(parts[i]);
  }
  return "/" + kept.join("/");
}

/** `directory/name`, without a double slash. */
export function joinPath(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : directory + "/" + name;
}

/** The last component of `path`, trailing slashes aside; "/" for the root. */
export function baseName(path: string): string {
  let end = path.length;
  while (end > 1 && path.charCodeAt(end - 1) == 0x2f) end--;
  const slash = path.lastIndexOf("/", end - 1);
  return end == 1 ? path.substring(0, 1) : path.substring(slash + 1, end);
}

/** What stands before the last component; "." when there is nothing, "/" for the root. */
export function parentPath(path: string): string {
  let end = path.length;
  while (end > 1 && path.charCodeAt(end - 1) == 0x2f) end--;
  const slash = path.lastIndexOf("/", end - 1);
  if (slash < 0) return ".";
  return slash == 0 ? "/" : path.substring(0, slash);
}
