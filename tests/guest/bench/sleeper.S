/* sleeper: a program that waits for a signal, and does nothing else. */
	.globl	_start
_start:
	mov	$34, %eax		/* pause() */
	syscall
	jmp	_start
