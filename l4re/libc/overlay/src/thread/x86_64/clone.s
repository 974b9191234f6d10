# SPDX-License-Identifier: MIT
# Threads are made by the runtime; it takes the same arguments.
	.text
	.globl __clone
	.hidden __clone
	.type __clone, @function
__clone:
	jmp skerry_clone
	.size __clone, . - __clone
	.section .note.GNU-stack, "", @progbits
