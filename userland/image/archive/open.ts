// Finds out what kind of archive of images something is.

import { fail } from "../problem";
import { Contents } from "./contents";
import { planFromDocker } from "./docker";
import { planFromLayout } from "./layout";
import { ImagePlan } from "./plan";

/** The image of that tag ("": the only one) in what `contents` has; null with the problem told. */
export function planImage(contents: Contents, tag: string): ImagePlan | null {
  if (contents.find("oci-layout") !== null) return planFromLayout(contents, tag);
  const manifest = contents.find("manifest.json");
  if (manifest !== null) return planFromDocker(contents, manifest, tag);
  fail("is no image: it has neither oci-layout nor manifest.json");
  return null;
}
