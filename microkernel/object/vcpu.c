// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs: entering the server with an event, resuming the user task, and the
 * view (which task's low half the server sees). entry.S has the short forms of system call
 * entry and resume; here is everything else.
 *
 * The state page belongs to the server and may change at any time (another of its threads):
 * what decides anything is read once, and TF_VCPU_USER, not `state`, tells the kernel the mode.
 */
#include "arch.h"
#include "object.h"
#include "trace.h"

#define MAPS_PER_STEP 8

static void set_cr3(struct thread *t, u64 cr3)
{
	t->cr3 = cr3;
	if (t == current_thread())
		thread_load_cr3(this_cpu(), t);
}

void vcpu_enter(struct thread *t, u64 trapno, u64 err, u64 pfa)
{
	l4_vcpu_state_t *v = t->vcpu;
	struct frame *f = &t->frame;

	trace(L4_TRACE_VCPU_ENTER, trapno, f->ip);
	v->r = (l4_vcpu_regs_t){
		.ip = f->ip, .sp = f->sp, .flags = f->flags, .ax = f->ax, .cx = f->cx,
		.r11 = f->r11, .trapno = trapno, .err = err, .pfa = pfa,
	};
	v->saved_state = v->state;
	v->state &= ~(L4_VCPU_F_IRQ | L4_VCPU_F_USER_MODE);
	if (t->flags & TF_VCPU_USER) {
		t->flags &= ~TF_VCPU_USER;
		set_cr3(t, t->server_cr3);
	}
	/* What was preempted begins anew: the progress kept would be taken for that of the next call. */
	t->flags &= ~TF_RESTART;
	f->ip = t->entry_ip;
	f->sp = t->entry_sp;
	f->flags = 0x202;
	f->trapno = 0;
}

void vcpu_note_pending(struct thread *t)
{
	if (!t->vcpu)
		return;
	t->flags |= TF_PENDING;
	__atomic_fetch_or(&t->vcpu->sticky_flags, L4_VCPU_SF_IRQ_PENDING, __ATOMIC_RELAXED);
}

void vcpu_deliver_pending(struct thread *t)
{
	if (!t->vcpu || !t->senders.top) {
		t->flags &= ~TF_PENDING;
		return;
	}
	if (vcpu_takes(t, L4_VCPU_F_IRQ))
		vcpu_enter(t, L4_VCPU_TRAP_IRQ, 0, 0);
}

int vcpu_control(struct thread *t, u64 state_addr)
{
	l4_vcpu_state_t *v;

	if (!t->task || state_addr % L4_PAGESIZE)
		return -L4_EINVAL;
	if (t->flags & TF_VCPU_USER)
		return -L4_EBUSY;
	v = space_ku_mem(&t->task->space, state_addr, sizeof(*v));
	if (!v || !user_ip_valid(v->entry_ip))
		return -L4_EINVAL;
	t->entry_ip = v->entry_ip;
	if (!user_ip_valid(t->entry_ip)) {
		t->entry_ip = 0;
		return -L4_EINVAL;
	}
	t->entry_sp = v->entry_sp;
	t->vcpu = v;
	if (t->senders.top)
		vcpu_note_pending(t);
	return 0;
}

void vcpu_drop_view(struct thread *t)
{
	struct task *view = t->view;

	if (!view)
		return;
	if (t->flags & TF_VCPU_USER)
		vcpu_enter(t, 14, 0x14, t->frame.ip);
	t->view = NULL;
	t->user_cr3 = 0;
	t->server_cr3 = t->task->space.cr3;
	set_cr3(t, t->server_cr3);
	if (t == current_thread() && t->task->io.bitmap)
		thread_switch_ports(t);
	list_remove(&t->view_link);
	kobject_put(&view->kobj);
}

/* The supervisor view is made for one server at a time. */
static int view_prepare(struct task *view, struct task *server)
{
	int err;

	if (view->view_owner == server->kobj.id)
		return 0;
	if (!list_empty(&view->viewers))
		return -L4_EBUSY;
	if (preempt_point())
		return -E_PREEMPTED;
	err = space_view(&view->space, &server->space);
	if (!err)
		view->view_owner = server->kobj.id;
	return err;
}

int vcpu_set_view(struct thread *t, struct task *view)
{
	int err;

	if (!t->vcpu || view == t->task)
		return -L4_EINVAL;
	if (view == t->view)
		return 0;
	if (view) {
		err = view_prepare(view, t->task);
		if (err)
			return err;
		kobject_get(&view->kobj);
	}
	vcpu_drop_view(t);
	trace(L4_TRACE_VIEW, view ? view->kobj.id : 0, t->kobj.id);
	if (!view)
		return 0;
	t->view = view;
	list_push_back(&view->viewers, &t->view_link);
	if (this_cpu()->io_loaded)
		this_cpu()->io_loaded = arch_iospace_unload(this_cpu());
	t->user_cr3 = view->space.cr3;
	t->server_cr3 = view->space.view_cr3;
	set_cr3(t, t->server_cr3);
	return 0;
}

/* One entry that space_map_list() has left. */
static int enter_map(struct thread *t, const l4_vcpu_map_t *entry)
{
	l4_vcpu_map_t m = *(volatile const l4_vcpu_map_t *)entry;
	int err = -L4_EINVAL;

	if ((m.dst & L4_PAGEMASK) < L4_USER_LOW_END)
		err = space_map_page(&t->view->space, m.dst & L4_PAGEMASK, &t->task->space, m.src & L4_PAGEMASK,
				     m.dst & ~L4_PAGEMASK, m.src & L4_FPAGE_RWX);
	if (err == -E_PREEMPTED)
		return err;
	if (err)
		t->vcpu->sticky_flags |= L4_VCPU_SF_MAP_FAILED;
	return 0;
}

/* Enter the resume's mapping list from t->op_index on. -E_PREEMPTED: op_index says how far it got. */
static int enter_maps(struct thread *t, u32 count)
{
	u32 step, done;

	if (count > L4_VCPU_MAP_MAX)
		count = L4_VCPU_MAP_MAX;
	while (t->op_index < count) {
		/* also when it comes here again from vcpu_resume_maps() */
		if (this_cpu()->need_resched)
			return -E_PREEMPTED;
		step = count - t->op_index < MAPS_PER_STEP ? count - t->op_index : MAPS_PER_STEP;
		done = space_map_list(&t->view->space, &t->task->space, &t->vcpu->map[t->op_index], step);
		t->op_index += done;
		if (done < step) {
			if (enter_map(t, &t->vcpu->map[t->op_index]))
				return -E_PREEMPTED;
			t->op_index++;
		}
		if (t->op_index < count)
			preempt_point();
	}
	t->vcpu->map_count = 0;
	return 0;
}

/**
 * A resume in entry.S has mappings to enter. True: it can go on. False: something else must run
 * first; vcpu_resume_slow() sees to that, and goes on in the list.
 */
bool vcpu_resume_maps(struct thread *t)
{
	u32 count = *(volatile l4_uint32_t *)&t->vcpu->map_count;

	if (unlikely(t->flags & TF_RESTART))
		return false;
	t->op_index = 0;
	if (likely(count <= MAPS_PER_STEP)) {
		t->op_index = space_map_list(&t->view->space, &t->task->space, t->vcpu->map, count);
		if (likely(t->op_index == count)) {
			t->vcpu->map_count = 0;
			return true;
		}
	}
	if (!enter_maps(t, count))
		return !this_cpu()->need_resched; /* the last one may have let an interrupt in */
	t->flags |= TF_RESTART;
	return false;
}

/** Resume in the general form; t->frame has all registers, ax cx r11 are in the state page. */
void vcpu_resume_slow(struct thread *t)
{
	l4_vcpu_state_t *v = t->vcpu;
	struct frame *f = &t->frame;
	l4_vcpu_regs_t r;
	u32 count;

	if (!v || !t->view) {
		t->utcb->tcr.error = L4_IPC_ENOT_EXISTENT;
		f->ax = L4_MSGTAG_ERROR;
		return;
	}
	count = *(volatile l4_uint32_t *)&v->map_count;
	if (!(t->flags & TF_RESTART))
		t->op_index = 0;
	t->flags &= ~TF_RESTART;
	if (enter_maps(t, count)) {
		f->ip -= 2;
		t->flags |= TF_RESTART;
		return;
	}
	r = *(volatile l4_vcpu_regs_t *)&v->r;
	f->ip = r.ip;
	f->sp = r.sp;
	f->flags = (r.flags & USER_FLAGS_MASK) | 0x202;
	f->ax = r.ax;
	f->cx = r.cx;
	f->r11 = r.r11;
	f->trapno = r.cx == r.ip && r.r11 == r.flags && !(r.flags & (RFLAGS_TF | RFLAGS_RF)) ?
			    FRAME_SYSCALL : 0;
	t->flags |= TF_VCPU_USER;
	v->state = v->saved_state | L4_VCPU_F_IRQ | L4_VCPU_F_USER_MODE;
	if (!user_ip_valid(r.ip)) {
		vcpu_enter(t, 13, 0, 0);
		return;
	}
	set_cr3(t, t->user_cr3);
	trace(L4_TRACE_VCPU_RESUME, r.ip, count);
}
