// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads: creation, binding to a task, state switched by the scheduler, and death.
 *
 * A thread runs when three things are done, in any order: bound to a task
 * (THREAD_CONTROL), given an ip (EX_REGS), given a priority (SCHEDULER_RUN_THREAD).
 */
#include "arch.h"
#include "object.h"
#include "pte.h"

static struct slab thread_slab = SLAB_INIT(struct thread);
static struct slab fpu_slab = { .align = 64 };

int thread_create(struct kobject **out, struct quota *q)
{
	struct thread *t = slab_alloc(&thread_slab, q);

	if (!t)
		return -L4_ENOMEM;
	fpu_slab.size = (fpu_state_bytes + 63) & ~63u;
	t->fpu = slab_alloc_raw(&fpu_slab, q);
	if (!t->fpu) {
		slab_free(&thread_slab, t, q);
		return -L4_ENOMEM;
	}
	fpu_init_state(t->fpu);
	kobject_init(&t->kobj, &thread_ops, q);
	list_init(&t->task_link);
	list_init(&t->view_link);
	list_init(&t->ready_link);
	list_init(&t->waiters);
	list_init(&t->waiter_link);
	t->frame.cs = USER_CS;
	t->frame.ss = USER_SS;
	t->frame.flags = 0x202;
	t->state = THREAD_STOPPED;
	t->pager = t->exc_handler = L4_INVALID_CAP;
	t->sender.kind = SENDER_THREAD;
	t->cpu = this_cpu()->id;
	*out = &t->kobj;
	return 0;
}

int thread_bind(struct thread *t, struct task *task, u64 utcb_user)
{
	void *utcb;

	if (t->task)
		return -L4_EBUSY;
	if (utcb_user % L4_UTCB_SIZE)
		return -L4_EINVAL;
	utcb = space_ku_mem(&task->space, utcb_user, L4_UTCB_SIZE);
	if (!utcb)
		return -L4_EINVAL;
	t->utcb = utcb;
	t->utcb->self = utcb_user;
	t->utcb_user = utcb_user;
	t->gs_base = utcb_user;
	t->cr3 = t->server_cr3 = task->space.cr3;
	kobject_get(&task->kobj);
	t->task = task;
	list_push_back(&task->threads, &t->task_link);
	return 0;
}

void thread_start_if_complete(struct thread *t)
{
	const u32 need = TF_STARTED | TF_SCHEDULED;

	if (t->state == THREAD_STOPPED && t->task && (t->flags & need) == need && !t->kobj.dead)
		sched_wake(t);
}

void thread_halt(struct thread *t, const char *why)
{
	log_printf("kernel: thread %lu (%s) %s: trap %lx err %lx ip %016lx sp %016lx\n", t->kobj.id,
		   t->kobj.name, why, t->frame.trapno, t->frame.err, t->frame.ip, t->frame.sp);
	t->flags &= ~(TF_HALT | TF_RAISE | TF_KEXC | TF_KFAULT | TF_STARTED);
	t->state = THREAD_STOPPED;
	sched_block(t);
}

void thread_stop(struct thread *t)
{
	if (!t->kobj.dead) {
		thread_halt(t, "halted");
		return;
	}
	t->state = THREAD_STOPPED;
	t->flags &= ~TF_HALT;
	sched_block(t);
}

void thread_load_cr3(struct cpu *cpu, struct thread *t)
{
	cpu->high_space = NULL;
	if (cpu->cr3 == t->cr3)
		return;
	cpu->cr3 = t->cr3;
	cpu->count.cr3_loads++;
	arch_load_cr3(t->cr3);
}

/* Selectors are zero in nearly every thread; the first reading that is not makes the thread keep them. */
static inline void segments_save(struct thread *t)
{
	if (likely(!arch_segments_any())) {
		t->flags &= ~TF_SEGMENTS;
		return;
	}
	arch_segments_read(&t->ds, &t->es, &t->fs, &t->gs);
	t->flags |= TF_SEGMENTS;
}

static void segments_load(const struct thread *t)
{
	bool any = t->flags & TF_SEGMENTS;

	arch_segments_write(any ? t->ds : 0, any ? t->es : 0, any ? t->fs : 0, any ? t->gs : 0);
}

/*
 * At once, not at the first use: XSAVE and XRSTOR do not trap in QEMU with CR0.TS set, nor does
 * TS keep speculation of some CPUs away from what another thread left in the registers.
 */
static inline void fpu_switch(struct cpu *cpu, struct thread *next)
{
	struct thread *owner = cpu->fpu_owner;

	if (owner == next)
		return;
	cpu->fpu_owner = next;
	if (likely(owner))
		fpu_exchange(owner->fpu, next->fpu);
	else
		fpu_restore(next->fpu);
}

/* With a view it runs code of that task too, which must not have the server's ports. */
void thread_switch_ports(struct thread *next)
{
	struct cpu *cpu = this_cpu();

	if (next->task->io.bitmap && !next->view)
		arch_iospace_load(cpu, &next->task->io);
	else
		cpu->io_loaded = arch_iospace_unload(cpu);
}

