/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every way into and out of the kernel.
 *
 * From ring 3, registers are saved in the current thread's frame (the TSS's
 * rsp0 points to its end), then the CPU's one kernel stack, empty, is used.
 * From ring 0 (interrupts taken in an interrupt window or when idle), they
 * are saved on the kernel stack.
 *
 * The vCPU system call and resume paths save only what the instruction
 * destroys and leave every other register to the other side.
 */
#include <l4/sys/consts.h>
#include <l4/sys/vcpu_layout.h>
#include "offsets.h"

	.text

.macro PUSH_GPRS
	push	%rax
	push	%rcx
	PUSH_GPRS_BUT_AX_CX
.endm

.macro PUSH_GPRS_BUT_AX_CX
	push	%rdx
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
.endm

.macro POP_GPRS_BUT_R11_CX
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	pop	%rdx
.endm

/* The registers that an IPC does not destroy, in a thread's frame. */
.macro SAVE_PRESERVED thread
	mov	%rbx, THREAD_FRAME + FRAME_BX(\thread)
	mov	%rbp, THREAD_FRAME + FRAME_BP(\thread)
	mov	%r12, THREAD_FRAME + FRAME_R12(\thread)
	mov	%r13, THREAD_FRAME + FRAME_R13(\thread)
	mov	%r14, THREAD_FRAME + FRAME_R14(\thread)
	mov	%r15, THREAD_FRAME + FRAME_R15(\thread)
.endm

.macro LOAD_PRESERVED thread
	mov	THREAD_FRAME + FRAME_BX(\thread), %rbx
	mov	THREAD_FRAME + FRAME_BP(\thread), %rbp
	mov	THREAD_FRAME + FRAME_R12(\thread), %r12
	mov	THREAD_FRAME + FRAME_R13(\thread), %r13
	mov	THREAD_FRAME + FRAME_R14(\thread), %r14
	mov	THREAD_FRAME + FRAME_R15(\thread), %r15
.endm

/* Back to the user's instruction behind an IPC: what is left of the registers holds nothing of the kernel's. */
.macro SYSRET_CLEAN
	xor	%edi, %edi
	xor	%edx, %edx
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	swapgs
	sysretq
.endm

/* Is any data segment selector not 0? */
.macro OR_SEGMENTS
	mov	%ds, %ebx
	mov	%es, %ecx
	or	%ecx, %ebx
	mov	%fs, %ecx
	or	%ecx, %ebx
	mov	%gs, %ecx
	or	%ecx, %ebx
.endm

/* r9 = slot * 4096 -> slot entry in r9, object in r10, its type compared with the gate's; slots of the first table only. */
.macro LOOKUP_SLOT
	mov	THREAD_TASK(%rsp), %r10
	mov	TASK_SLOTS(%r10), %r10
	shr	$(L4_CAP_SHIFT - 3), %r9
	test	%r10, %r10
	jz	ipc_long
	mov	(%r10, %r9), %r9
	mov	%r9, %r10
	and	$~CAP_RIGHTS_MASK, %r10
	jz	ipc_long
	cmpw	$KOBJECT_IS_GATE, KOBJECT_TYPE(%r10)	/* with `dead` behind it */
.endm

/*
 * From the thread \prev to the one in r11, both without selectors and debug registers: CPU time, FS base, FPU, address
 * space; the GS base is left to do. \ports: where to go when one of the tasks has I/O ports, and to come back from.
 */
.macro SWITCH_STATE prev, ports
	rdtsc
	shl	$32, %rdx
	or	%rax, %rdx
	add	%rdx, THREAD_CONSUMED(\prev)
	sub	%rdx, THREAD_CONSUMED(%r11)
	rdfsbase %rcx
	mov	%rcx, THREAD_FS_BASE(\prev)
	mov	THREAD_FS_BASE(%r11), %rcx
	wrfsbase %rcx
	mov	$-1, %eax
	mov	%eax, %edx
	mov	THREAD_FPU(\prev), %rcx
	xsaveopt64 (%rcx)
	mov	THREAD_FPU(%r11), %rcx
	xrstor64 (%rcx)
	mov	%r11, %gs:CPU_FPU_OWNER
	mov	%gs:CPU_TSS_RSP0, %r10
	lea	THREAD_FRAME_END(%r11), %rcx
	mov	%rcx, (%r10)
	mov	%r11, %gs:CPU_CURRENT
	mov	THREAD_CR3(%r11), %rcx
	cmp	%gs:CPU_CR3, %rcx
	je	9f
	.ifnb	\ports
	mov	THREAD_TASK(%r11), %r10
	mov	TASK_IO_BITMAP(%r10), %r10
	or	%gs:CPU_IO_LOADED, %r10
	jnz	\ports
