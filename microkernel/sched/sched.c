// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scheduler: 256 priorities, round robin within one, one CPU's threads only.
 *
 * Invariants: a thread with state READY is current, or `woken`, or in the ready queue of its
 * priority. `woken` is better than current (or current is blocked) and all in the queues: it runs next, without having been in
 * a queue, unless somebody else is woken first. `need_resched` is set whenever current may not be
 * the thread that should run. The slice timer runs only while a thread of the same
 * priority waits.
 *
 * Time-outs expire one at a time, the highest class of priorities first; those of a lesser class than the running thread's
 * stay until it stops (LONG_IPC_LATE: only sched_reschedule(), which looks at them, lets somebody else run). So however
 * many are due at once, they keep no better thread from starting or running.
 */
#include "arch.h"
#include "object.h"
#include "trace.h"

#define SLICE_DEFAULT_NS 10000000UL
#define SLICE_MIN_NS 100000UL /* shorter ones would spend the CPU on timer interrupts */

struct cpu cpus[MAX_CPUS] __attribute__((aligned(64)));

static void ready_insert(struct cpu *cpu, struct thread *t, bool front)
{
	struct list *queue = &cpu->ready[t->prio];

	if (front)
		list_push_front(queue, &t->ready_link);
	else
		list_push_back(queue, &t->ready_link);
	cpu->ready_map[t->prio / 64] |= BIT(t->prio % 64);
	cpu->ready_summary |= BIT(t->prio / 64);
}

static void ready_remove(struct cpu *cpu, struct thread *t)
{
	list_remove(&t->ready_link);
	if (!list_empty(&cpu->ready[t->prio]))
		return;
	cpu->ready_map[t->prio / 64] &= ~BIT(t->prio % 64);
	if (!cpu->ready_map[t->prio / 64])
		cpu->ready_summary &= ~BIT(t->prio / 64);
}

/* The highest priority in the queues, 0 if they are empty. */
static unsigned int ready_best_prio(const struct cpu *cpu)
{
	unsigned int word;

	if (likely(!cpu->ready_summary))
		return 0;
	word = 63 - __builtin_clzl(cpu->ready_summary);
	return word * 64 + 63 - __builtin_clzl(cpu->ready_map[word]);
}

/* Others are about to enter the queues, or to look at them: woken goes in first. */
static void woken_queue(struct cpu *cpu)
{
	struct thread *t = cpu->woken;

	if (!t)
		return;
	cpu->woken = NULL;
	ready_insert(cpu, t, false);
}

void sched_init(struct cpu *cpu)
{
	for (unsigned int i = 0; i < PRIORITIES; i++)
		list_init(&cpu->ready[i]);
	list_init(&cpu->zombies);
	cpu->timer_armed = cpu->slice_end = cpu->budget_end = NEVER;
}

/* Priority of the thread that runs next; a lower one if that is not yet decided. */
static inline unsigned int running_prio(const struct cpu *cpu)
{
	if (cpu->woken)
		return cpu->woken->prio;
	return likely(cpu->current->state == THREAD_READY) ? cpu->current->prio : ready_best_prio(cpu);
}

void timer_arm(struct cpu *cpu, u64 tsc)
{
	if (tsc >= cpu->timer_armed)
		return;
	cpu->timer_armed = tsc;
	arch_timer_set(tsc);
}

/* Has a time-out of the class to wait for the thread that runs? */
static inline bool class_waits(const struct cpu *cpu, unsigned int class)
{
	return class < running_prio(cpu) / TIMEOUT_CLASS_PRIORITIES;
}

static void slice_end_set(struct cpu *cpu, u64 tsc)
{
	cpu->slice_end = tsc;
	if (tsc == NEVER)
		cpu->long_ipc &= ~LONG_IPC_SLICE;
	else
		cpu->long_ipc |= LONG_IPC_SLICE;
}

static void slice_start(struct cpu *cpu, struct thread *t, u64 now)
{
	if (!list_empty(&cpu->ready[t->prio])) {
		slice_end_set(cpu, now + t->slice_left);
		timer_arm(cpu, cpu->slice_end);
	} else if (cpu->slice_end != NEVER) {
		slice_end_set(cpu, NEVER);
	}
}

/* Note what is left of the current thread's slice. One that is used up is renewed, and t goes to the back. */
static bool slice_used_up(struct cpu *cpu, struct thread *t, u64 now)
{
	if (cpu->slice_end == NEVER)
		return false;
	if (now < cpu->slice_end) {
		t->slice_left = cpu->slice_end - now;
		return false;
	}
	t->slice_left = t->slice_tsc;
	return true;
}

