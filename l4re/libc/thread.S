/* SPDX-License-Identifier: MIT */
/* First and last instructions of threads. */
#include <l4/sys/consts.h>

	.text
/* On the stack: thread pointer, function, argument. Its registers may be those of a thread that ended here. */
	.globl skerry_thread_entry
	.type skerry_thread_entry, @function
skerry_thread_entry:
	xor %ebp, %ebp
	cld
	fninit
	ldmxcsr default_mxcsr(%rip)
	pop %rax
	wrfsbase %rax
	pop %rax
	pop %rdi
	and $-16, %rsp
	call *%rax
	xor %edi, %edi
	xor %esi, %esi
	jmp skerry_thread_exit
	.size skerry_thread_entry, . - skerry_thread_entry

/* (base, bytes); thread.c says how a thread ends. */
	.globl skerry_thread_exit
	.type skerry_thread_exit, @function
skerry_thread_exit:
	and $-16, %rsp
	mov %rdi, %r12
	mov %rsi, %r13
	call skerry_thread_exit_lock
	lea exit_stack_end(%rip), %rsp
	mov %r12, %rdi
	mov %r13, %rsi
	call skerry_thread_bury
	movl $0, (%rax)
	/* No stack and no lock from here on: receive from nobody, for ever. */
1:	movabs $(L4_INVALID_CAP | L4_SYSF_RECV), %rax
	xor %edi, %edi
	xor %esi, %esi
	xor %edx, %edx
	mov $-1, %r8
	syscall
	jmp 1b
	.size skerry_thread_exit, . - skerry_thread_exit

	.section .rodata
	.balign 4
default_mxcsr:
	.long 0x1f80

	.bss
	.balign 16
	.skip 4096
exit_stack_end:

	.section .note.GNU-stack, "", @progbits
