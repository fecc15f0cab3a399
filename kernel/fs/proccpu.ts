// /proc/cpuinfo, from CPUID (Intel SDM 2A, "CPUID"). Only one CPU runs programs.

import { cpuid } from "../../shim/isa";
import { put, putByte, putBytes, putUnsigned, Text } from "../lib/text";
import { Result } from "../result";
import { tscFrequencyHz } from "../time/clock";
import { Inode } from "../vfs/inode";

const words = memory.data(48, 8);

/** Names of feature bits 0, 1, 2 ... of one register, "-" for those without a name, as Linux spells them. */
const LEAF_1_EDX =
  "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe";
const LEAF_1_ECX =
  "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor";
const LEAF_7_EBX =
  "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx rdt_a avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl";
const LEAF_7_ECX =
  "- avx512vbmi umip pku - waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni avx512_bitalg tme avx512_vpopcntdq - la57 - - - - - rdpid";
const EXTENDED_EDX = "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow";
const EXTENDED_ECX =
  "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop skinit wdt - lwp fma4 tce - nodeid_msr - tbm topoext";

/** Appends the names of the bits that are set, each followed by a space. */
function putFlags(text: Text, bits: u32, names: string): void {
  const n = names.length;
  const p = changetype<usize>(names);
  let at = 0;
  for (let bit = 0; bit < 32 && at < n; bit++) {
    const start = at;
    while (at < n && load<u16>(p + (at << 1)) != 0x20) at++;
    if (((bits >> bit) & 1) != 0 && load<u16>(p + (start << 1)) != 0x2d) {
      for (let i = start; i < at; i++) putByte(text, <u8>load<u16>(p + (i << 1)));
      putByte(text, 0x20);
    }
    at++;
  }
}

function line(text: Text, name: string, value: u64): void {
  put(text, name);
  putUnsigned(text, value);
  putByte(text, 0x0a);
}

function putVendor(text: Text): void {
  store<u32>(words, cpuid(0, 0, 1), 0);
  store<u32>(words, cpuid(0, 0, 3), 4);
  store<u32>(words, cpuid(0, 0, 2), 8);
  putBytes(text, words, 12);
}

function putModelName(text: Text): void {
  for (let leaf: u32 = 0; leaf < 3; leaf++) {
    for (let which: u32 = 0; which < 4; which++) store<u32>(words + leaf * 16 + which * 4, cpuid(0x80000002 + leaf, 0, which));
  }
  let n: u32 = 0;
  while (n < 48 && load<u8>(words + n) != 0) n++;
  let from: u32 = 0;
  while (from < n && load<u8>(words + from) == 0x20) from++;
  putBytes(text, words + from, n - from);
}

export function showCpuInfo(text: Text, inode: Inode): Result {
  const signature = cpuid(1, 0, 0);
  let family = (signature >> 8) & 15;
  let model = (signature >> 4) & 15;
  if (family == 6 || family == 15) model |= ((signature >> 16) & 15) << 4;
  if (family == 15) family += (signature >> 20) & 0xff;
  const hz = tscFrequencyHz();
  line(text, "processor\t: ", 0);
  put(text, "vendor_id\t: ");
  putVendor(text);
  line(text, "\ncpu family\t: ", family);
  line(text, "model\t\t: ", model);
  put(text, "model name\t: ");
  putModelName(text);
  line(text, "\nstepping\t: ", signature & 15);
  put(text, "cpu MHz\t\t: ");
  putUnsigned(text, hz / 1_000_000);
  putByte(text, 0x2e);
  putUnsigned(text, (hz / 1000) % 1000, 3, 0x30);
  line(text, "\nphysical id\t: ", 0);
  line(text, "siblings\t: ", 1);
  line(text, "core id\t\t: ", 0);
  line(text, "cpu cores\t: ", 1);
  line(text, "apicid\t\t: ", cpuid(1, 0, 1) >> 24);
  put(text, "fpu\t\t: yes\nfpu_exception\t: yes\n");
  line(text, "cpuid level\t: ", cpuid(0, 0, 0));
  put(text, "wp\t\t: yes\nflags\t\t: ");
  putFlags(text, cpuid(1, 0, 3), LEAF_1_EDX);
  putFlags(text, cpuid(0x80000001, 0, 3), EXTENDED_EDX);
  putFlags(text, cpuid(1, 0, 2), LEAF_1_ECX);
  putFlags(text, cpuid(0x80000001, 0, 2), EXTENDED_ECX);
  if (cpuid(0, 0, 0) >= 7) {
    putFlags(text, cpuid(7, 0, 1), LEAF_7_EBX);
    putFlags(text, cpuid(7, 0, 2), LEAF_7_ECX);
  }
  text.length--; // the last space
  put(text, "\nbogomips\t: ");
  putUnsigned(text, hz / 500_000);
  putByte(text, 0x2e);
  putUnsigned(text, (hz / 5000) % 100, 2, 0x30);
  line(text, "\nclflush size\t: ", ((cpuid(1, 0, 1) >> 8) & 0xff) * 8);
  line(text, "cache_alignment\t: ", 64);
  put(text, "address sizes\t: ");
  const sizes = cpuid(0x80000008, 0, 0);
  putUnsigned(text, sizes & 0xff);
  put(text, " bits physical, ");
  putUnsigned(text, (sizes >> 8) & 0xff);
  put(text, " bits virtual\n\n");
  return 0;
}
