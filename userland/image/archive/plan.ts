// What is to be imported: one image as an archive describes it, with all that is said of it checked as far as it can be without the layers.

import { sha256Of } from "../../lib/hash/sha256";
import { JsonParser } from "../../lib/json/parse";
import { JsonKind, JsonValue } from "../../lib/json/value";
import { fail, within } from "../problem";
import { Piece } from "./contents";

/** JSON documents larger than this are refused, as registries do. */
export const DOCUMENT_BYTES_MAX: u32 = 4 << 20;
/** More layers than this are not mounted by other programs either. */
const LAYERS_MAX: i32 = 127;

export class LayerPlan {
  constructor(
    public piece: Piece,
    /** SHA-256 of the packed layer in hexadecimal; "" when the archive does not say it. */
    public digest: string,
    public diffId: string,
  ) {}
}

export class ImagePlan {
  /** The image's ID: the SHA-256 of its configuration, in hexadecimal. */
  id: string = "";
  config: string = "";
  layers: LayerPlan[] = [];
  /** Names that the archive gives it. */
  names: string[] = [];
}

/** The hexadecimal part of a digest "sha256:..."; null with the problem told. */
export function digestOf(text: string): string | null {
  const hex = text.substring(7);
  let isHex = hex.length == 64;
  for (let i = 0; i < hex.length && isHex; i++) {
    const c = hex.charCodeAt(i);
    isHex = (c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x66);
  }
  if (text.startsWith("sha256:") && isHex) return hex;
  fail(text.startsWith("sha512:") ? "sha512 digests are not supported" : `"${text}" is no digest`);
  return null;
}

/** The document in `text`, which has to be an object; null with the problem told. */
export function parseDocument(text: string): JsonValue | null {
  const parser = new JsonParser(text);
  const value = parser.parse();
  if (value !== null && value.kind == JsonKind.Object) return value;
  fail(value === null ? parser.error : "JSON: not an object");
  return null;
}

/** Takes the image's configuration and its diff IDs over into `plan`, whose layers get theirs; false with the problem told. */
export function takeConfig(plan: ImagePlan, text: string, pieces: Piece[], digests: string[]): bool {
  const config = parseDocument(text);
  if (config === null) return within("config", false);
  const os = config.textOf("os");
  const architecture = config.textOf("architecture");
  if ((os != "" && os != "linux") || (architecture != "" && architecture != "amd64"))
    return fail(`is for ${os}/${architecture}, not for linux/amd64`);
  const rootfs = config.objectOf("rootfs");
  const listed: JsonValue[] = rootfs === null ? [] : rootfs.listOf("diff_ids");
  if (rootfs === null || rootfs.textOf("type") != "layers") return fail("config: rootfs.type is not layers");
  if (listed.length != pieces.length) return fail(`config: ${listed.length} diff_ids for ${pieces.length} layers`);
  if (pieces.length == 0) return fail("has no layers");
  if (pieces.length > LAYERS_MAX) return fail(`has ${pieces.length} layers, more than ${LAYERS_MAX}`);
  for (let i = 0; i < listed.length; i++) {
    const diffId = digestOf(listed[i].text);
    if (diffId === null) return within("config: rootfs.diff_ids", false);
    plan.layers.push(new LayerPlan(pieces[i], digests[i], diffId));
  }
  plan.config = text;
  plan.id = sha256Of(text);
  return true;
}
