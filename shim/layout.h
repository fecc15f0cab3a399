/* Addresses that assembly, C and the linker script share. See ARCHITECTURE.md, "Address space".
 * The linear window is the topmost 2 GiB: so LINEAR_BASE is a 32-bit displacement, and an AssemblyScript load is one instruction
 * without a base register (docs/adr/0005-address-space.md). Its first GiB shows low RAM at its physical address. */
#define LINEAR_BASE 0xffffffff80000000
#define KERNEL_BASE 0xffffffffc0000000
#define KERNEL_LOAD 0x200000
#define WASM_DATA_BASE 0xffffffffd0000000
#define PHYSICAL_BASE 0xffff808000000000
#define KERNEL_STACK_BYTES 32768

#define KERNEL_CS 0x10
#define USER_DS 0x2b
#define USER_CS 0x33

/* struct Thread, kernel/task/thread.ts */
#define THREAD_TOP 176         /* one past ss: where an entry starts to push */
#define THREAD_REGISTERS 8     /* r15 */
#define THREAD_FULL_RETURN 176

/* struct cpu, shim/isa.h: relative to GS */
#define CPU_THREAD_TOP 0
#define CPU_USER_RSP 8
#define CPU_STACK_TOP 16
