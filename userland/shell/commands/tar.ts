// `tar`: unpacks or lists archives.

import { close, O_RDONLY, open, Stat, stat } from "../../lib/files";
import { TarType } from "../../lib/tar/header";
import { unpacked } from "../../lib/compress/unpacked";
import { Extractor } from "../tar/extract";
import { TarReader } from "../../lib/tar/reader";
import { FileSource } from "../../lib/compress/source";
import { Options, Session, STATUS_INTERRUPTED } from "../session";

/** `tar ARCHIVE [DIRECTORY]`, and as habit has it `tar -xf ARCHIVE [-C DIRECTORY]`. */
export function tar(session: Session, words: string[]): i32 {
  let destination = ".";
  const at = words.indexOf("-C");
  if (at > 0) {
    if (at + 1 == words.length) return session.usage();
    destination = words[at + 1];
    words = words.slice(0, at).concat(words.slice(at + 2));
  }
  const options = new Options(words, "xtvfzp");
  const operands = options.operands;
  if (options.unknown != "" || operands.length < 1 || operands.length > 2 || (at > 0 && operands.length == 2)) return session.usage();
  if (operands.length == 2) destination = operands[1];

  const info = new Stat();
  const error = options.has("t") ? 0 : stat(destination, info);
  if (error == 0 && !options.has("t") && !info.isDirectory) return session.failText("tar", destination, "not a directory");
  if (error < 0) return session.fail("tar", destination, error);
  const fd = open(operands[0], O_RDONLY);
  if (fd < 0) return session.fail("tar", operands[0], fd);
  const status = readArchive(session, operands[0], <i32>fd, destination, options);
  close(<i32>fd);
  return status;
}

function readArchive(session: Session, name: string, fd: i32, destination: string, options: Options): i32 {
  const file = new FileSource(fd);
  const magic = file.peek(4);
  const compression = compressionName(magic);
  if (compression != "") return session.failText("tar", name, `is compressed with ${compression}; unpack it before it gets here`);
  const source = unpacked(file, magic);
  const reader = new TarReader(source);
  return options.has("t") ? list(session, name, reader) : extract(session, name, reader, destination, options.has("v"));
}

/** What the first four bytes of a file say it is compressed with, of what cannot be unpacked here; else "". */
function compressionName(magic: u64): string {
  if (magic == 0x587a37fd) return "xz";
  return (magic & 0xffffff) == 0x685a42 ? "bzip2" : "";
}

function list(session: Session, name: string, reader: TarReader): i32 {
  while (reader.next()) {
    const entry = reader.entry;
    const isLink = entry.type == TarType.Symlink || entry.type == TarType.HardLink;
    session.output.line(isLink ? `${entry.name} -> ${entry.linkName}` : entry.name);
    if (session.interrupted()) return STATUS_INTERRUPTED;
  }
  return reader.error == "" ? 0 : session.failText("tar", name, reader.error);
}

function extract(session: Session, name: string, reader: TarReader, destination: string, isVerbose: bool): i32 {
  const extractor = new Extractor(reader, destination);
  let isInterrupted = false;
  while (!isInterrupted && extractor.step()) {
    if (isVerbose) session.output.line(reader.entry.name);
    isInterrupted = session.interrupted();
  }
  if (extractor.problem == "" && !isInterrupted) extractor.finish();
  if (extractor.problem == "" && !isInterrupted) {
    for (let i = 0; i < extractor.skipped.length; i++)
      session.failText("tar", extractor.skipped[i], "passed over: a type of entry that means nothing here");
    return extractor.skipped.length > 0 ? 1 : 0;
  }
  extractor.undo();
  if (isInterrupted) return STATUS_INTERRUPTED;
  session.failText("tar", name, extractor.subject == "" ? extractor.problem : `${extractor.subject}: ${extractor.problem}`);
  return 1;
}
