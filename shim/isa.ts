// The machine, as AssemblyScript sees it: every function that only C or assembly can express (shim/isa.h, shim/trap.S). This is the only
// file that names imports; specs simulate the machine by providing these functions (as-pect.config.js).
// A usize below 1 GiB is a physical address too (the linear window); `pa` is any physical address, `ua` a user address.

/** Port I/O. */
@external("isa", "in8")
export declare function in8(port: u32): u32;
@external("isa", "in16")
export declare function in16(port: u32): u32;
@external("isa", "in32")
export declare function in32(port: u32): u32;
@external("isa", "out8")
export declare function out8(port: u32, value: u32): void;
@external("isa", "out16")
export declare function out16(port: u32, value: u32): void;
@external("isa", "out32")
export declare function out32(port: u32, value: u32): void;

/** Device registers at a physical address: never merged, reordered or repeated by the compiler. */
@external("isa", "mmio_read8")
export declare function mmioRead8(pa: u64): u32;
@external("isa", "mmio_read16")
export declare function mmioRead16(pa: u64): u32;
@external("isa", "mmio_read32")
export declare function mmioRead32(pa: u64): u32;
@external("isa", "mmio_write8")
export declare function mmioWrite8(pa: u64, value: u32): void;
@external("isa", "mmio_write16")
export declare function mmioWrite16(pa: u64, value: u32): void;
@external("isa", "mmio_write32")
export declare function mmioWrite32(pa: u64, value: u32): void;
/** Full memory barrier, for the compiler and the CPU: between filling a ring and ringing its doorbell. */
@external("isa", "barrier")
export declare function barrier(): void;

/** CPU. */
@external("isa", "rdtsc")
export declare function rdtsc(): u64;
@external("isa", "rdmsr")
export declare function rdmsr(register: u32): u64;
@external("isa", "wrmsr")
export declare function wrmsr(register: u32, value: u64): void;
/** CPUID; `which` 0..3 picks eax, ebx, ecx, edx. */
@external("isa", "cpuid")
export declare function cpuid(leaf: u32, subleaf: u32, which: u32): u32;
/** A hardware random number through RDRAND (seed false) or RDSEED (true); 0 when the CPU gives none. */
@external("isa", "hardware_random")
export declare function hardwareRandom(seed: bool): u64;
@external("isa", "invlpg")
export declare function invlpg(ua: u64): void;
/** Loads CR3: switches address space and flushes the TLB. */
@external("isa", "load_cr3")
export declare function loadCr3(pa: u64): void;
/** High 64 bits of a * b, for scaling the TSC. */
@external("isa", "multiply_high")
export declare function multiplyHigh(a: u64, b: u64): u64;

/** FPU: area is 64-byte aligned, of the size CPUID leaf 13 tells. */
@external("isa", "fpu_init")
export declare function fpuInit(): u32;
@external("isa", "fpu_save")
export declare function fpuSave(area: usize): void;
@external("isa", "fpu_restore")
export declare function fpuRestore(area: usize): void;

/** The thread whose registers are in the CPU: where the next entry saves, where the next exit restores from. 0: idle. */
@external("isa", "set_thread")
export declare function setThread(thread: usize): void;
@external("isa", "read_fs_base")
export declare function readFsBase(): u64;
@external("isa", "write_fs_base")
export declare function writeFsBase(value: u64): void;
/** The user's GS base, parked in KERNEL_GS_BASE while the kernel runs. */
@external("isa", "read_gs_base")
export declare function readUserGsBase(): u64;
@external("isa", "write_gs_base")
export declare function writeUserGsBase(value: u64): void;
/** CR4.TSD: RDTSC and RDTSCP in user mode raise #GP. */
@external("isa", "trap_time_stamp")
export declare function trapTimeStamp(on: bool): void;

/** User memory, in the current address space, with fault recovery: each returns the number of bytes NOT copied. */
@external("isa", "copy_from_user")
export declare function copyFromUser(destination: usize, ua: u64, bytes: u32): u32;
@external("isa", "copy_to_user")
export declare function copyToUser(ua: u64, source: usize, bytes: u32): u32;
@external("isa", "clear_user")
export declare function clearUser(ua: u64, bytes: u32): u32;
/**
 * Copies a string up to and with its NUL, and perhaps bytes behind it, at most `bytes`: its length, `bytes` when it has no NUL there, or -1
 * less the number of bytes copied before a fault.
 */
