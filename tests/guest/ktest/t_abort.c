/* SPDX-License-Identifier: MIT */
/*
 * Kernel test: threads, tasks, gates, IRQs and semaphores die while others are blocked on
 * them, in every state. Nobody may be left waiting for ever, and nothing may leak.
 */
#include "kt.h"

#define NEVER L4_TIMEOUT_NEVER
#define MS 1000000UL

/* What the states below need; made by setup(). */
static cap task, silent, silent_task, gate, sem, irq, swallow_t, swallow_u;
static word hole;
static volatile long result[32];
static volatile word count;

static l4_msgtag_t words(unsigned n) { return l4_msgtag(7, n, 0, 0); }

static void park(void *arg) { kt_park(); }

static void swallow(void *arg)
{
	l4_umword_t label;

	for (;;) {
		l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
		count++;
	}
}

/* --- the states a thread can be in */

static l4_msgtag_t s_send(void) { return l4_ipc_send(silent, l4_utcb(), words(3), L4_IPC_NEVER); }
static l4_msgtag_t s_send_timed(void) { return l4_ipc_send(silent, l4_utcb(), words(3), l4_timeout(10000 * MS, 0)); }
static l4_msgtag_t s_call_queued(void) { return l4_ipc_call(silent, l4_utcb(), words(3), L4_IPC_NEVER); }
static l4_msgtag_t s_call_received(void) { return l4_ipc_call(swallow_t, l4_utcb(), words(3), L4_IPC_NEVER); }
static l4_msgtag_t s_call_timed(void) { return l4_ipc_call(swallow_u, l4_utcb(), words(3), l4_timeout(NEVER, 10000 * MS)); }
static l4_msgtag_t s_gate(void) { return l4_ipc_call(gate, l4_utcb(), words(3), L4_IPC_NEVER); }
static l4_msgtag_t s_wait(void) { return l4_ipc_wait(l4_utcb(), &(l4_umword_t){ 0 }, L4_IPC_NEVER); }
static l4_msgtag_t s_wait_timed(void) { return l4_ipc_wait(l4_utcb(), &(l4_umword_t){ 0 }, l4_timeout(0, 10000 * MS)); }
static l4_msgtag_t s_receive(void) { return l4_ipc_receive(silent, l4_utcb(), L4_IPC_NEVER); }
static l4_msgtag_t s_sleep(void) { return l4_ipc_sleep(l4_timeout(0, 10000 * MS)); }
static l4_msgtag_t s_sleep_for_ever(void) { return l4_ipc_sleep(L4_IPC_NEVER); }
static l4_msgtag_t s_semaphore(void) { return l4_semaphore_down(sem, L4_IPC_NEVER); }
static l4_msgtag_t s_semaphore_timed(void) { return l4_semaphore_down(sem, l4_timeout(0, 10000 * MS)); }
static l4_msgtag_t s_send_and_wait(void) { return l4_ipc_send_and_wait(silent, l4_utcb(), words(1), &(l4_umword_t){ 0 }, L4_IPC_NEVER); }
static l4_msgtag_t s_fault_queued(void) { kt_read((void *)hole); return words(0); }
static l4_msgtag_t s_exception_queued(void) { __asm__ volatile("ud2"); return words(0); }
static l4_msgtag_t s_spin(void) { for (;;) count++; return words(0); }
static l4_msgtag_t s_irq(void)
{
	l4_rcv_ep_bind_thread(irq, kt_self(), 0);
	return l4_ipc_receive(irq, l4_utcb(), L4_IPC_NEVER);
}

typedef l4_msgtag_t (*state)(void);
static const state states[] = {
	s_send, s_send_timed, s_call_queued, s_call_received, s_call_timed, s_gate, s_wait, s_wait_timed, s_receive,
	s_sleep, s_sleep_for_ever, s_semaphore, s_semaphore_timed, s_send_and_wait, s_fault_queued, s_exception_queued,
	s_irq, s_spin,
};
#define STATES (sizeof(states) / sizeof(states[0]))

