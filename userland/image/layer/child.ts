// `image layer TREE BYTES DIGEST DIFFID BUDGET`: the process that unpacks one layer. The packed layer is its standard input, from the position on; what
// becomes known of it, or why it is refused, goes to its standard output. Its root is the tree, so that it has nothing else to harm.

import { FileSource } from "../../lib/compress/source";
import { errorText } from "../../lib/errors";
import { setRoot } from "../../lib/files";
import { parseNumber } from "../../lib/number";
import { complain } from "../../lib/output";
import { writeText } from "../../lib/tree";
import { FileTarget } from "./files";
import { LayerExpectation, unpackLayer } from "./verified";

/** Runs with the words behind `layer`; the exit status. */
export function unpackFromInput(words: string[]): i32 {
  const error = setRoot(words[0]);
  if (error < 0) {
    writeText(1, errorText(error));
    return 1;
  }
  const source = new FileSource(0, parseNumber(words[1]));
  const expected = new LayerExpectation(words[2], words[3], parseNumber(words[4]), words.length > 5);
  const result = unpackLayer(source, source.peek(4), expected, new FileTarget());
  for (let i = 0; i < result.warnings.length; i++) complain(`image: ${result.warnings[i]}`);
  writeText(
    1,
    result.problem == "" ? `{"diffId":"sha256:${words[3]}","bytes":${result.bytes},"entries":${result.entries}}` : result.problem,
  );
  return result.problem == "" ? 0 : 1;
}
