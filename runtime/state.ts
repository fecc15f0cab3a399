// state: the container's state as JSON (OCI runtime.md, "State").

import { Container, ContainerState } from "../kernel/container/container";
import { cstringLength } from "../kernel/lib/bytes";
import { put, putByte, putUnsigned, Text } from "../kernel/lib/text";
import { specOf } from "./create";
import { putJsonString } from "./json/write";
import { specBytes, stringListAt } from "./spec/model";
import { stateName } from "./verbs";

/** Appends the state object, without a newline. */
export function putState(text: Text, c: Container): void {
  const spec = specOf(c);
  put(text, '{"ociVersion":');
  putJsonString(text, specBytes(spec.ociVersion), spec.ociVersion.length);
  put(text, ',"id":');
  putJsonString(text, c.id, c.idLength);
  put(text, ',"status":"');
  put(text, stateName(c.state));
  putByte(text, 0x22);
  const init = c.init;
  if (init && (c.state == ContainerState.Running || c.state == ContainerState.Paused)) {
    put(text, ',"pid":');
    putUnsigned(text, init.pid);
  }
  put(text, ',"bundle":');
  putJsonString(text, c.bundle, cstringLength(c.bundle));
  put(text, ',"annotations":{');
  for (let i: u32 = 0; i + 1 < spec.annotations.count; i += 2) {
    if (i != 0) putByte(text, 0x2c);
    const name = stringListAt(spec.annotations, i);
    const value = stringListAt(spec.annotations, i + 1);
    putJsonString(text, specBytes(name), name.length);
    putByte(text, 0x3a);
    putJsonString(text, specBytes(value), value.length);
  }
  put(text, "}}");
}
