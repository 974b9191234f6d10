// SPDX-License-Identifier: GPL-2.0-only
/* Scheduler object: where and at what priority threads run. */
#include "arch.h"
#include "object.h"

static l4_mword_t run_thread(struct thread *from, unsigned int words)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	u64 budget, period;
	struct thread *t;

	if (words < 9)
		return tag_error(-L4_EMSGTOOSHORT);
	budget = mr[5];
	period = mr[6];
	if (mr[3] < L4_SCHED_MIN_PRIO || mr[3] > L4_SCHED_MAX_PRIO)
		return tag_error(-L4_EINVAL);
	if ((budget | period | mr[7]) &&
	    (budget < L4_SCHED_BUDGET_MIN || budget > period || period < L4_SCHED_PERIOD_MIN ||
	     period > L4_SCHED_PERIOD_MAX || mr[7] >= mr[3]))
		return tag_error(-L4_EINVAL);
	/* the only CPU there is must be among the wanted ones */
	if (mr[1] != 0 || !(mr[2] & BIT(this_cpu()->id)))
		return tag_error(-L4_EINVAL);
	t = lookup_thread(from, mr[8], L4_CAP_RIGHT_S);
	if (!t)
		return tag_error(-L4_ENOENT);
	if (budget && !t->budget && !budget_create(t))
		return tag_error(-L4_ENOMEM);
	sched_set(t, mr[3], mr[4]);
	if (budget)
		budget_set(t, budget, period, mr[7]);
	else
		budget_drop(t);
	t->flags |= TF_SCHEDULED;
	thread_start_if_complete(t);
	return tag_make(0, 0);
}

static l4_mword_t scheduler_invoke(struct kobject *k, struct thread *from, unsigned int rights, l4_mword_t tag)
{
	l4_umword_t *mr = from->utcb->msg.mr;
	struct cpu *cpu = this_cpu();

	(void)k;
	if (tag_label(tag) != L4_PROTO_SCHEDULER)
		return tag_error(-L4_EBADPROTO);
	if (tag_words(tag) < 1)
		return tag_error(-L4_EMSGTOOSHORT);
	switch (mr[0]) {
	case L4_SCHEDULER_INFO_OP:
		mr[0] = 1;
		mr[1] = BIT(cpu->id);
		return tag_make(0, 2);
	case L4_SCHEDULER_IDLE_TIME_OP:
		mr[0] = tsc_to_ns(cpu->idle->consumed_tsc);
		return tag_make(0, 1);
	case L4_SCHEDULER_RUN_THREAD_OP:
		if (!(rights & L4_CAP_RIGHT_W))
			return tag_error(-L4_EPERM);
		return run_thread(from, tag_words(tag));
	default:
		return tag_error(-L4_ENOSYS);
	}
}

extern const struct kobject_ops scheduler_ops;
const struct kobject_ops scheduler_ops = { .invoke = scheduler_invoke, .type = KOBJ_SCHEDULER };
