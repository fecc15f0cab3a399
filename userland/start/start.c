/* How a host program begins, calls the kernel, gets memory and dies: all of it that AssemblyScript cannot say. docs/host-syscalls.md is the
 * specification. */
#include "runtime.h"

enum { HOST_EXIT = 10, HOST_GROW = 15, HOST_WRITE = 23 };
enum { PAGE_BYTES = 65536, MOST_PAGES = 65535, TRAP_STATUS = 134 };

__asm__(".globl _start\n_start:\n"
        "  xor %ebp, %ebp\n"
        "  mov (%rsp), %rdi\n"
        "  lea 8(%rsp), %rsi\n"
        "  and $-16, %rsp\n"
        "  call run_program\n"
        ".globl host_call\nhost_call:\n"
        "  mov %edi, %eax\n"
        "  mov %rsi, %rdi\n"
        "  mov %rdx, %rsi\n"
        "  mov %rcx, %rdx\n"
        "  mov %r8, %r10\n"
        "  mov %r9, %r8\n"
        "  mov 8(%rsp), %r9\n"
        "  syscall\n"
        "  ret\n");

static u64 argument_count;
static char **argument_vector;

static u32 length_of(const char *text) {
	u32 n = 0;
	while (text[n]) n++;
	return n;
}

static void complain(const char *text) {
	host_call(HOST_WRITE, 2, (u64)text, length_of(text), 0, 0, 0);
}

_Noreturn static void leave(u32 status) {
	for (;;) host_call(HOST_EXIT, status, 0, 0, 0, 0, 0);
}

_Noreturn void wasm_trap(enum trap reason) {
	static const char *const reasons[] = {"access out of bounds", "integer overflow", "division by zero", "unreachable code (out of memory?)",
	                                      "wrong function called"};
	if (argument_count > 0) complain(argument_vector[0]);
	complain(": trap: ");
	complain(reasons[reason]);
	complain("\n");
	leave(TRAP_STATUS);
}

/* Linear memory is the program's data segment, which the kernel's call 15 makes longer. */
struct memory w2c_memory;

static int grow_to(u32 pages) {
	u64 end = host_call(HOST_GROW, 0, 0, 0, 0, 0, 0);
	if ((s64)host_call(HOST_GROW, LINEAR_BASE + (u64)pages * PAGE_BYTES - end, 0, 0, 0, 0, 0) < 0) return 0;
	w2c_memory.pages = pages;
	return 1;
}

u32 wasm_rt_grow_memory(u32 pages) {
	u32 before = w2c_memory.pages;
	return pages <= MOST_PAGES - before && grow_to(before + pages) ? before : (u32)-1;
}

/* The program's arguments, for userland/lib/process.ts. */
u32 host_argumentCount(void) { return argument_count; }

u32 host_argumentLength(u32 index) { return length_of(argument_vector[index]); }

void host_argumentCopy(u32 index, u32 to) {
	for (const char *from = argument_vector[index]; *from; from++) *(char *)(LINEAR_BASE + to++) = *from;
}

/* For userland/lib/measure.ts. */
u64 host_timeStamp(void) { return __builtin_ia32_rdtsc(); }

_Noreturn void run_program(u64 count, char **vector) {
	argument_count = count;
	argument_vector = vector;
	if (!grow_to(INITIAL_PAGES)) wasm_trap(TRAP_OOB);
	program_start();
	leave(program_main());
}
