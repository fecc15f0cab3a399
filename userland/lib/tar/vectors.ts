// Archives that GNU tar 1.34 wrote, as their stretches without zeros: "OFFSET TEXT", bytes outside of printable ASCII as %XX. Their mtime is
// 1700000000 (pax: and a quarter), owner 1000, group 50.

/** One archive: its length and its stretches. */
export class Vector {
  constructor(
    public length: i32,
    public rows: string[],
  ) {}

  /** The archive's bytes. */
  bytes(): StaticArray<u8> {
    const bytes = new StaticArray<u8>(this.length);
    for (let i = 0; i < this.rows.length; i++) {
      const row = this.rows[i];
      const blank = row.indexOf(" ");
      let at = I32.parseInt(row.substring(0, blank));
      for (let j = blank + 1; j < row.length; j++) {
        const isEscape = row.charAt(j) == "%";
        bytes[at++] = isEscape ? <u8>I32.parseInt(row.substring(j + 1, j + 3), 16) : <u8>row.charCodeAt(j);
        if (isEscape) j += 2;
      }
    }
    return bytes;
  }
}

/** d/ with a file of mode 4755, a hard link to it, a symlink below d/sub, a name of 110 and a link target of 105 characters. */
// prettier-ignore
export function gnuArchive(): Vector {
  return new Vector(7680, [
    "0 d/",
    "100 0000755%000001750%000000062%0000000000000%0014524770400%00010241%00 5",
    "257 ustar  %00alice",
    "297 staff",
    "512 d/file",
    "612 0004755%000001750%000000062%0000000000006%0014524770400%00011106%00 0",
    "769 ustar  %00alice",
    "809 staff",
    "1024 hello%0a",
    "1536 d/hard",
    "1636 0004755%000001750%000000062%0000000000000%0014524770400%00012163%00 1d/file",
    "1793 ustar  %00alice",
    "1833 staff",
    "2048 ././@LongLink",
    "2148 0000644%000000000%000000000%0000000000152%0000000000000%00011600%00 K",
    "2305 ustar  %00root",
    "2345 root",
    "2560 ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt",
    "3072 d/longlink",
    "3172 0000777%000001750%000000062%0000000000000%0014524770400%00040520%00 2ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttustar  %00alice",
    "3369 staff",
    "3584 ././@LongLink",
    "3684 0000644%000000000%000000000%0000000000161%0000000000000%00011601%00 L",
    "3841 ustar  %00root",
    "3881 root",
    "4096 d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
    "4608 d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn0000644%000001750%000000062%0000000000005%0014524770400%00035272%00 0",
    "4865 ustar  %00alice",
    "4905 staff",
    "5120 long%0a",
    "5632 d/sub/",
    "5732 0000755%000001750%000000062%0000000000000%0014524770400%00011032%00 5",
    "5889 ustar  %00alice",
    "5929 staff",
    "6144 d/sub/link",
    "6244 0000777%000001750%000000062%0000000000000%0014524770400%00012764%00 2../file",
    "6401 ustar  %00alice",
    "6441 staff",
  ]);
}

