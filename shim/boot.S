# Entry from the boot loader to the 64-bit kernel. PVH (Xen's "x86/HVM direct boot ABI", used by QEMU -kernel and by shim/uefi) and Multiboot2
# (GRUB) enter alike: 32-bit protected mode, flat segments, no paging, ebx = physical address of what the loader tells. The page tables below are built by the assembler, not by code; the
# kernel replaces them by exact ones (kernel/mm/kernelmap.ts) once it has a frame allocator.

#include "layout.h"

#define PHYS(symbol) (symbol - KERNEL_BASE)
#define PRESENT_WRITE 0x003
#define LARGE 0x083

	.section .note.pvh, "a", @note
	.long 4, 8, 18                  # name bytes, descriptor bytes, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.quad PHYS(entry32)

	.section .multiboot, "a", @progbits     # Multiboot2 Specification 2.0, 3.1
	.balign 8
multiboot:
	.long 0xe85250d6, 0, multiboot_end - multiboot
	.long -(0xe85250d6 + (multiboot_end - multiboot))
	.short 3, 0                     # where to enter: e_entry is for loaders of 64-bit files
	.long 12, PHYS(entry32), 0
	.short 5, 1                     # a screen, if there is one; these are wishes
	.long 20, 1024, 768, 32, 0
	.short 6, 0                     # modules begin at pages
	.long 8
	.short 0, 0
	.long 8
multiboot_end:

	.section .boot.text, "ax", @progbits
	.code32
	.globl entry32
entry32:
	cld
	cli
	mov %ebx, PHYS(boot_information)
	mov %eax, PHYS(boot_magic)
	mov $0x80000001, %eax           # NX and long mode must be there
	cpuid
	test $(1 << 29), %edx
	jz stop32
	mov $0x20, %eax                 # CR4: PAE
	mov %eax, %cr4
	mov $PHYS(boot_pml4), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx           # EFER: SYSCALL, long mode, NX
	mov $0x901, %eax
	xor %edx, %edx
	wrmsr
	mov $0x80010033, %eax           # CR0: PG WP NE ET MP PE
	mov %eax, %cr0
	lgdt PHYS(boot_gdt_pointer)
	ljmp $0x10, $PHYS(entry64_low)
stop32:
	hlt
	jmp stop32

	.code64
entry64_low:
	movabs $entry64, %rax
	jmp *%rax

	.section .text
	.globl entry64
entry64:
	mov $0x18, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	lea kernel_stack_top(%rip), %rsp
	call shim_start                 # shim/isa.c; does not return
	ud2

	.section .data
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00cf9b000000ffff        # 0x08 32-bit code, for the way in only
	.quad 0x00af9b000000ffff        # 0x10 kernel code
	.quad 0x00cf93000000ffff        # 0x18 kernel data
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.long PHYS(boot_gdt)
	.long 0

	.globl boot_information
boot_information:
	.quad 0
	.globl boot_magic
boot_magic:
	.long 0

	.section .boot.tables, "aw", @progbits
	.balign 4096
boot_pml4:
	.quad PHYS(boot_pdpt_physical) + PRESENT_WRITE  # identity, for the way in
	.fill 256, 8, 0
	.quad PHYS(boot_pdpt_physical) + PRESENT_WRITE  # 257: PHYSICAL_BASE
	.fill 253, 8, 0
	.quad PHYS(boot_pdpt_linear) + PRESENT_WRITE    # 511: the linear window
boot_pdpt_physical:
	.quad PHYS(boot_pd_0g) + PRESENT_WRITE
	.quad PHYS(boot_pd_1g) + PRESENT_WRITE
	.quad PHYS(boot_pd_2g) + PRESENT_WRITE
	.quad PHYS(boot_pd_3g) + PRESENT_WRITE
	.fill 508, 8, 0
boot_pdpt_linear:
	.fill 510, 8, 0
	.quad PHYS(boot_pd_0g) + PRESENT_WRITE          # low RAM
	.quad PHYS(boot_pd_image) + PRESENT_WRITE       # the kernel image, AssemblyScript's static data
	.set address, 0
	.macro large_pages count
	.rept \count
	.quad address + LARGE
	.set address, address + 0x200000
	.endr
	.endm
boot_pd_0g:
	large_pages 512
boot_pd_1g:
	large_pages 512
boot_pd_2g:
	large_pages 512
boot_pd_3g:
	large_pages 512
boot_pd_image:
	.set address, 0
	large_pages 8
	.fill 120, 8, 0
	.quad PHYS(boot_pt_data) + PRESENT_WRITE        # 128: WASM_DATA_BASE
	.fill 383, 8, 0
boot_pt_data:
	.set page, 0
	.rept 512
	.quad wasm_data_physical + page + PRESENT_WRITE
	.set page, page + 4096
	.endr

	.section .bss
	.balign 4096
	.globl kernel_stack_guard
kernel_stack_guard:
	.skip 4096
	.globl kernel_stack_bottom
kernel_stack_bottom:
	.skip KERNEL_STACK_BYTES
	.globl kernel_stack_top
kernel_stack_top:
	.skip 4096                      # double faults, NMIs and machine checks have a stack of their own
	.globl exception_stack_top
exception_stack_top:
