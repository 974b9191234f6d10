# SPDX-License-Identifier: MIT
# There is no vfork: ENOSYS.
	.text
	.globl vfork
	.type vfork, @function
vfork:
	mov $-38, %rdi
	.hidden __syscall_ret
	jmp __syscall_ret
	.size vfork, . - vfork
	.section .note.GNU-stack, "", @progbits
