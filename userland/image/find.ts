// An image by what people call it.

import { fail } from "./problem";
import { normalName } from "./reference";
import { StoredImage, storedImages } from "./store";

/** Digits of an ID that are enough to mean it. */
const SHORTEST_ID: i32 = 4;

/** The image of that name, or whose ID begins so; null with the problem told. */
export function findImage(name: string): StoredImage | null {
  const images = storedImages();
  const normal = normalName(name);
  for (let i = 0; i < images.length; i++) if (images[i].names.includes(normal)) return images[i];
  let found: StoredImage | null = null;
  const id = name.startsWith("sha256:") ? name.substring(7) : name;
  for (let i = 0; i < images.length && id.length >= SHORTEST_ID; i++) {
    if (!images[i].id.startsWith(id)) continue;
    if (found !== null) {
      fail(`${name}: is the beginning of several IDs`);
      return null;
    }
    found = images[i];
  }
  if (found === null) fail(`${name}: no such image`);
  return found;
}
