// SPDX-License-Identifier: GPL-2.0-only
/*
 * The common forms of call and reply-and-wait in one straight line: a kernel
 * object answers; or words only, the partner waits, no time-outs, and the partner is
 * the one to run next. Everything is checked before anything is changed; whatever is not
 * the common form returns NULL, and ipc.c does it in full.
 */
#include "arch.h"
#include "object.h"
#include "trace.h"
#include "transfer.h"

/* Receiver flags to look at: TF_OPEN or not, no fault under way, nothing to do at its exit. */
#define WAIT_MASK (TF_OPEN | TF_KFAULT | TF_KEXC | TF_EXIT_WORK)

static inline bool words_only(l4_mword_t tag)
{
	return !(tag & 0xffc0);
}

static inline void deliver(struct cpu *cpu, struct thread *from, struct thread *to, l4_mword_t tag,
			   l4_umword_t label)
{
	arch_copy_words(to->utcb->msg.mr, from->utcb->msg.mr, tag_words(tag));
	to->frame.ax = tag;
	to->frame.si = label;
	to->state = THREAD_READY;
	from->state = THREAD_RECEIVING;
	cpu->count.ipcs++;
	trace(L4_TRACE_IPC, to->kobj.id, tag);
	sched_hand_over(cpu, to);
}

static struct thread *fast_call(struct cpu *cpu, struct thread *t)
{
	l4_mword_t tag = t->frame.di;
	unsigned int rights;
	struct kobject *k = cap_lookup(&t->task->caps, t->frame.ax >> L4_CAP_SHIFT, &rights);
	struct thread *to;

	if (!k || k->dead || k->type == KOBJ_THREAD)
		return NULL;
	if (k->type != KOBJ_GATE) {
		ipc_invoke(t, k, rights, L4_SYSF_CALL, tag);
		return exit_work();
	}
	if (!words_only(tag) || tag_label(tag) == L4_PROTO_KOBJECT || t->frame.r8 != L4_TIMEOUT_NEVER)
		return NULL;
	to = kobj_gate(k)->thread;
	if (!to || to->state != THREAD_RECEIVING || (to->flags & WAIT_MASK) != TF_OPEN ||
	    to->prio < t->prio || to->caller || heap_node_queued(&to->timeout.node) ||
	    !sched_can_hand_over(cpu, to))
		return NULL;
	to->flags &= ~TF_OPEN;
	to->caller = t;
	t->partner = &to->kobj;
	deliver(cpu, t, to, tag, kobj_gate(k)->label | (rights & 3));
	return to;
}

static struct thread *fast_reply(struct cpu *cpu, struct thread *t)
{
	l4_mword_t tag = t->frame.di;
	struct thread *to = t->caller;

	if (!to || !words_only(tag) || t->frame.r8 != L4_TIMEOUT_NEVER || t->senders.top ||
	    (to->flags & WAIT_MASK) || heap_node_queued(&to->timeout.node) ||
	    !sched_can_hand_over(cpu, to))
		return NULL;
	t->caller = NULL;
	t->flags |= TF_OPEN;
	to->partner = NULL;
	deliver(cpu, t, to, tag, 0);
	return to;
}

struct thread *ipc_fast(struct thread *t)
{
	struct cpu *cpu = this_cpu();

	if (t->flags & (TF_RESTART | TF_RESUMED))
		return NULL;
	switch (t->frame.ax & L4_SYSF_MASK) {
	case L4_SYSF_CALL:
		return fast_call(cpu, t);
	case L4_SYSF_REPLY_AND_WAIT:
		return fast_reply(cpu, t);
	default:
		return NULL;
	}
}
