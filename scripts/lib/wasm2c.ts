// Turns wasm2c's output into C for the kernel and for host programs. wasm2c writes a module that can be instantiated many times, with a
// memory that is looked up and checked; ours exists once at a constant address (shim/wasm_rt.h). So the preamble goes, the instance parameter goes, globals and tables
// become plain static objects, and the data segments become one block that the linker puts where linear memory shows it.

/** A constant memory image: `bytes` at linear address `base`, followed by zeros up to `base + size`. */
export interface DataImage {
  base: number;
  bytes: Buffer;
  size: number;
}

export interface ModuleSource {
  c: string;
  data: DataImage;
  /** Pages of 64 KiB the memory starts with. */
  pages: number;
}

/** A pattern that must be there: wasm2c's output has changed if it is not. */
function cut(text: string, pattern: RegExp, replacement: string): string {
  if (!pattern.test(text)) throw new Error(`wasm2c's output has no ${pattern}: another version?`);
  return text.replace(pattern, replacement);
}

function parseData(text: string, memoryBase: number): DataImage {
  const contents = new Map<string, Buffer>();
  for (const [, name, list] of text.matchAll(/static const u8 (data_segment_data_\w+)\[\] = \{([^}]*)\};/g))
    contents.set(
      name!,
      Buffer.from(
        list!
          .split(",")
          .map((byte) => byte.trim())
          .filter(Boolean)
          .map(Number),
      ),
    );
  const segments = [...text.matchAll(/LOAD_DATA\(instance->w2c_memory, (\d+)u, (\w+), (\d+)\);/g)];
  const end = Math.max(memoryBase, ...segments.map(([, at, , length]) => Number(at) + Number(length)));
  const bytes = Buffer.alloc(end - memoryBase);
  for (const [, at, name] of segments) contents.get(name!)!.copy(bytes, Number(at) - memoryBase);
  return { base: memoryBase, bytes, size: bytes.length };
}

function parseTable(text: string): string {
  const elements = /static const wasm_elem_segment_expr_t (\w+)\[\] = \{([\s\S]*?)\n\};/g;
  const size = /wasm_rt_allocate_funcref_table\(&instance->(\w+), (\d+), \d+\);/.exec(text);
  if (!size) return "";
  const rows: string[] = [];
  for (const [, name, list] of text.matchAll(elements)) {
    const start = new RegExp(`funcref_table_init\\(&instance->\\w+, ${name}, \\d+, (\\d+)u`).exec(text);
    if (!start) throw new Error(`table segment ${name} is never used`);
    [...list!.matchAll(/\{(\d+), \(wasm_rt_function_ptr_t\)&(\w+), 0\}/g)].forEach(([, type, fn], i) =>
      rows.push(`  [${Number(start[1]) + i}] = {${Number(type) + 1}, (void (*)(void))${fn}},`),
    );
  }
  return `static const struct table_entry ${size[1]}[${size[2]}] = {\n${rows.join("\n")}\n};\n`;
}

function parseGlobals(text: string, header: string): string {
  const types = new Map([...header.matchAll(/^ {2}(u32|u64|f32|f64) (w2c_\w+);/gm)].map(([, type, name]) => [name!, type!]));
  const lines = [...text.matchAll(/^ {2}instance->(w2c_\w+) = (\w+);$/gm)]
    .filter(([, name]) => types.has(name!))
    .map(([, name, value]) => `static ${types.get(name!)} ${name} = ${value};`);
  return lines.join("\n") + "\n";
}

/**
 * Functions that are not to be inlined: each system-call handler, so that the table's switch saves no registers for handlers it does not
 * reach, and the slow ways out of hot functions. A name with @cold in its documentation would be nicer, but asc drops comments.
 */
const apart =
  /^(linuxabi_sys_\w+_sys[A-Z]\w*|linuxabi_table_(missing|row\w+)|kernel_task_identity_\w+|kernel_run_(clearOperation|settle|leave|slowCall|restart)|kernel_mm_heap_(newSlab|allocRun|allocSlowly|takenLast|freeSlowly)|kernel_mm_account_(accountRoom|emptied)|kernel_mm_pagetable_makeTables|kernel_task_operation_releaseOperation|kernel_main_replaced|linuxabi_sys_kill_kill(Group|All)|kernel_task_signal_(prepareSpecial|setMaskWithPending)|kernel_task_siginfo_takeAmong|linuxabi_fpstate_(fromUnmarked|ready)|linuxabi_signalframe_putFrame|kernel_mm_user_finish\w+|kernel_vfs_pipe_(readSome|readSlots|writePages|wakeAfter\w+)|kernel_vfs_transfer_(goOnWriting|readRegular|writeRegular|registered(Read|Write))|kernel_net_transfer_socket(Read|Write)|kernel_vfs_epoll_wakeWaiters|kernel_vfs_random_random(To|From)User|linuxabi_sys_epoll_waitForEvents|kernel_vfs_walk_(run|finish|mayPass|longName|step|follow|enter|up|jump|hold)|kernel_vfs_pathcache_pathCacheKeep|kernel_fs_union_nextLayered|kernel_lib_bytes_bytesEqual|kernel_log_\w+)$/;

