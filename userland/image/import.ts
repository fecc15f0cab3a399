// Imports an image: plans it from its archive, unpacks each layer that is not there yet in a process of its own, and gives it its names.

import { errorText } from "../lib/errors";
import { close, makeDirectory, mountTree, O_CREAT, O_EXCL, open, readFile, rename, sealTree } from "../lib/files";
import { getPid, spawn, systemInformation, wait } from "../lib/process";
import { openContents } from "./archive/contents";
import { planImage } from "./archive/open";
import { ImagePlan, LayerPlan } from "./archive/plan";
import { fail, within } from "./problem";
import { isName, isTagAlone, nameOfFile, normalName } from "./reference";
import { chainOf, hasLayer, keepImage, layerDirectory, layerTree, openStore, removeUnfinished, setName, unfinishedLayer } from "./store";

export const SELF: string = "/bin/image";
const O_RDWR: u32 = 2;
/** Memory that an import leaves to all others. */
const RESERVE_BYTES: u64 = 8 << 20;

export class ImportResult {
  id: string = "";
  names: string[] = [];
  layers: i32 = 0;
  unpacked: i32 = 0;
}

/** Imports the image of that tag ("": the only one) in the archive at `path`, as `name` if that is not ""; null with the problem told. */
export function importImage(path: string, tag: string, name: string, takesAbsolute: bool): ImportResult | null {
  if (name != "" && !isName(name)) {
    fail(`${name}: is no name of an image`);
    return null;
  }
  if (!openStore()) return null;
  const contents = openContents(path);
  const plan: ImagePlan | null = contents === null ? null : planImage(contents, tag);
  if (plan === null) {
    within(path, false);
    return null;
  }
  const result = new ImportResult();
  result.id = plan.id;
  result.layers = plan.layers.length;
  result.names = namesOf(plan, path, name);
  return within(path, importLayers(plan, result, takesAbsolute)) && nameImage(plan, result) ? result : null;
}

/** What the image is to be called. */
function namesOf(plan: ImagePlan, path: string, name: string): string[] {
  if (name != "") return [normalName(name)];
  const names: string[] = [];
  for (let i = 0; i < plan.names.length; i++) {
    const own = plan.names[i];
    if (isName(own)) names.push(isTagAlone(own) ? `${nameOfFile(path)}:${own}` : normalName(own));
  }
  if (names.length == 0) names.push(normalName(nameOfFile(path)));
  return names;
}

function nameImage(plan: ImagePlan, result: ImportResult): bool {
  if (!keepImage(plan.id, plan.config)) return false;
  for (let i = 0; i < result.names.length; i++) if (!setName(result.names[i], plan.id)) return false;
  return true;
}

/** Unpacks the layers that are missing; after a problem those of this run are gone again. */
function importLayers(plan: ImagePlan, result: ImportResult, takesAbsolute: bool): bool {
  const diffIds: string[] = [];
  for (let i = 0; i < plan.layers.length; i++) diffIds.push(plan.layers[i].diffId);
  const chain = chainOf(diffIds);
  const made: string[] = [];
  for (let i = 0; i < chain.length; i++) {
    if (hasLayer(chain[i])) continue;
    const lower = i == 0 ? "" : layerTree(chain[i - 1]);
    if (importLayer(plan.layers[i], chain[i], lower, takesAbsolute)) {
      made.push(layerDirectory(chain[i]));
      continue;
    }
    for (let k = made.length - 1; k >= 0; k--) removeUnfinished(made[k]);
    return within(`layer ${i + 1}`, false);
  }
  result.unpacked = made.length;
  return true;
}

/** Unpacks one layer over the tree `lower` ("": the first), and gives it its name in the store. */
function importLayer(layer: LayerPlan, chain: string, lower: string, takesAbsolute: bool): bool {
  const work = unfinishedLayer(getPid());
  const tree = work + "/tree";
  let error = makeDirectory(work);
  if (error >= 0) error = makeDirectory(tree);
  if (error >= 0) error = mountTree(lower, tree);
  if (error < 0) fail(errorText(error));
  let isDone = error >= 0 && unpackInChild(layer, tree, work + "/info", takesAbsolute);
  if (isDone) {
    error = sealTree(tree);
    if (error >= 0) error = rename(work, layerDirectory(chain));
    // Another importer was faster with the same layer: its is as good.
    isDone = error >= 0 || hasLayer(chain) || fail(errorText(error));
    if (error >= 0) return true;
  }
  removeUnfinished(work);
  return isDone;
}

/** Runs `image layer` on the layer; what it says of it goes to the file `info`, and what is wrong is its last line there. */
function unpackInChild(layer: LayerPlan, tree: string, info: string, takesAbsolute: bool): bool {
  const blob = layer.piece.open();
  if (blob < 0) return fail(errorText(blob));
  const report = open(info, O_RDWR | O_CREAT | O_EXCL, 0o644);
  const free = systemInformation().memoryFreeBytes;
  const budget = free > RESERVE_BYTES ? free - RESERVE_BYTES : 0;
  const words = [SELF, "layer", tree, layer.piece.bytes.toString(), layer.digest, layer.diffId, budget.toString()];
  if (takesAbsolute) words.push("--absolute");
  const pid = report < 0 ? report : spawn(SELF, words, <i32>blob, <i32>report, 2, false);
  close(<i32>blob);
  if (report >= 0) close(<i32>report);
  if (pid < 0) return fail(errorText(pid));
  const ended = wait(<u32>pid);
  const status = <i32>ended;
  if (ended >= 0 && status == 0) return true;
  // A child that could not end in order has not said why.
  const said = readFile(info, 65536);
  if (ended < 0) return fail(errorText(ended));
  if ((status & 0x7f) != 0) return fail(`unpacking was ended by signal ${status & 0x7f}`);
  return fail(said !== null && said != "" ? said : `unpacking ended with status ${status >> 8}`);
}
