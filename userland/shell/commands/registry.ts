// All built-in commands, in the order `help` shows them.

import { Session } from "../session";
import { BuiltIn } from "./command";
import { cat, cd, echo, ls, pwd, wt } from "./files";
import { image } from "./image";
import { linuxBox } from "./linuxbox";
import { dmesg, mem, poweroff, ps, reboot } from "./machine";
import { net } from "./net";
import { oci } from "./oci";
import { ping } from "./ping";
import { clear, doNotSucceed, exit, history, run, sleep, succeed } from "./shell";
import { tar } from "./tar";
import { cp, mkdir, mv, rm } from "./tree";

let table: BuiltIn[] = [];

/** The built-in commands. */
export function builtIns(): BuiltIn[] {
  if (table.length > 0) return table;
  table = [
    new BuiltIn("help", "[COMMAND]", "list the commands, or say how one is used", help),
    new BuiltIn("oci", "create|start|state|kill|delete|exec|run|list|ps|wait ...", "containers; `oci VERB` says how a verb is used", oci),
    new BuiltIn("oci-runtime", "VERB ...", "the same", oci),
    new BuiltIn(
      "image",
      "import|ls|rm|inspect|prepare ...",
      "images that `oci run` makes containers of; alone it says how a verb is used",
      image,
    ),
    new BuiltIn("linux-box", "run PATH [ARGUMENT...]", "run a static Linux program in a container of its own", linuxBox),
    new BuiltIn("ps", "[ID]", "list the processes of the host and of all containers, or of one", ps),
    new BuiltIn("ls", "[-1aCdlR] [PATH...]", "list files: type, size and name", ls),
    new BuiltIn("cat", "[PATH...]", "show files, or the input", cat),
    new BuiltIn("cd", "[PATH | -]", "change the working directory", cd),
    new BuiltIn("pwd", "", "show the working directory", pwd),
    new BuiltIn("mkdir", "[-p] [-m MODE] PATH...", "make directories", mkdir),
    new BuiltIn("rm", "[-rf] PATH...", "remove files, with -r directories and what is in them", rm),
    new BuiltIn("cp", "[-ar] FROM... TO", "copy files, with -r directories, with -a owners and times too", cp),
    new BuiltIn("mv", "FROM... TO", "move or rename files", mv),
    new BuiltIn("wt", "PATH TEXT...", "write a text to a file", wt),
    new BuiltIn("echo", "[-n] [TEXT...]", "show a text", echo),
    new BuiltIn("tar", "[-tv] ARCHIVE [DIRECTORY]", "unpack an archive (.tar, .tar.gz, .tar.zst), with -t only list it", tar),
    new BuiltIn("dmesg", "[-w]", "show the kernel's log, with -w also what comes", dmesg),
    new BuiltIn("mem", "", "show memory and processors", mem),
    new BuiltIn("net", "[interfaces|routes|ports|connections] [ID]", "show the network of the host and of all containers, or of one", net),
    new BuiltIn("ping", "HOST [COUNT]", "ask a host, by address, name or container, whether it is there", ping),
    new BuiltIn("poweroff", "", "switch the machine off", poweroff),
    new BuiltIn("reboot", "", "start the machine again", reboot),
    new BuiltIn("run", "PATH [ARGUMENT...]", "run a host program", run),
    new BuiltIn("sleep", "SECONDS", "wait", sleep),
    new BuiltIn("history", "", "show the lines typed before", history),
    new BuiltIn("clear", "", "clear the screen", clear),
    new BuiltIn("true", "", "succeed", succeed),
    new BuiltIn("false", "", "fail", doNotSucceed),
    new BuiltIn("exit", "[STATUS]", "end this shell; the console gets a new one", exit),
  ];
  return table;
}

/** The built-in command called `name`; null when there is none. */
export function findCommand(name: string): BuiltIn | null {
  const commands = builtIns();
  for (let i = 0; i < commands.length; i++) if (commands[i].name == name) return commands[i];
  return null;
}

function help(session: Session, words: string[]): i32 {
  if (words.length > 2) return session.usage();
  if (words.length == 2) {
    const command = findCommand(words[1]);
    if (command === null) return session.failText("help", words[1], "no such command");
    session.output.line(`${command.usage}\n  ${command.summary}`);
    return 0;
  }
  session.output.line("commands:");
  const commands = builtIns();
  for (let i = 0; i < commands.length; i++) {
    const usage = commands[i].usage;
    // A usage too long for its column stands on a line of its own.
    session.output.line("  " + (usage.length > 36 ? usage + "\n" + " ".repeat(40) : usage.padEnd(38)) + commands[i].summary);
  }
  session.output.line("A program of the host is run by its path. Quotes, \\, *, ?, $?, ;, &&, ||, <, >, >> and # work as in other shells.");
  return 0;
}
