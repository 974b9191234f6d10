/* SPDX-License-Identifier: MIT */
/* A vCPU server with as few instructions as possible, and the user code it serves. */
#include "vcpu_bench.h"
#include "callee_saved.h"
#include <l4/sys/consts.h>
#include <l4/sys/vcpu_layout.h>

.macro STAMP to
	rdtsc
	shl $32, %rdx
	or %rdx, %rax
	mov %rax, \to
.endm

	.text
	.globl vb_run
vb_run:
	PUSH_CALLEE_SAVED
	mov %rsp, vb_saved_rsp
	mov %rcx, %r15
	mov %rdi, %rcx
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov $VB_STATE, %rax
	mov %rcx, L4_VCPU_OFF_IP(%rax)
	mov %rcx, L4_VCPU_OFF_CX(%rax)
	movq $0x202, L4_VCPU_OFF_FLAGS(%rax)
	movq $0x202, L4_VCPU_OFF_R11(%rax)
	movl $0, L4_VCPU_OFF_SAVED_STATE(%rax)
	mov $L4_SYS_VCPU_RESUME, %eax
	syscall
	ud2

/* rsp is the state page; every user register but rsp, rcx, r11 is as it was. */
	.globl vb_entry
vb_entry:
	cmpq $L4_VCPU_TRAP_SYSCALL, L4_VCPU_OFF_TRAPNO(%rsp)
	jne 1f
	mov %rax, L4_VCPU_OFF_AX(%rsp)
	mov L4_VCPU_OFF_IP(%rsp), %rax
	mov %rax, L4_VCPU_OFF_CX(%rsp)
	mov L4_VCPU_OFF_FLAGS(%rsp), %rax
	mov %rax, L4_VCPU_OFF_R11(%rsp)
	mov $L4_SYS_VCPU_RESUME, %eax
	syscall
1:	cmpq $14, L4_VCPU_OFF_TRAPNO(%rsp)
	jne 2f
	mov %rax, L4_VCPU_OFF_AX(%rsp)
	mov L4_VCPU_OFF_PFA(%rsp), %rax
	and $-4096, %rax
	or $12, %rax
	mov %rax, VB_MAP0_DST(%rsp)
	movl $1, L4_VCPU_OFF_MAP_COUNT(%rsp)
	mov $L4_SYS_VCPU_RESUME, %eax
	syscall
2:	cmpq $L4_VCPU_TRAP_IRQ, L4_VCPU_OFF_TRAPNO(%rsp)
	jne 3f
	/* The user code has nothing in the registers that this destroys. */
	STAMP vb_entered
	mov $(0x8000000000000000 | L4_SYSF_WAIT), %rax
	xor %edi, %edi
	xor %esi, %esi
	xor %edx, %edx
	xor %r8d, %r8d
	syscall
	movl $0, L4_VCPU_OFF_STICKY(%rsp)
	STAMP vb_resumed
	mov $L4_SYS_VCPU_RESUME, %eax
	syscall
3:	mov vb_saved_rsp, %rsp
	POP_CALLEE_SAVED
	ret

/* --- user code, in another task: each sample is what is between two readings of the clock */
	.balign 4096
	.globl vb_u_syscall, vb_u_fault, vb_u_spin
vb_u_syscall:
	STAMP %rbx
	syscall
	rdtsc
	shl $32, %rdx
	or %rdx, %rax
	sub %rbx, %rax
	mov %rax, (%rdi)
	add $8, %rdi
	dec %rsi
	jnz vb_u_syscall
	ud2
vb_u_fault:
	STAMP %rbx
	mov (%r15), %rcx
	rdtsc
	shl $32, %rdx
	or %rdx, %rax
	sub %rbx, %rax
	mov %rax, (%rdi)
	add $8, %rdi
	add $4096, %r15
	dec %rsi
	jnz vb_u_fault
	ud2
/* Until an interrupt has been served. */
vb_u_spin:
	STAMP %rbx
	cmpq $0, vb_resumed
	jne 1f
	mov %rbx, vb_before
	jmp vb_u_spin
1:	cmp vb_resumed, %rbx	/* a reading from before the interrupt: once more */
	jb vb_u_spin
	mov %rbx, vb_after
	ud2
	.balign 4096

	.bss
	.balign 8
	.globl vb_entered, vb_resumed, vb_before, vb_after
vb_saved_rsp:
	.skip 8
vb_entered:
	.skip 8
vb_resumed:
	.skip 8
vb_before:
	.skip 8
vb_after:
	.skip 8

	.section .note.GNU-stack, "", @progbits
