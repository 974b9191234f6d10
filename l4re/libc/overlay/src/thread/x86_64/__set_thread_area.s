# SPDX-License-Identifier: MIT
# The thread pointer is the FS base, which programs set themselves.
	.text
	.globl __set_thread_area
	.hidden __set_thread_area
	.type __set_thread_area, @function
__set_thread_area:
	wrfsbase %rdi
	xor %eax, %eax
	ret
	.size __set_thread_area, . - __set_thread_area
	.section .note.GNU-stack, "", @progbits
