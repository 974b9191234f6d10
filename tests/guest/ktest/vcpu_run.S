/* SPDX-License-Identifier: MIT */
/* A vCPU server in its smallest form: run user code until an event comes, as a function call. */
#include "callee_saved.h"
#include "vcpu_run.h"

	.text
/*
 * long vc_run(struct vc *vc): the user's registers are those of *vc. Returns 0 when an event
 * came to the entry point, -1 when the resume failed.
 */
	.globl vc_run
vc_run:
	PUSH_CALLEE_SAVED
	mov %rdi, vc_current
	mov %rsp, VC_SAVED_RSP(%rdi)
	rdgsbase %rax
	mov %rax, VC_SERVER_GS(%rdi)
	fxrstor VC_FX(%rdi)
	mov VC_FS(%rdi), %rax
	wrfsbase %rax
	mov VC_GS(%rdi), %rax
	wrgsbase %rax
	lea VC_GPR(%rdi), %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r10
	pop %r9
	pop %r8
	pop %rbp
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rbx
	mov $0x10, %eax
	syscall
	mov vc_current, %rdi
	mov %rax, VC_ERROR_TAG(%rdi)
	mov $-1, %rax
	jmp leave

/* long vc_call(struct vc *vc, void (*f)(void *), void *arg): f(arg) in server mode; 1 when it returned, 0 when an event came. */
	.globl vc_call
vc_call:
	PUSH_CALLEE_SAVED
	mov %rdi, vc_current
	mov %rsp, VC_SAVED_RSP(%rdi)
	rdgsbase %rax
	mov %rax, VC_SERVER_GS(%rdi)
	sub $8, %rsp
	mov %rsi, %rax
	mov %rdx, %rdi
	call *%rax
	mov vc_current, %rdi
	mov $1, %eax
	jmp leave

/* The entry point; rsp is the end of the registers in *vc_current. */
	.globl vc_entry
vc_entry:
	push %rax
	push %rbx
	push %rdx
	push %rsi
	push %rdi
	push %rbp
	push %r8
	push %r9
	push %r10
	push %r12
	push %r13
	push %r14
	push %r15
	pushf
	mov vc_current, %rdi
	pop VC_ENTRY_FLAGS(%rdi)
	fxsave VC_FX(%rdi)
	rdfsbase %rax
	mov %rax, VC_FS(%rdi)
	rdgsbase %rax
	mov %rax, VC_GS(%rdi)
	xor %eax, %eax
leave:
	mov VC_SERVER_GS(%rdi), %rdx
	wrgsbase %rdx
	mov VC_SAVED_RSP(%rdi), %rsp
	POP_CALLEE_SAVED
	ret

/* --- user code */
	.balign 4096
	.globl u_syscall, u_after_syscall, u_dump, u_read, u_write, u_spin, u_spin_end, u_ud2, u_hlt, u_int3, u_nops
u_syscall:
	syscall
u_after_syscall:
	jmp u_syscall
/* All registers to the 20 words below rsp, then a system call. */
u_dump:
	push %rax
	push %rbx
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %rbp
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	pushf
	syscall
u_read:
	mov (%rdi), %rax
	syscall
u_write:
	mov %rsi, (%rdi)
	syscall
u_spin:
	inc %rbx
	jmp u_spin
u_spin_end:
u_ud2:
	ud2
u_hlt:
	hlt
u_int3:
	int3
u_nops:
	nop
	nop
	nop
	nop
	syscall

	.balign 4096

	.bss
	.globl vc_current
	.balign 8
vc_current:
	.skip 8

	.section .note.GNU-stack, "", @progbits
