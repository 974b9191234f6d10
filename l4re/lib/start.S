/* SPDX-License-Identifier: MIT */
/* Entry of native programs: argc, argv, environment and auxiliary vector are on the stack. */
	.globl _start
	.type _start, @function
_start:
	xor %ebp, %ebp
	mov %rsp, %rdi
	and $-16, %rsp
	call l4re_start
	ud2
	.size _start, . - _start
	.section .note.GNU-stack, "", @progbits
