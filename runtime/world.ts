// The host's world at boot: the container that is no container, its tree from the boot archive, and who speaks first.

import { option, optionLength, optionValue } from "../kernel/boot/options";
import { ContainerState, setHostContainer, hostContainer } from "../kernel/container/container";
import { containerNew, setName } from "../kernel/container/lifecycle";
import { memfsNew } from "../kernel/fs/memfs";
import { putLiteral } from "../kernel/lib/bytes";
import { hostNetworkStart } from "../kernel/net/host";
import { setChannelHook } from "../kernel/channel";
import { setContainerEndedHook, setHostProcessEndingHook, setProcessEndedHook } from "../kernel/task/lifecycle";
import { Process } from "../kernel/task/process";
import { FsContext } from "../kernel/vfs/inode";
import { placeBootFiles } from "./bootfiles";
import { containerEnded, controlStart, processEnded } from "./control/requests";
import { hostRoot } from "./create";
import { executionEnded } from "./host/execution";
import { borrowerEnds, loanInit } from "./host/loan";
import { hostProcessEnds } from "./host/program";
import { fileSystemRelease } from "../kernel/vfs/entry";
import { vfsNew } from "../kernel/vfs/mount";
import { devicesInit } from "./devices";
import { builderInit } from "./tree";

/** What the host's own paths are resolved in. */
let tree: FsContext | null = null;
const text = memory.data(64, 8);

/** Makes the host's container with an empty tree; false when memory is short. */
function makeHost(): bool {
  const c = containerNew(text, 0);
  const fs = memfsNew(0, 0o755, 0, 0, 0, 0);
  if (!c || !fs) return false;
  const n = putLiteral(text, "memfs");
  const vfs = vfsNew(fs, 0, text, n, text, n);
  fileSystemRelease(fs);
  if (!vfs) return false;
  c.vfs = vfs;
  c.isHost = true;
  c.state = ContainerState.Running;
  setName(c.hostname, text, putLiteral(text, "cyrius"));
  setHostContainer(c);
  return builderInit() && devicesInit();
}

/** Brings the host's world up; false when memory is short. */
export function startWorld(): bool {
  if (!makeHost()) return false;
  placeBootFiles(hostContainer.vfs.rootMount!.root);
  setProcessEndedHook(onProcessEnded);
  setContainerEndedHook(containerEnded);
  setHostProcessEndingHook(hostProcessEnds);
  loanInit();
  const isConfigured = option("net");
  hostNetworkStart(optionValue, isConfigured ? optionLength : 0);
  if (!option("control")) return true;
  tree = hostRoot();
  setChannelHook(claimChannel);
  return tree != null;
}

/** A process without a parent has ended: whoever started it hears of it. */
function onProcessEnded(p: Process): void {
  processEnded(p);
  executionEnded(p);
  borrowerEnds(p);
}

/** A channel to the host has turned up: perhaps the one for control. */
function claimChannel(): void {
  controlStart(tree!);
}
