// as-pect: unit specs (*.spec.ts beside the code) run in Node; the machine behind shim/isa.ts is simulated by `isa` below.
export default {
  // Specs named on the command line run alone: npx asp kernel/mm/heap.spec.ts
  entries: process.argv.some((argument) => argument.endsWith(".spec.ts"))
    ? []
    : ["{kernel,drivers,linuxabi,runtime,userland}/**/*.spec.ts"],
  include: [],
  disclude: [/node_modules/],
  add: [],
  async instantiate(memory, createImports, instantiate, binary) {
    const isa = {};
    return instantiate(binary, createImports({ env: { memory }, isa }));
  },
  outputBinary: false,
};
