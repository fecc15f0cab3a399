import { putLiteral } from "../lib/bytes";
import { put, Text, textFree, textNew } from "../lib/text";
import { useTestMemory } from "../mm/testing";
import { Result } from "../result";
import { entryRelease, fileSystemRelease, inodeRelease } from "../vfs/entry";
import { fileNew, fileRelease } from "../vfs/file";
import { OpenFlag } from "../vfs/flags";
import { Entry, File, FileKind, FileSystem, FileSystemKind, Inode, S_IFDIR, S_IFREG } from "../vfs/inode";
import { DirectoryItem, DIRECTORY_ITEM_BYTES } from "../vfs/operations";
import { fileTryRead, fileTryWrite } from "../vfs/transfer";
import {
  addDirectory,
  addNumber,
  addText,
  findNode,
  Node,
  nextNode,
  nodeCount,
  nodeEntry,
  nodeInode,
  openSynthetic,
  setStore,
  syntheticInit,
  syntheticNew,
} from "./synthetic";

let root: Node = changetype<Node>(0);
let fs: FileSystem = changetype<FileSystem>(0);
let composed = 0;
let stored: u32 = 0;
const name = memory.data(64, 8);
const buffer = memory.data(256, 8);
const item = changetype<DirectoryItem>(memory.data(DIRECTORY_ITEM_BYTES, 8));

function showGreeting(text: Text, inode: Inode): Result {
  composed++;
  put(text, composed == 1 ? "hello" : "hello again");
  return 0;
}

function storeLength(inode: Inode, p: usize, n: u32): Result {
  stored = n;
  return n;
}

function open(path: string): File {
  const node = findNode(root, name, putLiteral(name, path))!;
  const inode = nodeInode(fs, node, 7, 3)!;
  const file = fileNew(FileKind.Synthetic, OpenFlag.ReadWrite, inode, null, null)!;
  inodeRelease(inode);
  openSynthetic(file);
  return file;
}

/** What a read of `count` bytes gives. */
function read(file: File, count: u32): string {
  const r = fileTryRead(file, buffer, count);
  return r < 0 ? "error" : String.UTF8.decodeUnsafe(buffer, <usize>r);
}

beforeAll(() => {
  useTestMemory(1024);
  syntheticInit();
  root = addDirectory(null, "");
  addText(root, "greeting", showGreeting);
  setStore(addText(root, "inbox", showGreeting, 0o644), storeLength);
  addNumber(root, "answer", 42);
  addDirectory(root, "empty", 0o500);
  fs = syntheticNew(FileSystemKind.Sys, 0, root)!;
});

beforeEach(() => {
  composed = 0;
});

describe("a tree of nodes", () => {
  test("finds names, all of them and nothing else", () => {
    expect(findNode(root, name, putLiteral(name, "answer")) == null).toBe(false);
    expect(findNode(root, name, putLiteral(name, "answe")) == null).toBe(true);
    expect(findNode(root, name, putLiteral(name, "answers")) == null).toBe(true);
    expect(nodeCount(root)).toBe(4);
  });

  test("lists its names from position 2 on", () => {
    const inode = fs.root!.inode!;
    let position: u64 = 2;
    let names = "";
    while (nextNode(inode, position, item) == 1) {
      names += String.UTF8.decodeUnsafe(item.name, item.nameLength) + (item.type == S_IFDIR ? "/ " : " ");
      position = item.next;
    }
    expect(names).toBe("greeting inbox answer empty/ ");
    expect(nextNode(inode, 4, item)).toBe(1);
    expect(String.UTF8.decodeUnsafe(item.name, item.nameLength)).toBe("answer");
    expect(nextNode(inode, 99, item)).toBe(0);
  });

  test("makes inodes that tell subjects apart", () => {
    const node = findNode(root, name, putLiteral(name, "answer"))!;
    const a = nodeInode(fs, node, 7, 3)!;
    const b = nodeInode(fs, node, 7, 4)!;
    const c = nodeInode(fs, node, 8, 3)!;
    expect(a.mode).toBe(S_IFREG | 0o444);
    expect(a.number != b.number && b.number != c.number && a.number != c.number).toBe(true);
    const entry = changetype<Entry>(<usize>nodeEntry(fs.root!, name, 6, 0, a));
    expect(entry.inode == a).toBe(true);
    expect(a.refs).toBe(1, "the entry alone holds it");
    entryRelease(entry);
    inodeRelease(b);
    inodeRelease(c);
  });
});

describe("a synthetic file", () => {
  test("is composed once, and read in parts", () => {
    const file = open("greeting");
    expect(read(file, 2)).toBe("he");
    expect(read(file, 100)).toBe("llo");
    expect(read(file, 100)).toBe("");
    expect(composed).toBe(1);
    fileRelease(file);
  });

  test("is composed anew when it is read from the start again", () => {
    const file = open("greeting");
    read(file, 100);
    file.position = 0;
    expect(read(file, 100)).toBe("hello again");
    fileRelease(file);
  });

  test("shows numbers", () => {
    const file = open("answer");
    expect(read(file, 100)).toBe("42\n");
    fileRelease(file);
  });

  test("takes what is written only where something listens", () => {
    const inbox = open("inbox");
    expect(fileTryWrite(inbox, buffer, 12)).toBe(12);
    expect(stored).toBe(12);
    fileRelease(inbox);
    const greeting = open("greeting");
    expect(fileTryWrite(greeting, buffer, 12)).toBe(-5);
    fileRelease(greeting);
  });

  test("goes with its file system", () => {
    const other = syntheticNew(FileSystemKind.Sys, 0, root)!;
    expect(other.device).not.toBe(fs.device);
    fileSystemRelease(other);
    const text = textNew()!;
    textFree(text);
    expect(findNode(root, name, putLiteral(name, "empty")) == null).toBe(false, "nodes stay");
  });
});
