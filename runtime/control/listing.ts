// LIST: the states of all containers, taken at one moment and sent as far as the wire has room, so that any number of them fits.

import { firstContainer } from "../../kernel/container/container";
import { Text, textFree, textNew, textReserve } from "../../kernel/lib/text";
import { kernelAlloc, kernelFree } from "../../kernel/mm/heap";
import { putState } from "../state";
import { ok } from "./reply";
import { frameBegin, frameBytes, frameEnd, frameU32, Message, wireHasRoom } from "./wire";

@unmanaged
class Listing {
  next: Listing | null;
  request: u32;
  /** What is to be sent: for each container a u32, the length, and so many bytes of JSON. */
  text: Text;
  at: u32;
}
let listings: Listing | null = null;

/** The states of all containers but the host's world; null when memory is short. */
function takeStates(): Text | null {
  const text = textNew(1024);
  if (!text) return null;
  let c = firstContainer;
  while (c) {
    const at = text.length;
    if (!c.isHost && textReserve(text, 4)) {
      text.length += 4;
      putState(text, c);
      store<u32>(text.data + at, text.length - at - 4);
    }
    c = c.next;
  }
  if (!text.failed) return text;
  textFree(text);
  return null;
}

/** Begins to answer LIST; false when memory is short. */
export function listingStart(request: u32): bool {
  const l = changetype<Listing>(kernelAlloc(offsetof<Listing>()));
  if (changetype<usize>(l) == 0) return false;
  const text = takeStates();
  if (!text) {
    kernelFree(changetype<usize>(l));
    return false;
  }
  l.request = request;
  l.text = text;
  l.next = listings;
  listings = l;
  listingsPump();
  return true;
}

/** Sends what the wire has room for. */
export function listingsPump(): void {
  while (listings && wireHasRoom()) {
    const l = listings!;
    if (l.at == l.text.length) {
      listings = l.next;
      ok(l.request);
      textFree(l.text);
      kernelFree(changetype<usize>(l));
      continue;
    }
    const item = l.text.data + l.at;
    const bytes = load<u32>(item);
    frameBegin(Message.Item, 0);
    frameU32(l.request);
    frameBytes(item + 4, bytes);
    frameEnd();
    l.at += 4 + bytes;
  }
}
