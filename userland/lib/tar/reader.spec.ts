import { isZeroBlock, parseHeader, TarHeader } from "./header";
import { safeName } from "./names";
import { PaxRecords } from "./pax";
import { TarReader } from "./reader";
import { ByteSource } from "../compress/source";
import { gnuArchive, paxArchive, ustarArchive } from "./vectors";

/** An archive in memory, given out in pieces of at most 100 bytes. */
class MemorySource extends ByteSource {
  private at: i32 = 0;

  constructor(
    private bytes: StaticArray<u8>,
    private length: i32,
  ) {
    super();
  }

  read(p: usize, n: u32): i64 {
    const count = min(min(<i32>n, 100), this.length - this.at);
    memory.copy(p, changetype<usize>(this.bytes) + this.at, count);
    this.at += count;
    return count;
  }
}

function readerOf(bytes: StaticArray<u8>): TarReader {
  return new TarReader(new MemorySource(bytes, bytes.length));
}

/** All entries as "type mode uid:gid size name -> link", and the error at the end. */
function listing(reader: TarReader): string {
  let text = "";
  while (reader.next()) {
    const e = reader.entry;
    text += `${String.fromCharCode(e.type)} ${e.mode.toString(8)} ${e.uid}:${e.gid} ${e.size} ${e.name}${e.linkName == "" ? "" : " -> " + e.linkName}\n`;
  }
  return text + reader.error;
}

const TREE: string =
  "5 755 1000:50 0 d/\n" +
  "0 4755 1000:50 6 d/file\n" +
  "1 4755 1000:50 0 d/hard -> d/file\n" +
  `2 777 1000:50 0 d/longlink -> ${"t".repeat(105)}\n` +
  `0 644 1000:50 5 d/${"n".repeat(110)}\n` +
  "5 755 1000:50 0 d/sub/\n" +
  "2 777 1000:50 0 d/sub/link -> ../file\n";

/** Corrects the checksum of the header at byte `at`, after a change to it. */
function sign(bytes: StaticArray<u8>, at: i32): void {
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0x20 : <i32>bytes[at + i];
  const digits = sum.toString(8).padStart(6, "0");
  for (let i = 0; i < 6; i++) bytes[at + 148 + i] = <u8>digits.charCodeAt(i);
  bytes[at + 154] = 0;
  bytes[at + 155] = 0x20;
}

describe("tar archives written by GNU tar", () => {
  it("in GNU format, with long names", () => {
    expect(listing(readerOf(gnuArchive().bytes()))).toBe(TREE);
  });

  it("in pax format", () => {
    expect(listing(readerOf(paxArchive().bytes()))).toBe(TREE);
  });

  it("keep fractions of seconds in pax format", () => {
    const reader = readerOf(paxArchive().bytes());
    expect(reader.next()).toBe(true);
    expect(reader.entry.modifyNs).toBe(1_700_000_000_250_000_000);
  });

  it("in ustar format, with a prefix, devices and a FIFO", () => {
    const reader = readerOf(ustarArchive().bytes());
    expect(listing(reader)).toBe(
      "5 755 1000:50 0 u/\n4 644 1000:50 0 u/disk\n6 644 1000:50 0 u/fifo\n3 644 1000:50 0 u/null\n" +
        `5 755 1000:50 0 u/${"p".repeat(60)}/\n0 644 1000:50 1 u/${"p".repeat(60)}/${"q".repeat(60)}\n`,
    );
    const again = readerOf(ustarArchive().bytes());
    again.next();
    again.next();
    expect(again.entry.major).toBe(259);
    expect(again.entry.minor).toBe(70000);
    expect(again.entry.modifyNs).toBe(1_700_000_000_000_000_000);
  });

  it("give their content in pieces", () => {
    const reader = readerOf(gnuArchive().bytes());
    reader.next();
    reader.next();
    const buffer = new StaticArray<u8>(4);
    const p = changetype<usize>(buffer);
    expect(reader.readContent(p, 4)).toBe(4);
    expect(load<u32>(p)).toBe(0x6c6c6568);
    expect(reader.readContent(p, 4)).toBe(2);
    expect(reader.readContent(p, 4)).toBe(0);
    expect(reader.error).toBe("");
  });
});

