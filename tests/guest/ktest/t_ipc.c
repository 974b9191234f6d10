/* SPDX-License-Identifier: MIT */
/* Kernel test: threads, IPC, gates, time-outs, IRQ objects, semaphores, scheduling. */
#include "kt.h"

#define MS 1000000UL
#define NEVER L4_TIMEOUT_NEVER

static volatile word flag, count, order[16], order_n;
static volatile long result[8];

static void note(word v)
{
	order[order_n++ % 16] = v;
}

static void reset(void)
{
	flag = count = order_n = 0;
	for (unsigned i = 0; i < 16; i++)
		order[i] = 0;
	for (unsigned i = 0; i < 8; i++)
		result[i] = 0x7777;
}

static l4_msgtag_t words(unsigned n) { return l4_msgtag(7, n, 0, 0); }

/* --- threads */

static void set_flag(void *arg) { flag = (word)arg; }

static void thread_runs(void)
{
	cap t;
	l4_kernel_clock_t ns = 0;

	reset();
	t = kt_thread(KT_TASK, set_flag, (void *)42);
	kt_settle();
	CHECK_EQ(flag, 42);
	CHECK_OK(l4_thread_stats_time(t, &ns));
	CHECK(ns > 0 && ns < 10000 * MS);
	reset();
	kt_thread(kt_task(), set_flag, (void *)43);
	kt_settle();
	CHECK_EQ(flag, 43);
}

/* The three conditions for running in another order. */
static void thread_start_order(void)
{
	cap t;

	reset();
	t = kt_thread_bound(KT_TASK);
	kt_prio(t, KT_PRIO + 1);
	CHECK_EQ(flag, 0);
	kt_thread_go(t, set_flag, (void *)1);
	CHECK_EQ(flag, 1);
}

static void check_regs(void *arg)
{
	word gs, cs, ss;

	__asm__("rdgsbase %0; mov %%cs, %1; mov %%ss, %2" : "=r"(gs), "=r"(cs), "=r"(ss));
	CHECK_EQ(gs, kt_utcb_of(kt_self()));
	CHECK_EQ(gs, l4_utcb());
	CHECK_EQ(cs, 0x33);
	CHECK_EQ(ss, 0x2b);
	flag = 1;
}

static void thread_registers(void)
{
	reset();
	kt_thread(KT_TASK, check_regs, 0);
	kt_settle();
	CHECK_EQ(flag, 1);
}

/* --- call and reply */

/* Answer with the words turned round bit by bit, the label in the tag's. */
static void echo(void *arg)
{
	l4_umword_t label;
	l4_msgtag_t tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);

	for (;;) {
		unsigned n = l4_msgtag_words(tag);

		for (unsigned i = 0; i < n; i++)
			kt_mr()[i] = ~kt_mr()[i];
		count++;
		flag = label;
		tag = l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(l4_msgtag_label(tag) + 1, n, 0, 0), &label,
					    l4_timeout(0, NEVER));
		if (l4_msgtag_has_error(tag)) {
			result[0] = l4_ipc_error(tag, l4_utcb());
			tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
		}
	}
}

static void call_words(cap dest)
{
	for (unsigned n = 0; n <= 63; n++) {
		l4_msgtag_t tag;

		for (unsigned i = 0; i < 63; i++)
			kt_mr()[i] = n * 1000 + i;
		tag = l4_ipc_call(dest, l4_utcb(), l4_msgtag(n + 5, n, 0, 0), L4_IPC_NEVER);
		CHECK(!l4_msgtag_has_error(tag));
		CHECK_EQ(l4_msgtag_label(tag), n + 6);
		CHECK_EQ(l4_msgtag_words(tag), n);
		for (unsigned i = 0; i < 63; i++)
			CHECK_EQ(kt_mr()[i], i < n ? ~(word)(n * 1000 + i) : n * 1000 + i);
	}
}

static void ipc_call_same_task(void)
{
	reset();
	call_words(kt_thread(KT_TASK, echo, 0));
	CHECK_EQ(count, 64);
	reset();
	call_words(kt_thread_prio(KT_TASK, echo, 0, KT_PRIO + 1));
	CHECK_EQ(count, 64);
	reset();
	call_words(kt_thread_prio(KT_TASK, echo, 0, KT_PRIO - 1));
	CHECK_EQ(count, 64);
}

static void ipc_call_other_task(void)
{
	reset();
	call_words(kt_thread(kt_task(), echo, 0));
	CHECK_EQ(count, 64);
	reset();
	call_words(kt_gate(kt_thread_prio(kt_task(), echo, 0, KT_PRIO + 1), 0x100));
	CHECK_EQ(count, 64);
	CHECK_EQ(flag, 0x103);
}

static void caller(void *arg)
{
	call_words((cap)arg);
	order[1] = 1;
}

/* Both in other tasks, many calls. */
static void ipc_between_tasks(void)
{
	cap a = kt_task(), b = kt_task(), gate;

	reset();
	gate = kt_gate(kt_thread(a, echo, 0), 0x40);
	kt_give_rights(b, gate, L4_CAP_FPAGE_RO);
	kt_thread(b, caller, (void *)gate);
	kt_settle();
	CHECK_EQ(order[1], 1);
	CHECK_EQ(count, 64);
	CHECK_EQ(flag, 0x40);
}

