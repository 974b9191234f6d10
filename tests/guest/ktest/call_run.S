/* SPDX-License-Identifier: MIT */
/* void call_run(struct call_regs *r): the system call with all registers from r, and all back to it. */
#include "callee_saved.h"
#include "call_run.h"

	.text
	.globl call_run
call_run:
	PUSH_CALLEE_SAVED
	push %rdi
	mov 8 * CR_AX(%rdi), %rax
	mov 8 * CR_BX(%rdi), %rbx
	mov 8 * CR_DX(%rdi), %rdx
	mov 8 * CR_SI(%rdi), %rsi
	mov 8 * CR_BP(%rdi), %rbp
	mov 8 * CR_R8(%rdi), %r8
	mov 8 * CR_R9(%rdi), %r9
	mov 8 * CR_R10(%rdi), %r10
	mov 8 * CR_R12(%rdi), %r12
	mov 8 * CR_R13(%rdi), %r13
	mov 8 * CR_R14(%rdi), %r14
	mov 8 * CR_R15(%rdi), %r15
	pushq 8 * CR_FLAGS(%rdi)
	mov 8 * CR_DI(%rdi), %rdi
	popf
	syscall
	.globl call_run_done
call_run_done:
	push %rax
	mov 8(%rsp), %rax
	mov %rbx, 8 * CR_BX(%rax)
	mov %rdx, 8 * CR_DX(%rax)
	mov %rsi, 8 * CR_SI(%rax)
	mov %rdi, 8 * CR_DI(%rax)
	mov %rbp, 8 * CR_BP(%rax)
	mov %r8, 8 * CR_R8(%rax)
	mov %r9, 8 * CR_R9(%rax)
	mov %r10, 8 * CR_R10(%rax)
	mov %r12, 8 * CR_R12(%rax)
	mov %r13, 8 * CR_R13(%rax)
	mov %r14, 8 * CR_R14(%rax)
	mov %r15, 8 * CR_R15(%rax)
	popq 8 * CR_AX(%rax)
	pushf
	popq 8 * CR_FLAGS(%rax)
	pushq $2
	popf
	add $8, %rsp
	POP_CALLEE_SAVED
	ret

	.section .note.GNU-stack, "", @progbits
