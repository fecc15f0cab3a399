/* Start of the CPU, the descriptor tables, and the C side of the ways into the kernel. All that can be AssemblyScript is. */
#include "isa.h"

/* Exports of the AssemblyScript module (build/kernel.c). */
void kernel_start(void);
void kernel_boot(void);
void kernel_onTrap(u32 vector, u64 error, u64 address);
void kernel_onInterrupt(u32 vector);
void kernel_onPanic(u32 kind, u64 detail, u64 rip, u64 address);

extern u8 kernel_stack_top[], kernel_stack_bottom[], exception_stack_top[], syscall_entry[], trap_stubs[];
extern const u64 fixup_start[], fixup_end[], smap_sites_start[], smap_sites_end[];

struct cpu boot_cpu;
u64 fault_address, fpu_mask;
u32 user_faults;
u8 fpu_has_xsave, cpu_has_fsgsbase, cpu_has_wide;
volatile u8 cpu_idle;
static u64 panic_stack;

/* Null, 32-bit kernel code, kernel code and data, 32-bit user code, user data and code, TSS: selectors as Linux has them, since
 * programs see CS and SS in signal frames. */
static u64 gdt[10] = {0, 0x00cf9b000000ffff, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff};
#define TSS_SELECTOR 0x40
static struct {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
} idt[256];
struct __attribute__((packed)) table_pointer {
	u16 limit;
	void *base;
};

/* The pushes of trap.S plus what the CPU pushed. */
struct trap_frame {
	u64 registers[15], error, rip, cs, rflags, rsp, ss;
};

static void load_tables(void) {
	u64 tss = (u64)&boot_cpu.tss, limit = sizeof boot_cpu.tss - 1;
	gdt[8] = limit | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	gdt[9] = tss >> 32;
	boot_cpu.stack_top = (u64)kernel_stack_top;
	boot_cpu.tss.rsp[0] = boot_cpu.stack_top;
	boot_cpu.tss.ist[0] = (u64)exception_stack_top;
	boot_cpu.tss.io_map = sizeof boot_cpu.tss;
	for (int v = 0; v < 256; v++) {
		u64 stub = (u64)trap_stubs + 16 * v;
		idt[v].offset_low = stub;
		idt[v].offset_middle = stub >> 16;
		idt[v].offset_high = stub >> 32;
		idt[v].selector = KERNEL_CS;
		idt[v].ist = v == 2 || v == 8 || v == 18; /* NMI, double fault, machine check */
		idt[v].type = v == 3 || v == 4 ? 0xee : 0x8e; /* INT3 and INTO are the user's to use */
	}
	struct table_pointer gdtr = {sizeof gdt - 1, gdt}, idtr = {sizeof idt - 1, idt};
	__asm__ volatile("lgdt %0; lidt %1; ltr %w2" : : "m"(gdtr), "m"(idtr), "r"(TSS_SELECTOR));
	isa_wrmsr(0xc0000101, (u64)&boot_cpu); /* GS base */
	isa_wrmsr(MSR_KERNEL_GS_BASE, 0);
	isa_wrmsr(0xc0000081, (u64)0x23 << 48 | (u64)KERNEL_CS << 32); /* STAR */
	isa_wrmsr(0xc0000082, (u64)syscall_entry); /* LSTAR */
	isa_wrmsr(0xc0000084, 0x47700); /* FMASK: TF IF DF OF NT AC */
}

/* SMEP, SMAP, UMIP, FSGSBASE, each when the CPU has it. Without SMAP, STAC and CLAC are undefined: they become NOPs. */
static void harden(void) {
	u64 cr4;
	u32 leaf7 = isa_cpuid(0, 0, 0) >= 7;
	u32 ebx = leaf7 ? isa_cpuid(7, 0, 1) : 0, ecx = leaf7 ? isa_cpuid(7, 0, 2) : 0;
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	cr4 |= 1 << 9 | 1 << 10; /* OSFXSR, OSXMMEXCPT */
	cpu_has_fsgsbase = ebx & 1;
	if (ebx & 1) cr4 |= 1 << 16;
	if (ebx >> 7 & 1) cr4 |= 1 << 20;
	if (ecx >> 2 & 1) cr4 |= 1 << 11;
	if (isa_cpuid(1, 0, 2) >> 26 & 1) cr4 |= 1 << 18; /* OSXSAVE */
	if (isa_cpuid(1, 0, 3) >> 13 & 1) cr4 |= 1 << 7; /* PGE */
	if (ebx >> 20 & 1) cr4 |= 1 << 21;
	else
		for (const u64 *site = smap_sites_start; site < smap_sites_end; site++)
			for (int i = 0; i < 3; i++) ((volatile u8 *)*site)[i] = 0x90;
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4));
}

