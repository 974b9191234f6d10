/* SPDX-License-Identifier: MIT */
/*
 * A thread that keeps all its registers at values of its own and looks whether they stay.
 * void spin_check(struct spin *s): fills general registers, flags, FS and GS base, segment
 * selectors, x87, SSE and AVX state from s->seed, loops until s->stop, then stores everything.
 */
#include "callee_saved.h"
#include "spin.h"

	.text
	.globl spin_check
spin_check:
	PUSH_CALLEE_SAVED
	mov %rsp, SPIN_RSP(%rdi)
	rdgsbase %rax
	mov %rax, SPIN_OLD_GS(%rdi)
	/* selectors first: they change the bases */
	movw SPIN_SEL(%rdi), %ax
	mov %ax, %ds
	movw SPIN_SEL+2(%rdi), %ax
	mov %ax, %es
	movw SPIN_SEL+4(%rdi), %ax
	mov %ax, %fs
	movw SPIN_SEL+6(%rdi), %ax
	mov %ax, %gs
	mov SPIN_FS(%rdi), %rax
	wrfsbase %rax
	mov SPIN_GS(%rdi), %rax
	wrgsbase %rax
	mov $7, %eax
	xor %edx, %edx
	xrstor64 SPIN_XIN(%rdi)
	mov SPIN_GPR+0(%rdi), %rbx
	mov SPIN_GPR+8(%rdi), %rcx
	mov SPIN_GPR+16(%rdi), %rdx
	mov SPIN_GPR+24(%rdi), %rsi
	mov SPIN_GPR+32(%rdi), %rbp
	mov SPIN_GPR+40(%rdi), %r8
	mov SPIN_GPR+48(%rdi), %r9
	mov SPIN_GPR+56(%rdi), %r10
	mov SPIN_GPR+64(%rdi), %r11
	mov SPIN_GPR+72(%rdi), %r12
	mov SPIN_GPR+80(%rdi), %r13
	mov SPIN_GPR+88(%rdi), %r14
	mov SPIN_GPR+96(%rdi), %r15
	push SPIN_FLAGS(%rdi)
	popf
	mov SPIN_SP(%rdi), %rsp
1:	mov SPIN_STOP(%rdi), %rax
	/* no instruction here may change the flags */
	lea -1(%rax), %rax
	xchg %rax, %rcx
	jrcxz 2f
	xchg %rax, %rcx
	jmp 1b
2:	xchg %rax, %rcx
	mov %rsp, SPIN_SP_OUT(%rdi)
	mov SPIN_RSP(%rdi), %rsp
	pushf
	pop SPIN_FLAGS_OUT(%rdi)
	push $2
	popf
	mov %rbx, SPIN_OUT+0(%rdi)
	mov %rcx, SPIN_OUT+8(%rdi)
	mov %rdx, SPIN_OUT+16(%rdi)
	mov %rsi, SPIN_OUT+24(%rdi)
	mov %rbp, SPIN_OUT+32(%rdi)
	mov %r8, SPIN_OUT+40(%rdi)
	mov %r9, SPIN_OUT+48(%rdi)
	mov %r10, SPIN_OUT+56(%rdi)
	mov %r11, SPIN_OUT+64(%rdi)
	mov %r12, SPIN_OUT+72(%rdi)
	mov %r13, SPIN_OUT+80(%rdi)
	mov %r14, SPIN_OUT+88(%rdi)
	mov %r15, SPIN_OUT+96(%rdi)
	mov $7, %eax
	xor %edx, %edx
	xsave64 SPIN_XOUT(%rdi)
	rdfsbase %rax
	mov %rax, SPIN_FS_OUT(%rdi)
	rdgsbase %rax
	mov %rax, SPIN_GS_OUT(%rdi)
	mov %ds, SPIN_SEL_OUT(%rdi)
	mov %es, SPIN_SEL_OUT+2(%rdi)
	mov %fs, SPIN_SEL_OUT+4(%rdi)
	mov %gs, SPIN_SEL_OUT+6(%rdi)
	xor %eax, %eax
	mov %ax, %gs
	mov SPIN_OLD_GS(%rdi), %rax
	wrgsbase %rax
	fninit
	POP_CALLEE_SAVED
	ret

	.section .note.GNU-stack, "", @progbits
