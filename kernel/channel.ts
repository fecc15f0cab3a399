// Byte channels to the host: what a driver offers (a virtio-console port) and the runtime uses (the control protocol), without knowing each
// other. The driver registers a channel under its name; a user claims it by name, whichever comes first.

import { bytesEqualLiteral } from "./lib/bytes";

@unmanaged
export class Channel {
  next: Channel | null;
  name: usize;
  nameLength: u32;
  /** The driver's object and its functions. */
  driver: usize;
  /** f(driver, pointer, bytes): takes as many bytes as there is room for; returns how many. */
  send: u32;
  /** f(driver): bytes that send would take now. */
  room: u32;
  /** The user's functions: f(user, pointer, bytes) for data that came, which returns the bytes taken; f(user) when there is room again; f(user, open) when the other end came
   *  or went. 0 as long as nobody claimed the channel. */
  user: usize;
  received: u32;
  writable: u32;
  opened: u32;
  isOpen: bool;
  pad0: u8;
  pad1: u16;
}

let first: Channel | null = null;

type RegisteredFunction = () => void;
let registered: u32 = 0;

/** Registers what runs when a channel has become known. */
export function setChannelHook(f: RegisteredFunction): void {
  registered = f.index;
}

/** Makes a channel known. Its memory stays the driver's. */
export function channelRegister(channel: Channel): void {
  channel.next = first;
  first = channel;
  if (registered != 0) call_indirect<void>(registered);
}

/** The channel of that name, or null. */
export function channelFind(name: string): Channel | null {
  let c = first;
  while (c && !bytesEqualLiteral(c.name, c.nameLength, name)) c = c.next;
  return c;
}

/** For drivers: hands data to the user, if there is one; returns the bytes taken. The rest is to be offered again after channelWritable. */
export function channelReceive(c: Channel, p: usize, bytes: u32): u32 {
  return c.received != 0 ? call_indirect<u32>(c.received, c.user, p, bytes) : bytes;
}

/** For drivers: there is room again. */
export function channelWritable(c: Channel): void {
  if (c.writable != 0) call_indirect<void>(c.writable, c.user);
}

/** For drivers: the host has opened or closed its end. */
export function channelOpened(c: Channel, open: bool): void {
  c.isOpen = open;
  if (c.opened != 0) call_indirect<void>(c.opened, c.user, open);
}

/** For users: sends; returns the bytes taken. */
export function channelSend(c: Channel, p: usize, bytes: u32): u32 {
  return call_indirect<u32>(c.send, c.driver, p, bytes);
}

export function channelRoom(c: Channel): u32 {
  return call_indirect<u32>(c.room, c.driver);
}