/* Chooses x87, SSE, AVX and AVX-512 state as far as the CPU has them (protection keys are off); returns the bytes of a thread's save area. */
u32 isa_fpu_init(void) {
	if (!(isa_cpuid(1, 0, 2) >> 26 & 1)) return 512;
	fpu_has_xsave = 1;
	fpu_mask = isa_cpuid(13, 0, 0) & 0xe7;
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)fpu_mask), "d"(0));
	/* AVX, and XGETBV that tells what is in use: copies may borrow the registers (trap.S). */
	cpu_has_wide = (fpu_mask >> 2 & 1) && (isa_cpuid(13, 1, 0) >> 2 & 1);
	return isa_cpuid(13, 0, 1);
}

_Noreturn void shim_start(void) {
	load_tables();
	harden();
	kernel_start();
	kernel_boot();
	__asm__ volatile("jmp return_to_user");
	__builtin_unreachable();
}


void kernel_trap(u32 vector, u64 error) {
	u64 address;
	__asm__ volatile("mov %%cr2, %0" : "=r"(address));
	kernel_onTrap(vector, error, address);
}

void kernel_trap_in_kernel(u32 vector, struct trap_frame *frame) {
	u64 address;
	__asm__ volatile("mov %%cr2, %0" : "=r"(address));
	if (cpu_idle && vector >= 32) {
		cpu_idle = 0;
		kernel_onInterrupt(vector);
		cpu_idle = 1;
		return;
	}
	if (vector == 14 || vector == 13)
		for (const u64 *f = fixup_start; f < fixup_end; f += 2)
			if (f[0] == frame->rip) {
				fault_address = vector == 14 ? address : ~0ull; /* #GP: a non-canonical address */
				user_faults += f[1] < 16;
				frame->rip = f[1] < 16 ? f[0] + f[1] : f[1];
				return;
			}
	panic_stack = frame->rsp;
	kernel_onPanic(vector, frame->error, frame->rip, address);
	isa_halt();
}

_Noreturn void wasm_trap(enum trap reason) {
	panic_stack = (u64)__builtin_frame_address(0);
	kernel_onPanic(256 + reason, 0, (u64)__builtin_return_address(0), 0);
	isa_halt();
}

/* AssemblyScript's abort: a failed assertion. Pointers are UTF-16 strings in linear memory. */
_Noreturn void env_abort(u32 message, u32 file, u32 line, u32 column) {
	(void)column;
	panic_stack = (u64)__builtin_frame_address(0);
	kernel_onPanic(512, (u64)message << 32 | file, (u64)__builtin_return_address(0), line);
	isa_halt();
}

/* Without frame pointers (they would cost every call), a backtrace is every word on the stack that follows a CALL in the kernel's text. */
u64 isa_return_address(u32 depth) {
	const u64 *end = (const u64 *)(panic_stack <= (u64)kernel_stack_top ? kernel_stack_top : exception_stack_top);
	for (const u64 *p = (const u64 *)panic_stack; p < end; p++) {
		const u8 *code = (const u8 *)*p;
		if (code < image_start + 8 || code >= image_text_end) continue;
		int follows_call = code[-5] == 0xe8 || (code[-2] == 0xff && (code[-1] & 0x38) == 0x10) || (code[-3] == 0xff && (code[-2] & 0x38) == 0x10) ||
				   (code[-7] == 0xff && (code[-6] & 0x38) == 0x10);
		if (follows_call && depth-- == 0) return *p;
	}
	return 0;
}

_Noreturn void isa_halt(void) {
	for (;;) __asm__ volatile("cli; hlt");
}

/* Sorted by address: {u32 offset from image_start, u32 offset of the name}, made from the linked image by scripts/lib/symbols.ts. */
extern const u32 symbol_count;
extern const struct symbol {
	u32 address, name;
} symbols[];
extern const char symbol_names[];
u32 symbol_name(u64 address, char *to, u32 capacity) {
	u64 offset = address - (u64)image_start;
	u32 low = 0, high = symbol_count, n = 0;
	if (offset >= (u64)(image_text_end - image_start) || high == 0) return 0;
	while (high - low > 1) {
		u32 middle = (low + high) / 2;
		if (symbols[middle].address <= offset) low = middle;
		else high = middle;
	}
	for (const char *name = symbol_names + symbols[low].name; *name && n < capacity; name++) to[n++] = *name;
	return n;
}

/* gcc may call these for structure copies. */
void *memcpy(void *to, const void *from, size_t bytes) {
	copy_bytes(to, from, bytes);
	return to;
}
void *memset(void *to, int value, size_t bytes) {
	void *p = to;
	__asm__ volatile("rep stosb" : "+D"(p), "+c"(bytes) : "a"(value) : "memory");
	return to;
}