/** The same tree in pax format. */
// prettier-ignore
export function paxArchive(): Vector {
  return new Vector(12800, [
    "0 ./PaxHeaders/d",
    "100 0000644%000000000%000000000%0000000000027%0014524770400%00010445%00 x",
    "257 ustar%0000",
    "512 23 mtime=1700000000.25%0a",
    "1024 d/",
    "1124 0000755%000001750%000000062%0000000000000%0014524770400%00011541%00 5",
    "1281 ustar%0000alice",
    "1321 staff",
    "1353 0000000%000000000",
    "1536 d/PaxHeaders/file",
    "1636 0000644%000000000%000000000%0000000000027%0014524770400%00011227%00 x",
    "1793 ustar%0000",
    "2048 23 mtime=1700000000.25%0a",
    "2560 d/file",
    "2660 0004755%000001750%000000062%0000000000006%0014524770400%00012406%00 0",
    "2817 ustar%0000alice",
    "2857 staff",
    "2889 0000000%000000000",
    "3072 hello%0a",
    "3584 d/PaxHeaders/hard",
    "3684 0000644%000000000%000000000%0000000000027%0014524770400%00011226%00 x",
    "3841 ustar%0000",
    "4096 23 mtime=1700000000.25%0a",
    "4608 d/hard",
    "4708 0004755%000001750%000000062%0000000000000%0014524770400%00013463%00 1d/file",
    "4865 ustar%0000alice",
    "4905 staff",
    "4937 0000000%000000000",
    "5120 d/PaxHeaders/longlink",
    "5220 0000644%000000000%000000000%0000000000216%0014524770400%00012125%00 x",
    "5377 ustar%0000",
    "5632 119 linkpath=ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt%0a23 mtime=1700000000.25%0a",
    "6144 d/longlink",
    "6244 0000777%000001750%000000062%0000000000000%0014524770400%00042020%00 2ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttustar%0000alice",
    "6441 staff",
    "6473 0000000%000000000",
    "6656 d/PaxHeaders/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn0000644%000000000%000000000%0000000000221%0014524770400%00033125%00 x",
    "6913 ustar%0000",
    "7168 122 path=d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn%0a23 mtime=1700000000.25%0a",
    "7680 d/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn0000644%000001750%000000062%0000000000005%0014524770400%00036572%00 0",
    "7937 ustar%0000alice",
    "7977 staff",
    "8009 0000000%000000000",
    "8192 long%0a",
    "8704 d/PaxHeaders/sub",
    "8804 0000644%000000000%000000000%0000000000027%0014524770400%00011101%00 x",
    "8961 ustar%0000",
    "9216 23 mtime=1700000000.25%0a",
    "9728 d/sub/",
    "9828 0000755%000001750%000000062%0000000000000%0014524770400%00012332%00 5",
    "9985 ustar%0000alice",
    "10025 staff",
    "10057 0000000%000000000",
    "10240 d/sub/PaxHeaders/link",
    "10340 0000644%000000000%000000000%0000000000027%0014524770400%00012036%00 x",
    "10497 ustar%0000",
    "10752 23 mtime=1700000000.25%0a",
    "11264 d/sub/link",
    "11364 0000777%000001750%000000062%0000000000000%0014524770400%00014264%00 2../file",
    "11521 ustar%0000alice",
    "11561 staff",
    "11593 0000000%000000000",
  ]);
}

/** u/ with a device of each kind, a FIFO, and a name that needs the prefix field. */
// prettier-ignore
export function ustarArchive(): Vector {
  return new Vector(4608, [
    "0 u/",
    "100 0000755%000001750%000000062%0000000000000%0014524770400%00011562%00 5",
    "257 ustar%0000alice",
    "297 staff",
    "329 0000000%000000000",
    "512 u/disk",
    "612 0000644%000001750%000000062%0000000000000%0014524770400%00012456%00 4",
    "769 ustar%0000alice",
    "809 staff",
    "841 0000403%000210560",
    "1024 u/fifo",
    "1124 0000644%000001750%000000062%0000000000000%0014524770400%00012424%00 6",
    "1281 ustar%0000alice",
    "1321 staff",
    "1353 0000000%000000000",
    "1536 u/null",
    "1636 0000644%000001750%000000062%0000000000000%0014524770400%00012454%00 3",
    "1793 ustar%0000alice",
    "1833 staff",
    "1865 0000001%000000003",
    "2048 u/pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp/",
    "2148 0000755%000001750%000000062%0000000000000%0014524770400%00026741%00 5",
    "2305 ustar%0000alice",
    "2345 staff",
    "2377 0000000%000000000",
    "2560 qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
    "2660 0000644%000001750%000000062%0000000000001%0014524770400%00044047%00 0",
    "2817 ustar%0000alice",
    "2857 staff",
    "2889 0000000%000000000%00u/pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp",
    "3072 x",
  ]);
}