/* Registers of the caller that the ABI keeps. */
static void ipc_keeps_registers(void)
{
	static word in[6] = { 1, 2, 3, 4, 5, 6 }, out[6], ax;

	reset();
	ax = kt_thread(kt_task(), echo, 0) | L4_SYSF_CALL;
	__asm__ volatile("push %%rbp; mov %c0, %%rbx; mov %c0+8, %%rbp; mov %c0+16, %%r12; mov %c0+24, %%r13;"
			 "mov %c0+32, %%r14; mov %c0+40, %%r15; mov $-1, %%rdx; mov $-1, %%r8; xor %%edi, %%edi;"
			 "xor %%esi, %%esi; mov %c2, %%rax; syscall;"
			 "mov %%rbx, %c1; mov %%rbp, %c1+8; mov %%r12, %c1+16; mov %%r13, %c1+24; mov %%r14, %c1+32;"
			 "mov %%r15, %c1+40; mov %%rax, %c2; pop %%rbp"
			 : : "i"(in), "i"(out), "i"(&ax)
			 : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
			   "r15", "memory", "cc");
	for (int i = 0; i < 6; i++)
		CHECK_EQ(out[i], in[i]);
	CHECK_EQ(ax, (word)l4_msgtag(1, 0, 0, 0).raw);
}

/* Direct send to a thread carries the sender's label. */
static void direct_label(void)
{
	cap t = kt_thread_prio(KT_TASK, echo, 0, KT_PRIO + 1);
	l4_umword_t label = 0xabcdef;

	reset();
	l4_syscall_ipc(t | L4_SYSF_CALL, words(1), &label, L4_IPC_NEVER);
	CHECK_EQ(flag, 0xabcdef);
}

/* --- gates */

static cap reduced(cap c, unsigned rights)
{
	cap copy = kt_slot();

	CHECK_OK(l4_task_map(KT_TASK, KT_TASK, l4_obj_fpage(c, 0, rights), l4_map_obj_control(copy, 0)));
	return copy;
}

static void gate_labels(void)
{
	cap t = kt_thread(KT_TASK, echo, 0), gate = kt_gate(t, 0x12340);
	static const struct { unsigned rights, bits; } list[] = {
		{ L4_CAP_FPAGE_RO, 0 }, { L4_CAP_FPAGE_RW, 1 }, { L4_CAP_FPAGE_RS, 2 }, { L4_CAP_FPAGE_RWS, 3 },
	};
	l4_umword_t label = 0;

	for (unsigned i = 0; i < 4; i++) {
		reset();
		CHECK_ERR(l4_ipc_call(reduced(gate, list[i].rights), l4_utcb(), words(0), L4_IPC_NEVER), 8);
		CHECK_EQ(flag, 0x12340 | list[i].bits);
	}
	CHECK_OK(l4_ipc_gate_get_infos(gate, &label));
	CHECK_EQ(label, 0x12340);
	CHECK_ERR(l4_ipc_gate_get_infos(reduced(gate, L4_CAP_FPAGE_RW), &label), -L4_EPERM);
	CHECK_OK(l4_ipc_gate_bind_thread(gate, t, 0x40));
	CHECK_OK(l4_ipc_gate_get_infos(gate, &label));
	CHECK_EQ(label, 0x40);
}

static void call_once(void *arg)
{
	l4_msgtag_t tag;

	kt_mr()[0] = 5;
	tag = l4_ipc_call((cap)arg, l4_utcb(), words(1), L4_IPC_NEVER);
	result[1] = l4_error(tag);
	result[2] = kt_mr()[0];
}

static void gate_unbound(void)
{
	cap gate = kt_gate(L4_INVALID_CAP, 0x80), t = kt_thread(KT_TASK, echo, 0), task = kt_task();

	reset();
	kt_give(task, gate);
	kt_thread(task, call_once, (void *)gate);
	kt_settle();
	CHECK_EQ(result[1], 0x7777);
	CHECK_IPC(l4_ipc_call(gate, l4_utcb(), words(0), L4_IPC_SEND_TIMEOUT_0), L4_IPC_SETIMEOUT);
	CHECK_IPC(l4_ipc_call(gate, l4_utcb(), words(0), l4_timeout(MS, NEVER)), L4_IPC_SETIMEOUT);
	CHECK_OK(l4_ipc_gate_bind_thread(gate, t, 0xc0));
	kt_settle();
	CHECK_EQ(result[1], 8);
	CHECK_EQ(result[2], ~5L);
	CHECK_EQ(flag, 0xc3);
}

/* Several wait at an unbound gate; all are served. */
static void gate_unbound_many(void)
{
	cap gate = kt_gate(L4_INVALID_CAP, 0x80), t;

	reset();
	for (int i = 0; i < 8; i++)
		kt_thread_prio(KT_TASK, call_once, (void *)gate, KT_PRIO + 1 + i);
	t = kt_thread(KT_TASK, echo, 0);
	CHECK_OK(l4_ipc_gate_bind_thread(gate, t, 0xc0));
	kt_settle();
	CHECK_EQ(count, 8);
}

static void gate_rebind(void)
{
	cap a = kt_thread(KT_TASK, echo, 0), b = kt_thread(kt_task(), echo, 0), gate = kt_gate(a, 0x10);

	CHECK_ERR(l4_ipc_call(gate, l4_utcb(), words(0), L4_IPC_NEVER), 8);
	kt_delete(a);
	CHECK_IPC(l4_ipc_call(gate, l4_utcb(), words(0), L4_IPC_NEVER), L4_IPC_ENOT_EXISTENT);
	CHECK_OK(l4_ipc_gate_bind_thread(gate, b, 0x20));
	reset();
	CHECK_ERR(l4_ipc_call(gate, l4_utcb(), words(0), L4_IPC_NEVER), 8);
	CHECK_EQ(flag, 0x23);
	/* bound to none: who calls waits, and what the dead thread was comes back */
	kt_delete(b);
	CHECK_OK(l4_ipc_gate_bind_thread(gate, L4_INVALID_CAP, 0x30));
	CHECK_IPC(l4_ipc_call(gate, l4_utcb(), words(0), l4_timeout(MS, MS)), L4_IPC_SETIMEOUT);
	CHECK_OK(l4_ipc_gate_bind_thread(gate, kt_thread(KT_TASK, echo, 0), 0x40));
	CHECK_ERR(l4_ipc_call(gate, l4_utcb(), words(0), L4_IPC_NEVER), 8);
	CHECK_EQ(flag, 0x43);
}

/* --- time-outs */

