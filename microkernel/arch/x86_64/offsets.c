// SPDX-License-Identifier: GPL-2.0-only
/* Structure offsets for assembly; compiled to text only. */
#include "object.h"
#include "trace.h"
#include "x86.h"

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
	DEFINE(CPU_COUNT_PAGE_FAULTS, offsetof(struct cpu, count.page_faults));
	DEFINE(CPU_COUNT_SHORT_IPCS, offsetof(struct cpu, count.short_ipcs));
	DEFINE(CPU_LONG_IPC, offsetof(struct cpu, long_ipc));
	DEFINE(CPU_COUNT_SWITCHES, offsetof(struct cpu, count.switches));
	DEFINE(CPU_WOKEN, offsetof(struct cpu, woken));
	DEFINE(CPU_NEED_RESCHED, offsetof(struct cpu, need_resched));
	DEFINE(CPU_FPU_OWNER, offsetof(struct cpu, fpu_owner));
	DEFINE(CPU_IDLE, offsetof(struct cpu, idle));
	DEFINE(CPU_IO_LOADED, offsetof(struct cpu, io_loaded));
	DEFINE(CPU_TSS_RSP0, offsetof(struct cpu, tss_rsp0));
	DEFINE(CPU_READY_MAP, offsetof(struct cpu, ready_map));
	DEFINE(CPU_READY_SUMMARY, offsetof(struct cpu, ready_summary));
	DEFINE(KOBJECT_OPS, offsetof(struct kobject, ops));
	DEFINE(KOBJECT_TYPE, offsetof(struct kobject, type));
	DEFINE(KOBJECT_DEAD, offsetof(struct kobject, dead));
	DEFINE(OPS_INVOKE, offsetof(struct kobject_ops, invoke));
	DEFINE(KOBJECT_IS_GATE, KOBJ_GATE);
	DEFINE(CAP_RIGHTS_MASK, CAP_RIGHTS_MASK);
	DEFINE(GATE_THREAD, offsetof(struct gate, thread));
	DEFINE(GATE_LABEL, offsetof(struct gate, label));
	DEFINE(TASK_SLOTS, offsetof(struct task, caps.first));
	DEFINE(TASK_IO_BITMAP, offsetof(struct task, io.bitmap));
	DEFINE(THREAD_FRAME, offsetof(struct thread, frame));
	DEFINE(THREAD_FRAME_END, offsetof(struct thread, frame) + sizeof(struct frame));
	DEFINE(THREAD_FLAGS, offsetof(struct thread, flags));
	DEFINE(THREAD_STATUS, offsetof(struct thread, flags));
	DEFINE(THREAD_STATE, offsetof(struct thread, flags) + 3);
	DEFINE(STATE_READY, THREAD_READY);
	DEFINE(STATUS_SERVES, STATUS_SERVES);
	DEFINE(STATUS_OPEN_WAIT, STATUS_OPEN_WAIT);
	DEFINE(STATUS_REPLY_WAIT, STATUS_REPLY_WAIT);
	DEFINE(TF_VCPU_USER, TF_VCPU_USER);
	DEFINE(FRAME_SYSCALL, FRAME_SYSCALL);
	DEFINE(FRAME_IPC, FRAME_IPC);
	DEFINE(USER_CS, USER_CS);
	DEFINE(USER_SS, USER_SS);
	DEFINE(MSR_GS_BASE, MSR_GS_BASE);
	DEFINE(SYSRET_FLAGS, SYSRET_FLAGS);
	DEFINE(USER_FLAGS_MASK, USER_FLAGS_MASK);
	DEFINE(RFLAGS_TF, RFLAGS_TF);
	DEFINE(RFLAGS_RF, RFLAGS_RF);
	DEFINE(TF_EXIT_WORK, TF_EXIT_WORK);
	DEFINE(TF_BUDGET, TF_BUDGET);
	DEFINE(TF_SEGMENTS, TF_SEGMENTS);
	DEFINE(TF_DEBUG_REGS, TF_DEBUG_REGS);
	DEFINE(THREAD_TASK, offsetof(struct thread, task));
	DEFINE(THREAD_PRIO, offsetof(struct thread, prio));
	DEFINE(THREAD_CALLER, offsetof(struct thread, caller));
	DEFINE(THREAD_PARTNER, offsetof(struct thread, partner));
	DEFINE(THREAD_SENDERS, offsetof(struct thread, senders.top));
	DEFINE(THREAD_UTCB, offsetof(struct thread, utcb));
	DEFINE(THREAD_CONSUMED, offsetof(struct thread, consumed_tsc));
	DEFINE(THREAD_FS_BASE, offsetof(struct thread, fs_base));
	DEFINE(THREAD_GS_BASE, offsetof(struct thread, gs_base));
	DEFINE(THREAD_FPU, offsetof(struct thread, fpu));
	DEFINE(THREAD_VCPU, offsetof(struct thread, vcpu));
	DEFINE(THREAD_ENTRY_IP, offsetof(struct thread, entry_ip));
	DEFINE(THREAD_ENTRY_SP, offsetof(struct thread, entry_sp));
	DEFINE(THREAD_SERVER_CR3, offsetof(struct thread, server_cr3));
	DEFINE(THREAD_USER_CR3, offsetof(struct thread, user_cr3));
	DEFINE(THREAD_CR3, offsetof(struct thread, cr3));
	DEFINE(TRACE_MASK, offsetof(struct trace_ring, header.mask));
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
	DEFINE(FRAME_ERR, offsetof(struct frame, err));
	DEFINE(FRAME_IP, offsetof(struct frame, ip));
	DEFINE(FRAME_FLAGS, offsetof(struct frame, flags));
	DEFINE(FRAME_SP, offsetof(struct frame, sp));
}
