// Builds the UEFI loader (shim/uefi/) as the file that firmware starts: build/uefi/BOOTX64.EFI.

import fs from "node:fs";
import { $ } from "zx";

const cOptions = [
  ...["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-builtin", "-fpie", "-fshort-wchar", "-mno-red-zone"],
  ...["-mgeneral-regs-only", "-fno-stack-protector", "-fcf-protection=none", "-fno-asynchronous-unwind-tables"],
];

/** Compiles and links the loader; returns the file's name. */
export async function buildUefiLoader(): Promise<string> {
  const folder = "build/uefi";
  const run = $({ quiet: true, stdio: ["ignore", "pipe", "inherit"] });
  fs.mkdirSync(folder, { recursive: true });
  for (const source of ["loader.c", "handover.S"]) await run`gcc ${cOptions} -c shim/uefi/${source} -o ${folder}/${source}.o`;
  const objects = [`${folder}/loader.c.o`, `${folder}/handover.S.o`];
  const link = ["-nostdlib", "-static", "-pie", "--no-dynamic-linker", "-z", "noexecstack", "-T", "shim/uefi/loader.ld"];
  await run`ld ${link} ${objects} -o ${folder}/loader.elf`;
  const relocations = (await run`readelf -rW ${folder}/loader.elf`).stdout;
  if (!relocations.includes("There are no relocations")) throw new Error(`the UEFI loader must not need relocations:\n${relocations}`);
  const sections = [".text", ".rodata", ".data", ".reloc"].flatMap((name) => ["-j", name]);
  await run`objcopy ${sections} --target=efi-app-x86_64 ${folder}/loader.elf ${folder}/BOOTX64.EFI`;
  return `${folder}/BOOTX64.EFI`;
}
