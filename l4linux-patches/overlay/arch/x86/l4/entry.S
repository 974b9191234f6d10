/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways into and out of a Linux that runs as a vCPU.
 *
 * In: the microkernel starts l4_entry with rsp = the vCPU page, which holds
 * what the event interrupted; rcx and r11 are free, all else is still the
 * interrupted code's. A system call or trap of user code continues on the
 * task's stack; an event in the kernel itself continues below the interrupted
 * stack pointer. Out: to user code by the resume system call; to kernel code
 * by popf and ret, since iretq cannot set the virtual interrupt flag (and is
 * broken from ring 3 in some emulators).
 *
 * The virtual interrupt flag is clear from an entry on. While it is set, the
 * vCPU page's register words may change at any instruction; while it is clear
 * they change only by an exception. So between loading them and the resume
 * nothing may fault: the image, the direct map and the L4 window never do.
 *
 * The microkernel starts l4_entry with clean flags (no DF, AC, TF).
 *
 * Without SMP the kernel does not use GS, and the user's base stays in place.
 */

#include <linux/init.h>
#include <linux/linkage.h>
#include <asm/asm-offsets.h>
#include <asm/frame.h>
#include <asm/percpu.h>
#include <asm/processor-flags.h>
#include <asm/segment.h>
#include <asm/unwind_hints.h>

#include "../entry/calling.h"
#include "host.h"

/*
 * Room between the interrupted stack pointer and the frame: the way back
 * stores ip and flags there, and a breakpoint handler may push a return address.
 */
#define KERNEL_GAP 64

.macro VCPU_PAGE reg:req
#ifdef CONFIG_SMP
	movq	PER_CPU_VAR(l4_vcpu), \reg
#else
	movabsq	$L4_VCPU_PAGE0, \reg
#endif
.endm

/* rcx = the vCPU page. Changes r11. */
.macro ENTER_KERNEL_GS
#ifdef CONFIG_SMP
	rdgsbase %r11
	movq	%r11, L4_UD_USER_GS(%rcx)
	movq	L4_UD_KERNEL_GS(%rcx), %r11
	wrgsbase %r11
#endif
.endm

.macro LEAVE_KERNEL_GS
#ifdef CONFIG_SMP
	movq	L4_UD_USER_GS(%rcx), %r11
	wrgsbase %r11
#endif
.endm

.pushsection .entry.text, "ax"

	.balign 64
SYM_CODE_START(l4_entry)
	UNWIND_HINT_ENTRY
	testb	$L4_VCPU_F_USER_MODE, L4_VCPU_OFF_SAVED_STATE(%rsp)
	movq	%rsp, %rcx
	jz	.Lfrom_kernel

	movq	L4_UD_SP0(%rcx), %rsp
	ENTER_KERNEL_GS
	cmpl	$L4_VCPU_TRAP_SYSCALL, L4_VCPU_OFF_TRAPNO(%rcx)
	movq	L4_VCPU_OFF_FLAGS(%rcx), %r11
	pushq	$__USER_DS			/* pt_regs->ss */
	pushq	L4_VCPU_OFF_SP(%rcx)		/* pt_regs->sp */
	pushq	%r11				/* pt_regs->flags */
	pushq	$__USER_CS			/* pt_regs->cs */
	pushq	L4_VCPU_OFF_IP(%rcx)		/* pt_regs->ip */
	jne	.Luser_trap
	movq	(%rsp), %rcx
	jmp	entry_SYSCALL_64_after_hwframe

.Luser_trap:
	UNWIND_HINT_IRET_REGS
	pushq	$-1				/* pt_regs->orig_ax: no system call */
	movq	L4_VCPU_OFF_R11(%rcx), %r11
	PUSH_AND_CLEAR_REGS rcx=L4_VCPU_OFF_CX(%rcx)
	ENCODE_FRAME_POINTER
	movq	%rsp, %rdi
	call	l4_user_trap			/* virtual interrupts are off again */
	jmp	l4_restore_regs_and_return_to_usermode

.Lfrom_kernel:
	UNWIND_HINT_UNDEFINED
	movq	L4_VCPU_OFF_SP(%rcx), %rsp
	leaq	-KERNEL_GAP(%rsp), %rsp
	andq	$~0xf, %rsp
	pushq	$__KERNEL_DS
	pushq	L4_VCPU_OFF_SP(%rcx)
	/* The frame's IF is the virtual flag: state bit 0 becomes bit 9. */
	movl	L4_VCPU_OFF_SAVED_STATE(%rcx), %r11d
	andl	$L4_VCPU_F_IRQ, %r11d
	shll	$X86_EFLAGS_IF_BIT, %r11d
	andq	$~X86_EFLAGS_IF, L4_VCPU_OFF_FLAGS(%rcx)
	orq	L4_VCPU_OFF_FLAGS(%rcx), %r11
	pushq	%r11
	pushq	$__KERNEL_CS
	pushq	L4_VCPU_OFF_IP(%rcx)
	UNWIND_HINT_IRET_REGS
	pushq	$-1
	movq	L4_VCPU_OFF_R11(%rcx), %r11
	PUSH_REGS rcx=L4_VCPU_OFF_CX(%rcx)
	ENCODE_FRAME_POINTER
	movq	%rsp, %rdi
	call	l4_kernel_trap
	jmp	l4_return_to_kernel
