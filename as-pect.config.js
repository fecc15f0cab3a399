// as-pect: unit specs (*.spec.ts beside the code) run in Node; the machine behind shim/isa.ts is simulated by `machine` below.

/** A machine whose physical memory is the module's own, and whose clock goes on by a microsecond whenever it is read. */
function machine(memory) {
  let ticks = 0n;
  const bytes = () => new Uint8Array(memory.buffer);
  return {
    rdtsc: () => (ticks += 1000n),
    multiply_high: (a, b) => BigInt.asUintN(64, (BigInt.asUintN(64, a) * BigInt.asUintN(64, b)) >> 64n),
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
    return instantiate(binary, createImports({ env: { memory }, isa }));
  },
  outputBinary: false,
};
