/* The functions that shim/isa.ts declares, as static inline C where they are one instruction, so that they compile to just that. */
#ifndef ISA_H
#define ISA_H

#include "layout.h"
#include "wasm_rt.h"

#define ISA static inline __attribute__((always_inline))
#define LINEAR(address) ((void *)(LINEAR_BASE + (u64)(address)))
#define PHYSICAL(address) ((void *)(PHYSICAL_BASE + (u64)(address)))

/* One per CPU, at GS while the kernel runs. The first fields are known to trap.S by CPU_* of layout.h. */
struct cpu {
	u64 thread_top;
	u64 user_rsp;
	u64 stack_top;
	struct __attribute__((packed)) {
		u32 reserved0;
		u64 rsp[3];
		u64 reserved1;
		u64 ist[7];
		u64 reserved2;
		u16 reserved3, io_map;
	} tss;
};
extern struct cpu boot_cpu;
extern u64 fault_address;
extern u32 user_faults;
extern u8 fpu_has_xsave;
extern u64 fpu_mask;
extern u8 cpu_has_fsgsbase;
extern u64 boot_information;
extern u32 boot_magic;
extern const u8 image_start[], image_text_end[], image_rodata_end[], image_end[], wasm_data_start[], wasm_data_end[], wasm_data_physical[];

/* A call of shim/trap.S, which changes only these registers: so the callers need not save others. */
static inline __attribute__((always_inline)) u32 user_clear(void *to, u64 bytes) {
	u32 left;
	__asm__ volatile("call user_clear" : "=a"(left), "+D"(to), "+S"(bytes) : : "rcx", "cc", "memory");
	return left;
}
s64 user_copy_string(void *to, const void *from, u64 bytes);
s64 user_compare_exchange(u32 *at, u32 expected, u32 value);
u32 symbol_name(u64 address, char *to, u32 capacity);

ISA u32 isa_in8(u32 port) { u8 v; __asm__ volatile("inb %w1, %0" : "=a"(v) : "Nd"(port)); return v; }
ISA u32 isa_in16(u32 port) { u16 v; __asm__ volatile("inw %w1, %0" : "=a"(v) : "Nd"(port)); return v; }
ISA u32 isa_in32(u32 port) { u32 v; __asm__ volatile("inl %w1, %0" : "=a"(v) : "Nd"(port)); return v; }
ISA void isa_out8(u32 port, u32 v) { __asm__ volatile("outb %b0, %w1" : : "a"(v), "Nd"(port)); }
ISA void isa_out16(u32 port, u32 v) { __asm__ volatile("outw %w0, %w1" : : "a"(v), "Nd"(port)); }
ISA void isa_out32(u32 port, u32 v) { __asm__ volatile("outl %0, %w1" : : "a"(v), "Nd"(port)); }

ISA u32 isa_mmio_read8(u64 a) { return *(volatile u8 *)PHYSICAL(a); }
ISA u32 isa_mmio_read16(u64 a) { return *(volatile u16 *)PHYSICAL(a); }
ISA u32 isa_mmio_read32(u64 a) { return *(volatile u32 *)PHYSICAL(a); }
ISA void isa_mmio_write8(u64 a, u32 v) { *(volatile u8 *)PHYSICAL(a) = v; }
ISA void isa_mmio_write16(u64 a, u32 v) { *(volatile u16 *)PHYSICAL(a) = v; }
ISA void isa_mmio_write32(u64 a, u32 v) { *(volatile u32 *)PHYSICAL(a) = v; }
ISA void isa_barrier(void) { __asm__ volatile("mfence" : : : "memory"); }

ISA u64 isa_rdtsc(void) { u32 low, high; __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)); return (u64)high << 32 | low; }
ISA u64 isa_rdmsr(u32 r) { u32 low, high; __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(r)); return (u64)high << 32 | low; }
ISA void isa_wrmsr(u32 r, u64 v) { __asm__ volatile("wrmsr" : : "c"(r), "a"((u32)v), "d"((u32)(v >> 32)) : "memory"); }
ISA u32 isa_cpuid(u32 leaf, u32 subleaf, u32 which) {
	u32 r[4];
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(subleaf));
	return r[which & 3];
}
ISA u64 isa_hardware_random(u32 seed) {
	u64 v = 0;
	u8 ok = 0;
	if (seed ? !(isa_cpuid(7, 0, 1) >> 18 & 1) : !(isa_cpuid(1, 0, 2) >> 30 & 1)) return 0;
	for (int tries = 0; tries < 16 && !ok; tries++) {
		if (seed) __asm__ volatile("rdseed %0; setc %1" : "=r"(v), "=qm"(ok));
		else __asm__ volatile("rdrand %0; setc %1" : "=r"(v), "=qm"(ok));
	}
	return ok ? v : 0;
}
ISA void isa_invlpg(u64 ua) { __asm__ volatile("invlpg (%0)" : : "r"(ua) : "memory"); }
ISA void isa_load_cr3(u64 pa) { __asm__ volatile("mov %0, %%cr3" : : "r"(pa) : "memory"); }
/* Not by __int128, for which gcc would align the stack of every function that reads the clock. */
ISA u64 isa_multiply_high(u64 a, u64 b) {
	u64 high;
	__asm__("mulq %2" : "=d"(high), "+a"(a) : "rm"(b) : "cc");
	return high;
}

