// SPDX-License-Identifier: MIT
/*
 * Budgets: threads that wake, block, are preempted and run away at random times, against a record of when each ran: in no span as long as
 * its period did one use more than its budget, and who always wants more gets what it may have. Time is a number here.
 * cflags: -iquote microkernel/include -iquote microkernel/arch/x86_64 -iquote microkernel/sched
 */
#include <asm/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch.h"
#include "object.h"

static u64 clock_now = 1000000;
#define arch_tsc() clock_now
#include "../../microkernel/sched/heap.c"
#include "../../microkernel/sched/sched.c"
#include "../../microkernel/sched/budget.c"
#undef arch_tsc

#define THREADS 6
#define STEPS 300000
#define LATE 20    /* until the timer's interrupt comes */
#define SPANS 8192 /* a ring */

static struct thread threads[THREADS], idle_thread;
static struct { u64 from, to; } spans[THREADS][SPANS];
static unsigned int span_count[THREADS];
static u64 budgets[THREADS], periods[THREADS], used[THREADS], overruns;

/* --- what the scheduler asks of others */

struct trace_ring trace_ring;

void trace_record(enum l4_trace_event event, u64 a, u64 b) {}
u64 ns_to_tsc(u64 ns) { return ns; }
void arch_timer_set(u64 tsc) {}
void arch_irq_window(void) {}
int kobject_reap(u64 since) { return 0; }
void thread_switch_state(struct cpu *cpu, struct thread *prev, struct thread *next) {}
void thread_leave_state(struct thread *prev) {}
void kobject_get(struct kobject *obj) { obj->refs++; }
void kobject_put(struct kobject *obj) { obj->refs--; }
void irq_trigger(struct irq *irq) { overruns++; }
void *slab_alloc(struct slab *s, struct quota *q) { return calloc(1, s->size); }
void slab_free(struct slab *s, void *obj, struct quota *q) { free(obj); }
int object_register_irq(struct kobject **place, struct thread *from, l4_cap_idx_t cap) { return -L4_ENOENT; }

static void fail(const char *what, unsigned int t, u64 is, u64 wanted)
{
	printf("not ok budget %s: thread %u, time %lu: %lu, expected %lu\n", what, t, clock_now, is, wanted);
	exit(1);
}

static u64 below(u64 n)
{
	return ((u64)rand() << 16 ^ rand()) % n;
}

/* The most that thread t used in a span of its period is in one that ends when it stops, as it does now. */
static void check_span(unsigned int t)
{
	u64 begin = clock_now - periods[t], sum = 0;

	for (unsigned int i = span_count[t]; i > 0 && span_count[t] - i < SPANS; i--) {
		u64 from = spans[t][(i - 1) % SPANS].from, to = spans[t][(i - 1) % SPANS].to;

		if (to <= begin)
			break;
		sum += to - (from > begin ? from : begin);
	}
	if (sum > budgets[t] + LATE)
		fail("more than its budget in a period", t, sum, budgets[t]);
}

static void record(struct thread *thread, u64 from)
{
	unsigned int t = thread - threads;

	if (thread == &idle_thread || !thread->budget || (thread->flags & TF_LOW_PRIO) || from == clock_now)
		return;
	if (thread->flags & TF_THROTTLED)
		fail("runs without budget", t, thread->flags, 0);
	spans[t][span_count[t]].from = from;
	spans[t][span_count[t]++ % SPANS].to = clock_now;
	span_count[t] %= SPANS;
	used[t] += clock_now - from;
}

/* Time passes, until the timer's interrupt at the latest. True: it has come. */
static bool pass(u64 most)
{
	u64 armed = this_cpu()->timer_armed;

	if (armed > clock_now + most) {
		clock_now += most;
		return false;
	}
	clock_now = (armed > clock_now ? armed : clock_now) + below(LATE);
	return true;
}

void arch_idle_wait(void)
{
	struct thread *t = &threads[below(THREADS)];

	if (pass(2000))
		timer_handle();
	else if (t->state == THREAD_STOPPED)
		sched_wake(t);
}

static void parameters(unsigned int t, u8 prio, u64 budget, u64 period, u8 low)
{
	budgets[t] = budget;
	periods[t] = period;
	if (!threads[t].budget && !budget_create(&threads[t]))
		abort();
	sched_set(&threads[t], prio, 500000);
	budget_set(&threads[t], budget, period, low);
}

static void event(void)
{
	struct thread *t = &threads[below(THREADS)];

	switch (below(16)) {
	case 0: /* new parameters are the old ones, at another priority: it gains nothing */
		parameters(t - threads, 1 + below(20), budgets[t - threads], periods[t - threads], t->low_prio);
		break;
	case 1:
	case 2:
	case 3:
		t = this_cpu()->current;
		if (t != &threads[0] && t->state == THREAD_READY) {
			t->state = THREAD_STOPPED;
			sched_block(t);
		}
		break;
	default:
		if (t->state == THREAD_STOPPED)
			sched_wake(t);
	}
}

/* Thread 0 never blocks, and nobody is better. */
static void runs(unsigned int round)
{
	struct cpu *cpu = this_cpu();
	u64 start = clock_now, since = used[0], least;

	for (unsigned int i = 0; i < STEPS / 10; i++) {
		struct thread *t = cpu->current;
		u64 from = clock_now;
		bool timer;

		timer = pass(1 + below(round % 2 ? 300 : 3000));
		record(t, from);
		if (t != &idle_thread && t->budget)
			check_span(t - threads);
		if (timer)
			timer_handle();
		else
			event();
		if (threads[0].base_prio != 100)
			parameters(0, 100, budgets[0], periods[0], 0);
		if (cpu->need_resched || cpu->current == &idle_thread)
			sched_reschedule();
	}
	least = (clock_now - start) / (periods[0] + periods[0] / 8 + 2 * LATE) * (budgets[0] - LATE);
	if (used[0] - since + budgets[0] + LATE < least)
		fail("less than its budget", 0, used[0] - since, least);
}

static void restart(unsigned int round)
{
	for (unsigned int t = 0; t < THREADS; t++) {
		u64 period = 5000 + below(40000), budget = 200 + below(period / 2);

		sched_block(&threads[t]);
		threads[t].state = THREAD_STOPPED;
		budget_drop(&threads[t]);
		span_count[t] = 0;
		parameters(t, t ? 1 + below(20) : 100, budget, period, t && below(2) ? 1 : 0);
		sched_wake(&threads[t]);
	}
}

int main(void)
{
	struct cpu *cpu = &cpus[0];

	cpu->self = cpu;
	syscall(SYS_arch_prctl, ARCH_SET_GS, cpu);
	sched_init(cpu);
	list_init(&idle_thread.ready_link);
	idle_thread.state = THREAD_STOPPED;
	cpu->idle = cpu->current = &idle_thread;
	srand(2);
	for (int i = 0; i < THREADS; i++) {
		list_init(&threads[i].ready_link);
		threads[i].state = THREAD_STOPPED;
	}
	for (unsigned int round = 0; round < 10; round++) {
		/* none runs while its budget is exchanged for another */
		cpu->current = &idle_thread;
		cpu->budget_end = ~0UL;
		restart(round);
		sched_reschedule();
		runs(round);
	}
	printf("ok budget\n");
	return 0;
}
