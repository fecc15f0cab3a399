// Archives of `docker save` without an OCI layout: manifest.json names configuration and layers by file (Docker image specification v1.2).

import { sha256Of } from "../../lib/hash/sha256";
import { JsonParser } from "../../lib/json/parse";
import { JsonKind, JsonValue } from "../../lib/json/value";
import { fail, within } from "../problem";
import { Contents, Piece } from "./contents";
import { DOCUMENT_BYTES_MAX, ImagePlan, takeConfig } from "./plan";

/** The image that has the tag, or is named so; with no tag the only one. Null with the problem told. */
function choose(images: JsonValue[], tag: string): JsonValue | null {
  const names: string[] = [];
  for (let i = 0; i < images.length; i++) {
    const own = images[i].textsOf("RepoTags");
    if (tag == "" && images.length == 1) return images[i];
    for (let k = 0; k < own.length; k++) {
      if (tag != "" && (own[k] == tag || own[k].endsWith(":" + tag))) return images[i];
      names.push(own[k]);
    }
  }
  const known = names.length == 0 ? "none has a name" : `the names are ${names.join(", ")}`;
  fail(tag == "" ? `has ${images.length} images: say which; ${known}` : `has no image ${tag}; ${known}`);
  return null;
}

/** The SHA-256 that a configuration's file is named after; "" when it is not named so. */
function digestInName(name: string): string {
  const base = name.substring(name.lastIndexOf("/") + 1);
  const hex = base.endsWith(".json") ? base.substring(0, base.length - 5) : base;
  return hex.length == 64 ? hex : "";
}

/** The image of that tag or name ("": the only one) in an archive of Docker's; null with the problem told. */
export function planFromDocker(contents: Contents, manifestPiece: Piece, tag: string): ImagePlan | null {
  const text = manifestPiece.text(DOCUMENT_BYTES_MAX);
  const parser = new JsonParser(text === null ? "" : text);
  const manifest: JsonValue | null = text === null ? null : parser.parse();
  if (manifest === null || manifest.kind != JsonKind.List) {
    within("manifest.json", fail(manifest === null ? parser.error : "JSON: not a list"));
    return null;
  }
  const image = choose(manifest.items, tag);
  if (image === null) return null;
  const configName = image.textOf("Config");
  const configPiece = contents.find(configName);
  const config: string | null = configPiece === null ? null : configPiece.text(DOCUMENT_BYTES_MAX);
  if (config === null) {
    within(`config ${configName}`, fail("is not in the archive"));
    return null;
  }
  const expected = digestInName(configName);
  if (expected != "" && sha256Of(config) != expected) {
    fail(`config ${configName}: its digest is sha256:${sha256Of(config)}`);
    return null;
  }
  const names = image.textsOf("Layers");
  const pieces: Piece[] = [];
  const digests: string[] = [];
  for (let i = 0; i < names.length; i++) {
    const piece = contents.find(names[i]);
    if (piece === null) {
      fail(`layer ${i + 1}: ${names[i]} is not in the archive`);
      return null;
    }
    pieces.push(piece);
    digests.push("");
  }
  const plan = new ImagePlan();
  plan.names = image.textsOf("RepoTags");
  return takeConfig(plan, config, pieces, digests) ? plan : null;
}