\ports\()_done:
	.endif
	mov	%rcx, %gs:CPU_CR3
	incq	%gs:CPU_COUNT_CR3
	mov	%rcx, %cr3
9:
.endm

/* Where the CPU has left rsp after pushing an error code to the thread's frame. */
#define FAULT_FRAME (THREAD_FRAME + FRAME_ERR)

/* --- the system call instruction (step 1 in docs/architecture.md) */
	.globl	syscall_entry
	.balign	64
syscall_entry:
	swapgs
	mov	%rsp, %gs:CPU_USER_RSP
	mov	%gs:CPU_CURRENT, %rsp
	incq	%gs:CPU_COUNT_ENTRIES
	testb	$TF_VCPU_USER, THREAD_FLAGS(%rsp)
	jnz	vcpu_syscall
	cmp	$L4_SYS_VCPU_RESUME, %rax
	je	vcpu_resume
	/* An IPC or the call of a kernel object */
	mov	%rcx, THREAD_FRAME + FRAME_IP(%rsp)
	mov	%r11, THREAD_FRAME + FRAME_FLAGS(%rsp)
	mov	%gs:CPU_USER_RSP, %rcx
	mov	%rcx, THREAD_FRAME + FRAME_SP(%rsp)
	testl	$~STATUS_SERVES, THREAD_STATUS(%rsp)
	jnz	ipc_long
	/* a call with a slot of the first table? r9: the slot, times 4096 */
	lea	-L4_SYSF_CALL(%rax), %r9
	test	$~(511 << L4_CAP_SHIFT), %r9
	jnz	not_call
	LOOKUP_SLOT
	jne	call_object

/*
 * The short call (r9 = slot entry, r10 = gate) and reply-and-wait: words only, no
 * time-outs, the partner waits for just this and is the one to run next. Everything is checked before
 * anything is changed; what is not the common form is done by ipc.c. Then straight to the partner: of its registers, those that an IPC preserves
 * are loaded, the others get what it may know.
 */
	testq	$~0x7fff003f, %rdi	/* items, flags, labels that may mean the gate itself */
	jnz	ipc_long
	cmp	$-1, %r8
	jne	ipc_long
	mov	GATE_THREAD(%r10), %r11
	test	%r11, %r11
	jz	ipc_long
	cmpl	$STATUS_OPEN_WAIT, THREAD_STATUS(%r11)
	jne	ipc_long
	movzbl	THREAD_PRIO(%r11), %ecx
	cmp	THREAD_PRIO(%rsp), %cl
	jb	ipc_long
	cmpl	$0, %gs:CPU_LONG_IPC
	jne	ipc_long
	SAVE_PRESERVED %rsp
	OR_SEGMENTS
	jnz	ipc_long_saved
	and	$3, %r9d
	or	GATE_LABEL(%r10), %r9
	xorb	$STATE_READY, THREAD_STATE(%rsp)
	movl	$STATUS_SERVES, THREAD_STATUS(%r11)
	mov	%rsp, THREAD_CALLER(%r11)
	mov	%r11, THREAD_PARTNER(%rsp)

/* From the thread in rsp, which waits now, to the one in r11: tag in rdi, label in r9. */
ipc_switch:
	test	$0x3f, %edi
	jnz	ipc_words
ipc_words_done:
	incq	%gs:CPU_COUNT_SHORT_IPCS
	SWITCH_STATE %rsp, ipc_ports
	swapgs
	rdgsbase %r10
	mov	%r10, THREAD_GS_BASE(%rsp)
	mov	THREAD_GS_BASE(%r11), %r10
	wrgsbase %r10
	LOAD_PRESERVED %r11
	mov	%rdi, %rax
	mov	%r9, %rsi
	mov	THREAD_FRAME + FRAME_IP(%r11), %rcx
	mov	THREAD_FRAME + FRAME_SP(%r11), %rsp
	mov	THREAD_FRAME + FRAME_FLAGS(%r11), %r11
	sysretq

