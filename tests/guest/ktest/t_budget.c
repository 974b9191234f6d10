/* SPDX-License-Identifier: MIT */
/*
 * Kernel test: budgets. How much of the time a thread gets that wants all of it, or now and then some, by its
 * own record of when it ran. Limits hold under instruction counting, where a nanosecond is an instruction.
 */
#include "kt.h"

#define MS 1000000UL
#define US 1000UL
/* What a thread may use above its budget: until the timer's interrupt comes, and what it does not see of its own time. */
#define LATE 1000
#define GAP 200 /* a thread that sees this much time pass between two looks did not run */
#define SPANS 4096

struct span {
	word from, to;
};

static struct span spans[SPANS];
static volatile unsigned span_count, span_clear;
static volatile word stop_at;

static void span_add(word now)
{
	if (span_clear)
		span_clear = span_count = 0;
	if (span_count && now - spans[span_count - 1].to < GAP)
		spans[span_count - 1].to = now;
	else if (span_count < SPANS)
		spans[span_count++] = (struct span){ now, now };
}

/* Runs as much as it may, and notes when. */
static void hog(void *arg)
{
	for (;;)
		span_add(kt_now());
}

/* Runs a while, and sleeps a while. */
static void now_and_then(void *arg)
{
	word seed = (word)arg;

	for (;;) {
		word until = kt_now() + (seed >> 33) % (300 * US);

		while (kt_now() < until)
			span_add(kt_now());
		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		l4_ipc_sleep_us((seed >> 33) % 200 + 1);
	}
}

static void hog_unseen(void *arg)
{
	for (;;)
		;
}

static l4_msgtag_t set(cap t, unsigned prio, word budget, word period, unsigned low)
{
	l4_sched_param_t sp = l4_sched_param(prio, 0);

	sp.budget = budget;
	sp.period = period;
	sp.low_prio = low;
	return l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, t, &sp);
}

static cap start(void (*f)(void *), void *arg, unsigned prio, word budget, word period, unsigned low)
{
	cap t = kt_thread_bound(KT_TASK);

	span_count = 0;
	kt_thread_go(t, f, arg);
	CHECK_OK(set(t, prio, budget, period, low));
	return t;
}

static word consumed(cap t)
{
	l4_kernel_clock_t ns = 0;

	CHECK_OK(l4_thread_stats_time(t, &ns));
	return ns;
}

/* The most that was used in any span of `length`: one that ends with a span of the record, or begins with one. */
static word most(word length)
{
	word worst = 0;

	for (unsigned i = 0; i < span_count; i++) {
		word from = spans[i].from, sum = 0;

		for (unsigned j = i; j < span_count && spans[j].from < from + length; j++)
			sum += (spans[j].to < from + length ? spans[j].to : from + length) - spans[j].from;
		worst = sum > worst ? sum : worst;
		from = spans[i].to - length;
		sum = 0;
		for (unsigned j = i + 1; j-- > 0 && spans[j].to > from;)
			sum += spans[j].to - (spans[j].from > from ? spans[j].from : from);
		worst = sum > worst ? sum : worst;
	}
	return worst;
}

static word used(void)
{
	word sum = 0;

	for (unsigned i = 0; i < span_count; i++)
		sum += spans[i].to - spans[i].from;
	return sum;
}

/* All that it may have, and never more, whatever the priority. */
static void exact(void)
{
	static const struct { word budget, period; } list[] = {
		{ 1 * MS, 5 * MS }, { 10 * US, 100 * US }, { 99 * US, 100 * US }, { 3 * MS, 20 * MS },
	};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		word budget = list[i].budget, period = list[i].period, wanted = 40 * MS / period * budget;
		/* the emulator's own pauses must not keep the test from running */
		cap t = start(hog, 0, kt_exact() ? KT_PRIO + 20 : KT_PRIO - 1, budget, period, 0);

		do
			l4_ipc_sleep_ms(40);
		while (!span_count);
		kt_delete(t);
		kt_printf("budget %lu of %lu: %lu used, %lu in a period\n", budget, period, used(), most(period));
		if (!kt_exact())
			continue;
		CHECK(span_count < SPANS);
		CHECK(most(period) <= budget + LATE);
		CHECK(used() > wanted - wanted / 8 && used() < wanted + budget + LATE);
	}
	/* all of the time */
	start(hog, 0, KT_PRIO - 1, 2 * MS, 2 * MS, 0);
	l4_ipc_sleep_ms(20);
	CHECK(!kt_exact() || used() > 19 * MS);
}

