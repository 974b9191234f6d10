// SPDX-License-Identifier: GPL-2.0-only
/*
 * Budgets: a sporadic server for each thread that has one.
 *
 * What the thread uses in one go from time `a` on, it has back at a + period. So no span of that length sees more
 * than the budget: of a go that was under way when the span began, it has back in time for the span no more than what it had used before,
 * at the same distance from the span's end. What it uses in several goes within an eighth of a period
 * it has back at once, when it would have the last of them: some of it later, none earlier. So few refills are under way.
 *
 * `left` and all refills together are `full`: who runs on until the timer's interrupt comes pays for it with the next refill.
 * cpu->budget_end is not ~0 while, and only while, the current thread's time is counted.
 */
#include "arch.h"
#include "object.h"

#define GOES_PER_PERIOD 8
#define REFILLS (GOES_PER_PERIOD + 2)

struct refill {
	u64 first; /* TSC when the first of it began to be used */
	u64 due;
	u64 amount;
};

struct budget {
	u64 full, period; /* TSC */
	s64 left;         /* when the thread began to run at `from` */
	u64 from;
	struct refill refills[REFILLS]; /* a ring, in order of time */
	unsigned int oldest, count;
	struct timeout timeout; /* the next refill, while the budget is used up */
	struct thread *thread;
	struct kobject *irq;    /* triggered when it is used up; counted */
};

static struct slab budget_slab = SLAB_INIT(struct budget);

static struct refill *refill_at(struct budget *b, unsigned int i)
{
	return &b->refills[(b->oldest + i) % REFILLS];
}

/* The thread has run from b->from on. */
static void charge(struct budget *b, u64 now)
{
	struct refill *r = refill_at(b, b->count ? b->count - 1 : 0);

	if (!b->count || (b->count < REFILLS && b->from - r->first >= b->period / GOES_PER_PERIOD)) {
		r = refill_at(b, b->count++);
		*r = (struct refill){ .first = b->from };
	}
	r->due = b->from + b->period;
	r->amount += now - b->from;
	b->left -= now - b->from;
	b->from = now;
}

static void refill(struct budget *b, u64 now)
{
	for (; b->count && refill_at(b, 0)->due <= now; b->count--) {
		b->left += refill_at(b, 0)->amount;
		b->oldest = (b->oldest + 1) % REFILLS;
	}
}

/* Count the current thread's time. */
static void start(struct cpu *cpu, struct budget *b, u64 now)
{
	b->from = now;
	cpu->budget_end = b->left > 0 ? now + b->left : now;
	timer_arm(cpu, cpu->budget_end);
}

/* It is used up: the thread waits for the next refill, or runs at its low priority meanwhile. */
static void throttle(struct cpu *cpu, struct thread *t)
{
	if (t == cpu->current)
		cpu->budget_end = NEVER;
	timeout_set(&t->budget->timeout, refill_at(t->budget, 0)->due, t->base_prio);
	t->flags |= t->low_prio ? TF_LOW_PRIO : TF_THROTTLED;
	if (!t->low_prio && t->state == THREAD_READY) {
		sched_block(t);
		t->state = THREAD_THROTTLED;
	}
	sched_prio_update(t);
}

static void unthrottle(struct thread *t)
{
	timeout_cancel(&t->budget->timeout);
	t->flags &= ~(TF_LOW_PRIO | TF_THROTTLED);
	if (t->state == THREAD_THROTTLED)
		sched_wake(t);
	sched_prio_update(t);
}

/* Go by what is left now. */
static void look(struct cpu *cpu, struct budget *b, u64 now)
{
	refill(b, now);
	if (b->left <= 0)
		throttle(cpu, b->thread);
	else if (b->thread == cpu->current)
		start(cpu, b, now);
}

static void refill_due(struct timeout *timeout)
{
	struct budget *b = container_of(timeout, struct budget, timeout);

	unthrottle(b->thread);
	look(this_cpu(), b, arch_tsc());
}

void budget_ends(struct cpu *cpu, u64 now)
{
	struct budget *b = cpu->current->budget;

	charge(b, now);
	look(cpu, b, now);
	if (cpu->budget_end == NEVER && b->irq)
		irq_trigger(kobj_irq(b->irq));
}

void budget_switch(struct cpu *cpu, struct thread *next, u64 now)
{
	if (cpu->budget_end != NEVER)
		charge(cpu->current->budget, now);
	cpu->budget_end = NEVER;
	if ((next->flags & (TF_BUDGET | TF_LOW_PRIO)) == TF_BUDGET) {
		refill(next->budget, now);
		start(cpu, next->budget, now);
	}
}

bool budget_create(struct thread *t)
{
	struct budget *b = slab_alloc(&budget_slab, t->kobj.quota);

	if (!b)
		return false;
	b->thread = t;
	b->timeout.expired = refill_due;
	t->budget = b;
	t->flags |= TF_BUDGET;
	return true;
}

static void irq_drop(struct budget *b)
{
	if (b->irq)
		kobject_put(b->irq);
	b->irq = NULL;
}

void budget_drop(struct thread *t)
{
	struct budget *b = t->budget;

	if (!b)
		return;
	if (t == this_cpu()->current)
		this_cpu()->budget_end = NEVER;
	unthrottle(t);
	irq_drop(b);
	slab_free(&budget_slab, b, t->kobj.quota);
	t->budget = NULL;
	t->flags &= ~TF_BUDGET;
}

void budget_set(struct thread *t, u64 budget_ns, u64 period_ns, u8 low_prio)
{
	u64 full = ns_to_tsc(budget_ns), period = ns_to_tsc(period_ns), now = arch_tsc();
	struct budget *b = t->budget;
	struct cpu *cpu = this_cpu();

	if (t == cpu->current && cpu->budget_end != NEVER)
		charge(b, now);
	/* what was used before counts in a new period as used now */
	for (unsigned int i = 0; i < b->count && period != b->period; i++)
		refill_at(b, i)->due = now + period;
	b->left += full - b->full;
	b->full = full;
	b->period = period;
	unthrottle(t);
	t->low_prio = low_prio;
	look(cpu, b, now);
}

int budget_register_irq(struct thread *t, struct thread *from)
{
	l4_cap_idx_t cap = from->utcb->msg.mr[1];

	if (!t->budget)
		return -L4_EINVAL;
	if (!(cap & L4_INVALID_CAP))
		return object_register_irq(&t->budget->irq, from, cap);
	irq_drop(t->budget);
	return 0;
}
