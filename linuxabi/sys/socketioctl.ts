// ioctl requests of sockets: socket(7), unix(7).

import { copyIn, copyOut } from "../../kernel/mm/user";
import { socketAtMark, socketReadable, socketStamp, socketWritten } from "../../kernel/net/family";
import { Socket, socketOf } from "../../kernel/net/socket";
import { Result } from "../../kernel/result";
import { current } from "../../kernel/task/thread";
import { setFileIoctl } from "../../kernel/vfs/file";
import { File, FileKind } from "../../kernel/vfs/inode";
import { SocketIoctl } from "../types/socket";
import { interfaceIoctl } from "./interfaceioctl";
import { getOwner, setOwner } from "./owner";

const word = memory.data(16, 8);

function ioctl(file: File, request: u32, argument: u64): Result {
  let r: Result = 0;
  switch (request) {
    case SocketIoctl.InputQueue:
      r = socketReadable(socketOf(file));
      return r < 0 ? r : wordOut(argument, <u32>r);
    case SocketIoctl.OutputQueue:
    case SocketIoctl.OutputUnsent:
      r = socketWritten(socketOf(file), request == SocketIoctl.OutputUnsent);
      return r < 0 ? r : wordOut(argument, <u32>r);
    case SocketIoctl.AtMark:
      r = socketAtMark(socketOf(file));
      return r < 0 ? r : wordOut(argument, <u32>r);
    case SocketIoctl.SetOwner:
    case SocketIoctl.SetGroup:
      r = copyIn(word, argument, 4);
      return r < 0 ? r : setOwner(current, file, load<i32>(word));
    case SocketIoctl.GetOwner:
    case SocketIoctl.GetGroup:
      return wordOut(argument, <u32>getOwner(file));
    case SocketIoctl.Stamp:
    case SocketIoctl.StampNew:
      return stampOut(socketOf(file), argument, 1000);
    case SocketIoctl.StampNs:
    case SocketIoctl.StampNsNew:
      return stampOut(socketOf(file), argument, 1);
    default:
      return interfaceIoctl(socketOf(file), request, argument);
  }
}

/** Seconds, and parts of a second in units of `unitNs`. */
function stampOut(s: Socket, ua: u64, unitNs: u64): Result {
  const r = socketStamp(s);
  if (r < 0) return r;
  store<u64>(word, <u64>r / SECOND_NS);
  store<u64>(word, (<u64>r % SECOND_NS) / unitNs, 8);
  return copyOut(ua, word, 16);
}
const SECOND_NS: u64 = 1_000_000_000;

function wordOut(ua: u64, v: u32): Result {
  store<u32>(word, v);
  return copyOut(ua, word, 4);
}

/** To be called once at start-up. */
export function socketIoctlInit(): void {
  setFileIoctl(FileKind.Socket, ioctl);
}
