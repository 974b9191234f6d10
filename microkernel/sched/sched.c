// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scheduler: 256 priorities, round robin within one, one CPU's threads only.
 *
 * Invariants: a thread with state READY is either current or in the ready queue of its
 * priority, never both. `need_resched` is set whenever current may not be
 * the thread that should run. The slice timer runs only while a thread of the same
 * priority waits.
 */
#include "arch.h"
#include "object.h"
#include "trace.h"

#define SLICE_DEFAULT_NS 10000000UL
#define SLICE_MIN_NS 100000UL /* shorter ones would spend the CPU on timer interrupts */
#define NEVER (~0UL)

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

static struct thread *ready_best(struct cpu *cpu)
{
	unsigned int word, bit;

	if (!cpu->ready_summary)
		return NULL;
	word = 63 - __builtin_clzl(cpu->ready_summary);
	bit = 63 - __builtin_clzl(cpu->ready_map[word]);
	return list_entry(cpu->ready[word * 64 + bit].next, struct thread, ready_link);
}

void sched_init(struct cpu *cpu)
{
	for (unsigned int i = 0; i < PRIORITIES; i++)
		list_init(&cpu->ready[i]);
	list_init(&cpu->zombies);
	cpu->timer_armed = cpu->slice_end = NEVER;
}

/** Arm the timer for the next event, unless it already fires before that. */
void sched_program_timer(struct cpu *cpu)
{
	u64 next = cpu->slice_end;

	if (cpu->timeouts.top && cpu->timeouts.top->key < next)
		next = cpu->timeouts.top->key;
	if (next < cpu->timer_armed) {
		cpu->timer_armed = next;
		arch_timer_set(next);
	}
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
	bool rival = !list_empty(&cpu->ready[t->prio]);

	slice_end_set(cpu, rival ? now + t->slice_left : NEVER);
	sched_program_timer(cpu);
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
static void account(struct thread *prev, struct thread *next, u64 now)
{
	prev->consumed_tsc += now;
	next->consumed_tsc -= now;
}

void sched_wake(struct thread *t)
{
	struct cpu *cpu = this_cpu();
	struct thread *cur = cpu->current;

	t->state = THREAD_READY;
	if (t == cur)
		return;
	ready_insert(cpu, t, false);
	if (cur == cpu->idle || t->prio > cur->prio || cur->state != THREAD_READY)
		cpu->need_resched = true;
	else if (t->prio == cur->prio && cpu->slice_end == NEVER)
		slice_start(cpu, cur, arch_tsc());
}

void sched_block(struct thread *t)
{
	struct cpu *cpu = this_cpu();

	if (t == cpu->current)
		cpu->need_resched = true;
	else if (!list_empty(&t->ready_link))
		ready_remove(cpu, t);
}

void sched_set(struct thread *t, u8 prio, u64 slice_ns)
{
	struct cpu *cpu = this_cpu();
	bool queued = !list_empty(&t->ready_link);

	if (queued)
		ready_remove(cpu, t);
	t->prio = prio;
	if (!slice_ns)
		slice_ns = SLICE_DEFAULT_NS;
	t->slice_tsc = t->slice_left = ns_to_tsc(slice_ns < SLICE_MIN_NS ? SLICE_MIN_NS : slice_ns);
	if (queued)
		ready_insert(cpu, t, false);
	if (t == cpu->current)
		slice_start(cpu, t, arch_tsc());
	cpu->need_resched = true;
}

static void switch_to(struct cpu *cpu, struct thread *next, u64 now)
{
	struct thread *prev = cpu->current;

	if (prev != next) {
		cpu->count.switches++;
		trace(L4_TRACE_SWITCH, prev->kobj.id, next->kobj.id);
		account(prev, next, now);
		thread_switch_state(cpu, prev, next);
	}
	cpu->current = next;
	slice_start(cpu, next, now);
}

void sched_leave(struct cpu *cpu)
{
	thread_leave_state(cpu->current);
	account(cpu->current, cpu->idle, arch_tsc());
	cpu->current = cpu->idle;
}

/* Nothing to run: finish deferred destruction, then wait for interrupts. */
static void idle(struct cpu *cpu)
{
	if (cpu->current != cpu->idle)
		sched_leave(cpu);
	slice_end_set(cpu, NEVER);
	while (!cpu->ready_summary) {
		sched_program_timer(cpu);
		if (kobject_reap(0) == 0 && !cpu->ready_summary)
			arch_idle_wait();
	}
}

void sched_reschedule(void)
{
	struct cpu *cpu = this_cpu();
	struct thread *cur = cpu->current, *next;
	u64 now = arch_tsc();
	bool used_up = false;

	if (cur != cpu->idle)
		used_up = slice_used_up(cpu, cur, now);
	next = ready_best(cpu);
	if (cur != cpu->idle && cur->state == THREAD_READY) {
		if (!next || next->prio < cur->prio || (next->prio == cur->prio && !used_up)) {
			cpu->need_resched = false;
			slice_start(cpu, cur, now);
			return;
		}
		ready_insert(cpu, cur, !used_up);
	} else if (!next) {
		idle(cpu);
		next = ready_best(cpu);
		now = arch_tsc();
	}
	ready_remove(cpu, next);
	cpu->need_resched = false;
	switch_to(cpu, next, now);
}

void sched_yield(void)
{
	struct cpu *cpu = this_cpu();

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

	if (t->state == THREAD_READY && t != cpu->current && t->prio == cpu->current->prio) {
		ready_remove(cpu, t);
		ready_insert(cpu, t, true);
	}
	sched_yield();
}

void sched_hand_over(struct cpu *cpu, struct thread *next)
{
	struct thread *prev = cpu->current;
	u64 now = arch_tsc();

	cpu->count.switches++;
	trace(L4_TRACE_SWITCH, prev->kobj.id, next->kobj.id);
	account(prev, next, now);
	thread_switch_state(cpu, prev, next);
	cpu->current = next;
}

bool preempt_point(void)
{
	arch_irq_window();
	return this_cpu()->need_resched;
}

void timeout_set(struct timeout *t, u64 tsc)
{
	struct cpu *cpu = this_cpu();

	heap_insert(&cpu->timeouts, &t->node, tsc);
	sched_program_timer(cpu);
}

void timeout_cancel(struct timeout *t)
{
	if (heap_node_queued(&t->node))
		heap_remove(&this_cpu()->timeouts, &t->node);
}

/** Expire what is due, at most a few: an interrupt is taken again for the rest. */
void timer_handle(void)
{
	struct cpu *cpu = this_cpu();
	u64 now = arch_tsc();

	cpu->timer_armed = NEVER;
	for (int i = 0; i < 4; i++) {
		struct heap_node *n = cpu->timeouts.top;

		if (!n || n->key > now)
			break;
		heap_remove(&cpu->timeouts, n);
		struct timeout *t = container_of(n, struct timeout, node);
		t->expired(t);
	}
	if (cpu->slice_end <= now) {
		slice_end_set(cpu, 0);
		cpu->need_resched = true;
	} else {
		sched_program_timer(cpu);
	}
}