ipc_words:
	mov	%edi, %ecx
	and	$0x3f, %ecx
	mov	%rdi, %rax
	mov	THREAD_UTCB(%rsp), %rsi
	mov	THREAD_UTCB(%r11), %rdi
	rep movsq
	mov	%rax, %rdi
	jmp	ipc_words_done

/* One of the two tasks owns I/O ports. */
ipc_ports:
	mov	%rsp, %rbp
	mov	%r11, %rbx
	mov	%rdi, %r12
	mov	%r9, %r13
	mov	%rcx, %r14
	mov	%r11, %rdi
	mov	%gs:CPU_STACK_TOP, %rsp
	call	thread_switch_ports
	mov	%rbp, %rsp
	mov	%rbx, %r11
	mov	%r12, %rdi
	mov	%r13, %r9
	mov	%r14, %rcx
	xor	%edx, %edx
	xor	%r8d, %r8d
	jmp	ipc_ports_done

not_call:
	and	$L4_SYSF_MASK, %r9d
	cmp	$(L4_SYSF_REPLY_AND_WAIT - L4_SYSF_CALL), %r9d
	jne	not_reply
	mov	THREAD_CALLER(%rsp), %r11
	test	%r11, %r11
	jz	ipc_long
	test	$0xffc0, %edi
	jnz	ipc_long
	cmp	$-1, %r8
	jne	ipc_long
	testl	$~STATUS_REPLY_WAIT, THREAD_STATUS(%r11)
	jnz	ipc_long
	cmpq	$0, THREAD_SENDERS(%rsp)
	jne	ipc_long
	cmpl	$0, %gs:CPU_LONG_IPC
	jne	ipc_long
	mov	%gs:CPU_READY_SUMMARY, %rcx
	test	%rcx, %rcx
	jnz	3f
2:	SAVE_PRESERVED %rsp
	OR_SEGMENTS
	jnz	ipc_long_saved
	movl	$STATUS_OPEN_WAIT, THREAD_STATUS(%rsp)
	xorb	$STATE_READY, THREAD_STATE(%r11)
	xor	%r9d, %r9d
	mov	%r9, THREAD_CALLER(%rsp)
	mov	%r9, THREAD_PARTNER(%r11)
	jmp	ipc_switch
	/* Others are ready: r9d = the highest priority among them */
3:	bsr	%rcx, %r9
	bsr	%gs:CPU_READY_MAP(, %r9, 8), %rcx
	shl	$6, %r9d
	or	%ecx, %r9d
	movzbl	THREAD_PRIO(%r11), %ecx
	cmp	%ecx, %r9d
	jb	2b

/* A message to a kernel object is answered as a call is. */
not_reply:
	lea	-L4_SYSF_SEND(%rax), %r9
	test	$~(511 << L4_CAP_SHIFT), %r9
	jnz	ipc_long
	LOOKUP_SLOT
	jne	call_object
/* Whatever else an IPC may be. */
ipc_long:
	SAVE_PRESERVED %rsp
ipc_long_saved:
	mov	%rax, THREAD_FRAME + FRAME_AX(%rsp)
	mov	%rdi, THREAD_FRAME + FRAME_DI(%rsp)
	mov	%rsi, THREAD_FRAME + FRAME_SI(%rsp)
	mov	%rdx, THREAD_FRAME + FRAME_DX(%rsp)
	mov	%r8, THREAD_FRAME + FRAME_R8(%rsp)
	mov	%rsp, %rdi
	mov	%gs:CPU_STACK_TOP, %rsp
	call	ipc_syscall
	jmp	exit_to_user

/*
 * The call of a kernel object (r10, slot entry in r9; the flags are those of comparing its type with the gate's).
 * The preserved registers stay where they are, unless another thread is to run.
 */
