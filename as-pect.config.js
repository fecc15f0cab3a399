// as-pect: unit specs (*.spec.ts beside the code) run in Node; the machine behind shim/isa.ts is simulated by `machine` below.

/**
 * A machine whose physical memory and whose user memory are the module's own, and whose clock goes on by a microsecond whenever it is read.
 * User addresses beyond that memory fault.
 */
function machine(memory) {
  let ticks = 0n;
  let fault = 0n;
  /** What the boot code found: where the loader's information is, and where the kernel begins and ends. */
  let boot = [0, 0n, 0n];
  let bootMagic = 0;
  const bytes = () => new Uint8Array(memory.buffer);
  /** Copies as much as user memory from `ua` on has; returns how many bytes are left. */
  const user = (ua, count, copy) => {
    const there = Math.min(count, Math.max(0, memory.buffer.byteLength - Number(ua)));
    copy(there);
    fault = BigInt(ua) + BigInt(there);
    return count - there;
  };
  return {
    copy_from_user: (to, ua, count) => user(ua, count, (n) => bytes().copyWithin(to >>> 0, Number(ua), Number(ua) + n)),
    copy_to_user: (ua, from, count) => user(ua, count, (n) => bytes().copyWithin(Number(ua), from >>> 0, (from >>> 0) + n)),
    clear_user: (ua, count) => user(ua, count, (n) => bytes().fill(0, Number(ua), Number(ua) + n)),
    copy_string_from_user: (to, ua, count) => {
      const from = Number(ua);
      const text = bytes().subarray(from, from + count);
      const nul = text.indexOf(0);
      const left = user(ua, nul < 0 ? count : nul + 1, (n) => bytes().copyWithin(to >>> 0, from, from + n));
      return BigInt(left !== 0 ? -1 - text.length : nul < 0 ? count : nul);
    },
    copy_user_to_physical: (pa, ua, count) => user(ua, count, (n) => bytes().copyWithin(Number(pa), Number(ua), Number(ua) + n)),
    copy_physical_to_user: (ua, pa, count) => user(ua, count, (n) => bytes().copyWithin(Number(ua), Number(pa), Number(pa) + n)),
    compare_exchange_user: (ua, expected, value) => {
      if (user(ua, 4, () => {}) !== 0) return -1n;
      const word = new DataView(memory.buffer);
      const old = word.getUint32(Number(ua), true);
      if (old === expected >>> 0) word.setUint32(Number(ua), value, true);
      return BigInt(old);
    },
    fault_address: () => fault,
    hardware_random: () => 0n,
    rdtsc: () => (ticks += 1000n),
    advance: (count) => void (ticks += BigInt(count)),
    // How much longer than usual specs with random input shall try: TEST_SCALE=100 npx asp FILE.
    test_scale: () => Number(process.env.TEST_SCALE ?? 1),
    multiply_high: (a, b) => BigInt.asUintN(64, (BigInt.asUintN(64, a) * BigInt.asUintN(64, b)) >> 64n),
    set_boot: (...facts) => void (boot = facts),
    boot_info: () => boot[0],
    boot_magic: () => bootMagic,
    set_boot_magic: (magic) => void (bootMagic = magic),
    image_start: () => boot[1],
    image_end: () => boot[2],
    // What has no effect that a spec could see: the TLB, and registers of threads that never run.
    load_cr3: () => {},
    invlpg: () => {},
    set_thread: () => {},
    fpu_save: () => {},
    fpu_restore: () => {},
    read_fs_base: () => 0n,
    write_fs_base: () => {},
    read_gs_base: () => 0n,
    write_gs_base: () => {},
    trap_time_stamp: () => {},
    physical_zero_page: (pa) => void bytes().fill(0, Number(pa), Number(pa) + 4096),
    physical_copy_page: (to, from) => void bytes().copyWithin(Number(to), Number(from), Number(from) + 4096),
    physical_read: (to, pa, count) => void bytes().copyWithin(to >>> 0, Number(pa), Number(pa) + count),
    physical_write: (pa, from, count) => void bytes().copyWithin(Number(pa), from >>> 0, (from >>> 0) + count),
  };
}

export default {
  // Specs named on the command line run alone: npx asp kernel/mm/heap.spec.ts
  entries: process.argv.some((argument) => argument.endsWith(".spec.ts"))
    ? []
    : ["{kernel,drivers,linuxabi,runtime,userland}/**/*.spec.ts"],
  include: [],
  disclude: [/node_modules/],
  add: [],
  async instantiate(memory, createImports, instantiate, binary) {
    const isa = machine(memory);
    // What a spec's code could call but must not: the simulated machine has no such thing.
    for (const { module, name } of WebAssembly.Module.imports(new WebAssembly.Module(binary))) {
      if (module !== "isa") continue;
      isa[name] ??= () => {
        throw new Error(`the simulated machine lacks ${name}`);
      };
    }
    return instantiate(binary, createImports({ env: { memory }, isa }));
  },
  outputBinary: false,
};