describe("damaged archives", () => {
  it("are known by their checksum", () => {
    const bytes = gnuArchive().bytes();
    bytes[0] ^= 1;
    expect(listing(readerOf(bytes))).toBe("the checksum of a header is wrong: damaged, or not a tar archive");
  });

  it("are known at every length they can be cut to", () => {
    const bytes = gnuArchive().bytes();
    const end = bytes.length - 1024;
    for (let length = 0; length < end; length += 97) {
      const reader = new TarReader(new MemorySource(bytes, length));
      while (reader.next()) {}
      expect(reader.error).not.toBe("", length.toString());
    }
  });

  it("have malformed or monstrous numbers", () => {
    const bytes = ustarArchive().bytes();
    bytes[124] = 0x39;
    sign(bytes, 0);
    expect(listing(readerOf(bytes))).toBe("a number in a header is malformed");
    bytes[124] = 0x80;
    for (let i = 125; i < 136; i++) bytes[i] = 0xff;
    sign(bytes, 0);
    expect(listing(readerOf(bytes))).toBe("a number in a header is malformed");
    bytes[125] = bytes[126] = bytes[127] = bytes[128] = 0;
    sign(bytes, 0);
    expect(listing(readerOf(bytes))).toBe("a number in a header is too large");
  });

  it("say when they hold what is not supported", () => {
    const bytes = ustarArchive().bytes();
    bytes[156] = 0x53;
    sign(bytes, 0);
    expect(listing(readerOf(bytes))).toBe("sparse files are not supported");
  });
});

describe("tar headers", () => {
  it("may have numbers in base 256", () => {
    const bytes = ustarArchive().bytes();
    const p = changetype<usize>(bytes);
    memory.fill(p + 108, 0, 8);
    bytes[108] = 0x80;
    bytes[114] = 0x12;
    bytes[115] = 0x34;
    sign(bytes, 0);
    const header = new TarHeader();
    expect(parseHeader(p, header)).toBe("");
    expect(header.uid).toBe(0x1234);
  });

  it("end with a zero block", () => {
    const bytes = new StaticArray<u8>(512);
    expect(isZeroBlock(changetype<usize>(bytes))).toBe(true);
    bytes[511] = 1;
    expect(isZeroBlock(changetype<usize>(bytes))).toBe(false);
  });
});

describe("extended headers", () => {
  it("change what they name", () => {
    const records = new PaxRecords();
    expect(records.add("12 path=a=b\n16 mtime=1.5000\n10 uid=42\n")).toBe("");
    const header = new TarHeader();
    header.gid = 7;
    expect(records.applyTo(header)).toBe("");
    expect(header.name).toBe("a=b");
    expect(header.modifyNs).toBe(1_500_000_000);
    expect(header.uid).toBe(42);
    expect(header.gid).toBe(7);
  });

  it("have extended attributes, with any bytes in them", () => {
    const records = new PaxRecords();
    expect(records.add("32 SCHILY.xattr.user.a=b=c\n\0\u00ff 1\n")).toBe("");
    const header = new TarHeader();
    expect(records.applyTo(header)).toBe("");
    expect(header.attributeNames.join()).toBe("user.a");
    expect(header.attributeValues[0]).toBe("b=c\n\0\u00ff 1");
  });

  it("that are malformed are refused", () => {
    const malformed = ["x", "12 path=ab", "5 a=b\n", "0 a=b\n", "99999999999999999999 a=b\n", "8 pathab\n", "-6 a=b\n", "100 a=b\n"];
    for (let i = 0; i < malformed.length; i++)
      expect(new PaxRecords().add(malformed[i])).toBe("an extended header is malformed", malformed[i]);
    const header = new TarHeader();
    const number = new PaxRecords();
    expect(number.add("10 uid=4x\n")).toBe("");
    expect(number.applyTo(header)).toBe("a number in an extended header is malformed");
    const time = new PaxRecords();
    expect(time.add("11 mtime=x\n")).toBe("");
    expect(time.applyTo(header)).toBe("a time in an extended header is malformed");
  });
});

describe("names in archives", () => {
  it("stay below the directory", () => {
    expect(safeName("./a//b/")).toBe("a/b");
    expect(safeName("./")).toBe("");
    expect(safeName("a/...")).toBe("a/...");
    expect(safeName("/etc/passwd")).toBeNull();
    expect(safeName("a/../../b")).toBeNull();
    expect(safeName("..")).toBeNull();
  });
});
