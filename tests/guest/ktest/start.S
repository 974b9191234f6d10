/* SPDX-License-Identifier: MIT */
/* Entry of a kernel test, which runs in place of the root server, and of its threads. */
#include <l4/sys/consts.h>

	.text
	.globl _start
_start:
	lea main_stack_end(%rip), %rsp
	xor %ebp, %ebp
	call kt_main
	ud2

/* Stack of a new thread: function, argument, own capability. */
	.globl kt_thread_entry
kt_thread_entry:
	pop %rax
	pop %rdi
	pop %rcx
	mov %gs:L4_UTCB_SELF_OFFSET, %rdx
	mov %rcx, 784(%rdx) /* tcr.user[0] */
	xor %ebp, %ebp
	call *%rax
	call kt_park
	ud2

	.bss
	.balign 16
	.skip 0x4000
main_stack_end:

	.section .note.GNU-stack, "", @progbits