/* XSAVEOPT would save less, but an interrupted user's area must be whole for signal frames: plain XSAVE. */
ISA void isa_fpu_save(u32 area) {
	if (fpu_has_xsave) __asm__ volatile("xsave64 (%0)" : : "r"(LINEAR(area)), "a"((u32)fpu_mask), "d"((u32)(fpu_mask >> 32)) : "memory");
	else __asm__ volatile("fxsave64 (%0)" : : "r"(LINEAR(area)) : "memory");
}
ISA void isa_fpu_restore(u32 area) {
	if (fpu_has_xsave) __asm__ volatile("xrstor64 (%0)" : : "r"(LINEAR(area)), "a"((u32)fpu_mask), "d"((u32)(fpu_mask >> 32)) : "memory");
	else __asm__ volatile("fxrstor64 (%0)" : : "r"(LINEAR(area)) : "memory");
}
u32 isa_fpu_init(void);

/* 0 means that the CPU idles; the TSS then keeps the kernel stack's top, which no interrupt from the kernel uses. */
ISA void isa_set_thread(u32 thread) {
	boot_cpu.thread_top = thread ? LINEAR_BASE + thread + THREAD_TOP : 0;
	boot_cpu.tss.rsp[0] = thread ? boot_cpu.thread_top : boot_cpu.stack_top;
}
#define MSR_FS_BASE 0xc0000100
#define MSR_KERNEL_GS_BASE 0xc0000102
ISA u64 isa_read_fs_base(void) {
	u64 v;
	if (!cpu_has_fsgsbase) return isa_rdmsr(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}
ISA void isa_write_fs_base(u64 v) {
	if (cpu_has_fsgsbase) __asm__ volatile("wrfsbase %0" : : "r"(v));
	else isa_wrmsr(MSR_FS_BASE, v);
}
ISA u64 isa_read_gs_base(void) { return isa_rdmsr(MSR_KERNEL_GS_BASE); }
ISA void isa_write_gs_base(u64 v) { isa_wrmsr(MSR_KERNEL_GS_BASE, v); }
ISA void isa_trap_time_stamp(u32 on) {
	u64 cr4;
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	cr4 = on ? cr4 | 1 << 2 : cr4 & ~4ull;
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4));
}

/* User memory may be touched between USER_OPEN and USER_CLOSE (SMAP). A fault at `at` resumes at `to`; a `to` below 16 is how many bytes of code
 * to skip, and then the fault is counted. Those come last in the table: there are many, and they fault less often than copies do. */
#define IN_SECTION(section, what) ".pushsection " section "\n" what "\n.popsection\n"
#define USER_OPEN "777: stac\n" IN_SECTION(".smap_sites, \"a\"", ".quad 777b")
#define USER_CLOSE "778: clac\n" IN_SECTION(".smap_sites, \"a\"", ".quad 778b")
#define USER_FIXUP(at, to) IN_SECTION(".fixup, \"a\"", ".quad " at ", " to)
#define USER_SKIP(at, end) IN_SECTION(".fixup.skip, \"a\"", ".quad " at ", " end " - " at)

u32 user_copy_wide(void *to, const void *from, u64 bytes);
extern u8 cpu_has_wide;
/* From here on saving and restoring registers is worth it. */
#define WIDE_BYTES 2048
/* Copies in the current address space; returns the bytes not copied. A fault in the 8-byte part goes on byte by byte, so that the count is exact. */
ISA u32 user_copy(void *to, const void *from, u64 bytes) {
	if (bytes >= WIDE_BYTES && cpu_has_wide) return user_copy_wide(to, from, bytes);
	u64 left = bytes >> 3, tail = bytes & 7;
	__asm__ volatile(USER_OPEN "1: rep movsq\n mov %3, %%rcx\n 2: rep movsb\n 3:" USER_CLOSE
			 IN_SECTION(".text.fixup, \"ax\"", "4: lea (%3,%%rcx,8), %%rcx\n jmp 2b")
			 USER_FIXUP("1b", "4b") USER_FIXUP("2b", "3b")
			 : "+D"(to), "+S"(from), "+c"(left) : "r"(tail) : "memory");
	return left;
}
/* Rows of single words between open and close, which returns the number of faults. */
ISA void isa_open_user(void) { user_faults = 0; __asm__ volatile(USER_OPEN : : : "memory"); }
ISA u32 isa_close_user(void) { __asm__ volatile(USER_CLOSE : : : "memory"); return user_faults; }
ISA void isa_store_user(u64 ua, u64 v) { __asm__ volatile("1: mov %1, %0\n2:" USER_SKIP("1b", "2b") : "=m"(*(u64 *)ua) : "r"(v)); }
ISA void isa_store_user32(u64 ua, u32 v) { __asm__ volatile("1: mov %1, %0\n2:" USER_SKIP("1b", "2b") : "=m"(*(u32 *)ua) : "r"(v)); }
ISA u64 isa_load_user(u64 ua) {
	u64 v;
	__asm__ volatile("1: mov %1, %0\n2:" USER_SKIP("1b", "2b") : "=r"(v) : "m"(*(u64 *)ua));
	return v;
}
/* The FPU's state to and from the open user memory; x87 and SSE state always count as there, since a handler may make some (Linux does so too). */
ISA void isa_fpu_save_user(u64 ua) {
	if (fpu_has_xsave)
		__asm__ volatile("1: xsave64 (%0)\n2: orb $3, 512(%0)\n3:" USER_SKIP("1b", "2b") USER_SKIP("2b", "3b")
				 : : "r"(ua), "a"((u32)fpu_mask), "d"((u32)(fpu_mask >> 32)) : "memory");
	else __asm__ volatile("1: fxsave64 (%0)\n2:" USER_SKIP("1b", "2b") : : "r"(ua) : "memory");
}
ISA void isa_fpu_restore_user(u64 ua) {
	__asm__ volatile("1: xrstor64 (%0)\n2:" USER_SKIP("1b", "2b") : : "r"(ua), "a"((u32)fpu_mask), "d"((u32)(fpu_mask >> 32)) : "memory");
}