call_object:
	jb	ipc_long	/* a thread may be a partner */
	cmpb	$0, KOBJECT_DEAD(%r10)
	jne	ipc_long
	mov	%rax, THREAD_FRAME + FRAME_AX(%rsp)
	mov	%rdi, THREAD_FRAME + FRAME_DI(%rsp)
	mov	%rsi, THREAD_FRAME + FRAME_SI(%rsp)
	mov	%rdx, THREAD_FRAME + FRAME_DX(%rsp)
	mov	%r8, THREAD_FRAME + FRAME_R8(%rsp)
	mov	%rdi, %rcx
	mov	%r10, %rdi
	mov	%rsp, %rsi
	mov	%r9d, %edx
	and	$CAP_RIGHTS_MASK, %edx
	mov	KOBJECT_OPS(%r10), %rax
	mov	%gs:CPU_STACK_TOP, %rsp
	call	*OPS_INVOKE(%rax)
	cmpb	$0, %gs:CPU_NEED_RESCHED
	jne	1f
	mov	%gs:CPU_CURRENT, %rsp
	testb	$TF_EXIT_WORK, THREAD_FLAGS(%rsp)
	jnz	1f
	mov	THREAD_FRAME + FRAME_IP(%rsp), %rcx
	mov	THREAD_FRAME + FRAME_FLAGS(%rsp), %r11
	mov	THREAD_FRAME + FRAME_SP(%rsp), %rsp
	xor	%esi, %esi
	SYSRET_CLEAN
	/* It waits, was preempted, or has woken somebody; or it destroyed itself, which leaves the CPU idle. */
1:	mov	%gs:CPU_CURRENT, %rdi
	mov	%gs:CPU_STACK_TOP, %rsp
	cmp	%gs:CPU_IDLE, %rdi
	je	exit_to_user
	SAVE_PRESERVED %rdi
	mov	%rax, %rsi
	call	ipc_invoked
	jmp	exit_to_user

/* A vCPU's resume in the general form: all registers are the user task's. */
resume_generic:
	add	$THREAD_FRAME_END, %rsp
	push	$USER_SS
	push	%gs:CPU_USER_RSP
	push	%r11
	push	$USER_CS
	push	%rcx
	push	$0
	push	$FRAME_SYSCALL
	PUSH_GPRS
	lea	-THREAD_FRAME(%rsp), %rdi
	mov	%gs:CPU_STACK_TOP, %rsp
	call	vcpu_resume_slow
	jmp	exit_to_user

/*
 * A system call of a vCPU's user task: into the server (step 2 of the Linux
 * system call in docs/architecture.md). Live user registers: all but rcx, r11.
 */
	.balign	64
vcpu_syscall:
	mov	THREAD_VCPU(%rsp), %rsp
	mov	%rcx, L4_VCPU_OFF_IP(%rsp)
	mov	%r11, L4_VCPU_OFF_FLAGS(%rsp)
	mov	%gs:CPU_USER_RSP, %rcx
	mov	%rcx, L4_VCPU_OFF_SP(%rsp)
	movq	$L4_VCPU_TRAP_SYSCALL, L4_VCPU_OFF_TRAPNO(%rsp)
vcpu_into_server:
	mov	L4_VCPU_OFF_STATE(%rsp), %ecx
	mov	%ecx, L4_VCPU_OFF_SAVED_STATE(%rsp)
	and	$~(L4_VCPU_F_IRQ | L4_VCPU_F_USER_MODE), %ecx
	mov	%ecx, L4_VCPU_OFF_STATE(%rsp)
	mov	%gs:CPU_CURRENT, %rsp
	andl	$~TF_VCPU_USER, THREAD_FLAGS(%rsp)
	mov	THREAD_SERVER_CR3(%rsp), %rcx
	mov	%rcx, THREAD_CR3(%rsp)
	mov	%rcx, %gs:CPU_CR3
	incq	%gs:CPU_COUNT_CR3
	mov	%rcx, %cr3
	mov	THREAD_ENTRY_IP(%rsp), %rcx
	mov	$0x202, %r11d
	mov	THREAD_ENTRY_SP(%rsp), %rsp
	swapgs
	sysretq

/* What a resume does, whichever instruction ends it: rax = state page, rsp = thread. Changes r11. */
.macro VCPU_INTO_USER
	orl	$TF_VCPU_USER, THREAD_FLAGS(%rsp)
	mov	L4_VCPU_OFF_SAVED_STATE(%rax), %r11d
	or	$(L4_VCPU_F_IRQ | L4_VCPU_F_USER_MODE), %r11d
	mov	%r11d, L4_VCPU_OFF_STATE(%rax)
	mov	THREAD_USER_CR3(%rsp), %r11
	mov	%r11, THREAD_CR3(%rsp)
	mov	%r11, %gs:CPU_CR3
	incq	%gs:CPU_COUNT_CR3
	mov	%r11, %cr3