static void park(void *arg) { kt_park(); }

static void timed(cap dest, l4_timeout_t to, word at_least, long error)
{
	word start = kt_now();

	CHECK_IPC(l4_ipc_call(dest, l4_utcb(), words(0), to), error);
	CHECK(kt_now() - start >= at_least);
	CHECK(kt_now() - start < at_least + 5000 * MS);
}

static void timeouts_send(void)
{
	cap t = kt_thread_prio(KT_TASK, park, 0, KT_PRIO + 1);
	word when;

	timed(t, l4_timeout(0, 0), 0, L4_IPC_SETIMEOUT);
	timed(t, l4_timeout(MS, 0), MS, L4_IPC_SETIMEOUT);
	when = kt_now() + 2 * MS;
	timed(t, l4_timeout(l4_timeout_abs(when, 0), 0), 0, L4_IPC_SETIMEOUT);
	CHECK(kt_now() >= when);
	timed(t, l4_timeout(l4_timeout_abs(kt_now() - 1, 0), 0), 0, L4_IPC_SETIMEOUT);
	timed(t, l4_timeout(l4_timeout_abs(0, 0), 0), 0, L4_IPC_SETIMEOUT);
	timed(t, l4_timeout(1, 0), 0, L4_IPC_SETIMEOUT);
}

static void swallow(void *arg)
{
	l4_umword_t label;

	for (;;) {
		l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
		count++;
	}
}

static void timeouts_receive(void)
{
	cap t = kt_thread_prio(KT_TASK, swallow, 0, KT_PRIO + 1);
	l4_umword_t label;
	word start;

	timed(t, l4_timeout(NEVER, MS), MS, L4_IPC_RETIMEOUT);
	timed(t, l4_timeout(NEVER, 0), 0, L4_IPC_RETIMEOUT);
	start = kt_now();
	timed(t, l4_timeout(0, l4_timeout_abs(start + 2 * MS, 0)), 0, L4_IPC_RETIMEOUT);
	CHECK(kt_now() >= start + 2 * MS);
	timed(t, l4_timeout(0, l4_timeout_abs(kt_now() - MS, 0)), 0, L4_IPC_RETIMEOUT);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 0)), L4_IPC_RETIMEOUT);
	CHECK_IPC(l4_ipc_receive(t, l4_utcb(), l4_timeout(0, 0)), L4_IPC_RETIMEOUT);
	start = kt_now();
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 3 * MS)), L4_IPC_RETIMEOUT);
	CHECK(kt_now() - start >= 3 * MS);
	start = kt_now();
	CHECK_IPC(l4_ipc_receive(t, l4_utcb(), l4_timeout(0, 3 * MS)), L4_IPC_RETIMEOUT);
	CHECK(kt_now() - start >= 3 * MS);
	start = kt_now();
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, l4_timeout_abs(start + 3 * MS, 0))), L4_IPC_RETIMEOUT);
	CHECK(kt_now() >= start + 3 * MS);
}

static void sleeper(void *arg)
{
	l4_msgtag_t tag = l4_ipc_sleep(l4_timeout(0, (word)arg));

	result[0] = l4_ipc_error(tag, l4_utcb());
	note((word)arg);
}

static void sleeping(void)
{
	static const word long_times[] = { 1UL << 62, NEVER >> 1, (NEVER >> 1) - 1, 1UL << 61, NEVER, NEVER - 1 };
	word start = kt_now();

	reset();
	CHECK_IPC(l4_ipc_sleep_us(1500), L4_IPC_RETIMEOUT);
	CHECK(kt_now() - start >= 1500000);
	for (word ns = 5; ns; ns--)
		kt_thread_prio(KT_TASK, sleeper, (void *)(ns * MS), KT_PRIO + 1);
	l4_ipc_sleep_ms(10);
	CHECK_EQ(order_n, 5);
	for (word i = 0; i < 5; i++)
		CHECK(!kt_exact() || order[i] == (i + 1) * MS);
	CHECK_EQ(result[0], L4_IPC_RETIMEOUT);
	/* times that are hardly for ever, the last one absolute, far away */
	reset();
	for (word i = 0; i < 6; i++)
		kt_thread_prio(KT_TASK, sleeper, (void *)long_times[i], KT_PRIO + 1);
	l4_ipc_sleep_ms(10);
	CHECK_EQ(order_n, 0);
}

/* Many time-outs at the same instant and nearly so. */
static void sleeping_many(void)
{
	word when = kt_now() + 20 * MS;

	reset();
	for (word i = 0; i < 30; i++)
		kt_thread_prio(KT_TASK, sleeper, (void *)l4_timeout_abs(when + (i % 7), 0), KT_PRIO + 1);
	CHECK(!kt_exact() || order_n == 0);
	l4_ipc_sleep(l4_timeout(0, l4_timeout_abs(when + MS, 0)));
	CHECK_EQ(order_n, 30);
}

/* --- receiving */

struct sends {
	cap to;
	word value;
	l4_timeout_s timeout;
};

static void send_value(void *arg)
{
	const struct sends *s = arg;
	l4_msgtag_t tag;

	kt_mr()[0] = s->value;
	tag = l4_ipc_send(s->to, l4_utcb(), words(1), l4_timeout(s->timeout, 0));
	result[s->value & 7] = l4_ipc_error(tag, l4_utcb());
}