SYM_CODE_END(l4_entry)

/*
 * rsp = pt_regs of user code, virtual interrupts off, no exit work left.
 * The registers that the resume takes from the vCPU page are popped into it.
 */
SYM_CODE_START(l4_restore_regs_and_return_to_usermode)
	UNWIND_HINT_REGS
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	UNWIND_HINT_UNDEFINED
	VCPU_PAGE %rcx
	popq	L4_VCPU_OFF_R11(%rcx)
	popq	%r10
	popq	%r9
	popq	%r8
	popq	L4_VCPU_OFF_AX(%rcx)
	popq	L4_VCPU_OFF_CX(%rcx)
	popq	%rdx
	popq	%rsi
	popq	%rdi
	addq	$8, %rsp			/* orig_ax */
	popq	L4_VCPU_OFF_IP(%rcx)
	addq	$8, %rsp			/* cs */
	popq	L4_VCPU_OFF_FLAGS(%rcx)
	popq	L4_VCPU_OFF_SP(%rcx)
	LEAVE_KERNEL_GS
	movl	$L4_RESUME, %eax
	syscall
	UNWIND_HINT_UNDEFINED
	/* Only an error comes back: there is no view, the process cannot go on. */
	VCPU_PAGE %rcx
	ENTER_KERNEL_GS
	movq	L4_UD_SP0(%rcx), %rsp
	subq	$PTREGS_SIZE, %rsp
	xorl	%ebp, %ebp
	UNWIND_HINT_END_OF_STACK
	movq	%rax, %rdi
	call	l4_resume_failed
	ud2
SYM_CODE_END(l4_restore_regs_and_return_to_usermode)

/* rsp = pt_regs of kernel code, virtual interrupts off. */
SYM_CODE_START(l4_return_to_kernel)
	UNWIND_HINT_REGS
	testl	$X86_EFLAGS_IF, EFLAGS(%rsp)
	jz	.Lpop
	VCPU_PAGE %rcx
	orl	$L4_VCPU_F_IRQ, L4_VCPU_OFF_STATE(%rcx)
	testl	$L4_VCPU_SF_IRQ_PENDING, L4_VCPU_OFF_STICKY(%rcx)
	jnz	.Lpending
.Lpop:
	movq	RSP(%rsp), %rax
	movq	RIP(%rsp), %rcx
	movq	%rcx, -8(%rax)
	movq	EFLAGS(%rsp), %rcx
	movq	%rcx, -16(%rax)
	subq	$16, %rax
	movq	%rax, RSP(%rsp)
	POP_REGS
	movq	32(%rsp), %rsp
	UNWIND_HINT_UNDEFINED
	popfq
	ret
	int3
.Lpending:
	UNWIND_HINT_REGS
	andl	$~L4_VCPU_F_IRQ, L4_VCPU_OFF_STATE(%rcx)
	movq	%rsp, %rdi
	call	l4_kernel_irq
	jmp	l4_return_to_kernel
SYM_CODE_END(l4_return_to_kernel)

.popsection

/* The interrupt-flag operations: only rax may change. */
.pushsection .noinstr.text, "ax"

SYM_FUNC_START(l4_save_fl)
	VCPU_PAGE %rax
	movl	L4_VCPU_OFF_STATE(%rax), %eax
	andl	$L4_VCPU_F_IRQ, %eax
	shll	$X86_EFLAGS_IF_BIT, %eax
	RET
SYM_FUNC_END(l4_save_fl)

SYM_FUNC_START(l4_irq_disable)
	VCPU_PAGE %rax
	andl	$~L4_VCPU_F_IRQ, L4_VCPU_OFF_STATE(%rax)
	RET
SYM_FUNC_END(l4_irq_disable)

SYM_FUNC_START(l4_read_cr2)
	VCPU_PAGE %rax
	movq	L4_VCPU_OFF_PFA(%rax), %rax
	RET
SYM_FUNC_END(l4_read_cr2)

/* With something pending, act as if it had interrupted the return to the caller. */
SYM_CODE_START(l4_irq_enable)
	UNWIND_HINT_FUNC
	VCPU_PAGE %rax
	orl	$L4_VCPU_F_IRQ, L4_VCPU_OFF_STATE(%rax)
	testl	$L4_VCPU_SF_IRQ_PENDING, L4_VCPU_OFF_STICKY(%rax)
	jnz	1f
	RET
1:	andl	$~L4_VCPU_F_IRQ, L4_VCPU_OFF_STATE(%rax)
	leaq	8(%rsp), %rax
	leaq	-KERNEL_GAP(%rsp), %rsp
	andq	$~0xf, %rsp
	UNWIND_HINT_UNDEFINED
	pushq	$__KERNEL_DS
	pushq	%rax
	pushfq
	orq	$X86_EFLAGS_IF, (%rsp)
	pushq	$__KERNEL_CS
	pushq	-8(%rax)
	UNWIND_HINT_IRET_REGS
	pushq	$-1
	PUSH_REGS
	ENCODE_FRAME_POINTER
	movq	%rsp, %rdi
	call	l4_kernel_irq
	jmp	l4_return_to_kernel
SYM_CODE_END(l4_irq_enable)

.popsection
