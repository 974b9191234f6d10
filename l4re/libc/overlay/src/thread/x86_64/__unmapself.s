# SPDX-License-Identifier: MIT
# A detached thread gives its stack (rdi, rsi: address, bytes) back and ends.
	.text
	.globl __unmapself
	.type __unmapself, @function
__unmapself:
	jmp skerry_thread_exit
	.size __unmapself, . - __unmapself
	.section .note.GNU-stack, "", @progbits
