/*
 * first [FILE]: writes `TSC` and the time-stamp counter, as 16 hexadecimal digits, that its first instruction read, to standard output
 * or over the beginning of FILE. Under -icount it says how many instructions the machine has run by then.
 */
	.globl	_start
_start:
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	lea	digits_end(%rip), %rdi
	lea	alphabet(%rip), %rsi
	mov	$16, %ecx
next:				/* from the last digit to the first */
	mov	%eax, %edx
	and	$15, %edx
	mov	(%rsi,%rdx), %dl
	dec	%rdi
	mov	%dl, (%rdi)
	shr	$4, %rax
	dec	%ecx
	jnz	next
	mov	$1, %edi
	cmpq	$2, (%rsp)		/* argc */
	jb	print
	mov	16(%rsp), %rdi		/* open(argv[1], O_WRONLY) */
	mov	$1, %esi
	mov	$2, %eax
	syscall
	mov	%eax, %edi
print:
	mov	$1, %eax		/* write(file, line, length) */
	lea	line(%rip), %rsi
	mov	$line_end - line, %edx
	syscall
	xor	%edi, %edi
	cmp	$line_end - line, %rax
	setne	%dil
	mov	$231, %eax		/* exit_group(0), or 1 if it could not write */
	syscall

	.section .rodata
alphabet:
	.ascii	"0123456789abcdef"
	.data
line:
	.ascii	"TSC 0000000000000000"
digits_end:
	.ascii	"\n"
line_end:
