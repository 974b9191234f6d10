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
#include "asm_consts.h"
#include "object.h"
#include "trace.h"

#define MAPS_PER_STEP 4

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

/* Enter the resume's mapping list. -E_PREEMPTED: op_index says how far it got. */
static int enter_maps(struct thread *t, unsigned int count)
{
	l4_vcpu_state_t *v = t->vcpu;

	for (; t->op_index < count; t->op_index++) {
		volatile l4_vcpu_map_t *m = &v->map[t->op_index];
		u64 src = m->src, dst = m->dst;
		unsigned int order = dst & 0xfff;
		int err = -L4_EINVAL;

		dst &= L4_PAGEMASK;
		if (dst < L4_USER_LOW_END)
			err = space_map_page(&t->view->space, dst, &t->task->space, src & L4_PAGEMASK,
					     order, src & L4_FPAGE_RWX);
		if (err == -E_PREEMPTED)
			return err;
		if (err)
			v->sticky_flags |= L4_VCPU_SF_MAP_FAILED;
		if (t->op_index % MAPS_PER_STEP == MAPS_PER_STEP - 1 && preempt_point()) {
			t->op_index++;
			return -E_PREEMPTED;
		}
	}
	return 0;
}

/**
 * A resume in entry.S has mappings to enter. True: it can go on. False: the list is
 * long, or something else must run first; vcpu_resume_slow() does the resume, with the list from its start.
 */
bool vcpu_resume_maps(struct thread *t)
{
	l4_vcpu_state_t *v = t->vcpu;
	u32 count = *(volatile l4_uint32_t *)&v->map_count;

	if (unlikely(count > MAPS_PER_STEP || (t->flags & TF_RESTART)))
		return false;
	t->op_index = 0;
	if (unlikely(enter_maps(t, count)) || unlikely(this_cpu()->need_resched))
		return false;
	v->map_count = 0;
	return true;
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
	if (count > L4_VCPU_MAP_MAX)
		count = L4_VCPU_MAP_MAX;
	if (!(t->flags & TF_RESTART))
		t->op_index = 0;
	t->flags &= ~TF_RESTART;
	if (enter_maps(t, count)) {
		f->ip -= 2;
		t->flags |= TF_RESTART;
		return;
	}
	v->map_count = 0;
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