/* Loading an FS or GS selector changes the base, so the selectors come first. */
static __attribute__((noinline)) void rare_state_switch(struct thread *prev, struct thread *next)
{
	segments_save(prev);
	arch_user_bases_read(&prev->fs_base, &prev->gs_base);
	if ((prev->flags | next->flags) & TF_SEGMENTS)
		segments_load(next);
	arch_user_bases_write(next->fs_base, next->gs_base);
	if (prev->debug_regs || next->debug_regs)
		arch_debug_switch(prev->debug_regs, next->debug_regs);
}

void thread_switch_state(struct cpu *cpu, struct thread *prev, struct thread *next)
{
	if (likely(!(arch_segments_any() | ((prev->flags | next->flags) & (TF_SEGMENTS | TF_DEBUG_REGS)))))
		arch_user_bases_switch(&prev->fs_base, &prev->gs_base, next->fs_base, next->gs_base);
	else
		rare_state_switch(prev, next);
	fpu_switch(cpu, next);
	if (unlikely((u64)cpu->io_loaded | (u64)next->task->io.bitmap))
		thread_switch_ports(next);
	*cpu->tss_rsp0 = (u64)(&next->frame + 1);
	thread_load_cr3(cpu, next);
}

/* Idle runs no user code: it only must not leave prev's watchpoints and selectors to whoever comes next. */
void thread_leave_state(struct thread *prev)
{
	segments_save(prev);
	arch_user_bases_read(&prev->fs_base, &prev->gs_base);
	this_cpu()->high_space = &prev->task->space;
	if (prev->debug_regs)
		arch_debug_switch(prev->debug_regs, NULL);
	if (prev->flags & TF_SEGMENTS)
		arch_segments_write(0, 0, 0, 0);
}

static void thread_unbind(struct thread *t)
{
	struct task *task = t->task;

	if (!task)
		return;
	vcpu_drop_view(t);
	t->vcpu = NULL;
	t->task = NULL;
	t->utcb = NULL;
	list_remove(&t->task_link);
	kobject_put(&task->kobj);
}

/*
 * Destroy: out of every queue first, then everybody who waits for it in
 * bounded steps. It may be the current thread: then the CPU becomes idle
 * until exit_work() picks another.
 */
static int thread_destroy(struct kobject *k)
{
	struct thread *t = kobj_thread(k);
	struct cpu *cpu = this_cpu();
	int err;

	ipc_detach(t);
	err = ipc_thread_dies(t);
	if (err)
		return err;
	sched_block(t);
	t->state = THREAD_STOPPED;
	t->flags &= ~TF_EXIT_WORK;
	if (cpu->fpu_owner == t)
		cpu->fpu_owner = NULL;
	if (cpu->current == t) {
		sched_leave(cpu);
		cpu->need_resched = true;
		cpu->io_loaded = arch_iospace_unload(cpu);
	}
	thread_unbind(t);
	budget_drop(t);
	slab_free(&fpu_slab, t->fpu, k->quota);
	if (t->debug_regs)
		frame_free(t->debug_regs, 0, k->quota);
	if (t->del_irq) {
		irq_trigger(kobj_irq(t->del_irq));
		kobject_put(t->del_irq);
		t->del_irq = NULL;
	}
	return 0;
}

/* --- messages to a thread object */

static int op_control(struct thread *t, struct thread *from, l4_umword_t flags)
{
	const l4_umword_t *mr = from->utcb->msg.mr;
	l4_umword_t pager = mr[1], handler = mr[2];

	if (flags & L4_THREAD_CONTROL_ALIEN)
		return -L4_ENOSYS;
	if (flags & L4_THREAD_CONTROL_BIND_TASK) {
		struct task *task = lookup_task(from, mr[3], L4_CAP_RIGHT_W);
		int err = task ? thread_bind(t, task, mr[4]) : -L4_ENOENT;

		if (err)
			return err;
	}
	if (flags & L4_THREAD_CONTROL_SET_PAGER)
		t->pager = pager;
	if (flags & L4_THREAD_CONTROL_SET_EXC_HANDLER)
		t->exc_handler = handler;
	thread_start_if_complete(t);
	return 0;
}

static l4_mword_t op_ex_regs(struct thread *t, struct thread *from, l4_umword_t flags)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	u64 ip = mr[1], sp = mr[2];
	u64 old[3] = { t->frame.ip, t->frame.sp, t->frame.flags };

	if (!t->task || (t->flags & TF_VCPU_USER))
		return tag_error(-L4_EINVAL);
	if (ip != ~0UL && !user_ip_valid(ip))
		return tag_error(-L4_EINVAL);
	/* a queued system call may have to start again at its own ip, so a new one ends it */
	if ((flags & (L4_THREAD_EX_REGS_CANCEL | L4_THREAD_EX_REGS_TRIGGER_EXCEPTION)) ||
	    (ip != ~0UL && t->state == THREAD_SENDING && !(t->flags & (TF_KFAULT | TF_KEXC))))
		ipc_cancel(t);
	if (ip != ~0UL) {
		t->frame.ip = ip;
		t->frame.trapno = 0;
		if (t->state == THREAD_RECEIVING)
			t->flags |= TF_NEW_IP;
		t->flags = (t->flags | TF_STARTED) & ~TF_RESTART;
	}
	if (sp != ~0UL)
		t->frame.sp = sp;
	if (flags & L4_THREAD_EX_REGS_TRIGGER_EXCEPTION) {
		t->frame.trapno = 0xff;
		t->frame.err = 0;
		t->flags |= TF_RAISE;
	}
	thread_start_if_complete(t);
	mr[0] = old[0];
	mr[1] = old[1];
	mr[2] = old[2];
	return tag_make(0, 3);
}

