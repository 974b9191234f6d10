/* SPDX-License-Identifier: MIT */
/* Kernel benchmark: page faults and exceptions that another thread serves. */
#include "bench.h"

#define PAGES 400

static word region, page, next;

static void pager(void *arg)
{
	l4_umword_t label;
	l4_msgtag_t tag;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	for (;;) {
		word at = kt_mr()[0] & L4_PAGEMASK;

		kt_mr()[0] = l4_map_control(at, 0, 0);
		kt_mr()[1] = l4_fpage(page, 12, L4_FPAGE_RW).raw;
		tag = l4_msgtag(0, 0, 1, 0);
		l4_ipc_reply_and_wait(l4_utcb(), tag, &label, L4_IPC_NEVER);
	}
}

/* Passes over an instruction of two bytes. */
static void handler(void *arg)
{
	l4_umword_t label;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	for (;;) {
		l4_utcb_exc()->ip += 2;
		l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, L4_UTCB_EXCEPTION_REGS_SIZE, 0, 0), &label, L4_IPC_NEVER);
	}
}

static word touch_next(void)
{
	const volatile word *p = (void *)(region + next++ * L4_PAGESIZE);
	word t = ticks();

	*p;
	return ticks() - t;
}

static word raise(void)
{
	word t = ticks();

	__asm__ volatile("ud2");
	return ticks() - t;
}

static void fault_body(void *arg)
{
	static const struct bench fault = { .name = "page_fault_by_pager", .op = touch_next, .reps = PAGES };

	next = 0;
	touch_next();
	bench_run(&fault);
	l4_ipc_send((cap)arg, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
}

static void exception_body(void *arg)
{
	static const struct bench exception = { .name = "exception_round_trip", .op = raise };

	bench_run(&exception);
	l4_ipc_send((cap)arg, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
}

static void run(void (*body)(void *), cap served_by)
{
	cap task = bench_task(), t;

	kt_give(task, served_by);
	kt_give(task, kt_self());
	t = kt_thread_bound(task);
	kt_handlers(t, served_by, served_by);
	kt_thread_go(t, body, (void *)kt_self());
	kt_prio(t, KT_PRIO);
	CHECK_OK(l4_ipc_receive(t, l4_utcb(), L4_IPC_NEVER));
}

void faults(void)
{
	bench_begin();
	region = kt_region(2 * L4_SUPERPAGESIZE);
	page = (word)kt_pages(1);
	run(fault_body, kt_thread(kt_task(), pager, 0));
	run(exception_body, kt_thread(kt_task(), handler, 0));
}