static void victim(void *arg)
{
	result[(word)arg] = l4_ipc_error(states[(word)arg](), l4_utcb());
}

static void give_all(cap to)
{
	const cap list[] = { silent, gate, sem, irq, swallow_t, swallow_u };

	for (int i = 0; i < 6; i++)
		kt_give(to, list[i]);
}

static void setup(void)
{
	count = 0;
	for (int i = 0; i < 32; i++)
		result[i] = 0x7777;
	hole = kt_region(L4_PAGESIZE);
	silent_task = kt_task();
	silent = kt_thread_prio(silent_task, park, 0, KT_PRIO + 2);
	swallow_t = kt_thread_prio(silent_task, swallow, 0, KT_PRIO + 2);
	swallow_u = kt_thread_prio(silent_task, swallow, 0, KT_PRIO + 2);
	gate = kt_gate(L4_INVALID_CAP, 0);
	sem = kt_sem(0);
	irq = kt_irq();
	task = kt_task();
	give_all(task);
}

/* A thread in state i, in `task`; faults go to `silent`, which never answers. */
static cap start(word i)
{
	cap t = kt_thread_bound(task);

	kt_handlers(t, silent, silent);
	kt_thread_go(t, victim, (void *)i);
	kt_prio(t, states[i] == s_spin ? KT_PRIO - 1 : KT_PRIO + 1);
	return t;
}

/* Everything that is left works: nothing is queued where it should not be. */
static void still_works(void)
{
	l4_umword_t label;

	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	if (kt_valid(swallow_t)) {
		word before = count;

		CHECK_IPC(l4_ipc_send(swallow_t, l4_utcb(), words(1), L4_IPC_NEVER), 0);
		CHECK(count > before);
	}
	l4_ipc_sleep_ms(1);
}

static void start_all(cap *threads)
{
	setup();
	for (word i = 0; i < STATES; i++)
		threads[i] = start(i);
	l4_ipc_sleep_us(100);
	for (word i = 0; i < STATES; i++)
		CHECK_EQ(result[i], 0x7777);
}

static void kill_threads(void)
{
	cap t[STATES];

	start_all(t);
	for (word i = 0; i < STATES; i++)
		kt_delete(t[i]);
	still_works();
	CHECK_OK(l4_semaphore_up(sem));
	CHECK_OK(l4_semaphore_down(sem, L4_IPC_RECV_TIMEOUT_0));
	CHECK_OK(l4_irq_trigger(irq));
	CHECK_OK(l4_ipc_gate_bind_thread(gate, swallow_t, 0));
	still_works();
}

static void kill_threads_backwards(void)
{
	cap t[STATES];

	start_all(t);
	for (word i = STATES; i--;)
		kt_delete(t[i]);
	still_works();
}

static void kill_task(void)
{
	cap t[STATES];

	start_all(t);
	kt_delete(task);
	for (word i = 0; i < STATES; i++)
		CHECK(!kt_valid(t[i]));
	still_works();
}

/* Those at the other end go first. */
static void kill_partners(void)
{
	static const struct { state s; long error; } wanted[] = {
		{ s_send, L4_IPC_ENOT_EXISTENT }, { s_send_timed, L4_IPC_ENOT_EXISTENT },
		{ s_call_queued, L4_IPC_ENOT_EXISTENT }, { s_call_received, L4_IPC_ENOT_EXISTENT | 1 },
		{ s_call_timed, L4_IPC_ENOT_EXISTENT | 1 }, { s_gate, L4_IPC_ENOT_EXISTENT },
		{ s_receive, L4_IPC_ENOT_EXISTENT | 1 }, { s_semaphore, L4_IPC_ENOT_EXISTENT },
		{ s_semaphore_timed, L4_IPC_ENOT_EXISTENT }, { s_send_and_wait, L4_IPC_ENOT_EXISTENT },
		{ s_irq, L4_IPC_ENOT_EXISTENT | 1 },
	};
	cap t[STATES];

	for (int how = 0; how < 2; how++) {
		start_all(t);
		if (how == 0) {
			kt_delete(silent);
			kt_delete(swallow_t);
			kt_delete(swallow_u);
		} else {
			kt_delete(silent_task);
		}
		kt_delete(gate);
		kt_delete(sem);
		kt_delete(irq);
		l4_ipc_sleep_us(100);
		for (word i = 0; i < STATES; i++) {
			long error = 0x7777;

			for (unsigned k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++)
				if (wanted[k].s == states[i])
					error = wanted[k].error;
			if (result[i] != error)
				kt_fail("kill_partners", i, "error", result[i], error);
		}
		still_works();
		kt_delete(task);
		still_works();
		for (word i = 0; i < STATES; i++)
			kt_delete(t[i]);
		kt_delete(silent_task);
	}
}

/* The capability goes, the partner stays: the wait goes on. */
static void drop_capabilities(void)
{
	cap t[STATES];

	start_all(t);
	CHECK_OK(l4_task_unmap(task, l4_obj_fpage(0, 18, L4_CAP_FPAGE_RWSD), L4_FP_ALL_SPACES));
	l4_ipc_sleep_us(100);
	for (word i = 0; i < STATES; i++)
		CHECK_EQ(result[i], 0x7777);
	CHECK_OK(l4_semaphore_up(sem));
	CHECK_EQ(result[11], 0);
	kt_delete(silent_task);
	kt_delete(task);
	still_works();
}

/* A task destroys itself, its threads being in all states; the destroyer is a thread of it. */
static void destroy_own_task(void *arg)
{
	l4_task_delete_obj((cap)arg, (cap)arg);
	result[31] = 1;
	kt_park();
}

static void destroy_self(void)
{
	cap t[STATES], d;

	start_all(t);
	d = kt_thread_bound(task);
	kt_give(task, task);
	kt_thread_go(d, destroy_own_task, (void *)task);
	kt_prio(d, KT_PRIO - 2 + 1);
	kt_settle();
	l4_ipc_sleep_ms(2);
	CHECK_EQ(result[31], 0x7777);
	CHECK(!kt_valid(task));
	CHECK(!kt_valid(d));
	still_works();
}

static void delete_own_thread(void *arg)
{
	l4_task_delete_obj((cap)arg, kt_self());
	result[31] = 1;
	kt_park();
}

static void thread_deletes_itself(void)
{
	cap t, other = kt_task();

	result[31] = 0x7777;
	t = kt_thread_bound(other);
	kt_give(other, other);
	kt_thread_go(t, delete_own_thread, (void *)other);
	kt_prio(t, KT_PRIO + 1);
	CHECK(!kt_valid(t));
	t = kt_thread(KT_TASK, delete_own_thread, (void *)KT_TASK);
	kt_settle();
	CHECK(!kt_valid(t));
	CHECK_EQ(result[31], 0x7777);
}

/* Everything a thread reaches it by is taken from it in its own call. */
static void unmap_own_memory(void *arg)
{
	l4_task_unmap_range_u((cap)arg, 0, ~0UL, L4_FP_ALL_SPACES | L4_FPAGE_RWX, l4_utcb());
	result[31] = 1;
}

static void task_unmaps_its_code(void)
{
	cap other = kt_task(), t = kt_thread_bound(other);
	l4_msgtag_t tag;

	result[31] = 0x7777;
	kt_give(other, other);
	kt_give(other, kt_self());
	kt_handlers(t, kt_self(), kt_self());
	kt_thread_go(t, unmap_own_memory, (void *)other);
	kt_prio(t, KT_PRIO + 1);
	tag = l4_ipc_receive(t, l4_utcb(), L4_IPC_NEVER);
	CHECK_EQ(l4_msgtag_label(tag), L4_PROTO_PAGE_FAULT);
	CHECK_EQ(kt_mr()[0] & 7, L4_PF_FETCH);
	CHECK_EQ(kt_mr()[0] & ~7UL, kt_mr()[1] & ~7UL);
}

/* --- pagers that die */

static volatile word pager_state;
static void pager_receives(void *arg)
{
	l4_umword_t label;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	pager_state = 1;
	kt_park();
}

static void touch(void *arg) { kt_read((void *)hole); }

/* The pager dies before and after it took the fault: an exception follows, or without handler a halt. */
static void pager_dies(void)
{
	l4_umword_t label;

	for (int how = 0; how < 4; how++) {
		cap pager_task = kt_task(), other = kt_task(), pager, t;

		hole = kt_region(L4_PAGESIZE);
		pager_state = 0;
		pager = kt_thread_prio(pager_task, how & 1 ? pager_receives : park, 0, KT_PRIO + 2);
		kt_give(other, pager);
		kt_give(other, kt_self());
		t = kt_thread_bound(other);
		kt_handlers(t, pager, kt_self());
		kt_thread_go(t, touch, 0);
		kt_prio(t, KT_PRIO + 1);
		CHECK_EQ(pager_state, how & 1);
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
		kt_delete(how & 2 ? pager_task : pager);
		CHECK_EQ(l4_msgtag_label(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 10 * MS))), L4_PROTO_EXCEPTION);
		CHECK_EQ(l4_utcb_exc()->trapno, 14);
		kt_delete(other);
	}
}

/* The same for the exception handler: the thread halts, is not lost, and dies cleanly. */
static void raise(void *arg) { __asm__ volatile("ud2"); }

static void handler_dies(void)
{
	for (int how = 0; how < 2; how++) {
		cap other = kt_task(), handler, t;

		pager_state = 0;
		handler = kt_thread_prio(kt_task(), how ? pager_receives : park, 0, KT_PRIO + 2);
		kt_give(other, handler);
		t = kt_thread_bound(other);
		kt_handlers(t, handler, handler);
		kt_thread_go(t, raise, 0);
		kt_prio(t, KT_PRIO + 1);
		CHECK_EQ(pager_state, how);
		kt_delete(handler);
		kt_settle();
		CHECK(kt_valid(t));
		kt_thread_go(t, park, 0);
		kt_delete(t);
	}
}

/* The fault is cancelled by ex_regs while it is queued, and while it is being served. */
static void cancel_fault(void)
{
	static volatile word flag;
	void well(void *arg) { flag++; kt_park(); }

	flag = 0;
	for (int how = 0; how < 2; how++) {
		cap other = kt_task(), pager, t;

		hole = kt_region(L4_PAGESIZE);
		pager = kt_thread_prio(kt_task(), how ? pager_receives : park, 0, KT_PRIO + 2);
		kt_give(other, pager);
		t = kt_thread_bound(other);
		kt_handlers(t, pager, pager);
		kt_thread_go(t, touch, 0);
		kt_prio(t, KT_PRIO + 1);
		kt_thread_go(t, well, 0);
		CHECK_EQ(flag, how);
		CHECK(l4_error(l4_thread_ex_regs(t, ~0UL, ~0UL, L4_THREAD_EX_REGS_CANCEL)) >= 0);
		kt_settle();
		CHECK_EQ(flag, how + 1);
	}
}

/* --- death of the receiver in the middle of things */

static void echo(void *arg)
{
	l4_umword_t label;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	for (;;)
		l4_ipc_reply_and_wait(l4_utcb(), words(0), &label, l4_timeout(0, NEVER));
}

static volatile word calls;
static void call_for_ever(void *arg)
{
	for (;;) {
		l4_msgtag_t tag = l4_ipc_call((cap)arg, l4_utcb(), words(10), L4_IPC_NEVER);

		calls++;
		if (l4_ipc_error(tag, l4_utcb()))
			l4_ipc_sleep_us(50);
	}
}

/* Servers and clients are killed at random moments of a busy system, many times. */
static void kill_while_busy(void)
{
	static word seed;
	cap server_task, gates = kt_gate(L4_INVALID_CAP, 0x40), s = 0;

	seed = 12345;
	calls = 0;
	for (int i = 0; i < 4; i++) {
		cap c = kt_task();

		kt_give(c, gates);
		kt_thread_prio(c, call_for_ever, (void *)gates, KT_PRIO - 10 + i);
	}
	for (int i = 0; i < 25; i++) {
		server_task = kt_task();
		s = kt_thread_prio(server_task, echo, 0, KT_PRIO - 8);
		CHECK_OK(l4_ipc_gate_bind_thread(gates, s, 0x40));
		seed = seed * 6364136223846793005UL + 1442695040888963407UL;
		l4_ipc_sleep_us(100 + (seed >> 40) % 1000);
		kt_delete(i & 1 ? s : server_task);
		kt_delete(server_task);
	}
	CHECK(calls > (kt_exact() ? 25 : 0));
}

/* --- IRQs, gates and semaphores with something under way */

static void delete_irqs(void)
{
	l4_umword_t label;
	cap a = kt_irq(), b = kt_irq(), t;

	/* undelivered */
	CHECK_OK(l4_rcv_ep_bind_thread(a, kt_self(), 1));
	CHECK_OK(l4_rcv_ep_bind_thread(b, kt_self(), 2));
	CHECK_OK(l4_irq_trigger(a));
	CHECK_OK(l4_irq_trigger(b));
	kt_delete(a);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), 0);
	CHECK_EQ(label, 2);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	/* the thread it is bound to goes, with it queued there; it is bound elsewhere, pending */
	t = kt_thread_prio(kt_task(), park, 0, KT_PRIO + 1);
	CHECK_OK(l4_rcv_ep_bind_thread(b, t, 3));
	CHECK_OK(l4_irq_trigger(b));
	kt_delete(t);
	CHECK_OK(l4_irq_trigger(b));
	CHECK_OK(l4_rcv_ep_bind_thread(b, kt_self(), 4));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), 0);
	CHECK_EQ(label, 4);
	/* a timer that runs while its thread goes */
	t = kt_thread_prio(kt_task(), park, 0, KT_PRIO + 1);
	CHECK_OK(l4_rcv_ep_bind_thread(b, t, 3));
	CHECK_OK(l4_irq_set_timer_u(b, kt_now() + MS, l4_utcb()));
	kt_delete(t);
	l4_ipc_sleep_ms(3);
	CHECK_OK(l4_rcv_ep_bind_thread(b, kt_self(), 5));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), 0);
}

/* A thread that was a caller dies; the callee's reply goes nowhere, and its next caller is not confused with it. */
static void call_self(void *arg)
{
	result[0] = l4_ipc_error(l4_ipc_call((cap)arg, l4_utcb(), words(1), L4_IPC_NEVER), l4_utcb());
}

static void caller_dies(void)
{
	l4_umword_t label;
	cap other = kt_task(), t;

	for (int how = 0; how < 2; how++) {
		other = kt_task();
		kt_give(other, kt_self());
		t = kt_thread_prio(other, call_self, (void *)kt_self(), KT_PRIO + 1);
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
		kt_delete(how ? other : t);
		CHECK_IPC(l4_ipc_reply_and_wait(l4_utcb(), words(0), &label, l4_timeout(0, 0)), L4_IPC_ENOT_EXISTENT);
		/* queued */
		other = kt_task();
		kt_give(other, kt_self());
		t = kt_thread_prio(other, call_self, (void *)kt_self(), KT_PRIO + 1);
		kt_delete(how ? other : t);
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	}
}