@external("isa", "copy_string_from_user")
export declare function copyStringFromUser(destination: usize, ua: u64, bytes: u32): i64;
/** As copyFromUser and copyToUser, between user memory and any physical page. */
@external("isa", "copy_user_to_physical")
export declare function copyUserToPhysical(pa: u64, ua: u64, bytes: u32): u32;
@external("isa", "copy_physical_to_user")
export declare function copyPhysicalToUser(ua: u64, pa: u64, bytes: u32): u32;
/** Atomic compare and exchange of a user u32; returns the old value, or -1 on a fault. */
@external("isa", "compare_exchange_user")
export declare function compareExchangeUser(ua: u64, expected: u32, value: u32): i64;
/** Single words of user memory, in a row between openUser and closeUser, which returns the number of faults; a word that faults is skipped. */
@external("isa", "open_user")
export declare function openUser(): void;
@external("isa", "close_user")
export declare function closeUser(): u32;
@external("isa", "store_user")
export declare function storeUser(ua: u64, value: u64): void;
@external("isa", "store_user32")
export declare function storeUser32(ua: u64, value: u32): void;
@external("isa", "load_user")
export declare function loadUser(ua: u64): u64;
/** In such a row: the FPU's state to user memory by XSAVE or FXSAVE, and from it by XRSTOR (only where the CPU has it); a multiple of 64. */
@external("isa", "fpu_save_user")
export declare function fpuSaveUser(ua: u64): void;
@external("isa", "fpu_restore_user")
export declare function fpuRestoreUser(ua: u64): void;
/** The address of the last fault in one of the functions above. */
@external("isa", "fault_address")
export declare function faultAddress(): u64;
/** Physical memory above the window. */
@external("isa", "physical_zero_page")
export declare function physicalZeroPage(pa: u64): void;
@external("isa", "physical_copy_page")
export declare function physicalCopyPage(destination: u64, source: u64): void;
@external("isa", "physical_read")
export declare function physicalRead(destination: usize, pa: u64, bytes: u32): void;
@external("isa", "physical_write")
export declare function physicalWrite(pa: u64, source: usize, bytes: u32): void;

/** Facts the boot code found. */
@external("isa", "boot_info")
export declare function bootInfo(): usize;
/** EAX at entry. */
@external("isa", "boot_magic")
export declare function bootMagic(): u32;
/** Physical addresses of the kernel image: [start, textEnd) is code, [textEnd, rodataEnd) constants, the rest up to end data. */
@external("isa", "image_start")
export declare function imageStart(): u64;
@external("isa", "image_text_end")
export declare function imageTextEnd(): u64;
@external("isa", "image_rodata_end")
export declare function imageRodataEnd(): u64;
@external("isa", "image_end")
export declare function imageEnd(): u64;
/** Physical address and size of AssemblyScript's static data, linked at linear address 0x50000000. */
@external("isa", "data_start")
export declare function dataStart(): u64;
@external("isa", "data_bytes")
export declare function dataBytes(): u32;
/** Physical address and size of the image that programs find mapped beside their own (linuxabi/vdso/vdso.c). */
@external("isa", "vdso_image")
export declare function vdsoImage(): u64;
@external("isa", "vdso_bytes")
export declare function vdsoBytes(): u32;

/** Physical address of the page under the kernel stack, to be left unmapped. */
@external("isa", "stack_guard")
export declare function stackGuard(): u64;

/** Stops the CPU for good. */
@external("isa", "halt")
export declare function halt(): void;
/** After a panic: return addresses on the kernel stack, nearest first; 0 past the last. */
@external("isa", "return_address")
export declare function returnAddress(depth: u32): u64;
/** Writes the name of the kernel function that contains `address` to `destination`; returns its length, 0 if unknown. */
@external("isa", "symbol_name")
export declare function symbolName(address: u64, destination: usize, capacity: u32): u32;