/* One that sleeps in between, preempted by another on top of it. */
static void sporadic(void)
{
	/* the emulator's own pauses must not keep the test from running */
	unsigned prio = kt_exact() ? KT_PRIO + 20 : KT_PRIO - 50;

	for (word seed = 1; seed <= 4; seed++) {
		cap t = start(now_and_then, (void *)seed, prio, 200 * US, 1 * MS, 0);
		cap above = kt_thread_prio(KT_TASK, hog_unseen, 0, 2);

		CHECK_OK(set(above, prio + 10, 13 * US, 170 * US, 0));
		l4_ipc_sleep_ms(60);
		kt_delete(t);
		kt_delete(above);
		kt_printf("sporadic: %lu used, %lu in a period, %u spans\n", used(), most(1 * MS), span_count);
		if (kt_exact())
			CHECK(span_count < SPANS && most(1 * MS) <= 200 * US + LATE && used() > 60 * 200 * US * 8 / 10);
	}
}

/* At its low priority it has what others leave; its budget is what it gets before them. */
static void low_priority(void)
{
	cap t = start(hog, 0, KT_PRIO + 20, 1 * MS, 4 * MS, KT_PRIO - 20), middle;
	word before;

	l4_ipc_sleep_ms(20);
	CHECK(!kt_exact() || used() > 19 * MS);
	middle = kt_thread_prio(KT_TASK, hog_unseen, 0, KT_PRIO - 10);
	span_clear = 1;
	l4_ipc_sleep_ms(40);
	kt_printf("low priority: %lu used, %lu in a period\n", used(), most(4 * MS));
	CHECK(!kt_exact() || (most(4 * MS) <= 1 * MS + LATE && used() > 9 * MS));
	/* no low priority any more, while it is at it; and again */
	CHECK_OK(set(t, KT_PRIO + 20, 1 * MS, 4 * MS, 0));
	kt_delete(middle);
	before = consumed(t);
	l4_ipc_sleep_ms(40);
	CHECK(!kt_exact() || consumed(t) - before < 11 * MS + LATE);
	CHECK_OK(set(t, KT_PRIO + 20, 1 * MS, 4 * MS, 1));
	before = consumed(t);
	l4_ipc_sleep_ms(20);
	CHECK(!kt_exact() || consumed(t) - before > 19 * MS);
}

/* A thread that runs away leaves the rest to those below. */
static void guarantee(void)
{
	cap rt = start(hog, 0, KT_PRIO + 50, 3 * MS, 10 * MS, 0);
	cap rest = kt_thread_prio(KT_TASK, hog_unseen, 0, 2);
	word before = consumed(rest), got;

	l4_ipc_sleep_ms(100);
	got = consumed(rest) - before;
	kt_printf("guarantee: %lu of 100 ms\n", got);
	CHECK(!kt_exact() || got > 69 * MS);
	CHECK(consumed(rt) > 0);
}

static volatile word overruns;

static void handler(void *arg)
{
	cap irq = (cap)arg;

	while (!l4_ipc_error(l4_irq_receive(irq, L4_IPC_NEVER), l4_utcb()))
		overruns++;
	kt_park();
}