static void receive_closed(void)
{
	struct sends one = { kt_self(), 1, NEVER }, two = { kt_self(), 2, NEVER };
	cap a, b;
	l4_umword_t label;

	reset();
	b = kt_thread_prio(KT_TASK, send_value, &two, KT_PRIO + 1);
	CHECK_EQ(result[2], 0x7777);
	a = kt_thread(KT_TASK, send_value, &one);
	CHECK_IPC(l4_ipc_receive(a, l4_utcb(), L4_IPC_NEVER), 0);
	CHECK_EQ(kt_mr()[0], 1);
	CHECK_EQ(result[2], 0x7777);
	CHECK_IPC(l4_ipc_receive(a, l4_utcb(), L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	CHECK_IPC(l4_ipc_receive(b, l4_utcb(), L4_IPC_NEVER), 0);
	CHECK_EQ(kt_mr()[0], 2);
	kt_settle();
	CHECK_EQ(result[1], 0);
	CHECK_EQ(result[2], 0);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	/* from itself: from nobody */
	CHECK_IPC(l4_ipc_receive(kt_self(), l4_utcb(), l4_timeout(0, MS)), L4_IPC_RETIMEOUT);
	CHECK_IPC(l4_ipc_send(kt_self(), l4_utcb(), words(0), l4_timeout(MS, 0)), L4_IPC_ENOT_EXISTENT);
}

/* While a thread waits for one partner, others queue. */
static void wait_for_a(void *arg)
{
	l4_msgtag_t tag = l4_ipc_receive((cap)arg, l4_utcb(), L4_IPC_NEVER);

	result[0] = l4_ipc_error(tag, l4_utcb());
	note(kt_mr()[0]);
	l4_ipc_wait(l4_utcb(), &(l4_umword_t){ 0 }, L4_IPC_NEVER);
	note(kt_mr()[0]);
}

static void receive_closed_waits(void)
{
	struct sends one = { 0, 1, NEVER }, two = { 0, 2, NEVER };
	cap r, a;

	reset();
	a = kt_thread_bound(KT_TASK);
	r = kt_thread_prio(KT_TASK, wait_for_a, (void *)a, KT_PRIO + 1);
	one.to = two.to = r;
	kt_thread_prio(KT_TASK, send_value, &two, KT_PRIO + 1);
	CHECK_EQ(order_n, 0);
	kt_thread_go(a, send_value, &one);
	kt_prio(a, KT_PRIO + 1);
	kt_settle();
	CHECK_EQ(order_n, 2);
	CHECK_EQ(order[0], 1);
	CHECK_EQ(order[1], 2);
}

/* Senders queue by priority, first come first served within one. */
static void senders_by_priority(void)
{
	static const unsigned prio[] = { 110, 120, 110, 130, 105, 120 };
	static const word wanted[] = { 3, 1, 5, 0, 2, 4 };
	static struct sends s[6];
	l4_umword_t label;

	reset();
	for (unsigned i = 0; i < 6; i++) {
		s[i] = (struct sends){ kt_self(), i, NEVER };
		kt_thread_prio(KT_TASK, send_value, &s[i], prio[i]);
	}
	for (unsigned i = 0; i < 6; i++) {
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
		CHECK_EQ(kt_mr()[0], wanted[i]);
	}
}

/* --- replies */

static void reply_one_shot(void)
{
	l4_umword_t label;
	l4_msgtag_t tag;

	reset();
	kt_thread_prio(KT_TASK, call_once, (void *)kt_self(), KT_PRIO + 1);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	kt_mr()[0] = 77;
	tag = l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(9, 1, 0, 0), &label, l4_timeout(0, 0));
	CHECK_IPC(tag, L4_IPC_RETIMEOUT);
	CHECK_EQ(result[1], 9);
	CHECK_EQ(result[2], 77);
	tag = l4_ipc_reply_and_wait(l4_utcb(), words(0), &label, l4_timeout(0, 0));
	CHECK_IPC(tag, L4_IPC_ENOT_EXISTENT);
}

static void caller_replaced(void)
{
	l4_umword_t label;

	reset();
	kt_thread_prio(KT_TASK, call_once, (void *)kt_self(), KT_PRIO + 1);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	CHECK_EQ(result[1], 0x7777);
	kt_thread_prio(KT_TASK, call_once, (void *)kt_self(), KT_PRIO + 1);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	kt_settle();
	CHECK_EQ(result[1], l4_ipc_to_errno(L4_IPC_REABORTED));
	CHECK_IPC(l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(3, 0, 0, 0), &label, l4_timeout(0, 0)), L4_IPC_RETIMEOUT);
	kt_settle();
	CHECK_EQ(result[1], 3);
}

static void call_impatient(void *arg)
{
	l4_msgtag_t tag = l4_ipc_call((cap)arg, l4_utcb(), words(1), l4_timeout(NEVER, MS));

	result[1] = l4_error(tag);
}

static void caller_gave_up(void)
{
	l4_umword_t label;

	reset();
	kt_thread_prio(KT_TASK, call_impatient, (void *)kt_self(), KT_PRIO + 1);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	l4_ipc_sleep_ms(3);
	CHECK_EQ(result[1], l4_ipc_to_errno(L4_IPC_RETIMEOUT));
	CHECK_IPC(l4_ipc_reply_and_wait(l4_utcb(), words(0), &label, l4_timeout(0, 0)), L4_IPC_ENOT_EXISTENT);
}

/* A plain send leaves the caller who waits for a reply alone. */
static void send_keeps_caller(void)
{
	struct sends s = { kt_self(), 4, NEVER };
	l4_umword_t label;

	reset();
	kt_thread_prio(KT_TASK, call_once, (void *)kt_self(), KT_PRIO + 1);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	kt_thread_prio(KT_TASK, send_value, &s, KT_PRIO + 1);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	CHECK_EQ(kt_mr()[0], 4);
	l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(2, 0, 0, 0), &label, l4_timeout(0, 0));
	CHECK_EQ(result[1], 2);
}

/* The callee may also answer by a plain send to the caller's thread. */
static void reply_by_send(void)
{
	l4_umword_t label;
	cap t;

	reset();
	t = kt_thread_prio(KT_TASK, call_once, (void *)kt_self(), KT_PRIO + 1);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	CHECK_IPC(l4_ipc_send(t, l4_utcb(), l4_msgtag(6, 0, 0, 0), L4_IPC_SEND_TIMEOUT_0), 0);
	CHECK_EQ(result[1], 6);
	CHECK_IPC(l4_ipc_reply_and_wait(l4_utcb(), words(0), &label, l4_timeout(0, 0)), L4_IPC_ENOT_EXISTENT);
}

