// The one file that is flashed to a stick: a disk with a master boot record, GRUB's core behind it for machines with a BIOS, and one FAT32
// partition that every desktop opens, with our loader where UEFI looks for one. Made without root: mkfs.vfat and mtools work on files.

import fs from "node:fs";
import path from "node:path";
import { $ } from "zx";
import { debianFile } from "./debian.ts";

const SECTOR = 512;
const MIB = 1 << 20;
/** Where the partition begins: GRUB's core has the sectors between. */
const PARTITION_SECTOR = 2048;
/** FAT32 begins where 16 bits for a cluster's number do not suffice. */
const LEAST_MIB = 64;

export interface ImageContent {
  kernel: string;
  uefiLoader: string;
  /** The host world, the boot archive. */
  system: string;
  /** cyrius.toml. */
  settings: string;
  /** Archives of images that go into containers/. */
  containers: string[];
}

/** GRUB's script: the kernel, then every file that the UEFI loader would take, in the same order. */
const GRUB_SCRIPT = `set timeout=0
multiboot2 /cyrius/kernel.elf boot=medium
module2 /cyrius/system.cpio system.cpio
if [ -f /cyrius.toml ]; then module2 /cyrius.toml cyrius.toml; fi
for file in /containers/*; do
  if [ -f "$file" ]; then module2 "$file" "$file"; fi
done
boot
`;
/** What its core does: it finds our partition by a file on it, wherever the firmware has put the disk. */
const GRUB_START =
  "serial --unit=0 --speed=115200\nterminal_output console serial\nsearch --file --set=root /cyrius/kernel.elf\nset prefix=($root)/cyrius\nconfigfile /cyrius/grub.cfg\n";
const GRUB_MODULES = [
  ...["biosdisk", "part_msdos", "fat", "search", "search_fs_file", "multiboot2", "normal", "configfile", "test", "regexp", "echo"],
  ...["boot", "vbe", "vga", "video", "all_video", "serial", "terminal", "ls", "minicmd"],
];

/** Makes `file`, a disk of `sizeMib` MiB or as many as the content needs with room to spare. */
export async function makeBootImage(file: string, content: ImageContent, sizeMib?: number): Promise<void> {
  const run = $({ quiet: true, stdio: ["ignore", "pipe", "pipe"] });
  const mkfs = debianFile("dosfstools", "sbin/mkfs.fat");
  const mtools = debianFile("mtools", "usr/bin/mtools");
  const files = [content.kernel, content.uefiLoader, content.system, content.settings, ...content.containers];
  const needed = files.reduce((sum, one) => sum + fs.statSync(one).size, 0);
  const mib = sizeMib ?? Math.max(LEAST_MIB, Math.ceil((needed * 1.1) / MIB) + LEAST_MIB);
  const folder = path.join("build", "image");
  fs.mkdirSync(folder, { recursive: true });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const work = path.join(folder, "cyrius.img");
  fs.rmSync(work, { force: true });
  fs.closeSync(fs.openSync(work, "w"));
  fs.truncateSync(work, mib * MIB);

  const kib = (mib * MIB - PARTITION_SECTOR * SECTOR) / 1024;
  const offset = PARTITION_SECTOR * SECTOR;
  // The time and the serial number are fixed, so that the same content gives the same image.
  await run`${mkfs} -F 32 -n CYRIUS -i 43595249 --invariant -h ${PARTITION_SECTOR} --offset ${PARTITION_SECTOR} ${work} ${kib}`;
  const disk = `${work}@@${offset}`;
  fs.writeFileSync(path.join(folder, "grub.cfg"), GRUB_SCRIPT);
  await run`${mtools} -c mmd -i ${disk} ::EFI ::EFI/BOOT ::cyrius ::containers`;
  await run`${mtools} -c mcopy -i ${disk} ${content.uefiLoader} ::EFI/BOOT/BOOTX64.EFI`;
  await run`${mtools} -c mcopy -i ${disk} ${content.kernel} ::cyrius/kernel.elf`;
  await run`${mtools} -c mcopy -i ${disk} ${content.system} ::cyrius/system.cpio`;
  await run`${mtools} -c mcopy -i ${disk} ${path.join(folder, "grub.cfg")} ::cyrius/grub.cfg`;
  await run`${mtools} -c mcopy -i ${disk} ${content.settings} ::cyrius.toml`;
  for (const one of content.containers) await run`${mtools} -c mcopy -i ${disk} ${one} ::containers/${path.basename(one)}`;

  await writeBootSectors(work, folder, mib);
  fs.renameSync(work, file);
}

/** GRUB for machines with a BIOS, and the table of partitions with the one that is there. */
async function writeBootSectors(work: string, folder: string, mib: number): Promise<void> {
  const grub = grubFolders();
  const start = path.join(folder, "grub-start.cfg");
  const core = path.join(folder, "core.img");
  fs.writeFileSync(start, GRUB_START);
  const run = $({ quiet: true, stdio: ["ignore", "pipe", "inherit"] });
  await run`${grub.program} -d ${grub.modules} -O i386-pc -p ${"(hd0,msdos1)/cyrius"} -c ${start} -o ${core} ${GRUB_MODULES}`;
  const boot = fs.readFileSync(path.join(grub.modules, "boot.img"));
  const body = fs.readFileSync(core);
  const sectors = Math.ceil(body.length / SECTOR);
  if (1 + sectors > PARTITION_SECTOR) throw new Error("GRUB's core does not fit before the partition");

  const record = Buffer.alloc(SECTOR);
  boot.copy(record, 0, 0, 440);
  // Where its first sector finds the core, and no test for a floppy: what grub-install would set (GRUB 2.06, grub-core/boot/i386/pc).
  record.writeBigUInt64LE(1n, 0x5c);
  record.writeUInt16LE(0x9090, 0x66);
  record.writeUInt32LE(0x43595249, 440);
  const entry = 446;
  record[entry] = 0x80;
  record.fill(0xff, entry + 1, entry + 4);
  record[entry + 4] = 0x0c; // FAT32 with logical addresses
  record.fill(0xff, entry + 5, entry + 8);
  record.writeUInt32LE(PARTITION_SECTOR, entry + 8);
  record.writeUInt32LE((mib * MIB) / SECTOR - PARTITION_SECTOR, entry + 12);
  record.writeUInt16LE(0xaa55, 510);
  // The core's first sector has the list of its others: where, how many, and the segment they are read to.
  body.writeBigUInt64LE(2n, 500);
  body.writeUInt16LE(sectors - 1, 508);
  body.writeUInt16LE(0x820, 510);

  const disk = fs.openSync(work, "r+");
  fs.writeSync(disk, record, 0, SECTOR, 0);
  fs.writeSync(disk, body, 0, body.length, SECTOR);
  fs.closeSync(disk);
}

/** GRUB's program and modules. */
function grubFolders(): { program: string; modules: string } {
  return {
    program: debianFile("grub-common", "usr/bin/grub-mkimage"),
    modules: debianFile("grub-pc-bin", "usr/lib/grub/i386-pc"),
  };
}
