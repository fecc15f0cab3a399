# From the firmware's 64-bit mode to the kernel's entry: 32-bit protected mode without paging, as PVH wants it (shim/boot.S). This code is
# copied to a page below 4 GiB and called there after ExitBootServices; it moves the kernel to where it is linked and jumps into it.
#
# handover(rdi: hvm_start_info, rsi: the kernel's image, rdx: its bytes, rcx: where it goes, r8: its entry), all below 4 GiB

	.section .text
	.globl handover_start, handover_end
	.balign 16
handover_start:
	cli
	cld
	mov %edi, %ebx
	mov %ecx, %edi
	mov %edx, %r9d
	mov %r8d, %ebp
	lea gdt(%rip), %rax
	mov %rax, gdt_pointer + 2(%rip)
	lgdt gdt_pointer(%rip)
	lea protected(%rip), %rax
	mov %r9d, %edx
	pushq $8
	push %rax
	lretq

	.code32
protected:
	mov $0x10, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov %edx, %esp                  # no stack from here on: a place for the image's size
	mov %cr0, %eax
	and $0x7fffffff, %eax           # paging off
	mov %eax, %cr0
	mov $0xc0000080, %ecx           # EFER
	xor %eax, %eax
	xor %edx, %edx
	wrmsr
	mov %eax, %cr4
	mov $0x11, %eax
	mov %eax, %cr0
	mov %esp, %ecx
	rep movsb
	jmp *%ebp

	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff        # 0x08 32-bit code
	.quad 0x00cf93000000ffff        # 0x10 data
gdt_pointer:
	.word . - gdt - 1
	.quad 0
handover_end:
