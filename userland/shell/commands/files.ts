// Commands that show and write files: ls cat cd pwd wt echo.

import {
  close,
  getDirectory,
  listDirectory,
  O_CREAT,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  open,
  read,
  readSymlink,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  setDirectory,
  Stat,
  stat,
  writeAll,
} from "../../lib/files";
import { toBytes } from "../../lib/bytes";
import { dateTime } from "../../lib/number";
import { joinPath } from "../../lib/path";
import { terminalColumns } from "../../lib/process";
import { inColumns, LineEnd } from "../line/prompter";
import { Options, Session, STATUS_INTERRUPTED } from "../session";

/** The letter of a file's type, as ls shows it. */
function typeLetter(mode: u32): string {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "d";
    case S_IFREG:
      return "-";
    case S_IFLNK:
      return "l";
    case S_IFCHR:
      return "c";
    case S_IFBLK:
      return "b";
    case S_IFIFO:
      return "p";
    default:
      return "s";
  }
}

function permissions(mode: u32): string {
  let text = "";
  for (let shift = 6; shift >= 0; shift -= 3) {
    const bits = (mode >> shift) & 7;
    const isSpecial = (mode & (shift == 6 ? 0o4000 : shift == 3 ? 0o2000 : 0o1000)) != 0;
    const letter = shift == 0 ? "t" : "s";
    text += (bits & 4) != 0 ? "r" : "-";
    text += (bits & 2) != 0 ? "w" : "-";
    if (isSpecial) text += (bits & 1) != 0 ? letter : letter.toUpperCase();
    else text += (bits & 1) != 0 ? "x" : "-";
  }
  return text;
}

/** One line per name (of `directory`, or a path when that is ""), in the format the options ask for. */
function listNames(session: Session, directory: string, names: string[], options: Options): i32 {
  const output = session.output;
  if (options.has("C")) {
    output.put(inColumns(names, terminalColumns(1)));
    return 0;
  }
  const sizes: string[] = [];
  const infos: Stat[] = [];
  const shown: string[] = [];
  let sizeWidth = 0;
  let status = 0;
  for (let i = 0; i < names.length; i++) {
    const path = directory == "" ? names[i] : joinPath(directory, names[i]);
    const info = new Stat();
    const error = stat(path, info, false);
    if (error < 0) {
      status = session.fail("ls", path, error);
      continue;
    }
    const type = info.mode & S_IFMT;
    const isDevice = type == S_IFCHR || type == S_IFBLK;
    const size = isDevice
      ? `${(info.deviceNumber >> 8) & 0xfff},${(info.deviceNumber & 0xff) | ((info.deviceNumber >> 12) & ~0xff)}`
      : info.size.toString();
    sizeWidth = max(sizeWidth, size.length);
    sizes.push(size);
    infos.push(info);
    const target = options.has("l") && info.isSymlink ? readSymlink(path) : null;
    shown.push(target === null ? names[i] : `${names[i]} -> ${target}`);
  }
  for (let i = 0; i < shown.length; i++) {
    const info = infos[i];
    const size = sizes[i].padStart(sizeWidth);
    if (options.has("1")) output.line(shown[i]);
    else if (options.has("l")) {
      const owner = `${info.uid}`.padStart(5) + " " + `${info.gid}`.padStart(5);
      const links = info.links.toString().padStart(3);
      output.line(`${typeLetter(info.mode)}${permissions(info.mode)} ${links} ${owner} ${size} ${dateTime(info.modifyNs)} ${shown[i]}`);
    } else output.line(`${typeLetter(info.mode)} ${size} ${shown[i]}`);
  }
  return status;
}

/** Lists a directory, and with -R those in it. */
function listTree(session: Session, path: string, options: Options, withTitle: bool): i32 {
  let names: string[] = [];
  const error = listDirectory(path, names);
  if (error < 0) return session.fail("ls", path, error);
  if (session.interrupted()) return STATUS_INTERRUPTED;
  if (!options.has("a")) names = names.filter((name) => !name.startsWith("."));
  if (withTitle) session.output.line(path + ":");
  let status = listNames(session, path, names, options);
  if (!options.has("R")) return status;
  const info = new Stat();
  for (let i = 0; i < names.length && status != STATUS_INTERRUPTED; i++) {
    const below = joinPath(path, names[i]);
    if (stat(below, info, false) < 0 || !info.isDirectory) continue;
    session.output.line("");
    status = max(status, listTree(session, below, options, true));
  }
  return status;
}