function keepApart(c: string): string {
  return c.replace(/^static (\w+) w2c_(\w+)\((.*)\);$/gm, (line, _type: string, name: string) =>
    apart.test(name) ? `__attribute__((noinline)) ${line}` : line,
  );
}

/** The kernel's source, its data image as long as the kernel's own heap base says; `memoryBase` is asc's --memoryBase. */
export function kernelSource(source: string, header: string, memoryBase: number): ModuleSource {
  const heapBase = Number(/instance->w2c_\w*_heap_base = (\d+)u;/.exec(source)?.[1]);
  if (!heapBase) throw new Error("the module does not tell its heap base (kernel/main.ts)");
  const module = moduleSource(source, header, "kernel", memoryBase);
  if (/\bf(32|64)\b/.test(module.c)) throw new Error(`floating point is left: ${/.*\bf(32|64)\b.*/.exec(module.c)![0]}`);
  module.c = keepApart(module.c);
  const c = `#include "isa.h"\n\n_Noreturn void env_abort(u32, u32, u32, u32);\n${module.c}`;
  return { ...module, c, data: { ...module.data, size: heapBase - memoryBase } };
}

/**
 * Rewrites wasm2c's .c and .h of the module called `name` into plain functions: its imports are called MODULE_NAME, its exports are called
 * name_EXPORT; shim/wasm_rt.h is to be included before. `memoryBase` is asc's --memoryBase.
 */
export function moduleSource(source: string, header: string, name: string, memoryBase: number): ModuleSource {
  const text = source
    .replace(/^#line.*\n/gm, "")
    .replaceAll(`Z_${name}_instance_t`, "instance_t")
    .replaceAll(`Z_${name}Z_`, `${name}_`);
  const initGlobals = /static void init_globals\([^)]*\) \{[\s\S]*?\n\}\n/.exec(text)?.[0] ?? "";
  const declarations = parseGlobals(initGlobals, header);
  const data = parseData(text, memoryBase);
  const pages = Number(/wasm_rt_allocate_memory\(&instance->w2c_memory, (\d+),/.exec(text)?.[1] ?? 0);
  const table = parseTable(text);
  const prototypesAt = text.indexOf("\n", text.search(/static void init_func_types/));
  let body = text.slice(text.indexOf("\n}\n", prototypesAt) + 3, text.indexOf("static void init_instance_import"));
  const prototypes = body.slice(0, body.indexOf("static void init_globals"));
  const firstFunction = body.search(/static \w+ w2c_\w+\(instance_t\* instance/);
  const functions = body.slice(firstFunction);
  body = prototypes + declarations + table + functions;
  body = body
    .replace(/\(instance_t\* instance, /g, "(")
    .replace(/\(instance_t\* instance\)/g, "(void)")
    .replace(/\(instance_t\*, /g, "(")
    .replace(/\(instance_t\*\)/g, "(void)")
    .replace(/\(\*Z_(\w+?)Z_(\w+)\)\(instance->Z_\w+_instance(?:, )?/g, "$1_$2(")
    .replace(/&instance->w2c_memory, /g, "")
    .replace(/, instance->\w+\.data\[\w+\]\.module_instance/g, "")
    .replace(/\(\*\)\(void\*, /g, "(*)(")
    .replace(/\(\*\)\(void\*\)/g, "(*)(void)")
    .replace(/\(instance, /g, "(")
    .replace(/\(instance\)/g, "()")
    .replace(/instance->/g, "")
    .replace(/\/\* export: '[^']*' \*\/\n(u32|u64)\* \w+\([\s\S]*?\n\}\n/g, "")
    .replace(/\/\* export: 'memory' \*\/\n[\s\S]*?\n\}\n/g, "");
  body = cut(body, new RegExp(`${name}_start`), `${name}_start`);
  if (/\bZ_\w+_instance\b|instance->/.test(body))
    throw new Error(`an instance is left: ${/.*(Z_\w+_instance\b|instance->).*/.exec(body)![0]}`);
  return { c: body, data, pages };
}

/** Turns a function's mangled C name back into the module path that asc's names section gives: kernel/mm/frame/frameAlloc. */
export function demangle(symbol: string): string {
  const name = symbol.replace(/^w2c_/, "").replace(/\.(part|constprop|isra|cold)\.\d+|\.cold$/g, "");
  return name.replace(/Z([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