/* A third party cannot answer. */
static void reply_by_stranger(void)
{
	l4_umword_t label;
	struct sends s = { 0, 5, MS };

	reset();
	s.to = kt_thread_prio(KT_TASK, call_once, (void *)kt_self(), KT_PRIO + 1);
	kt_thread_prio(KT_TASK, send_value, &s, KT_PRIO + 1);
	l4_ipc_sleep_ms(3);
	CHECK_EQ(result[5], L4_IPC_SETIMEOUT);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	kt_thread_prio(KT_TASK, send_value, &s, KT_PRIO + 1);
	l4_ipc_sleep_ms(3);
	CHECK_EQ(result[5], L4_IPC_SETIMEOUT);
	CHECK_EQ(result[1], 0x7777);
}

static void ping(void *arg)
{
	cap to = (cap)arg;
	l4_umword_t label;

	for (int i = 0; i < 10; i++) {
		kt_mr()[0] = i;
		l4_ipc_send_and_wait(to, l4_utcb(), words(1), &label, L4_IPC_NEVER);
		CHECK_EQ(kt_mr()[0], i + 100);
	}
	flag = 1;
}

static void send_and_wait(void)
{
	cap t = kt_thread_bound(KT_TASK);
	l4_umword_t label;

	reset();
	kt_thread_go(t, ping, (void *)kt_self());
	kt_prio(t, KT_PRIO + 1);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(kt_mr()[0], i);
		kt_mr()[0] += 100;
		if (i < 9)
			CHECK_IPC(l4_ipc_send_and_wait(t, l4_utcb(), words(1), &label, L4_IPC_NEVER), 0);
		else
			CHECK_IPC(l4_ipc_send(t, l4_utcb(), words(1), L4_IPC_NEVER), 0);
	}
	kt_settle();
	CHECK_EQ(flag, 1);
}

/* --- modify_sender */

static void modify_sender(void)
{
	l4_umword_t label;
	l4_msgtag_t tag;
	cap gates[5];

	reset();
	for (int i = 0; i < 5; i++) {
		static struct sends s[5];

		gates[i] = kt_gate(kt_self(), 0x100 * (i + 1));
		s[i] = (struct sends){ gates[i], i, NEVER };
		kt_thread_prio(KT_TASK, send_value, &s[i], KT_PRIO + 1);
	}
	tag = l4_thread_modify_sender_start();
	CHECK_EQ(l4_thread_modify_sender_add(~3UL, 0x200, ~0UL, 0x4000, &tag), 0);
	CHECK_EQ(l4_thread_modify_sender_add(~3UL, 0x400, 0x400, 0x8000, &tag), 0);
	CHECK_OK(l4_thread_modify_sender_commit(kt_self(), tag));
	for (int i = 0; i < 5; i++) {
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
		CHECK_EQ(kt_mr()[0], i);
		CHECK_EQ(label, i == 1 ? 0x4000 : i == 3 ? 0x8003 : 0x100 * (i + 1) + 3);
	}
}

/* --- IRQ objects */

static void irq_software(void)
{
	cap irq = kt_irq(), other = kt_irq();
	l4_umword_t label;
	l4_msgtag_t tag;

	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), 0x77));
	CHECK_OK(l4_rcv_ep_bind_thread(other, kt_self(), 0x88));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	/* merge */
	for (int i = 0; i < 3; i++)
		CHECK_OK(l4_irq_trigger(irq));
	tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	CHECK_IPC(tag, 0);
	CHECK_EQ(label, 0x77);
	CHECK_EQ(l4_msgtag_label(tag), L4_PROTO_IRQ);
	CHECK_EQ(l4_msgtag_words(tag), 0);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	/* closed receive */
	CHECK_OK(l4_irq_trigger(irq));
	CHECK_IPC(l4_irq_receive(other, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	CHECK_IPC(l4_irq_receive(irq, L4_IPC_NEVER), 0);
	CHECK_IPC(l4_irq_receive(irq, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
}

static void irq_waiter(void *arg)
{
	for (;;) {
		l4_msgtag_t tag = l4_ipc_receive((cap)arg, l4_utcb(), L4_IPC_NEVER);

		result[0] = l4_ipc_error(tag, l4_utcb());
		if (result[0])
			return;
		count++;
	}
}

static void irq_wakes(void)
{
	cap irq = kt_irq(), task = kt_task(), t = kt_thread_bound(task);

	reset();
	kt_give(task, irq);
	CHECK_OK(l4_rcv_ep_bind_thread(irq, t, 1));
	kt_thread_go(t, irq_waiter, (void *)irq);
	kt_prio(t, KT_PRIO + 1);
	for (word i = 1; i <= 10; i++) {
		CHECK_OK(l4_irq_trigger(irq));
		CHECK_EQ(count, i);
	}
	/* the binding ends: so does the wait */
	CHECK_OK(l4_irq_detach(irq));
	CHECK_EQ(result[0], L4_IPC_ENOT_EXISTENT | L4_IPC_SND_ERR_MASK);
}

/* Who waits for an IRQ that is not its own would wait for ever. */
static void irq_not_bound(void)
{
	cap irq = kt_irq(), t = kt_thread(KT_TASK, park, 0);

	CHECK_IPC(l4_ipc_receive(irq, l4_utcb(), l4_timeout(0, MS)), L4_IPC_ENOT_EXISTENT | L4_IPC_SND_ERR_MASK);
	CHECK_OK(l4_rcv_ep_bind_thread(irq, t, 1));
	CHECK_IPC(l4_ipc_receive(irq, l4_utcb(), l4_timeout(0, MS)), L4_IPC_ENOT_EXISTENT | L4_IPC_SND_ERR_MASK);
}

static void irq_pending_bind(void)
{
	cap irq = kt_irq(), t;
	l4_umword_t label;

	reset();
	CHECK_OK(l4_irq_trigger(irq));
	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), 5));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), 0);
	CHECK_EQ(label, 5);
	/* bound to none in between, undelivered and then once more */
	CHECK_OK(l4_irq_trigger(irq));
	CHECK_OK(l4_rcv_ep_bind_thread(irq, L4_INVALID_CAP, 7));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	CHECK_OK(l4_irq_trigger(irq));
	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), 8));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), 0);
	CHECK_EQ(label, 8);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	/* undelivered at one thread, bound to the next */
	CHECK_OK(l4_irq_trigger(irq));
	t = kt_thread_bound(KT_TASK);
	CHECK_OK(l4_rcv_ep_bind_thread(irq, t, 6));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	kt_thread_go(t, irq_waiter, (void *)irq);
	kt_prio(t, KT_PRIO + 1);
	CHECK_EQ(count, 1);
	/* detaching drops it */
	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), 5));
	CHECK_OK(l4_irq_trigger(irq));
	CHECK_OK(l4_irq_detach(irq));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
}

