// SPDX-License-Identifier: MIT
/*
 * Ready queues and time-outs: random wake, block, priority changes and expiry against a naive list.
 * sources: microkernel/sched/sched.c microkernel/sched/heap.c
 * cflags: -iquote microkernel/include -iquote microkernel/arch/x86_64
 */
#include <asm/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch.h"
#include "object.h"
#include "trace.h"

#define THREADS 8
#define STEPS 200000
#define SLICE (1UL << 60) /* never used up: no result depends on real time */

static struct thread threads[THREADS], idle_thread;
/* The model: runnable threads in the order in which each priority serves them. */
static struct thread *order[THREADS];
static unsigned int ready_count;
static unsigned int idle_waits, expired_count;

/* --- what the scheduler asks of others */

struct trace_ring trace_ring;

void trace_record(enum l4_trace_event event, u64 a, u64 b)
{
}

u64 ns_to_tsc(u64 ns)
{
	return ns;
}

void arch_timer_set(u64 tsc)
{
}

void arch_irq_window(void)
{
}

int kobject_reap(u64 since)
{
	return 0;
}

void thread_switch_state(struct cpu *cpu, struct thread *prev, struct thread *next)
{
	if (prev == next || cpu->current != prev)
		abort();
}

void thread_leave_state(struct thread *prev)
{
}

void budget_ends(struct cpu *cpu, u64 now)
{
	abort();
}

void budget_switch(struct cpu *cpu, struct thread *next, u64 now)
{
	abort();
}

static void model_add(struct thread *t)
{
	order[ready_count++] = t;
}

static void model_remove(struct thread *t)
{
	unsigned int i = 0;

	while (order[i] != t)
		i++;
	for (ready_count--; i < ready_count; i++)
		order[i] = order[i + 1];
}

/* An idle CPU is woken by an interrupt that makes somebody ready. */
void arch_idle_wait(void)
{
	struct thread *t = &threads[rand() % THREADS];

	idle_waits++;
	sched_wake(t);
	model_add(t);
}

static void fail(const char *what, u64 at)
{
	printf("not ok sched %s, step %lu\n", what, at);
	exit(1);
}

static struct thread *model_best(void)
{
	struct thread *best = NULL;

	for (unsigned int i = 0; i < ready_count; i++)
		if (!best || order[i]->prio > best->prio)
			best = order[i];
	return best;
}

static void step(void)
{
	struct cpu *cpu = this_cpu();
	struct thread *t = &threads[rand() % THREADS];
	bool current = t == cpu->current;

	switch (rand() % 8) {
	case 0: /* a yield: behind its equals */
		if (cpu->current != &idle_thread && cpu->current->state == THREAD_READY) {
			t = cpu->current;
			sched_yield();
			model_remove(t);
			model_add(t);
		}
		break;
	case 1: /* a new priority goes to the back, unless it runs */
		sched_set(t, 1 + rand() % 6, SLICE);
		if (t->state == THREAD_READY && !current) {
			model_remove(t);
			model_add(t);
		}
		break;
	default:
		if (t->state == THREAD_READY) {
			t->state = THREAD_STOPPED;
			sched_block(t);
			model_remove(t);
		} else {
			sched_wake(t);
			model_add(t);
		}
	}
}

/* Among equals, the current thread stays first while it has not yielded. */
static void model_promote(struct thread *t)
{
	if (t == &idle_thread || t->state != THREAD_READY)
		return;
	model_remove(t);
	for (unsigned int i = ready_count++; i > 0; i--)
		order[i] = order[i - 1];
	order[0] = t;
}

static void queues(void)
{
	struct cpu *cpu = this_cpu();

	for (u64 i = 0; i < STEPS; i++) {
		step();
		if (cpu->need_resched || cpu->current == &idle_thread)
			sched_reschedule();
		if (cpu->current != model_best())
			fail("wrong thread", i);
		model_promote(cpu->current);
		if (cpu->ready_summary == 0 && ready_count > 1)
			fail("lost a thread", i);
	}
	if (!idle_waits)
		fail("never idle", 0);
	printf("ok ready-queues\n");
}

static void on_expiry(struct timeout *t)
{
	if (t->node.key > arch_tsc())
		fail("early", t->node.key);
	expired_count++;
}

/* One at an interrupt, of the highest class first, but none of a lesser class than the running thread's. */
static void timeouts(void)
{
	static struct timeout list[64];
	struct cpu *cpu = this_cpu();
	u64 now = arch_tsc();

	for (int i = 0; i < 64; i++) {
		list[i].expired = on_expiry;
		timeout_set(&list[i], i % 2 ? now - i : now + (1UL << 50) + i, i < 32 ? 100 : 200);
	}
	for (int i = 1; i < 64; i += 4)
		timeout_cancel(&list[i]);
	for (unsigned int n = 1; n <= 8; n++) {
		timer_handle();
		if (expired_count != n || heap_node_queued(&list[67 - 4 * n].node) || cpu->timer_armed > now)
			fail("not the oldest of the highest class", n);
	}
	sched_wake(&threads[0]);
	sched_set(&threads[0], 150, SLICE);
	timer_handle();
	if (expired_count != 8 || cpu->timer_armed != list[32].node.key || !(cpu->long_ipc & LONG_IPC_LATE))
		fail("the running thread is kept from running", expired_count);
	sched_set(&threads[0], 1, SLICE);
	sched_reschedule();
	if (expired_count != 9)
		fail("late ones must expire now", expired_count);
	for (int i = 0; i < 16; i++)
		timer_handle();
	if (expired_count != 16 || (cpu->long_ipc & LONG_IPC_LATE))
		fail("expired", expired_count);
	if (cpu->timer_armed != list[0].node.key)
		fail("timer is not armed for the next", 0);
	threads[0].state = THREAD_STOPPED;
	sched_block(&threads[0]);
	cpu->current = &idle_thread;
	cpu->need_resched = false;
	printf("ok timeouts\n");
}

/* The current thread waits, a lesser one is to run instead, and its own wait ends before the CPU has changed hands. */
static void woken_too_late(void)
{
	struct thread *high = &threads[0], *low = &threads[1];
	struct cpu *cpu = this_cpu();

	sched_set(high, 200, SLICE);
	sched_set(low, 50, SLICE);
	sched_wake(high);
	sched_reschedule();
	high->state = THREAD_RECEIVING;
	sched_block(high);
	sched_wake(low);
	if (cpu->current != high || cpu->woken != low)
		fail("the lesser one is not the next to run", low->prio);
	sched_wake(high);
	sched_reschedule();
	if (cpu->current != high)
		fail("a lesser one runs", cpu->current->prio);
	high->state = THREAD_STOPPED;
	sched_block(high);
	sched_reschedule();
	if (cpu->current != low)
		fail("the lesser one is lost", cpu->current->prio);
	low->state = THREAD_STOPPED;
	sched_block(low);
	cpu->current = &idle_thread;
	cpu->need_resched = false;
	printf("ok woken-too-late\n");
}

int main(void)
{
	struct cpu *cpu = &cpus[0];

	cpu->self = cpu;
	syscall(SYS_arch_prctl, ARCH_SET_GS, cpu);
	sched_init(cpu);
	list_init(&idle_thread.ready_link);
	cpu->idle = cpu->current = &idle_thread;
	for (int i = 0; i < THREADS; i++) {
		list_init(&threads[i].ready_link);
		sched_set(&threads[i], 1 + i % 6, SLICE);
	}
	srand(1);
	woken_too_late();
	timeouts();
	queues();
	return 0;
}
