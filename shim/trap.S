# Ways into the kernel and out of it. The registers of the running thread go straight into its Thread object (GS:CPU_THREAD_TOP
# points one past its ss field; TSS.rsp0 too), then the kernel stack is taken and AssemblyScript called. It returns when the thread to
# run next, perhaps another, is to go on. The kernel runs with interrupts off; they are taken in user mode and in the idle loop.

#include "layout.h"

	.section .text

# SYSCALL: rcx = user rip, r11 = user rflags (Intel SDM 2B).
	.globl syscall_entry
	.balign 64
syscall_entry:
	swapgs
	mov %rsp, %gs:CPU_USER_RSP
	mov %gs:CPU_THREAD_TOP, %rsp
	mov %rcx, -40(%rsp)             # rip
	mov %gs:CPU_USER_RSP, %rcx
	mov %rcx, -16(%rsp)
	mov %r11, -24(%rsp)             # rflags
	mov %rax, -48(%rsp)             # call
	mov %rdi, -56(%rsp)
	mov %rsi, -64(%rsp)
	mov %rdx, -72(%rsp)
	mov %rax, -88(%rsp)
	mov %r8, -96(%rsp)
	mov %r9, -104(%rsp)
	mov %r10, -112(%rsp)
	mov %gs:CPU_STACK_TOP, %rsp
	call kernel_onSystemCall
	# C has kept rbx, rbp and r12 to r15 as the user's. Most calls are over now and go straight back.
	mov %gs:CPU_THREAD_TOP, %rsp
	test %eax, %eax
	jnz slow_call
	mov -112(%rsp), %r10
	mov -104(%rsp), %r9
	mov -96(%rsp), %r8
	mov -88(%rsp), %rax             # not rcx, which is lost to SYSRET, as r11 is
	mov -72(%rsp), %rdx
	mov -64(%rsp), %rsi
	mov -56(%rsp), %rdi
	mov -40(%rsp), %rcx
	mov -24(%rsp), %r11
	mov -16(%rsp), %rsp
	swapgs
	sysretq

# The call blocks, needs all registers, or something else is to be done before user mode. Negative: it has replaced them all.
slow_call:
	js return_to_user
	movq $USER_DS, -8(%rsp)
	movq $USER_CS, -32(%rsp)
	mov -40(%rsp), %rcx
	mov %rcx, -80(%rsp)
	mov -24(%rsp), %r11
	mov %r11, -120(%rsp)
	mov %rbx, -128(%rsp)
	mov %rbp, -136(%rsp)
	mov %r12, -144(%rsp)
	mov %r13, -152(%rsp)
	mov %r14, -160(%rsp)
	mov %r15, -168(%rsp)
	mov %gs:CPU_STACK_TOP, %rsp
	call kernel_onSlowCall

	.globl return_to_user
return_to_user:
	mov %gs:CPU_THREAD_TOP, %rsp
	test %rsp, %rsp
	jz idle
	cmpq $0, (THREAD_FULL_RETURN - THREAD_TOP)(%rsp)
	lea (THREAD_REGISTERS - THREAD_TOP)(%rsp), %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	jne full_return
	add $8, %rsp                    # r11: lost to SYSRET
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	add $8, %rsp                    # rcx: lost to SYSRET
	pop %rdx
	pop %rsi
	pop %rdi
	mov 8(%rsp), %rcx
	mov 24(%rsp), %r11
	mov 32(%rsp), %rsp
	swapgs
	sysretq

full_return:
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	add $8, %rsp
	movq $0, 40(%rsp)               # fullReturn
	swapgs
	iretq

# Nothing to run: wait for an interrupt. HLT directly after STI cannot miss one.
idle:
	mov %gs:CPU_STACK_TOP, %rsp
	movb $1, cpu_idle(%rip)
	sti
	hlt
	cli
	movb $0, cpu_idle(%rip)
	call kernel_onIdle
	jmp return_to_user

# Exceptions and interrupts: 256 stubs of 16 bytes. Each leaves an error code (0 if the CPU pushes none) and calls by vector.
	.globl trap_stubs
	.balign 16
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	.if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
	.else
	push $0
	.endif
	push %rdi
	mov $vector, %edi
	jmp trap_entry
	.set vector, vector + 1
	.endr

trap_entry:
	push %rsi
	push %rdx
	push %rcx
	push %rax
	push %r8
	push %r9
	push %r10
	push %r11
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	cld
	testb $3, 136(%rsp)             # cs
	jz trap_in_kernel
	swapgs
	movq $1, 168(%rsp)              # fullReturn
	mov 120(%rsp), %rsi             # error code, in the place of `call`
	movq $-1, 120(%rsp)
	mov %gs:CPU_STACK_TOP, %rsp
	call kernel_trap
	jmp return_to_user

# In the kernel: a fault of a user copy (resumed at its fixup), an interrupt of the idle loop, or a bug.
trap_in_kernel:
	mov %rsp, %rsi
	call kernel_trap_in_kernel
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	add $8, %rsp
	iretq

# Access to user memory, as in isa.h.
	.macro fixup_entry at, to
	.section .fixup, "a"
	.quad \at, \to
	.section .text
	.endm
	.macro open_user
