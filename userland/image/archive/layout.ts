// OCI image layouts (OCI image specification, image-layout.md, image-index.md, manifest.md), and Docker's manifests and lists in them.

import { sha256Of } from "../../lib/hash/sha256";
import { JsonValue } from "../../lib/json/value";
import { fail, within } from "../problem";
import { Contents, Piece } from "./contents";
import { digestOf, DOCUMENT_BYTES_MAX, ImagePlan, parseDocument, takeConfig } from "./plan";

const REF_NAME: string = "org.opencontainers.image.ref.name";
/** The full name, as containerd and Docker note it. */
const FULL_NAME: string = "io.containerd.image.name";

const INDEX_TYPES: string[] = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];
const MANIFEST_TYPES: string[] = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];
const CONFIG_TYPES: string[] = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
const LAYER_TYPES: string[] = [
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
];
/** How deep an index may lie in another. */
const NESTING_MAX: i32 = 4;

/** Where the blob of a descriptor lies; null, with the problem told, when it is not there or not of the size that is said. */
function blobOf(contents: Contents, descriptor: JsonValue): Piece | null {
  const digest = digestOf(descriptor.textOf("digest"));
  if (digest === null) return null;
  const piece = contents.find(`blobs/sha256/${digest}`);
  if (piece === null) fail(`there is no blob sha256:${digest}`);
  else if (<i64>piece.bytes != descriptor.numberOf("size")) {
    fail(`blob sha256:${digest} has ${piece.bytes} bytes, not ${descriptor.numberOf("size")}`);
    return null;
  }
  return piece;
}

/** The text of a descriptor's blob, verified; null with the problem told. */
function documentOf(contents: Contents, descriptor: JsonValue): string | null {
  const piece = blobOf(contents, descriptor);
  const text: string | null = piece === null ? null : piece.text(DOCUMENT_BYTES_MAX);
  if (text === null) return null;
  const expected = descriptor.textOf("digest");
  const digest = "sha256:" + sha256Of(text);
  if (digest == expected) return text;
  fail(`the blob ${expected} has the digest ${digest}`);
  return null;
}

/** The descriptor's name, as it was noted. */
function nameOf(descriptor: JsonValue): string {
  const annotations = descriptor.objectOf("annotations");
  if (annotations === null) return "";
  const full = annotations.textOf(FULL_NAME);
  return full != "" ? full : annotations.textOf(REF_NAME);
}

function isNamed(descriptor: JsonValue, tag: string): bool {
  const annotations = descriptor.objectOf("annotations");
  if (annotations === null) return false;
  const reference = annotations.textOf(REF_NAME);
  const full = annotations.textOf(FULL_NAME);
  return reference == tag || full == tag || reference.endsWith(":" + tag) || full.endsWith(":" + tag);
}

/** The image of that tag in the index; with no tag the only one, or the latest. Null with the problem told. */
function chooseByTag(index: JsonValue, tag: string): JsonValue | null {
  const manifests = index.listOf("manifests");
  const tags: string[] = [];
  for (let i = 0; i < manifests.length; i++) {
    if (tag != "" ? isNamed(manifests[i], tag) : manifests.length == 1) return manifests[i];
    if (nameOf(manifests[i]) != "") tags.push(nameOf(manifests[i]));
  }
  if (tag == "" && manifests.length > 1) {
    const suitable = chooseByPlatform(manifests);
    // One image for several platforms, or several images?
    if (suitable !== null && tags.length <= 1) return suitable;
    for (let i = 0; i < manifests.length; i++) if (isNamed(manifests[i], "latest")) return manifests[i];
  }
  const known = tags.length == 0 ? "none has a tag" : `the tags are ${tags.join(", ")}`;
  fail(tag == "" ? `has ${manifests.length} images: say which; ${known}` : `has no image with the tag ${tag}; ${known}`);
  return null;
}

