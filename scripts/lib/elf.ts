// What the dynamic loader takes from an ELF file (elf(5)): the interpreter, the names of the libraries needed, and where to look for them.

import fs from "node:fs";

export interface ElfNeeds {
  /** PT_INTERP: the path of the loader. */
  interpreter: string | undefined;
  /** DT_NEEDED: names of libraries. */
  libraries: string[];
  /** DT_RUNPATH and DT_RPATH: folders, perhaps with $ORIGIN. */
  folders: string[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const PROGRAM_HEADER_BYTES = 56;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_RPATH = 15;
const DT_RUNPATH = 29;

/** Reads the file; undefined when it is not a 64-bit ELF file. */
export function readElf(file: string): ElfNeeds | undefined {
  const fd = fs.openSync(file, "r");
  try {
    const read = (position: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, position));
    };
    const header = read(0, 64);
    if (header.length < 64 || header.toString("latin1", 0, 5) !== "\x7fELF\x02") return undefined;

    const table = read(Number(header.readBigUInt64LE(32)), header.readUInt16LE(56) * PROGRAM_HEADER_BYTES);
    const segments: { type: number; offset: number; address: number; bytes: number }[] = [];
    for (let at = 0; at + PROGRAM_HEADER_BYTES <= table.length; at += PROGRAM_HEADER_BYTES)
      segments.push({
        type: table.readUInt32LE(at),
        offset: Number(table.readBigUInt64LE(at + 8)),
        address: Number(table.readBigUInt64LE(at + 16)),
        bytes: Number(table.readBigUInt64LE(at + 32)),
      });
    const text = (position: number): string => {
      const bytes = read(position, 4096);
      return bytes.toString("latin1", 0, bytes.indexOf(0));
    };

    const interpreter = segments.find(({ type }) => type === PT_INTERP);
    const needs: ElfNeeds = { interpreter: interpreter && text(interpreter.offset), libraries: [], folders: [] };
    const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
    if (!dynamic) return needs;
    const entries: [number, number][] = [];
    const words = read(dynamic.offset, dynamic.bytes);
    for (let at = 0; at + 16 <= words.length; at += 16) {
      const tag = Number(words.readBigUInt64LE(at));
      if (tag === DT_NULL) break;
      entries.push([tag, Number(words.readBigUInt64LE(at + 8))]);
    }
    const stringTable = entries.find(([tag]) => tag === DT_STRTAB)?.[1] ?? 0;
    const holder = segments.find((one) => one.type === PT_LOAD && stringTable >= one.address && stringTable < one.address + one.bytes);
    if (!holder) return needs;
    const strings = holder.offset + stringTable - holder.address;
    for (const [tag, value] of entries) {
      if (tag === DT_NEEDED) needs.libraries.push(text(strings + value));
      if (tag === DT_RPATH || tag === DT_RUNPATH) needs.folders.push(...text(strings + value).split(":"));
    }
    return needs;
  } finally {
    fs.closeSync(fd);
  }
}
