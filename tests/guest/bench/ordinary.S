/*
 * ordinary: does what tiny does, in a file as the linker lays one out unless told otherwise: constants
 * and code in segments of their own, and a note. It is what the figures of exec execute.
 */
	.globl	_start
_start:
	xor	%edi, %edi
	mov	$231, %eax		/* exit_group(0) */
	syscall
