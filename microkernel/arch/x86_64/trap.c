// SPDX-License-Identifier: GPL-2.0-only
/* Traps from user mode, interrupts, and the way out to the thread that runs next. */
#include "arch.h"
#include "object.h"
#include "trace.h"

#define VECTOR_PF 14

_Static_assert(sizeof(struct frame) % 16 == 0, "the CPU aligns rsp0 to 16");
_Static_assert(offsetof(struct thread, frame) % 16 == 0, "the CPU aligns rsp0 to 16");

void trap_handler(struct thread *t);
void kernel_trap_handler(struct frame *f);
void fatal_trap_handler(struct frame *f);

static void page_fault(struct thread *t, u64 addr)
{
	this_cpu()->count.page_faults++;
	trace(L4_TRACE_PAGE_FAULT, addr, t->frame.ip);
	/* The view's high half is filled from the server's table as it is touched. */
	if (t->view && !(t->flags & TF_VCPU_USER) && addr >= L4_USER_HIGH_START &&
	    space_view_sync(&t->view->space, &t->task->space, addr))
		return;
	if (vcpu_takes(t, L4_VCPU_F_PAGE_FAULTS))
		vcpu_enter(t, VECTOR_PF, t->frame.err, addr);
	else
		ipc_page_fault(t, addr, t->frame.err);
}

static void exception(struct thread *t)
{
	trace(L4_TRACE_EXCEPTION, t->frame.trapno, t->frame.ip);
	if (vcpu_takes(t, L4_VCPU_F_EXCEPTIONS))
		vcpu_enter(t, t->frame.trapno, t->frame.err, 0);
	else
		ipc_exception(t);
}

static void interrupt(unsigned int vector, u64 ip)
{
	this_cpu()->count.irqs++;
	trace(L4_TRACE_IRQ, vector, ip);
	if (likely(vector == VECTOR_TIMER))
		timer_handle();
	else if (vector == VECTOR_SPURIOUS)
		return;
	else if (vector != VECTOR_IPI)
		irq_handle(vector);
	/* behind the masking of a level-triggered line, which would be raised again at once */
	arch_irq_ack();
}

/** A trap from ring 3; the registers are in t->frame. */
void trap_handler(struct thread *t)
{
	u64 vector = t->frame.trapno;

	if (vector >= VECTOR_EXCEPTIONS)
		interrupt(vector, t->frame.ip);
	else if (vector == VECTOR_PF)
		page_fault(t, arch_cr2());
	else
		exception(t);
}

/** An interrupt in an interrupt window or while idle. */
void kernel_trap_handler(struct frame *f)
{
	if (f->trapno < VECTOR_EXCEPTIONS)
		panic_frame(f, "exception %lu in the kernel, error %lx, cr2 %016lx", f->trapno,
			    f->err, arch_cr2());
	interrupt(f->trapno, f->ip);
}

void fatal_trap_handler(struct frame *f)
{
	panic_frame(f, "fatal exception %lu, error %lx, cr2 %016lx", f->trapno, f->err, arch_cr2());
}

/** Reschedule if needed, deliver what is pending; returns the thread to run. */
struct thread *exit_work(void)
{
	struct cpu *cpu = this_cpu();
	struct thread *t;

	for (;;) {
		if (unlikely(cpu->need_resched || cpu->current == cpu->idle))
			sched_reschedule();
		t = cpu->current;
		if (likely(!(t->flags & TF_EXIT_WORK)))
			return t;
		if (t->flags & TF_HALT) {
			thread_stop(t);
			continue;
		}
		if (t->flags & TF_RAISE) {
			t->flags &= ~TF_RAISE;
			exception(t);
			continue;
		}
		vcpu_deliver_pending(t);
		return t;
	}
}