ISA u32 isa_copy_from_user(u32 to, u64 ua, u32 bytes) { return user_copy(LINEAR(to), (void *)ua, bytes); }
ISA u32 isa_copy_to_user(u64 ua, u32 from, u32 bytes) { return user_copy((void *)ua, LINEAR(from), bytes); }
ISA u32 isa_clear_user(u64 ua, u32 bytes) { return user_clear((void *)ua, bytes); }
ISA u32 isa_copy_user_to_physical(u64 pa, u64 ua, u32 bytes) { return user_copy(PHYSICAL(pa), (void *)ua, bytes); }
ISA u32 isa_copy_physical_to_user(u64 ua, u64 pa, u32 bytes) { return user_copy((void *)ua, PHYSICAL(pa), bytes); }
ISA u64 isa_copy_string_from_user(u32 to, u64 ua, u32 bytes) { return user_copy_string(LINEAR(to), (void *)ua, bytes); }
ISA u64 isa_compare_exchange_user(u64 ua, u32 expected, u32 value) { return user_compare_exchange((u32 *)ua, expected, value); }
ISA u64 isa_fault_address(void) { return fault_address; }

ISA void copy_bytes(void *to, const void *from, u64 bytes) {
	if (bytes >= WIDE_BYTES && cpu_has_wide) {
		user_copy_wide(to, from, bytes);
		return;
	}
	u64 words = bytes >> 3, rest = bytes & 7;
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
}
ISA void isa_physical_zero_page(u64 pa) {
	void *p = PHYSICAL(pa);
	u64 words = 512;
	__asm__ volatile("rep stosq" : "+D"(p), "+c"(words) : "a"(0ull) : "memory");
}
ISA void isa_physical_copy_page(u64 to, u64 from) { copy_bytes(PHYSICAL(to), PHYSICAL(from), 4096); }
ISA void isa_physical_read(u32 to, u64 pa, u32 bytes) { copy_bytes(LINEAR(to), PHYSICAL(pa), bytes); }
ISA void isa_physical_write(u64 pa, u32 from, u32 bytes) { copy_bytes(PHYSICAL(pa), LINEAR(from), bytes); }

ISA u32 isa_boot_info(void) { return (u32)boot_information; }
ISA u32 isa_boot_magic(void) { return boot_magic; }
#define IMAGE_PHYSICAL(symbol) ((u64)(symbol) - KERNEL_BASE)
extern const u8 kernel_stack_guard[];
ISA u64 isa_stack_guard(void) { return IMAGE_PHYSICAL(kernel_stack_guard); }
ISA u64 isa_image_start(void) { return IMAGE_PHYSICAL(image_start); }
ISA u64 isa_image_text_end(void) { return IMAGE_PHYSICAL(image_text_end); }
ISA u64 isa_image_rodata_end(void) { return IMAGE_PHYSICAL(image_rodata_end); }
ISA u64 isa_image_end(void) { return IMAGE_PHYSICAL(image_end); }
ISA u64 isa_data_start(void) { return (u64)wasm_data_physical; }
ISA u32 isa_data_bytes(void) { return (u32)(wasm_data_end - wasm_data_start); }
extern const u8 vdso_image[], vdso_image_end[];
ISA u64 isa_vdso_image(void) { return IMAGE_PHYSICAL(vdso_image); }
ISA u32 isa_vdso_bytes(void) { return (u32)(vdso_image_end - vdso_image); }
ISA u32 isa_symbol_name(u64 address, u32 to, u32 capacity) { return symbol_name(address, LINEAR(to), capacity); }
u64 isa_return_address(u32 depth);
_Noreturn void isa_halt(void);
#endif
