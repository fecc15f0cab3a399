// Names of images: [HOST/]PATH[:TAG], as people and archives write them, and as the store keeps them.

/** The name as the store keeps it: with a tag, and without what stands for Docker Hub. */
export function normalName(name: string): string {
  if (name.startsWith("docker.io/")) name = name.substring(10);
  if (name.startsWith("library/")) name = name.substring(8);
  return name.indexOf(":", name.lastIndexOf("/") + 1) < 0 ? name + ":latest" : name;
}

/** True when the name, without a path and a tag of its own, may be a tag: what annotations of layouts often say. */
export function isTagAlone(name: string): bool {
  return !name.includes("/") && !name.includes(":");
}

/** True for what may be the name of an image: no blanks, control characters or the like. */
export function isName(name: string): bool {
  if (name == "" || name.length > 512) return false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    const isAlphanumeric = (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a);
    if (!isAlphanumeric && !"._-/:@+".includes(String.fromCharCode(c))) return false;
  }
  return true;
}

/** A name out of that of a file: "/mnt/busybox-1.36.tar" is "busybox-1.36". */
export function nameOfFile(path: string): string {
  let end = path.length;
  while (end > 1 && path.charCodeAt(end - 1) == 0x2f) end--;
  const base = path.substring(path.lastIndexOf("/", end - 1) + 1, end);
  const plain = base.endsWith(".tar") ? base.substring(0, base.length - 4) : base;
  return isName(plain) && isTagAlone(plain) ? plain : "image";
}