777:	stac
	.section .smap_sites, "a"
	.quad 777b
	.section .text
	.endm
	.macro close_user
778:	clac
	.section .smap_sites, "a"
	.quad 778b
	.section .text
	.endm

# s64 user_copy_string(void *to, const void *from, u64 bytes): copies up to and with the first NUL, and perhaps some bytes behind it, at most
# `bytes`. The number of bytes before the NUL, `bytes` when there is none; after a fault -1 less the bytes copied.
	.globl user_copy_string
user_copy_string:
	mov $0x0101010101010101, %r8
	mov $0x8080808080808080, %r9
	xor %ecx, %ecx
	open_user
	sub $8, %rdx                    # where the last whole word begins
	jb 3f
1:	mov (%rsi,%rcx), %rax
	mov %rax, (%rdi,%rcx)
	mov %rax, %r10
	sub %r8, %r10
	test %r9, %r10                  # some byte is 0, or above 0x80
	jnz 5f
2:	add $8, %rcx
	cmp %rdx, %rcx
	jbe 1b
3:	add $8, %rdx
	jmp 6f
4:	movzbl (%rsi,%rcx), %eax
	mov %al, (%rdi,%rcx)
	test %eax, %eax
	jz 7f
	inc %rcx
6:	cmp %rdx, %rcx
	jb 4b
7:	close_user
	mov %rcx, %rax
	ret
5:	not %rax
	and %r10, %rax
	and %r9, %rax                   # the lowest bit left is in the first NUL
	jz 2b
	bsf %rax, %rax
	shr $3, %eax
	add %rax, %rcx
	jmp 7b
8:	not %rcx
	jmp 7b
	fixup_entry 1b, 8b
	fixup_entry 4b, 8b

# u32 user_copy_wide(void *to, const void *from, u64 bytes): as user_copy in isa.h, 256 bytes at a time in AVX registers, whose contents are the user's and
# are put back; their upper halves stay unused if they were (XGETBV 1). A fault goes on from that block's beginning in words and bytes, so that the
# count is exact.
	.globl user_copy_wide
user_copy_wide:
	mov %rdx, %r8
	mov $1, %ecx
	xgetbv
	mov %eax, %r9d                  # bit 2: upper halves are in use
	sub $256, %rsp
	.set at, 0
	.irp r, 0, 1, 2, 3, 4, 5, 6, 7
	vmovdqu %ymm\r, at(%rsp)
	.set at, at + 32
	.endr
	mov %r8, %rcx
	and $-256, %rcx
	add %rcx, %rsi
	add %rcx, %rdi
	neg %rcx
	open_user
	.macro wide_block
	.set at, 0
	.irp r, 0, 1, 2, 3, 4, 5, 6, 7
771:	vmovdqu at(%rsi,%rcx), %ymm\r
	fixup_entry 771b, 2f
	.set at, at + 32
	.endr
	.set at, 0
	.irp r, 0, 1, 2, 3, 4, 5, 6, 7
772:	vmovdqu %ymm\r, at(%rdi,%rcx)
	fixup_entry 772b, 2f
	.set at, at + 32
	.endr
	.endm
1:	wide_block
	add $256, %rcx
	jnz 1b
2:	test $4, %r9b                   # %rcx: the blocks' bytes not copied, negative
	jz 3f
	.set at, 0
	.irp r, 0, 1, 2, 3, 4, 5, 6, 7
	vmovdqu at(%rsp), %ymm\r
	.set at, at + 32
	.endr
	jmp 4f
3:	vzeroupper
	.set at, 0
	.irp r, 0, 1, 2, 3, 4, 5, 6, 7
	movups at(%rsp), %xmm\r
	.set at, at + 32
	.endr
4:	add $256, %rsp
	add %rcx, %rsi
	add %rcx, %rdi
	and $255, %r8d
	sub %rcx, %r8
	mov %r8, %rcx
	and $7, %r8d
	shr $3, %rcx
5:	rep movsq
	mov %r8d, %ecx
6:	rep movsb
7:	close_user
	mov %ecx, %eax
	ret
8:	lea (%r8,%rcx,8), %rcx
	jmp 6b
	fixup_entry 5b, 8b
	fixup_entry 6b, 7b

# u32 user_clear(void *to, u64 bytes): returns the bytes not cleared
	.globl user_clear
user_clear:
	mov %rsi, %rcx
	xor %eax, %eax
	open_user
	shr $3, %rcx
1:	rep stosq
	mov %esi, %ecx
	and $7, %ecx
2:	rep stosb
3:	close_user
	mov %ecx, %eax
	ret
4:	and $7, %esi
	lea (%rsi,%rcx,8), %rcx
	jmp 2b
	fixup_entry 1b, 4b
	fixup_entry 2b, 3b

# s64 user_compare_exchange(u32 *at, u32 expected, u32 value): the old value, or -1 on a fault
	.globl user_compare_exchange
user_compare_exchange:
	mov %esi, %eax
	open_user
1:	lock cmpxchg %edx, (%rdi)
	mov %eax, %eax
2:	close_user
	ret
3:	mov $-1, %rax
	jmp 2b
	fixup_entry 1b, 3b