/* Debug registers are the caller's alone; addresses must be user addresses. */
static l4_mword_t op_debug_regs(struct thread *t, struct thread *from)
{
	l4_umword_t *mr = from->utcb->msg.mr;

	if (t != from)
		return tag_error(-L4_EINVAL);
	for (int i = 0; i < 4; i++)
		if (!user_ip_valid(mr[1 + i]))
			return tag_error(-L4_EINVAL);
	if (!t->debug_regs) {
		t->debug_regs = frame_alloc(0, t->kobj.quota);
		if (!t->debug_regs)
			return tag_error(-L4_ENOMEM);
		t->flags |= TF_DEBUG_REGS;
	}
	for (int i = 0; i < 4; i++)
		t->debug_regs[i] = mr[1 + i];
	/* local enables, lengths and types; never general detect */
	t->debug_regs[4] = 0;
	t->debug_regs[5] = (mr[5] & 0xffff0355) | 0x400;
	mr[0] = arch_debug_take_dr6();
	arch_debug_switch(NULL, t->debug_regs);
	return tag_make(0, 1);
}

static l4_mword_t thread_op(struct thread *t, struct thread *from, unsigned int words)
{
	l4_umword_t *mr = from->utcb->msg.mr, flags = mr[0] & ~0xffffUL;
	struct task *view = NULL;

	static const u8 need[] = {
		[L4_THREAD_CONTROL_OP] = 5, [L4_THREAD_EX_REGS_OP] = 3,
		[L4_THREAD_VCPU_CONTROL_OP] = 2, [L4_THREAD_REGISTER_DEL_IRQ_OP] = 2,
		[L4_THREAD_REGISTER_OVERRUN_IRQ_OP] = 2,
		[L4_THREAD_SET_VIEW_OP] = 2, [L4_THREAD_DEBUG_REGS_OP] = 6,
	};
	u64 op = mr[0] & 0xffff;

	if (op < ARRAY_SIZE(need) && words < need[op])
		return tag_error(-L4_EMSGTOOSHORT);
	switch (op) {
	case L4_THREAD_CONTROL_OP:
		return tag_error(op_control(t, from, flags));
	case L4_THREAD_EX_REGS_OP:
		return op_ex_regs(t, from, flags);
	case L4_THREAD_SWITCH_OP:
		sched_switch_to(t);
		return tag_make(0, 0);
	case L4_THREAD_VCPU_CONTROL_OP:
		return tag_error(vcpu_control(t, mr[1]));
	case L4_THREAD_REGISTER_DEL_IRQ_OP:
		return tag_error(object_register_irq(&t->del_irq, from, mr[1]));
	case L4_THREAD_REGISTER_OVERRUN_IRQ_OP:
		return tag_error(budget_register_irq(t, from));
	case L4_THREAD_MODIFY_SENDER_OP:
		return tag_error(ipc_modify_senders(t, mr + 1, (words - 1) / 4));
	case L4_THREAD_SET_VIEW_OP:
		if (t != from)
			return tag_error(-L4_EINVAL);
		if (!(mr[1] & L4_INVALID_CAP)) {
			view = lookup_task(from, mr[1], L4_CAP_RIGHT_W);
			if (!view)
				return tag_error(-L4_ENOENT);
		}
		return tag_error(vcpu_set_view(t, view));
	case L4_THREAD_DEBUG_REGS_OP:
		return op_debug_regs(t, from);
	default:
		return tag_error(-L4_ENOSYS);
	}
}

static l4_mword_t thread_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	struct thread *t = kobj_thread(k);
	l4_umword_t *mr = from->utcb->msg.mr;

	if (tag_words(tag) < 1)
		return tag_error(-L4_EMSGTOOSHORT);
	if ((mr[0] & 0xffff) == L4_THREAD_STATS_OP) {
		/* with the time since it was switched to, if it runs */
		mr[0] = tsc_to_ns(t->consumed_tsc + (current_thread() == t ? arch_tsc() : 0));
		return tag_make(0, 1);
	}
	if (!(rights & L4_CAP_RIGHT_W))
		return tag_error(-L4_EPERM);
	return thread_op(t, from, tag_words(tag));
}

const struct kobject_ops thread_ops = {
	.invoke = thread_invoke, .destroy = thread_destroy, .slab = &thread_slab, .type = KOBJ_THREAD,
};