static void irq_timer(void)
{
	cap irq = kt_irq();
	word when = kt_now() + 5 * MS;
	l4_umword_t label;

	CHECK_OK(l4_rcv_ep_bind_thread(irq, kt_self(), 9));
	CHECK_OK(l4_irq_set_timer_u(irq, when, l4_utcb()));
	if (kt_exact())
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
	CHECK_EQ(label, 9);
	CHECK(kt_now() >= when);
	/* replaced, stopped, passed, far away */
	CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + 1000 * MS, l4_utcb()));
	CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + MS, l4_utcb()));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 100 * MS)), 0);
	CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + (kt_exact() ? MS : 10000 * MS), l4_utcb()));
	CHECK_OK(l4_irq_set_timer_u(irq, NEVER, l4_utcb()));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 5 * MS)), L4_IPC_RETIMEOUT);
	CHECK_OK(l4_irq_set_timer_u(irq, 1, l4_utcb()));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 5 * MS)), 0);
	CHECK_OK(l4_irq_set_timer_u(irq, NEVER - 1, l4_utcb()));
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 5 * MS)), L4_IPC_RETIMEOUT);
	CHECK_OK(l4_irq_set_timer_u(irq, kt_now() + (kt_exact() ? 2 * MS : 10000 * MS), l4_utcb()));
	kt_delete(irq);
	CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, l4_timeout(0, 5 * MS)), L4_IPC_RETIMEOUT);
}

/* --- semaphores */

struct down {
	cap sem;
	l4_timeout_s timeout;
	word value;
};

static void down(void *arg)
{
	const struct down *d = arg;
	l4_msgtag_t tag = l4_semaphore_down(d->sem, l4_timeout(0, d->timeout));

	result[d->value] = l4_error(tag);
	note(d->value);
}

static void semaphores(void)
{
	static struct down d[4];
	cap sem = kt_sem(2), none = kt_sem(0);
	word start;

	reset();
	CHECK_OK(l4_semaphore_down(sem, L4_IPC_NEVER));
	CHECK_OK(l4_semaphore_down(sem, L4_IPC_NEVER));
	CHECK_IPC(l4_semaphore_down(sem, L4_IPC_RECV_TIMEOUT_0), L4_IPC_RETIMEOUT);
	start = kt_now();
	CHECK_IPC(l4_semaphore_down(sem, l4_timeout(0, 2 * MS)), L4_IPC_RETIMEOUT);
	CHECK(kt_now() >= start + 2 * MS);
	CHECK_OK(l4_semaphore_up(sem));
	CHECK_OK(l4_semaphore_down(sem, L4_IPC_NEVER));
	for (unsigned i = 0; i < 4; i++) {
		d[i] = (struct down){ none, i == 3 ? MS : NEVER, i };
		kt_thread_prio(KT_TASK, down, &d[i], KT_PRIO + 1 + (i == 1));
	}
	l4_ipc_sleep_ms(3);
	CHECK_EQ(order_n, 1);
	CHECK_EQ(result[3], l4_ipc_to_errno(L4_IPC_RETIMEOUT));
	for (unsigned i = 0; i < 3; i++)
		CHECK_OK(l4_semaphore_up(none));
	CHECK_EQ(order_n, 4);
	CHECK_EQ(order[1], 1);
	CHECK_EQ(order[2], 0);
	CHECK_EQ(order[3], 2);
	CHECK_EQ(result[0] | result[1] | result[2], 0);
}

/* --- ex_regs */

static void after_cancel(void *arg)
{
	flag = (word)arg;
	kt_park();
}

static cap blocked(void (*f)(void *), void *arg)
{
	cap t = kt_thread_prio(KT_TASK, f, arg, KT_PRIO + 1);

	kt_settle();
	return t;
}

static void cancel_one(void (*f)(void *), void *arg, unsigned slot, long error)
{
	cap t = blocked(f, arg);

	CHECK_EQ(result[slot], 0x7777);
	CHECK(l4_error(l4_thread_ex_regs(t, ~0UL, ~0UL, L4_THREAD_EX_REGS_CANCEL)) >= 0);
	CHECK_EQ(result[slot], error);
}