.endm

/*
 * Resume: from the server into the user task. Live user registers: all but
 * rax, rcx, r11, whose values are in the state page. What needs more than a few mappings,
 * or has an event waiting, goes to vcpu_resume_slow() with a full frame.
 */
	.balign	64
vcpu_resume:
	mov	THREAD_VCPU(%rsp), %rax
	test	%rax, %rax
	jz	vcpu_resume_generic
	cmpq	$0, THREAD_USER_CR3(%rsp)
	je	vcpu_resume_generic
	cmpl	$0, L4_VCPU_OFF_MAP_COUNT(%rax)
	jne	vcpu_resume_map
vcpu_resume_mapped:
	testb	$TF_EXIT_WORK, THREAD_FLAGS(%rsp)
	jnz	vcpu_resume_generic
	mov	L4_VCPU_OFF_IP(%rax), %rcx
	mov	%rcx, %r11
	shr	$47, %r11
	jnz	vcpu_resume_generic
	/* sysret's conditions: rcx and r11 as the user's own syscall instruction left them */
	mov	L4_VCPU_OFF_FLAGS(%rax), %r11
	cmp	%rcx, L4_VCPU_OFF_CX(%rax)
	jne	vcpu_resume_iret
	cmp	%r11, L4_VCPU_OFF_R11(%rax)
	jne	vcpu_resume_iret
	test	$(RFLAGS_TF | RFLAGS_RF), %r11d
	jnz	vcpu_resume_iret
	VCPU_INTO_USER
	/* rcx is the checked ip; everything read from the page from here on is safe with any value */
	mov	L4_VCPU_OFF_FLAGS(%rax), %r11
	and	$SYSRET_FLAGS, %r11d
	or	$0x202, %r11d
	mov	L4_VCPU_OFF_SP(%rax), %rsp
	mov	L4_VCPU_OFF_AX(%rax), %rax
	swapgs
	sysretq
/* Behind an exception: rcx and r11 are the user's own. rcx = the checked ip */
vcpu_resume_iret:
	VCPU_INTO_USER
	add	$THREAD_FRAME_END, %rsp
	push	$USER_SS
	push	L4_VCPU_OFF_SP(%rax)
	mov	L4_VCPU_OFF_FLAGS(%rax), %r11
	and	$USER_FLAGS_MASK, %r11d
	or	$0x202, %r11d
	push	%r11
	push	$USER_CS
	push	%rcx
	mov	L4_VCPU_OFF_CX(%rax), %rcx
	mov	L4_VCPU_OFF_R11(%rax), %r11
	mov	L4_VCPU_OFF_AX(%rax), %rax
	swapgs
	iretq
/* Interrupts may be taken between mappings, so what they change is looked at afterwards. */
vcpu_resume_map:
	mov	%rcx, THREAD_FRAME + FRAME_IP(%rsp)
	mov	%r11, THREAD_FRAME + FRAME_FLAGS(%rsp)
	mov	%rsp, %rax
	mov	%gs:CPU_STACK_TOP, %rsp
	.irp	reg, rdi, rsi, rdx, r8, r9, r10
	push	%\reg
	.endr
	mov	%rax, %rdi
	call	vcpu_resume_maps
	.irp	reg, r10, r9, r8, rdx, rsi, rdi
	pop	%\reg
	.endr
	mov	%gs:CPU_CURRENT, %rsp
	test	%al, %al
	mov	THREAD_VCPU(%rsp), %rax
	jnz	vcpu_resume_mapped
	mov	THREAD_FRAME + FRAME_IP(%rsp), %rcx
	mov	THREAD_FRAME + FRAME_FLAGS(%rsp), %r11
/* rcx and r11 are still the server's when there are mappings, since the instruction may have to be done again. */
vcpu_resume_generic:
	mov	$L4_SYS_VCPU_RESUME, %eax
	jmp	resume_generic

/* --- exceptions and interrupts */
	.balign	16
vectors:
vector = 0
.rept 256
	.balign	16
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
	nop
	nop
	.else
	push	$0
	.endif
	push	$vector
	jmp	trap_common
vector = vector + 1
.endr