/* From now on the CPU's time is next's. */
static void account(struct cpu *cpu, struct thread *prev, struct thread *next, u64 now)
{
	if (unlikely((prev->flags | next->flags) & TF_BUDGET))
		budget_switch(cpu, next, now);
	prev->consumed_tsc += now;
	next->consumed_tsc -= now;
}

void sched_wake(struct thread *t)
{
	struct cpu *cpu = this_cpu();
	struct thread *cur = cpu->current;

	if (unlikely(t->flags & TF_THROTTLED)) {
		t->state = THREAD_THROTTLED;
		return;
	}
	t->state = THREAD_READY;
	if (t == cur) {
		/* Who was to run instead may be a lesser one. */
		woken_queue(cpu);
		return;
	}
	if (t->prio > cur->prio || cur->state != THREAD_READY) {
		cpu->need_resched = true;
		if (likely(!cpu->woken) && t->prio > ready_best_prio(cpu)) {
			cpu->woken = t;
			return;
		}
	}
	woken_queue(cpu);
	ready_insert(cpu, t, false);
	if (t->prio == cur->prio && cur->state == THREAD_READY && cpu->slice_end == NEVER)
		slice_start(cpu, cur, arch_tsc());
}

void sched_block(struct thread *t)
{
	struct cpu *cpu = this_cpu();

	if (t == cpu->current)
		cpu->need_resched = true;
	else if (t == cpu->woken)
		cpu->woken = NULL;
	else if (!list_empty(&t->ready_link))
		ready_remove(cpu, t);
}

/* It goes to the back of its queue, unless it runs. */
static void requeue(struct thread *t, u8 prio)
{
	struct cpu *cpu = this_cpu();
	bool queued;

	woken_queue(cpu);
	queued = !list_empty(&t->ready_link);
	if (queued)
		ready_remove(cpu, t);
	t->prio = prio;
	if (queued)
		ready_insert(cpu, t, false);
	if (t == cpu->current)
		slice_start(cpu, t, arch_tsc());
	cpu->need_resched = true;
}

void sched_prio_update(struct thread *t)
{
	u8 prio = t->flags & TF_LOW_PRIO ? t->low_prio : t->base_prio;

	if (prio != t->prio)
		requeue(t, prio);
}

void sched_set(struct thread *t, u8 prio, u64 slice_ns)
{
	if (!slice_ns)
		slice_ns = SLICE_DEFAULT_NS;
	t->slice_tsc = t->slice_left = ns_to_tsc(slice_ns < SLICE_MIN_NS ? SLICE_MIN_NS : slice_ns);
	t->base_prio = prio;
	requeue(t, prio);
	sched_prio_update(t);
	if (heap_node_queued(&t->timeout.node)) {
		timeout_cancel(&t->timeout);
		timeout_set(&t->timeout, t->timeout.node.key, prio);
	}
}

static void switch_to(struct cpu *cpu, struct thread *next, u64 now)
{
	struct thread *prev = cpu->current;

	if (prev != next) {
		cpu->count.switches++;
		trace(L4_TRACE_SWITCH, prev->kobj.id, next->kobj.id);
		account(cpu, prev, next, now);
		thread_switch_state(cpu, prev, next);
	}
	cpu->current = next;
	slice_start(cpu, next, now);
}

void sched_leave(struct cpu *cpu)
{
	thread_leave_state(cpu->current);
	trace(L4_TRACE_SWITCH, cpu->current->kobj.id, cpu->idle->kobj.id);
	account(cpu, cpu->current, cpu->idle, arch_tsc());
	cpu->current = cpu->idle;
}

/* Nothing to run: finish deferred destruction, then wait for interrupts. */
static void idle(struct cpu *cpu)
{
	if (cpu->current != cpu->idle)
		sched_leave(cpu);
	slice_end_set(cpu, NEVER);
	while (!cpu->woken && !cpu->ready_summary) {
		cpu->need_resched = false;
		if (kobject_reap(0) == 0 && !cpu->woken && !cpu->ready_summary)
			arch_idle_wait();
	}
}

/* The thread to run, out of its queue; idle: there was none and the CPU has waited for it. */
static struct thread *take_best(struct cpu *cpu)
{
	struct thread *t = cpu->woken;

	if (t) {
		cpu->woken = NULL;
	} else if (cpu->ready_summary) {
		t = list_entry(cpu->ready[ready_best_prio(cpu)].next, struct thread, ready_link);
		ready_remove(cpu, t);
	}
	return t;
}

