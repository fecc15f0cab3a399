// Where a node stands, as a human writes it: process.rlimits[2].type. Found by walking down from the root, so that the tree needs no
// links upwards and decoding keeps no path: only an error pays.

import { Failure, failPut, failPutByte, failPutBytes, failPutUnsigned } from "../failure";
import { JsonKind, JsonNode, jsonFirst, jsonNext } from "./node";

/** Adds the path from `root` to `node` to the message of `failure`; nothing for the root itself. */
export function failPutPath(failure: Failure, root: JsonNode, node: JsonNode): void {
  let at = root;
  while (at != node) {
    let child = jsonFirst(at);
    let i: u32 = 0;
    for (; changetype<usize>(jsonNext(child)) <= changetype<usize>(node); i++) child = jsonNext(child);
    if (at.kind == JsonKind.Array) {
      failPutByte(failure, 0x5b);
      failPutUnsigned(failure, i);
      failPutByte(failure, 0x5d);
    } else {
      if (at != root) failPut(failure, ".");
      failPutBytes(failure, child.key, child.keyLength);
    }
    at = child;
  }
}
