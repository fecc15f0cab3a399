// Commands about the machine: ps dmesg mem poweroff reboot.

import { containerList, containerProcesses, ProcessRecord } from "../../lib/containers";
import { clockTime, humanBytes } from "../../lib/number";
import { Cursor, PowerAction, readLog, sleep, systemInformation } from "../../lib/process";
import { shutDown } from "../../lib/shutdown";
import { Options, Session, STATUS_INTERRUPTED } from "../session";
import { Table } from "../../lib/table";

/** Adds the processes of container `id` ("": of the host); 0 or -errno. */
function addProcesses(table: Table, id: string): i64 {
  const list: ProcessRecord[] = [];
  const error = containerProcesses(id, list);
  if (error < 0) return error;
  for (let i = 0; i < list.length; i++) {
    const p = list[i];
    const row: string[] = [id == "" ? "-" : id, p.pid.toString(), p.parentPid.toString(), p.uid.toString(), p.state];
    table.add(row.concat([clockTime(p.cpuNs), humanBytes(p.residentBytes), p.text]));
  }
  return 0;
}

export function ps(session: Session, words: string[]): i32 {
  if (words.length > 2) return session.usage();
  const table = new Table(["CONTAINER", "PID", "PARENT", "USER", "S", "CPU", "MEMORY", "COMMAND"], [1, 2, 3, 5, 6]);
  if (words.length == 2) {
    const error = addProcesses(table, words[1]);
    if (error < 0) return session.failText("ps", words[1], "no such container");
  } else {
    addProcesses(table, "");
    const containers = containerList();
    // One that is deleted meanwhile is simply not shown.
    for (let i = 0; i < containers.length; i++) addProcesses(table, containers[i].id);
  }
  table.print(session.output);
  return 0;
}

export function dmesg(session: Session, words: string[]): i32 {
  const options = new Options(words, "w");
  if (options.unknown != "" || options.operands.length > 0) return session.usage();
  const buffer = new StaticArray<u8>(8192);
  const cursor = new Cursor();
  while (true) {
    for (let text = readLog(cursor, buffer); text != ""; text = readLog(cursor, buffer)) {
      session.output.put(text);
      if (session.interrupted()) return STATUS_INTERRUPTED;
    }
    if (!options.has("w") || session.output.flush() < 0) return 0;
    sleep(200_000_000);
    if (session.interrupted()) return STATUS_INTERRUPTED;
  }
  return 0;
}

export function mem(session: Session, words: string[]): i32 {
  if (words.length > 1) return session.usage();
  const now = systemInformation();
  const output = session.output;
  output.line(`memory      ${humanBytes(now.memoryBytes)}, free ${humanBytes(now.memoryFreeBytes)}`);
  output.line(`kernel heap ${humanBytes(now.heapBytes)}, in use ${humanBytes(now.heapUsedBytes)}`);
  output.line(`processors  ${now.processors}`);
  output.line(`containers  ${now.containers}, processes ${now.processes}`);
  output.line(`up          ${clockTime(now.uptimeNs)}`);
  return 0;
}

export function poweroff(session: Session, words: string[]): i32 {
  if (words.length > 1) return session.usage();
  session.output.flush();
  return session.fail("poweroff", "", shutDown(PowerAction.Off));
}

export function reboot(session: Session, words: string[]): i32 {
  if (words.length > 1) return session.usage();
  session.output.flush();
  return session.fail("reboot", "", shutDown(PowerAction.Reboot));
}
