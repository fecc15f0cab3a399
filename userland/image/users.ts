// Who a process of an image is: Config.User by the image's own /etc/passwd and /etc/group (passwd(5), group(5)), as Docker reads them.

import { parseNumber } from "../lib/number";
import { fail } from "./problem";

export class User {
  uid: u32 = 0;
  gid: u32 = 0;
  groups: u32[] = [];
  home: string = "";
}

/** The numeric ID in a field; -1 when it is none. */
function idOf(text: string): i64 {
  const id = parseNumber(text);
  return id < 0 || id > 0xffffffff ? -1 : id;
}

/** The line of a file like passwd(5) whose first field is `name`, or whose third is `id` if that is not -1; null when there is none. */
function lineOf(file: string, name: string, id: i64): string[] | null {
  const lines = file.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const fields = lines[i].split(":");
    if (fields.length >= 3 && (fields[0] == name || (id >= 0 && idOf(fields[2]) == id))) return fields;
  }
  return null;
}

/** The user that `wanted` means, "" or USER[:GROUP] by name or number; null with the problem told. The files are "" when there are none. */
export function findUser(wanted: string, passwd: string, group: string): User | null {
  const user = new User();
  const colon = wanted.indexOf(":");
  const name = colon < 0 ? wanted : wanted.substring(0, colon);
  const groupName = colon < 0 ? "" : wanted.substring(colon + 1);
  const id = name == "" ? 0 : idOf(name);
  const line = lineOf(passwd, name == "" ? "\0" : name, id);
  if (line !== null) {
    const gid = line.length > 3 ? idOf(line[3]) : -1;
    user.uid = <u32>idOf(line[2]);
    user.gid = gid < 0 ? 0 : <u32>gid;
    user.home = line.length > 5 ? line[5] : "";
    if (groupName == "") addGroups(user, line[0], group);
  } else if (id >= 0) user.uid = <u32>id;
  else {
    fail(`the user ${name} is not in the image's /etc/passwd`);
    return null;
  }
  if (groupName == "") return user;
  const gid = idOf(groupName);
  const groupLine = lineOf(group, groupName, -1);
  if (groupLine === null && gid < 0) {
    fail(`the group ${groupName} is not in the image's /etc/group`);
    return null;
  }
  user.gid = groupLine === null ? <u32>gid : <u32>idOf(groupLine[2]);
  return user;
}

/** The groups that have `name` as a member. */
function addGroups(user: User, name: string, group: string): void {
  const lines = group.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const fields = lines[i].split(":");
    if (fields.length < 4 || !fields[3].split(",").includes(name)) continue;
    const gid = idOf(fields[2]);
    if (gid >= 0 && !user.groups.includes(<u32>gid)) user.groups.push(<u32>gid);
  }
}