static void ex_regs_cancels(void)
{
	static struct sends s;
	static struct down d;
	cap t, nobody = kt_thread_prio(KT_TASK, park, 0, KT_PRIO + 1);

	reset();
	s = (struct sends){ nobody, 1, NEVER };
	cancel_one(send_value, &s, 1, L4_IPC_SECANCELED);
	reset();
	s.to = kt_gate(L4_INVALID_CAP, 0);
	cancel_one(send_value, &s, 1, L4_IPC_SECANCELED);
	reset();
	cancel_one(sleeper, (void *)NEVER, 0, L4_IPC_RECANCELED);
	reset();
	d = (struct down){ kt_sem(0), NEVER, 2 };
	cancel_one(down, &d, 2, l4_ipc_to_errno(L4_IPC_RECANCELED));
	/* in a call that has been received */
	reset();
	kt_thread_prio(KT_TASK, swallow, 0, KT_PRIO + 1);
	t = kt_thread_prio(KT_TASK, swallow, 0, KT_PRIO + 1);
	cancel_one(call_once, (void *)t, 1, l4_ipc_to_errno(L4_IPC_RECANCELED));
	/* a new ip */
	reset();
	t = blocked(sleeper, (void *)NEVER);
	kt_thread_go(t, after_cancel, (void *)3);
	kt_settle();
	CHECK_EQ(flag, 0);
	CHECK(l4_error(l4_thread_ex_regs(t, ~0UL, ~0UL, L4_THREAD_EX_REGS_CANCEL)) >= 0);
	kt_settle();
	CHECK_EQ(flag, 3);
	CHECK_EQ(result[0], 0x7777);
}

static void spin(void *arg)
{
	for (;;)
		count++;
}

static void ex_regs_running(void)
{
	cap t;
	l4_addr_t ip = ~0UL, sp = ~0UL;
	l4_umword_t flags = 0;

	reset();
	t = kt_thread_prio(KT_TASK, spin, 0, KT_PRIO - 1);
	while (!count)
		l4_ipc_sleep_ms(2);
	CHECK(l4_error(l4_thread_ex_regs_ret(t, &ip, &sp, &flags)) >= 0);
	CHECK(ip >= (word)spin && ip < (word)spin + 64);
	CHECK(flags & 0x200);
	kt_thread_go(t, after_cancel, (void *)4);
	kt_settle();
	CHECK_EQ(flag, 4);
}

static void ex_regs_self_target(void *arg)
{
	flag = 11;
	kt_park();
}

static void ex_regs_self_thread(void *arg)
{
	static unsigned char stack[1024] __attribute__((aligned(16)));

	l4_thread_ex_regs(kt_self(), (word)ex_regs_self_target, (word)(stack + sizeof(stack) - 8), 0);
	flag = 99;
}

static void ex_regs_self(void)
{
	reset();
	kt_thread(KT_TASK, ex_regs_self_thread, 0);
	kt_settle();
	CHECK_EQ(flag, 11);
}

/* --- scheduling */

static volatile word spins[3];

static void spinner(void *arg)
{
	for (;;)
		spins[(word)arg]++;
}

static void round_robin(void)
{
	word turns = 0, last = 2;

	spins[0] = spins[1] = 0;
	kt_thread_prio(KT_TASK, spinner, (void *)0, KT_PRIO - 1);
	kt_thread_prio(kt_task(), spinner, (void *)1, KT_PRIO - 1);
	/* whoever runs, the other one follows: ten turns */
	while (turns < 10) {
		word a = spins[0], b = spins[1], now;

		l4_ipc_sleep_ms(1);
		now = spins[0] != a ? 0 : spins[1] != b ? 1 : last;
		turns += now != last;
		last = now;
	}
}

static void priorities(void)
{
	cap low, high;

	spins[0] = spins[1] = spins[2] = 0;
	low = kt_thread_prio(KT_TASK, spinner, (void *)0, KT_PRIO - 2);
	while (!spins[0])
		l4_ipc_sleep_ms(2);
	high = kt_thread_prio(KT_TASK, spinner, (void *)1, KT_PRIO - 1);
	while (!spins[1])
		l4_ipc_sleep_ms(2);
	spins[0] = 0;
	l4_ipc_sleep_ms(50);
	CHECK_EQ(spins[0], 0);
	/* exchange them while both are ready */
	kt_prio(low, KT_PRIO - 1);
	kt_prio(high, KT_PRIO - 2);
	spins[1] = 0;
	while (!spins[0])
		l4_ipc_sleep_ms(50);
	CHECK_EQ(spins[1], 0);
}

/* The slices that a thread asks for. */
static void slices(void)
{
	l4_sched_param_t sp = l4_sched_param(KT_PRIO - 1, 1 * MS), lp = l4_sched_param(KT_PRIO - 1, 9 * MS);
	cap a = kt_thread_bound(KT_TASK), b = kt_thread_bound(KT_TASK);

	spins[0] = spins[1] = 0;
	kt_thread_go(a, spinner, (void *)0);
	kt_thread_go(b, spinner, (void *)1);
	CHECK_OK(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, a, &sp));
	CHECK_OK(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, b, &lp));
	do
		l4_ipc_sleep_ms(300);
	while (!spins[0] || !spins[1]);
	CHECK(!kt_exact() || spins[1] > 4 * spins[0]);
}

/* A slice so long that the emulator's own pauses do not end it: only what threads do decides who runs. */
static cap patient(cap t)
{
	l4_sched_param_t sp = l4_sched_param(KT_PRIO - 1, 100000 * MS);

	CHECK_OK(l4_scheduler_run_thread(L4_BASE_SCHEDULER_CAP, t, &sp));
	return t;
}

static void yielder(void *arg)
{
	for (int i = 0; i < 5; i++) {
		note((word)arg);
		l4_thread_yield();
	}
}

static void yields(void)
{
	reset();
	for (word i = 1; i <= 3; i++)
		patient(kt_thread_prio(KT_TASK, yielder, (void *)i, KT_PRIO - 1));
	kt_settle();
	CHECK_EQ(order_n, 15);
	for (word i = 0; i < 15; i++)
		CHECK_EQ(order[i], i % 3 + 1);
}

static void switcher(void *arg)
{
	note(1);
	l4_thread_switch((cap)arg);
	note(1);
}

static void noter(void *arg) { note((word)arg); }