static void overrun(void)
{
	cap irq = kt_irq(), h = kt_thread_bound(KT_TASK), t, sem = kt_sem(0), irq_r = kt_slot();

	CHECK_OK(l4_rcv_ep_bind_thread(irq, h, 5));
	kt_thread_go(h, handler, (void *)irq);
	kt_prio(h, KT_PRIO + 30);
	t = start(hog, 0, KT_PRIO - 1, 0, 0, 0);
	overruns = 0;
	CHECK_ERR(l4_thread_register_overrun_irq(t, irq), -L4_EINVAL);
	CHECK_OK(set(t, KT_PRIO - 1, 1 * MS, 5 * MS, 0));
	CHECK_ERR(l4_thread_register_overrun_irq(t, sem), -L4_ENOENT);
	CHECK_ERR(l4_thread_register_overrun_irq(t, kt_slot()), -L4_ENOENT);
	CHECK_OK(l4_task_map(KT_TASK, KT_TASK, l4_obj_fpage(irq, 0, L4_CAP_FPAGE_RO), l4_map_obj_control(irq_r, 0)));
	CHECK_ERR(l4_thread_register_overrun_irq(t, irq_r), -L4_ENOENT);
	CHECK_OK(l4_thread_register_overrun_irq(t, irq));
	CHECK_ERR(l4_thread_register_overrun_irq(t, irq), -L4_EBUSY);
	l4_ipc_sleep_ms(48);
	CHECK(overruns >= 1);
	CHECK(!kt_exact() || overruns == 10);
	CHECK_OK(l4_thread_register_overrun_irq(t, L4_INVALID_CAP));
	CHECK_OK(l4_thread_register_overrun_irq(t, L4_INVALID_CAP));
	overruns = 0;
	l4_ipc_sleep_ms(20);
	CHECK_EQ(overruns, 0);
	/* it goes with the budget, and with its own object */
	CHECK_OK(l4_thread_register_overrun_irq(t, irq));
	CHECK_OK(set(t, KT_PRIO - 1, 0, 0, 0));
	l4_ipc_sleep_ms(2);
	CHECK_OK(set(t, KT_PRIO - 1, 1 * MS, 5 * MS, 0));
	CHECK_OK(l4_thread_register_overrun_irq(t, irq));
	kt_delete(irq);
	l4_ipc_sleep_ms(20);
	CHECK_EQ(overruns, 0);
}

/* New parameters while it waits for a refill; what it has used counts, however often they are set. */
static void set_while_throttled(void)
{
	cap t = start(hog, 0, KT_PRIO + 20, 1 * MS, 50 * MS, 0);
	word first;

	l4_ipc_sleep_ms(3);
	first = consumed(t);
	CHECK(!kt_exact() || first < 1 * MS + LATE);
	for (int i = 0; i < 20; i++)
		CHECK_OK(set(t, KT_PRIO + 20 + i % 3, 1 * MS, 50 * MS, i % 2 ? 0 : 1));
	CHECK_OK(set(t, KT_PRIO + 20, 1 * MS, 50 * MS, 0));
	l4_ipc_sleep_ms(1);
	CHECK(!kt_exact() || consumed(t) - first < LATE);
	CHECK_OK(set(t, KT_PRIO + 20, 3 * MS, 50 * MS, 0));
	l4_ipc_sleep_ms(5);
	CHECK(!kt_exact() || (consumed(t) - first > 2 * MS - LATE && consumed(t) - first < 2 * MS + LATE));
	/* less, by what it has used already; and by a longer period */
	CHECK_OK(set(t, KT_PRIO + 20, 500 * US, 60 * MS, 0));
	first = consumed(t);
	l4_ipc_sleep_ms(20);
	CHECK(!kt_exact() || consumed(t) == first);
	/* none at all */
	CHECK_OK(set(t, KT_PRIO - 1, 0, 0, 0));
	l4_ipc_sleep_ms(5);
	CHECK(!kt_exact() || consumed(t) - first > 4 * MS);
	/* as the thread itself */
	CHECK_OK(set(kt_self(), KT_PRIO, 100 * US, 10 * MS, 0));
	kt_delete(t);
	first = kt_now();
	for (word i = 0; i < 100000; i++)
		kt_read(&overruns);
	CHECK(!kt_exact() || kt_now() - first > 10 * MS);
	CHECK_OK(set(kt_self(), KT_PRIO, 0, 0, 0));
}