/*
 * A page fault of a vCPU's user task: into the server. The error code and what iret would
 * need are in the thread's frame; live user registers: all but rcx and r11.
 */
	.balign	64
page_fault_entry:
	testb	$3, 16(%rsp)
	jz	1f
	swapgs
	testb	$TF_VCPU_USER, THREAD_FLAGS - FAULT_FRAME(%rsp)
	jz	2f
	cmpq	$0, trace_ring + TRACE_MASK(%rip)
	jne	2f
	incq	%gs:CPU_COUNT_ENTRIES
	incq	%gs:CPU_COUNT_PAGE_FAULTS
	mov	%rcx, %gs:CPU_USER_RSP
	mov	THREAD_VCPU - FAULT_FRAME(%rsp), %rcx
	pop	L4_VCPU_OFF_ERR(%rcx)
	pop	L4_VCPU_OFF_IP(%rcx)
	mov	%r11, L4_VCPU_OFF_R11(%rcx)
	pop	%r11			/* cs */
	pop	L4_VCPU_OFF_FLAGS(%rcx)
	pop	L4_VCPU_OFF_SP(%rcx)
	mov	%rax, L4_VCPU_OFF_AX(%rcx)
	mov	%gs:CPU_USER_RSP, %r11
	mov	%r11, L4_VCPU_OFF_CX(%rcx)
	mov	%cr2, %r11
	mov	%r11, L4_VCPU_OFF_PFA(%rcx)
	movq	$14, L4_VCPU_OFF_TRAPNO(%rcx)
	mov	%rcx, %rsp
	jmp	vcpu_into_server
1:	push	$14
	jmp	trap_from_kernel
2:	push	$14
	jmp	trap_from_user

	.balign	64
trap_common:
	testb	$3, 24(%rsp)
	jz	trap_from_kernel
	swapgs
trap_from_user:
	PUSH_GPRS
trap_saved:
	/* DF, AC, NT are the user's: drop them */
	mov	%gs:CPU_STACK_TOP, %rsp
	push	$2
	popf
	incq	%gs:CPU_COUNT_ENTRIES
	mov	%gs:CPU_CURRENT, %rdi
	call	trap_handler
	/* fall through */

/*
 * Every way to user mode leaves FRAME_IPC in the frame, where the entry of an IPC needs it.
 * Leave to whatever thread is current now. exit_work() reschedules and delivers
 * pending events; it returns the thread to run.
 */
	.globl	exit_to_user
exit_to_user:
	mov	%gs:CPU_WOKEN, %r11
	test	%r11, %r11
	jnz	exit_to_woken
exit_the_long_way:
	call	exit_work
exit_to_thread:
	cmpq	$FRAME_IPC, THREAD_FRAME + FRAME_TRAPNO(%rax)
	jne	exit_all
	LOAD_PRESERVED %rax
	mov	THREAD_FRAME + FRAME_SI(%rax), %rsi
	mov	THREAD_FRAME + FRAME_IP(%rax), %rcx
	mov	THREAD_FRAME + FRAME_FLAGS(%rax), %r11
	mov	THREAD_FRAME + FRAME_SP(%rax), %rsp
	mov	THREAD_FRAME + FRAME_AX(%rax), %rax
	SYSRET_CLEAN
exit_all:
	lea	THREAD_FRAME(%rax), %rsp
	cmpq	$FRAME_SYSCALL, FRAME_TRAPNO(%rsp)
	movq	$FRAME_IPC, FRAME_TRAPNO(%rsp)
	jne	1f
	POP_GPRS_BUT_R11_CX
	pop	%rcx			/* the value is replaced below */
	pop	%rax
	mov	16(%rsp), %rcx		/* ip */
	mov	32(%rsp), %r11		/* flags */
	mov	40(%rsp), %rsp
	swapgs
	sysretq
1:	POP_GPRS_BUT_R11_CX
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	swapgs
	iretq