static void switch_to(void)
{
	cap target, t = kt_thread_bound(KT_TASK);

	reset();
	patient(t);
	kt_thread_prio(KT_TASK, noter, (void *)2, KT_PRIO - 1);
	target = kt_thread_prio(KT_TASK, noter, (void *)3, KT_PRIO - 1);
	/* 2, 3 and the switcher wait in this order; then the switcher first */
	reset();
	(void)target;
	kt_settle();
	CHECK_EQ(order_n, 2);
	reset();
	target = kt_thread_bound(KT_TASK);
	kt_thread_go(t, switcher, (void *)target);
	patient(kt_thread_prio(KT_TASK, noter, (void *)2, KT_PRIO - 1));
	kt_thread_go(target, noter, (void *)3);
	patient(target);
	kt_settle();
	CHECK_EQ(order_n, 4);
	CHECK_EQ(order[0], 1);
	CHECK_EQ(order[1], 3);
	CHECK_EQ(order[2], 2);
	CHECK_EQ(order[3], 1);
}

/* A message to a better thread takes effect at once, to a worse one not. */
static void wake_preempts(void)
{
	cap good = kt_thread_prio(KT_TASK, swallow, 0, KT_PRIO + 1);
	cap bad = kt_thread_prio(KT_TASK, swallow, 0, KT_PRIO - 1);

	kt_settle();
	reset();
	CHECK_IPC(l4_ipc_send(good, l4_utcb(), words(0), L4_IPC_NEVER), 0);
	CHECK_EQ(count, 1);
	CHECK_IPC(l4_ipc_send(bad, l4_utcb(), words(0), L4_IPC_NEVER), 0);
	CHECK_EQ(count, 1);
	kt_settle();
	CHECK_EQ(count, 2);
}

static void idle_time(void)
{
	l4_kernel_clock_t a = 0, b = 0;
	l4_sched_cpu_set_t cpus = l4_sched_cpu_set(0, 0, 1);
	l4_umword_t max = 0;

	CHECK_OK(l4_scheduler_idle_time(L4_BASE_SCHEDULER_CAP, &cpus, &a));
	l4_ipc_sleep_ms(20);
	CHECK_OK(l4_scheduler_idle_time(L4_BASE_SCHEDULER_CAP, &cpus, &b));
	CHECK(b > a);
	CHECK_OK(l4_scheduler_info(L4_BASE_SCHEDULER_CAP, &max, &cpus));
	CHECK(max >= 1 && (cpus.map & 1));
	CHECK(l4_scheduler_is_online(L4_BASE_SCHEDULER_CAP, 0));
}

/* A crowd of callers and servers of all priorities under preemption: every call gets its own answer. */
static volatile word served;

static void busy_server(void *arg)
{
	l4_umword_t label;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	for (;;) {
		for (volatile int i = 0; i < 50; i++)
			;
		served++;
		l4_ipc_reply_and_wait(l4_utcb(), words(40), &label, l4_timeout(0, NEVER));
	}
}

static void busy_client(void *arg)
{
	const cap *gates = *(cap **)arg;
	word me = kt_self();

	for (word i = 0; i < 100; i++) {
		l4_msgtag_t tag;

		for (word k = 0; k < 40; k++)
			kt_mr()[k] = me ^ (i << 32) ^ k;
		tag = l4_ipc_call(gates[(i + (me >> 12)) % 3], l4_utcb(), words(40), L4_IPC_NEVER);
		CHECK_EQ(l4_msgtag_label(tag), 7);
		for (word k = 0; k < 40; k++)
			CHECK_EQ(kt_mr()[k], me ^ (i << 32) ^ k);
	}
	__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
}

static void crowd(void)
{
	static cap gates[3], *p = gates;
	cap tasks[3];

	reset();
	served = 0;
	for (int i = 0; i < 3; i++) {
		tasks[i] = kt_task();
		gates[i] = kt_gate(kt_thread_prio(tasks[i], busy_server, 0, 50 + 10 * i), 0x100);
	}
	for (int i = 0; i < 9; i++) {
		cap t = kt_thread_bound(tasks[i % 3]);

		for (int g = 0; i < 3 && g < 3; g++)
			kt_give(tasks[i], gates[g]);
		kt_thread_go(t, busy_client, &p);
		kt_prio(t, 45 + 4 * i);
	}
	for (int i = 0; i < 2000 && count < 9; i++)
		l4_ipc_sleep_ms(1);
	CHECK_EQ(count, 9);
	CHECK_EQ(served, 900);
}

const struct kt_test kt_tests[] = {
	KT_TEST(thread_runs), KT_TEST(thread_start_order), KT_TEST(thread_registers),
	KT_TEST(ipc_call_same_task), KT_TEST(ipc_call_other_task), KT_TEST(ipc_between_tasks),
	KT_TEST(ipc_keeps_registers), KT_TEST(direct_label),
	KT_TEST(gate_labels), KT_TEST(gate_unbound), KT_TEST(gate_unbound_many), KT_TEST(gate_rebind),
	KT_TEST(timeouts_send), KT_TEST(timeouts_receive), KT_TEST(sleeping), KT_TEST(sleeping_many),
	KT_TEST(receive_closed), KT_TEST(receive_closed_waits), KT_TEST(senders_by_priority),
	KT_TEST(reply_one_shot), KT_TEST(caller_replaced), KT_TEST(caller_gave_up),
	KT_TEST(send_keeps_caller), KT_TEST(reply_by_send), KT_TEST(reply_by_stranger), KT_TEST(send_and_wait),
	KT_TEST(modify_sender),
	KT_TEST(irq_software), KT_TEST(irq_wakes), KT_TEST(irq_not_bound),
	KT_TEST(irq_pending_bind), KT_TEST(irq_timer),
	KT_TEST(semaphores), KT_TEST(ex_regs_cancels), KT_TEST(ex_regs_running), KT_TEST(ex_regs_self),
	KT_TEST(round_robin), KT_TEST(priorities), KT_TEST(slices), KT_TEST(yields), KT_TEST(switch_to),
	KT_TEST(wake_preempts), KT_TEST(idle_time), KT_TEST(crowd),
	{ 0 }
};