/* Threads that are made and never get further. */
static void half_made(void)
{
	cap a = kt_slot(), b = kt_task(), c = kt_slot();
	l4_sched_param_t sp = l4_sched_param(KT_PRIO, 0);
	l4_umword_t label;

	CHECK_OK(l4_factory_create_thread(KT_FACTORY, a));
	CHECK_IPC(l4_ipc_send(a, l4_utcb(), words(0), l4_timeout(MS, 0)), L4_IPC_ENOT_EXISTENT);
	CHECK_OK(l4_factory_create_gate(KT_FACTORY, c, a, 0));
	CHECK_IPC(l4_ipc_send(c, l4_utcb(), words(0), l4_timeout(MS, 0)), L4_IPC_ENOT_EXISTENT);
	CHECK_IPC(l4_ipc_receive(a, l4_utcb(), l4_timeout(0, MS)), L4_IPC_RETIMEOUT);
	CHECK_OK(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, a, &sp));
	kt_delete(a);
	kt_thread_bound(b);
	kt_prio(kt_thread_bound(b), KT_PRIO);
	kt_delete(b);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
}

/* The destroyer is preempted again and again; victims of a higher priority go on running meanwhile. */
static volatile word ticks;
static void ticker(void *arg)
{
	for (;;) {
		l4_ipc_sleep_us(20);
		ticks++;
	}
}

static void destroy_preempted(void)
{
	word at = kt_region(1UL << 25);
	cap t;

	kt_thread_prio(KT_TASK, ticker, 0, KT_PRIO + 10);
	for (int round = 0; round < 2; round++) {
		setup();
		ticks = 0;
		for (word i = 0; i + 1 < STATES; i++)
			start(i);
		t = kt_thread_bound(task);
		kt_thread_go(t, ticker, 0);
		kt_prio(t, KT_PRIO + 5);
		for (word i = 0; i < 8; i++)
			CHECK_OK(l4_task_map(task, KT_TASK, l4_fpage(0x400000, 22, L4_FPAGE_RWX), at + i * 0x400000));
		for (word i = 0; i < 1000; i++)
			CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(sem, 0, 4), l4_map_obj_control((0x8000 + i) << 12, 0)));
		kt_delete(task);
		kt_delete(silent_task);
		kt_delete(gate);
		kt_delete(sem);
		kt_delete(irq);
	}
	l4_ipc_sleep_ms(1);
	CHECK(ticks > 0);
}

/* --- long operations that race with each other, and whose callers are killed in the middle */

#define RACE_TASKS 3
static cap race_task[RACE_TASKS], race_cap;
static word race_at;
static volatile word operations;

