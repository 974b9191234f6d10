# SPDX-License-Identifier: MIT
# Return from a signal handler: there are no signal frames to return from.
	.text
	.globl __restore_rt
	.hidden __restore_rt
	.type __restore_rt, @function
	.globl __restore
	.hidden __restore
	.type __restore, @function
__restore_rt:
__restore:
	ud2
	.size __restore, . - __restore
	.section .note.GNU-stack, "", @progbits
