// The final replies of the control protocol, and the failure that an ERROR tells of.

import { Errno } from "../../kernel/errno";
import { Text, textFree, textNew } from "../../kernel/lib/text";
import { Container } from "../../kernel/container/container";
import { putMissing } from "../../kernel/container/missing";
import { fail, Failure, FAILURE_BYTES, failureMessage } from "../failure";
import { frameBegin, frameBytes, frameEnd, frameString, frameU32, Message } from "./wire";

/** Why the request that is being served fails. */
export const failure = changetype<Failure>(memory.data(FAILURE_BYTES, 8));

/** OK without a body. */
export function ok(request: u32): void {
  frameBegin(Message.Ok, 0);
  frameU32(request);
  frameEnd();
}

/** OK with a body. */
export function okWith(request: u32, body: Text): void {
  frameBegin(Message.Ok, 0);
  frameU32(request);
  frameBytes(body.data, body.length);
  frameEnd();
}

/** ERROR with what `failure` tells; a client ends with 127 or 126 when the program is the matter. */
export function refused(request: u32, atStart: bool): void {
  const errno = failure.errno;
  frameBegin(Message.Error, 0);
  frameU32(request);
  frameU32(errno);
  frameU32(!atStart || errno == Errno.ENOMEM || errno == Errno.EBUSY ? 125 : errno == Errno.ENOENT ? 127 : 126);
  frameString(failureMessage(failure), failure.length);
  frameEnd();
}

/** EXITED with `status` as wait(2) has it. */
export function exited(channel: u32, request: u32, status: u32): void {
  frameBegin(Message.Exited, channel);
  frameU32(request);
  frameU32(status & 0x7f ? 0 : (status >> 8) & 0xff);
  frameU32(status & 0x7f);
  frameEnd();
}

/** ERROR for want of memory. */
export function refusedForMemory(request: u32): void {
  fail(failure, Errno.ENOMEM, "out of memory");
  refused(request, false);
}

/** MISSING: what the container asked for and the kernel lacks, a line each. */
export function reportMissing(channel: u32, request: u32, c: Container): void {
  const text = textNew(256);
  if (!text) return;
  putMissing(text, c);
  frameBegin(Message.Missing, channel);
  frameU32(request);
  frameString(text.data, text.length);
  frameEnd();
  textFree(text);
}