export function ls(session: Session, words: string[]): i32 {
  const options = new Options(words, "1aCdlR");
  if (options.unknown != "") return session.usage();
  const paths = options.operands.length > 0 ? options.operands : ["."];
  const files: string[] = [];
  const directories: string[] = [];
  let status = 0;
  for (let i = 0; i < paths.length; i++) {
    const info = new Stat();
    let error = stat(paths[i], info, !options.has("l") || paths[i].endsWith("/"));
    if (error < 0) error = stat(paths[i], info, false); // a dangling symlink is listed as itself
    if (error < 0) status = session.fail("ls", paths[i], error);
    else if (info.isDirectory && !options.has("d")) directories.push(paths[i]);
    else files.push(paths[i]);
  }
  status = max(status, listNames(session, "", files, options));
  for (let i = 0; i < directories.length && status != STATUS_INTERRUPTED; i++) {
    if (i > 0 || files.length > 0) session.output.line("");
    status = max(status, listTree(session, directories[i], options, paths.length > 1 || options.has("R")));
  }
  return status;
}

export function cat(session: Session, words: string[]): i32 {
  const options = new Options(words, "");
  if (options.unknown != "") return session.usage();
  if (options.operands.length == 0) options.operands.push("-");
  let status = 0;
  for (let i = 0; i < options.operands.length && status != STATUS_INTERRUPTED; i++) {
    const path = options.operands[i];
    if (path == "-") status = max(status, copyInput(session));
    else {
      const fd = open(path, O_RDONLY);
      if (fd < 0) {
        status = session.fail("cat", path, fd);
        continue;
      }
      status = max(status, copyDescriptor(session, path, <i32>fd));
      close(<i32>fd);
    }
  }
  return status;
}

/** Copies what `fd` has to the output, until its end, an error or Ctrl-C. */
function copyDescriptor(session: Session, name: string, fd: i32): i32 {
  const buffer = new StaticArray<u8>(32768);
  while (true) {
    const n = read(fd, changetype<usize>(buffer), buffer.length);
    if (n < 0) return session.fail("cat", name, n);
    if (n == 0 || session.output.error < 0) return 0;
    session.output.putBytes(changetype<usize>(buffer), <u32>n);
    if (session.interrupted()) return STATUS_INTERRUPTED;
  }
  return 0;
}

/** Copies the standard input: the redirected file, the lines a person types up to Ctrl-D, or the rest of a script's input. */
function copyInput(session: Session): i32 {
  if (session.input != 0) return copyDescriptor(session, "input", session.input);
  if (!session.isInteractive) {
    for (let byte = session.keyboard.next(); byte >= 0; byte = session.keyboard.next()) session.output.put(String.fromCharCode(byte));
    return 0;
  }
  while (true) {
    const end = session.prompter.read("", false);
    if (end == LineEnd.Interrupt) return STATUS_INTERRUPTED;
    if (end == LineEnd.EndOfInput) return 0;
    session.output.line(session.prompter.line);
    session.output.flush();
  }
  return 0;
}

export function cd(session: Session, words: string[]): i32 {
  if (words.length > 2) return session.usage();
  let path = words.length == 1 ? "/" : words[1];
  if (path == "-") path = session.previousDirectory;
  const before = getDirectory();
  const error = setDirectory(path);
  if (error < 0) return session.fail("cd", path, error);
  session.previousDirectory = before;
  if (words.length == 2 && words[1] == "-") session.output.line(path);
  return 0;
}

export function pwd(session: Session, words: string[]): i32 {
  if (words.length > 1) return session.usage();
  session.output.line(getDirectory());
  return 0;
}

export function wt(session: Session, words: string[]): i32 {
  if (words.length < 3) return session.usage();
  const fd = open(words[1], O_WRONLY | O_CREAT | O_TRUNC, 0o644);
  if (fd < 0) return session.fail("wt", words[1], fd);
  const text = toBytes(words.slice(2).join(" "));
  const error = writeAll(<i32>fd, changetype<usize>(text), text.length);
  close(<i32>fd);
  return error < 0 ? session.fail("wt", words[1], error) : 0;
}

export function echo(session: Session, words: string[]): i32 {
  const isBare = words.length > 1 && words[1] == "-n";
  session.output.put(words.slice(isBare ? 2 : 1).join(" "));
  if (!isBare) session.output.put("\n");
  return 0;
}