/** The manifest for linux/amd64; null when there is none. */
function chooseByPlatform(manifests: JsonValue[]): JsonValue | null {
  for (let i = 0; i < manifests.length; i++) {
    const platform = manifests[i].objectOf("platform");
    if (platform !== null && platform.textOf("os") == "linux" && platform.textOf("architecture") == "amd64") return manifests[i];
  }
  return null;
}

/** Whether the document says of itself that it is what the descriptor calls it; else two programs could read two things in it. */
function isOf(document: JsonValue, type: string, mustHave: string, mayNotHave: string): bool {
  const own = document.textOf("mediaType");
  if (own != "" && own != type) return fail(`calls itself ${own}, but was announced as ${type}`);
  if (document.numberOf("schemaVersion") != 2) return fail("schemaVersion is not 2");
  return (document.member(mustHave) !== null && document.member(mayNotHave) === null) || fail(`is not a document of type ${type}`);
}

/** Goes from the descriptor down to an image for this machine: null, with the problem told, when there is none. */
function manifestFrom(contents: Contents, descriptor: JsonValue): JsonValue | null {
  let at = descriptor;
  for (let depth = 0; depth < NESTING_MAX; depth++) {
    const type = at.textOf("mediaType");
    const isIndex = INDEX_TYPES.includes(type);
    if (!isIndex && !MANIFEST_TYPES.includes(type)) {
      fail(`the media type "${type}" is none of an image`);
      return null;
    }
    const text = documentOf(contents, at);
    const document: JsonValue | null = text === null ? null : parseDocument(text);
    if (document === null) return null;
    if (!isIndex) return isOf(document, type, "layers", "manifests") ? document : null;
    if (!isOf(document, type, "manifests", "layers")) return null;
    const manifests = document.listOf("manifests");
    const chosen = chooseByPlatform(manifests);
    if (chosen === null) {
      fail("has no image for linux/amd64");
      return null;
    }
    at = chosen;
  }
  fail("has indexes nested too deep");
  return null;
}

/** The image of that tag ("": the only one) in an OCI layout; null with the problem told. */
export function planFromLayout(contents: Contents, tag: string): ImagePlan | null {
  const mark = contents.find("oci-layout");
  const markText: string | null = mark === null ? null : mark.text(DOCUMENT_BYTES_MAX);
  const layout: JsonValue | null = markText === null ? null : parseDocument(markText);
  if (layout === null || layout.textOf("imageLayoutVersion") != "1.0.0") {
    within("oci-layout", fail("imageLayoutVersion is not 1.0.0"));
    return null;
  }
  const piece = contents.find("index.json");
  const text: string | null = piece === null ? null : piece.text(DOCUMENT_BYTES_MAX);
  const index: JsonValue | null = text === null ? null : parseDocument(text);
  if (index === null) {
    within("index.json", fail("is missing"));
    return null;
  }
  const descriptor = chooseByTag(index, tag);
  const manifest: JsonValue | null = descriptor === null ? null : manifestFrom(contents, descriptor);
  if (manifest === null) return null;
  const plan = new ImagePlan();
  if (nameOf(descriptor!) != "") plan.names.push(nameOf(descriptor!));
  return takeManifest(contents, manifest, plan) ? plan : null;
}

function takeManifest(contents: Contents, manifest: JsonValue, plan: ImagePlan): bool {
  const configDescriptor = manifest.objectOf("config");
  if (configDescriptor === null || !CONFIG_TYPES.includes(configDescriptor.textOf("mediaType"))) return fail("is no image: of its config");
  const config = documentOf(contents, configDescriptor);
  if (config === null) return within("config", false);
  const layers = manifest.listOf("layers");
  const pieces: Piece[] = [];
  const digests: string[] = [];
  for (let i = 0; i < layers.length; i++) {
    const type = layers[i].textOf("mediaType");
    const piece: Piece | null = LAYER_TYPES.includes(type) ? blobOf(contents, layers[i]) : null;
    if (piece === null) return within(`layer ${i + 1}`, fail(`the media type "${type}" is none of a layer`));
    pieces.push(piece);
    digests.push(layers[i].textOf("digest").substring(7));
  }
  return takeConfig(plan, config, pieces, digests);
}