static word random_word(word *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

/* One operation on tasks that others use too; any of them may fail. */
static void race_step(word *seed)
{
	l4_utcb_t *u = l4_utcb();
	word r = random_word(seed), place = race_at + (r >> 20) % 8 * 0x400000;
	cap a = race_task[(r >> 8) % RACE_TASKS], b = race_task[(r >> 12) % RACE_TASKS];
	cap slots = (0x4000UL + (r >> 30) % 4 * 64) << 12;

	switch (r % 12) {
	case 0:
	case 1:
		l4_task_map_u(a, KT_TASK, l4_fpage(0x400000, 22, L4_FPAGE_RWX), place, u);
		break;
	case 2:
	case 3:
		l4_task_map_u(a, b, l4_fpage(place, 22, L4_FPAGE_RWX), race_at + (r >> 24) % 8 * 0x400000, u);
		break;
	case 4:
		l4_task_unmap_u(a, l4_fpage(race_at, 25, L4_FPAGE_RWX), L4_FP_ALL_SPACES, u);
		break;
	case 5:
		l4_task_unmap_u(a, l4_fpage(place, 22, L4_FPAGE_W), r & 4096 ? L4_FP_ALL_SPACES : 0, u);
		break;
	case 6:
		l4_task_unmap_u(KT_TASK, l4_fpage(0x400000, 12, L4_FPAGE_RWX), 0, u);
		break;
	case 7: /* everything anew, under the others' feet */
		l4_factory_create_task_u(KT_FACTORY, a, 0, u);
		break;
	case 8:
		for (word i = 0; i < 64; i++)
			l4_task_map_u(a, KT_TASK, l4_obj_fpage(race_cap, 0, 15), l4_map_obj_control(slots + (i << 12), 0), u);
		break;
	case 9:
		l4_task_map_u(a, b, l4_obj_fpage(slots, 6, 15),
			      l4_map_obj_control((0x4000UL + (r >> 34) % 4 * 64) << 12, r & 8192 ? L4_MAP_ITEM_GRANT : 0), u);
		break;
	case 10:
		l4_task_unmap_u(a, l4_obj_fpage(slots, 6, 15), r & 4096 ? L4_FP_ALL_SPACES : L4_FP_DELETE_OBJ, u);
		break;
	case 11:
		l4_factory_create_irq_u(KT_FACTORY, race_cap, u);
		break;
	}
	__atomic_fetch_add(&operations, 1, __ATOMIC_RELAXED);
}

static void racer(void *arg)
{
	word seed = (word)arg * 0x9e3779b97f4a7c15UL + 1;

	for (;;)
		race_step(&seed);
}

static void race_setup(void)
{
	race_at = kt_region(0x2000000);
	race_cap = kt_irq();
	operations = 0;
	for (int i = 0; i < RACE_TASKS; i++) {
		race_task[i] = kt_slot();
		CHECK_OK(l4_factory_create_task(KT_FACTORY, race_task[i], 0));
	}
}

/* The workers are in the task of the test: they and the runner share all capabilities. */
static void race(void)
{
	static word round;

	race_setup();
	kt_thread_prio(KT_TASK, ticker, 0, KT_PRIO + 10);
	for (int i = 0; i < 4; i++) {
		l4_sched_param_t sp = l4_sched_param(KT_PRIO - 1, 30000);
		cap t = kt_thread_bound(KT_TASK);

		kt_thread_go(t, racer, (void *)(++round));
		CHECK_OK(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, t, &sp));
	}
	while (operations < 600)
		l4_ipc_sleep_ms(1);
}

static void kill_operations(void)
{
	static word round = 1000, seed = 0x1234567;
	cap t = 0;

	race_setup();
	for (int i = 0; i < 15; i++) {
		cap other = kt_task();

		t = kt_thread_prio(KT_TASK, racer, (void *)(++round), KT_PRIO - 1);
		kt_thread_prio(other, park, 0, KT_PRIO + 1);
		l4_ipc_sleep_us(20 + random_word(&seed) % 1000);
		if (i & 1) {
			/* somewhere else entirely */
			kt_thread_go(t, park, 0);
			CHECK(l4_error(l4_thread_ex_regs(t, ~0UL, ~0UL, L4_THREAD_EX_REGS_CANCEL)) >= 0);
			l4_ipc_sleep_us(20);
		}
		kt_delete(t);
		kt_delete(other);
	}
	CHECK(operations > 0);
}

const struct kt_test kt_tests[] = {
	KT_TEST(kill_threads), KT_TEST(kill_threads_backwards), KT_TEST(kill_task), KT_TEST(kill_partners),
	KT_TEST(drop_capabilities), KT_TEST(destroy_self), KT_TEST(thread_deletes_itself),
	KT_TEST(task_unmaps_its_code), KT_TEST(pager_dies), KT_TEST(handler_dies), KT_TEST(cancel_fault),
	KT_TEST(kill_while_busy), KT_TEST(delete_irqs), KT_TEST(caller_dies), KT_TEST(half_made),
	KT_TEST(destroy_preempted), KT_TEST(race), KT_TEST(kill_operations),
	{ 0 }
};
