/* SPDX-License-Identifier: MIT */
/* Entry of the root server: the kernel gives it no stack. */
	.globl _start
	.type _start, @function
_start:
	lea root_stack_end(%rip), %rsp
	xor %ebp, %ebp
	call root_main
	ud2
	.size _start, . - _start

	.bss
	.balign 16
	.skip 0x4000
root_stack_end:

	.section .note.GNU-stack, "", @progbits