/* Does current go on before the best of the queues? Its slice is renewed then if it was used up. */
static bool current_stays(struct cpu *cpu, struct thread *cur, bool used_up)
{
	unsigned int best = ready_best_prio(cpu);

	return !cpu->woken && (best < cur->prio || (best == cur->prio && !used_up));
}

void sched_reschedule(void)
{
	struct cpu *cpu = this_cpu();
	struct thread *cur = cpu->current, *next;
	bool used_up;
	u64 now;

	/* A thread that runs no more, or at another priority, may have kept time-outs waiting. */
	if (unlikely(cpu->long_ipc & LONG_IPC_LATE))
		timer_handle();
	now = arch_tsc();
	used_up = slice_used_up(cpu, cur, now);
	cpu->need_resched = false;
	if (cur->state != THREAD_READY) {
		next = take_best(cpu);
		if (unlikely(!next)) {
			idle(cpu);
			next = take_best(cpu);
			cpu->need_resched = false;
			now = arch_tsc();
		}
	} else if (current_stays(cpu, cur, used_up)) {
		slice_start(cpu, cur, now);
		return;
	} else {
		next = take_best(cpu);
		ready_insert(cpu, cur, !used_up);
	}
	switch_to(cpu, next, now);
}

/** For entry.S: the current thread, whose slice is not counted, gives way to a better one. */
void sched_preempted(struct thread *t)
{
	ready_insert(this_cpu(), t, true);
}

void sched_yield(void)
{
	struct cpu *cpu = this_cpu();

	woken_queue(cpu);
	/* An empty slice with a rival sends current to the back of its queue. */
	if (list_empty(&cpu->ready[cpu->current->prio]))
		return;
	slice_end_set(cpu, 0);
	cpu->need_resched = true;
}

/** Run t in place of the current thread for the rest of the slice, if t is ready and of the same priority. */
void sched_switch_to(struct thread *t)
{
	struct cpu *cpu = this_cpu();

	woken_queue(cpu);
	if (t->state == THREAD_READY && t != cpu->current && t->prio == cpu->current->prio) {
		ready_remove(cpu, t);
		ready_insert(cpu, t, true);
	}
	sched_yield();
}

bool preempt_point(void)
{
	arch_irq_window();
	return this_cpu()->need_resched;
}

void timeout_set(struct timeout *t, u64 tsc, u8 prio)
{
	struct cpu *cpu = this_cpu();

	t->class = prio / TIMEOUT_CLASS_PRIORITIES;
	heap_insert(&cpu->timeouts[t->class], &t->node, tsc);
	cpu->timeout_map |= 1U << t->class;
	timer_arm(cpu, tsc);
}

static inline void timeout_remove(struct cpu *cpu, struct timeout *t)
{
	unsigned int class = t->class;

	heap_remove(&cpu->timeouts[class], &t->node);
	if (!cpu->timeouts[class].top)
		cpu->timeout_map ^= 1U << class;
}

void timeout_cancel(struct timeout *t)
{
	if (heap_node_queued(&t->node))
		timeout_remove(this_cpu(), t);
}

void timer_handle(void)
{
	struct cpu *cpu = this_cpu();
	u64 now = arch_tsc(), next = NEVER;
	bool expired = false;
	u32 map, below = ~0U;

	cpu->timer_armed = NEVER;
	cpu->long_ipc &= ~LONG_IPC_LATE;
	/* From the highest class down; the one that has just lost a time-out is looked at again. */
	while ((map = cpu->timeout_map & below)) {
		unsigned int class = __builtin_clz(map) ^ 31;
		struct timeout *t = container_of(cpu->timeouts[class].top, struct timeout, node);

		below = (1U << class) - 1;
		if (t->node.key <= now && class_waits(cpu, class)) {
			cpu->long_ipc |= LONG_IPC_LATE;
		} else if (t->node.key <= now && !expired) {
			expired = true;
			below += 1U << class;
			timeout_remove(cpu, t);
			t->expired(t);
		} else if (t->node.key < next) {
			next = t->node.key;
		}
	}
	if (unlikely(cpu->budget_end <= now))
		budget_ends(cpu, now);
	if (cpu->slice_end <= now) {
		slice_end_set(cpu, 0);
		cpu->need_resched = true;
	} else if (cpu->slice_end < next) {
		next = cpu->slice_end;
	}
	if (unlikely(cpu->budget_end < next))
		next = cpu->budget_end;
	timer_arm(cpu, next);
}