static void deleted(void)
{
	for (int low = 0; low < 2; low++) {
		cap task = kt_task(), t = kt_thread_bound(task), u = start(hog_unseen, 0, KT_PRIO + 20, 20 * US, 500 * MS, low), v;

		kt_thread_go(t, hog_unseen, 0);
		CHECK_OK(set(t, KT_PRIO + 20, 20 * US, 500 * MS, low));
		v = kt_thread_bound(KT_TASK); /* never runs */
		CHECK_OK(set(v, KT_PRIO + 20, 20 * US, 500 * MS, low));
		l4_ipc_sleep_ms(1);
		kt_delete(task);
		kt_delete(u);
		kt_delete(v);
		l4_ipc_sleep_ms(1);
	}
}

/* The first budget of a thread costs memory of the factory that made it; it comes back. */
static void no_memory(void)
{
	cap factory = kt_factory(0x8000), t = kt_slot();
	l4_umword_t limit, used, before;

	CHECK_OK(l4_factory_create_thread(factory, t));
	CHECK_OK(l4_factory_info_u(factory, &limit, &before, l4_utcb()));
	CHECK_OK(set(t, KT_PRIO, 1 * MS, 5 * MS, 0));
	CHECK_OK(l4_factory_info_u(factory, &limit, &used, l4_utcb()));
	CHECK(used > before);
	CHECK_OK(set(t, KT_PRIO, 0, 0, 0));
	CHECK_OK(l4_factory_info_u(factory, &limit, &used, l4_utcb()));
	CHECK_EQ(used, before);
	while (!l4_error(l4_factory_create_semaphore(factory, kt_slot(), 0)))
		;
	CHECK_ERR(set(t, KT_PRIO, 1 * MS, 5 * MS, 0), -L4_ENOMEM);
	CHECK_OK(set(t, KT_PRIO, 0, 0, 0));
}

static void server(void *arg)
{
	l4_umword_t label;
	l4_msgtag_t tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);

	for (;;) {
		word until = kt_now() + kt_mr()[0];

		while (kt_now() < until)
			;
		tag = l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, 0, 0, 0), &label, L4_IPC_NEVER);
		if (l4_ipc_error(tag, l4_utcb())) /* its client has not waited */
			l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	}
}

static l4_msgtag_t work(cap gate, word ns, l4_timeout_t timeout)
{
	kt_mr()[0] = ns;
	return l4_ipc_call(gate, l4_utcb(), l4_msgtag(0, 1, 0, 0), timeout);
}

/* A server pays for what it does itself: its clients wait while it has nothing left; time-outs and aborts come in time. */
static void messages(void)
{
	cap s = start(server, 0, KT_PRIO + 20, 1 * MS, 20 * MS, 0), gate = kt_gate(s, 16);
	word first = kt_now();

	l4_ipc_sleep_ms(1);
	for (int i = 0; i < 20; i++)
		CHECK_IPC(work(gate, 100, L4_IPC_NEVER), 0);
	CHECK_IPC(work(gate, 900 * US, L4_IPC_NEVER), 0);
	/* it waits for messages, with little left */
	CHECK_IPC(work(gate, 200 * US, l4_timeout(L4_TIMEOUT_NEVER, 1 * MS)), kt_exact() ? L4_IPC_RETIMEOUT : 0);
	CHECK_IPC(work(gate, 0, l4_timeout(1 * MS, 0)), kt_exact() ? L4_IPC_SETIMEOUT : 0);
	CHECK(!kt_exact() || kt_now() - first < 15 * MS);
	CHECK_IPC(work(gate, 0, L4_IPC_NEVER), 0);
	CHECK(!kt_exact() || kt_now() - first > 20 * MS);
	/* its wait is ended while it is throttled: it ran out in the reply */
	for (int i = 0; i < 400; i++)
		CHECK_IPC(work(gate, i % 7, L4_IPC_NEVER), 0);
}

static void faulter(void *arg)
{
	word until = kt_now() + 500 * US;

	while (kt_now() < until)
		;
	kt_read(arg);
	stop_at = kt_now();
}

