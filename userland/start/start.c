/* How a host program begins, calls the kernel and dies: all of it that AssemblyScript cannot say. docs/host-syscalls.md is the
 * specification. With CYRIUS_ON_LINUX, userland/testing/linux.c brings main() and host_call() instead, to run programs on Linux in tests. */
#include "program.h"

enum { HOST_EXIT = 10, HOST_GROW = 15, HOST_WRITE = 23 };
enum { PAGE_BYTES = 4096, WASM_PAGE_BYTES = 65536, TRAP_STATUS = 134, FUNCTION_TABLE_MAX = 1024 };

/* Linear memory. The 4 GiB from here and as much again (for the constant part of an address) hold nothing else: a wild access faults. */
#define LINEAR ((uint8_t*)0x100000000)

uint64_t host_call(uint32_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

#ifndef CYRIUS_ON_LINUX
__asm__(".globl _start\n_start:\n"
        "  xor %ebp, %ebp\n"
        "  mov (%rsp), %rdi\n"
        "  lea 8(%rsp), %rsi\n"
        "  and $-16, %rsp\n"
        "  call run_program\n"
        ".globl host_call\nhost_call:\n"
        "  mov %rdi, %rax\n"
        "  mov %rsi, %rdi\n"
        "  mov %rdx, %rsi\n"
        "  mov %rcx, %rdx\n"
        "  mov %r8, %r10\n"
        "  mov %r9, %r8\n"
        "  mov 8(%rsp), %r9\n"
        "  syscall\n"
        "  ret\n");

void* memcpy(void* restrict to, const void* restrict from, size_t n) {
  void* start = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
  return start;
}

void* memmove(void* to, const void* from, size_t n) {
  if ((uintptr_t)to - (uintptr_t)from >= n) return memcpy(to, from, n);
  uint8_t *t = to;
  const uint8_t* f = from;
  while (n--) t[n] = f[n];
  return to;
}

void* memset(void* to, int value, size_t n) {
  void* start = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(value) : "memory");
  return start;
}
#endif

static Z_program_instance_t instance;
static uint64_t argument_count;
static char** argument_vector;
static wasm_rt_funcref_t function_table[FUNCTION_TABLE_MAX];

static size_t length_of(const char* text) {
  size_t n = 0;
  while (text[n]) n++;
  return n;
}

static void complain(const char* text) {
  host_call(HOST_WRITE, 2, (uintptr_t)text, length_of(text), 0, 0, 0);
}

void wasm_rt_trap(wasm_rt_trap_t trap) {
  static const char* const reasons[] = {"none", "access out of bounds", "integer overflow", "division by zero", "conversion to integer",
                                        "unreachable code (out of memory?)", "wrong function called", "exception", "stack exhausted"};
  if (argument_count > 0) complain(argument_vector[0]);
  complain(": trap: ");
  complain(reasons[trap]);
  complain("\n");
  for (;;) host_call(HOST_EXIT, TRAP_STATUS, 0, 0, 0, 0, 0);
}

bool wasm_rt_is_initialized(void) { return true; }

/* Types are numbered in the order the one module registers them; it never registers a type twice. */
uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...) {
  static uint32_t types;
  return ++types;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t* memory, uint32_t initial_pages, uint32_t max_pages) {
  *memory = (wasm_rt_memory_t){.data = LINEAR, .max_pages = max_pages};
  if (wasm_rt_grow_memory(memory, initial_pages) != 0) wasm_rt_trap(WASM_RT_TRAP_OOB);
}

/* The kernel's growing region starts one page above LINEAR, so that address 0 of the program faults; the last 64 KiB of the 4 GiB are not
 * used, for `size` has 32 bits. */
uint32_t wasm_rt_grow_memory(wasm_rt_memory_t* memory, uint32_t pages) {
  uint32_t before = memory->pages;
  if (pages == 0) return before;
  if ((uint64_t)before + pages > 65535) return -1;
  uint64_t bytes = (uint64_t)pages * WASM_PAGE_BYTES - (before == 0 ? PAGE_BYTES : 0);
  if ((int64_t)host_call(HOST_GROW, bytes, 0, 0, 0, 0, 0) < 0) return -1;
  memory->pages += pages;
  memory->size = memory->pages * WASM_PAGE_BYTES;
  return before;
}

void wasm_rt_free_memory(wasm_rt_memory_t* memory) {}

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t* table, uint32_t elements, uint32_t max_elements) {
  if (elements > FUNCTION_TABLE_MAX) wasm_rt_trap(WASM_RT_TRAP_CALL_INDIRECT);
  *table = (wasm_rt_funcref_table_t){function_table, elements, elements};
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t* table) {}

/* The imports of userland/lib/host.ts. */
u64 Z_hostZ_call(struct Z_host_instance_t* host, u32 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  return host_call(number, a, b, c, d, e, f);
}

u32 Z_hostZ_argumentCount(struct Z_host_instance_t* host) { return argument_count; }

u32 Z_hostZ_argumentLength(struct Z_host_instance_t* host, u32 index) { return length_of(argument_vector[index]); }

void Z_hostZ_argumentCopy(struct Z_host_instance_t* host, u32 index, u32 to) {
  __builtin_memcpy(LINEAR + to, argument_vector[index], length_of(argument_vector[index]));
}

__attribute__((noreturn)) void run_program(uint64_t count, char** vector) {
  argument_count = count;
  argument_vector = vector;
  Z_program_init_module();
  Z_program_instantiate(&instance, NULL);
  Z_programZ_start(&instance);
  uint32_t status = Z_programZ_main(&instance);
  for (;;) host_call(HOST_EXIT, status, 0, 0, 0, 0, 0);
}