/* To the thread in r11, which was woken, unless there is more to do: what sched_reschedule() does. */
exit_to_woken:
	mov	%gs:CPU_CURRENT, %rbp
	mov	THREAD_STATUS(%rbp), %eax
	mov	%eax, %edx
	or	THREAD_STATUS(%r11), %eax
	mov	%eax, %ecx
	and	$(TF_SEGMENTS | TF_DEBUG_REGS | TF_BUDGET | TF_EXIT_WORK), %ecx
	or	%gs:CPU_LONG_IPC, %ecx
	jnz	exit_the_long_way
	/* One table means one task's ports, unless it is the view of a vCPU in user mode. */
	testb	$TF_VCPU_USER, %al
	jnz	1f
	mov	THREAD_CR3(%r11), %rcx
	cmp	%gs:CPU_CR3, %rcx
	je	2f
1:	mov	THREAD_TASK(%r11), %r10
	mov	TASK_IO_BITMAP(%r10), %r10
	or	%gs:CPU_IO_LOADED, %r10
	jnz	exit_the_long_way
2:	OR_SEGMENTS
	jnz	exit_the_long_way
	movq	$0, %gs:CPU_WOKEN
	movb	$0, %gs:CPU_NEED_RESCHED
	incq	%gs:CPU_COUNT_SWITCHES
	shr	$24, %edx
	cmp	$STATE_READY, %edx
	jne	3f
	mov	%rbp, %rdi
	mov	%r11, %r12
	call	sched_preempted
	mov	%r12, %r11
3:	SWITCH_STATE %rbp
	swapgs
	rdgsbase %r10
	mov	%r10, THREAD_GS_BASE(%rbp)
	mov	THREAD_GS_BASE(%r11), %r10
	wrgsbase %r10
	swapgs
	mov	%r11, %rax
	jmp	exit_to_thread

/* Interrupts in a window or while idle; an exception here is a kernel bug. */
	.balign	16
trap_from_kernel:
	cld
	PUSH_GPRS
	mov	%rsp, %rdi
	mov	%rsp, %rbx
	and	$-16, %rsp
	call	kernel_trap_handler
	mov	%rbx, %rsp
	POP_GPRS_BUT_R11_CX
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

/*
 * Debug exceptions arrive on an IST stack: one that user code put off to the first
 * instruction of syscall_entry (watchpoint on the operand of `mov ss`) comes before there is
 * a kernel stack. From ring 3 the frame is moved to where rsp0 would have put it.
 */
	.balign	16
debug_entry:
	testb	$3, 8(%rsp)
	jz	1f
	swapgs
	push	%rax
	mov	%gs:CPU_CURRENT, %rax
	add	$THREAD_FRAME_END, %rax
	push	%rcx
	.irp	word, 8, 16, 24, 32, 40
	mov	8 + 48 - \word(%rsp), %rcx
	mov	%rcx, -\word(%rax)
	.endr
	movq	$0, -48(%rax)
	movq	$1, -56(%rax)
	mov	8(%rsp), %rcx
	mov	%rcx, -64(%rax)
	mov	(%rsp), %rcx
	mov	%rcx, -72(%rax)
	lea	-72(%rax), %rsp
	PUSH_GPRS_BUT_AX_CX
	jmp	trap_saved
	/* In the kernel: only a user's trick gets here; it loses its watchpoints. */
1:	push	%rax
	mov	$0x400, %eax
	mov	%rax, %dr7
	pop	%rax
	iretq

/*
 * NMI, double fault, machine check arrive on IST stacks: never resumed.
 */
	.balign	16
	.globl	fatal_vectors
fatal_vectors:
.irp vec, 2, 8, 18
	.balign	16
	.if \vec != 8
	push	$0
	.else
	nop
	nop
	.endif
	push	$\vec
	jmp	fatal_common
.endr
fatal_common:
	PUSH_GPRS
	mov	%rsp, %rdi
	mov	$MSR_GS_BASE, %ecx
	rdmsr
	cmp	$0xffff8080, %edx	/* the kernel image's range: already the kernel's base */
	je	1f
	swapgs
1:	and	$-16, %rsp
	call	fatal_trap_handler
	ud2

	.section .rodata
	.balign	8
	.globl	vector_entries
vector_entries:
vector = 0
.rept 256
	.if vector == 1
	.quad	debug_entry
	.elseif vector == 2
	.quad	fatal_vectors
	.elseif vector == 8
	.quad	fatal_vectors + 16
	.elseif vector == 14
	.quad	page_fault_entry
	.elseif vector == 18
	.quad	fatal_vectors + 32
	.else
	.quad	vectors + 16 * vector
	.endif
vector = vector + 1
.endr
