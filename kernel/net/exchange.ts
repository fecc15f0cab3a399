// The one transfer that a call on a socket makes: which memory, which flags, whose address, what comes along. The kernel never runs two handlers
// at once, so there is one Exchange; a handler fills it in, and the families read and answer in it. Its cursor runs through the
// pieces of memory; a piece is 16 bytes, u64 address and u64 length, as in kernel/vfs/vector.ts.

import { physicalRead, physicalWrite } from "../../shim/isa";
import { Errno } from "../errno";
import { copyIn, copyInPhysical, copyOut, copyOutPhysical, PIECE_BYTES } from "../mm/user";
import { Result } from "../result";
import { Rights } from "./rights";

/** Flags of send(2) and recv(2), with Linux's values. */
export const enum MessageFlag {
  OutOfBand = 1,
  Peek = 2,
  DontRoute = 4,
  ControlTruncated = 8,
  Truncated = 0x20,
  DontWait = 0x40,
  EndOfRecord = 0x80,
  WaitAll = 0x100,
  Confirm = 0x800,
  ErrorQueue = 0x2000,
  NoSignal = 0x4000,
  More = 0x8000,
  WaitForOne = 0x10000,
  CloseOnExec = 0x40000000,
}

/** Longest socket address, family included (struct sockaddr_storage). */
export const ADDRESS_MAX: u32 = 128;

/** Exchange.gid of a writer of whom a call that has waited remembers process and user only. */
export const GROUP_FORGOTTEN: u32 = 0xffff_ffff;

@unmanaged
export class Exchange {
  /** Pieces of memory and their bytes in all. */
  pieces: usize;
  total: u32;
  /** Bits of MessageFlag; DontWait also stands for O_NONBLOCK. */
  flags: u32;
  /** The cursor: piece, bytes of it that are done, bytes left in all. */
  piece: usize;
  within: u32;
  left: u32;
  /** The pieces are the kernel's own memory. */
  kernel: bool;
  /** The queue ran empty: for a stream, more could come. */
  ranDry: bool;
  /** Credentials are meant: given explicitly (send), found (receive). */
  credentials: bool;
  pad: u8;
  /** Address to send to, or room for that of the sender: bytes, family first. Length 0: none. */
  address: usize;
  addressLength: u32;
  /** Descriptors that go along, owned by the exchange until a message takes them. */
  rights: Rights | null;
  pid: u32;
  uid: u32;
  gid: u32;
  /** MessageFlag bits that the receiver is told. */
  result: u32;
  /** WaitQueue to wait on after -EAGAIN; 0: the socket's own. */
  waitOn: usize;
  /** What kernel/net/inet/control.ts holds besides: bits of Control. */
  inet: u32;
}

export const exchange: Exchange = changetype<Exchange>(memory.data(80, 8));
if (offsetof<Exchange>() > 80) ERROR("Exchange is at most 80 bytes");
const addressRoom = memory.data(128, 8);
const onePiece = memory.data(16, 8);

/** Starts an exchange over `pieces` of `total` bytes, without an address or anything else; `done` bytes are done by earlier runs of the call. */
export function exchangeStart(pieces: usize, total: u32, flags: u32, done: u32): Exchange {
  const e = exchange;
  e.pieces = pieces;
  e.total = total;
  e.flags = flags;
  e.piece = pieces;
  e.within = 0;
  e.left = total;
  e.kernel = false;
  e.ranDry = false;
  e.credentials = false;
  e.address = addressRoom;
  e.addressLength = 0;
  e.rights = null;
  e.result = 0;
  e.waitOn = 0;
  e.inet = 0;
  if (done != 0) skip(e, done);
  return e;
}

/** As exchangeStart, over one piece. */
@inline
export function exchangeOne(ua: u64, bytes: u32, flags: u32): Exchange {
  store<u64>(onePiece, ua);
  store<u64>(onePiece, bytes, 8);
  return exchangeStart(onePiece, bytes, flags, 0);
}

function skip(e: Exchange, bytes: u32): void {
  e.left -= bytes;
  while (bytes >= <u32>load<u64>(e.piece, 8) && e.left != 0) {
    bytes -= <u32>load<u64>(e.piece, 8);
    e.piece += PIECE_BYTES;
  }
  e.within = bytes;
}

/** Moves `bytes` <= left between linear memory at `p` and the pieces (`out`: to them): 0, -EFAULT or BLOCKED, and then the cursor stays. */
export function moveBytes(e: Exchange, out: bool, p: usize, bytes: u32): Result {
  if (!e.kernel && bytes <= <u32>load<u64>(e.piece, 8) - e.within) {
    // All in one piece, as nearly always.
    const address = load<u64>(e.piece) + e.within;
    const r = out ? copyOut(address, p, bytes) : copyIn(p, address, bytes);
    if (r < 0) return r;
    e.within += bytes;
    e.left -= bytes;
    return 0;
  }
  return moveInPieces(e, out, false, p, bytes);
}

/** As moveBytes, between physical memory at `pa` and the pieces. */
export function movePage(e: Exchange, out: bool, pa: u64, bytes: u32): Result {
  return moveInPieces(e, out, true, pa, bytes);
}

/** Goes through the pieces with `bytes` of linear memory at `address`, or of physical memory. */
function moveInPieces(e: Exchange, out: bool, isPhysical: bool, address: u64, bytes: u32): Result {
  let piece = e.piece;
  let within = e.within;
  let rest = bytes;
  while (rest != 0) {
    const n = min(rest, <u32>load<u64>(piece, 8) - within);
    if (n == 0) {
      piece += PIECE_BYTES;
      within = 0;
      continue;
    }
    const there = load<u64>(piece) + within;
    const r = isPhysical ? physicalPart(e, out, address, there, n) : linearPart(e, out, <usize>address, there, n);
    if (r < 0) return r;
    address += n;
    within += n;
    rest -= n;
  }
  e.piece = piece;
  e.within = within;
  e.left -= bytes;
  return 0;
}

/** Moves `n` bytes between linear memory and one piece, at `there`. */
@inline
function linearPart(e: Exchange, out: bool, p: usize, there: u64, n: u32): Result {
  if (!e.kernel) return out ? copyOut(there, p, n) : copyIn(p, there, n);
  memory.copy(out ? <usize>there : p, out ? p : <usize>there, n);
  return 0;
}

/** As linearPart, for physical memory. */
@inline
function physicalPart(e: Exchange, out: bool, pa: u64, there: u64, n: u32): Result {
  if (!e.kernel) {
    const r = out ? copyOutPhysical(there, pa, n) : copyInPhysical(pa, there, n);
    return r < 0 || <u32>r == n ? r : -Errno.EFAULT;
  }
  if (out) physicalRead(<usize>there, pa, n);
  else physicalWrite(pa, <usize>there, n);
  return 0;
}