/* Its fault is answered while it is throttled: who answered waits, as it said, and it goes on with its next refill. */
static void fault_answered(void)
{
	cap t = kt_thread_bound(KT_TASK), irq = kt_irq();
	word at = kt_region(1UL << 21), page = (word)kt_pages(1), begin = kt_now();
	l4_umword_t label;

	stop_at = 0;
	kt_handlers(t, kt_self(), kt_self());
	kt_thread_go(t, faulter, (void *)at);
	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), 0x40));
	CHECK_OK(set(t, KT_PRIO - 1, 2 * MS, 20 * MS, 0));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	CHECK_OK(set(t, KT_PRIO - 1, 10 * US, 20 * MS, 0));
	CHECK_OK(l4_task_map(KT_TASK, KT_TASK, l4_fpage(page, L4_PAGESHIFT, L4_FPAGE_RWX), at));
	CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + 5 * MS, l4_utcb()));
	label = 0;
	CHECK_IPC(l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, 0, 0, 0), &label, L4_IPC_NEVER), 0);
	CHECK_EQ(label, 0x40);
	CHECK(!kt_exact() || !stop_at);
	while (!stop_at)
		l4_ipc_sleep_ms(1);
	CHECK(stop_at - begin > 20 * MS);
}

static void sleeper(void *arg)
{
	word begin = kt_now();

	while (kt_now() < begin + 2 * MS)
		;
	if (arg)
		l4_irq_receive((cap)arg, L4_IPC_NEVER);
	else
		l4_ipc_sleep_ms(30);
	stop_at = kt_now();
}

/* Its time-outs, and its IRQs' timers, are those of its priority, though its budget was used up when they were set. */
static void time_outs(void)
{
	for (int i = 0; i < 2; i++) {
		cap t = kt_thread_bound(KT_TASK), irq = kt_irq(), middle;

		stop_at = 0;
		CHECK_OK(l4_rcv_ep_bind_thread(irq, t, 0));
		kt_thread_go(t, sleeper, i ? (void *)irq : 0);
		CHECK_OK(set(t, KT_PRIO + 20, 1 * MS, 10 * MS, 2));
		l4_ipc_sleep_ms(5);
		CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + 25 * MS, l4_utcb()));
		middle = kt_thread_prio(KT_TASK, hog_unseen, 0, KT_PRIO - 10);
		l4_ipc_sleep_ms(50);
		CHECK(stop_at != 0);
		kt_delete(middle);
	}
}

static void long_operation(void *arg)
{
	word at = *(word *)arg;

	CHECK_OK(l4_task_unmap(KT_TASK, l4_fpage(at, 21, L4_FPAGE_RWX), L4_FP_ALL_SPACES));
	stop_at = kt_now();
}

/* It ends in the middle of a system call, which goes on when there is more. */
static void in_system_call(void)
{
	word at = kt_region(1UL << 21), page = (word)kt_pages(1), begin;
	cap t;

	for (word i = 0; i < 512; i++)
		CHECK_OK(l4_task_map(KT_TASK, KT_TASK, l4_fpage(page, L4_PAGESHIFT, L4_FPAGE_RWX), at + i * L4_PAGESIZE));
	stop_at = 0;
	begin = kt_now();
	t = start(long_operation, &at, KT_PRIO + 20, 10 * US, 1 * MS, 0);
	while (!stop_at)
		l4_ipc_sleep_ms(1);
	kt_printf("unmapping 512 pages by 10 us/ms: %lu us, %lu ns used\n", (stop_at - begin) / US, consumed(t));
	CHECK(stop_at != 0);
	CHECK(!kt_exact() || (stop_at - begin > 2 * MS && consumed(t) < ((stop_at - begin) / MS + 2) * (10 * US)));
}

const struct kt_test kt_tests[] = {
	KT_TEST(exact), KT_TEST(sporadic), KT_TEST(low_priority), KT_TEST(guarantee), KT_TEST(overrun),
	KT_TEST(set_while_throttled), KT_TEST(deleted), KT_TEST(no_memory), KT_TEST(messages), KT_TEST(fault_answered),
	KT_TEST(time_outs), KT_TEST(in_system_call), {},
};
