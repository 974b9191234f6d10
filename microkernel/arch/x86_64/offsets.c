// SPDX-License-Identifier: GPL-2.0-only
/* Structure offsets for assembly; compiled to text only. */
#include "thread.h"
#include "task.h"

#define DEFINE(sym, val) __asm__ volatile("\n->" #sym " %0" : : "i"(val))

void offsets(void);
void offsets(void)
{
	DEFINE(CPU_USER_RSP, offsetof(struct cpu, user_rsp));
	DEFINE(CPU_STACK_TOP, offsetof(struct cpu, stack_top));
	DEFINE(CPU_CURRENT, offsetof(struct cpu, current));
	DEFINE(CPU_CR3, offsetof(struct cpu, cr3));
	DEFINE(CPU_COUNT_CR3, offsetof(struct cpu, count.cr3_loads));
	DEFINE(CPU_COUNT_ENTRIES, offsetof(struct cpu, count.kernel_entries));
	DEFINE(THREAD_FRAME, offsetof(struct thread, frame));
	DEFINE(THREAD_FRAME_END, offsetof(struct thread, frame) + sizeof(struct frame));
	DEFINE(THREAD_FLAGS, offsetof(struct thread, flags));
	DEFINE(THREAD_VCPU, offsetof(struct thread, vcpu));
	DEFINE(THREAD_ENTRY_IP, offsetof(struct thread, entry_ip));
	DEFINE(THREAD_ENTRY_SP, offsetof(struct thread, entry_sp));
	DEFINE(THREAD_SERVER_CR3, offsetof(struct thread, server_cr3));
	DEFINE(THREAD_USER_CR3, offsetof(struct thread, user_cr3));
	DEFINE(THREAD_CR3, offsetof(struct thread, cr3));
	DEFINE(FRAME_BX, offsetof(struct frame, bx));
	DEFINE(FRAME_BP, offsetof(struct frame, bp));
	DEFINE(FRAME_R12, offsetof(struct frame, r12));
	DEFINE(FRAME_R13, offsetof(struct frame, r13));
	DEFINE(FRAME_R14, offsetof(struct frame, r14));
	DEFINE(FRAME_R15, offsetof(struct frame, r15));
	DEFINE(FRAME_AX, offsetof(struct frame, ax));
	DEFINE(FRAME_DI, offsetof(struct frame, di));
	DEFINE(FRAME_SI, offsetof(struct frame, si));
	DEFINE(FRAME_DX, offsetof(struct frame, dx));
	DEFINE(FRAME_R8, offsetof(struct frame, r8));
	DEFINE(FRAME_TRAPNO, offsetof(struct frame, trapno));
	DEFINE(FRAME_IP, offsetof(struct frame, ip));
	DEFINE(FRAME_FLAGS, offsetof(struct frame, flags));
	DEFINE(FRAME_SP, offsetof(struct frame, sp));
}
