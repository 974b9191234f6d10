/* SPDX-License-Identifier: MIT */
/* Kernel benchmark: calls, items in messages, one-way messages, invocations, switches. */
#include "bench.h"

static cap server, server_task, item_cap, target_slot;
static word item_page, window;
static volatile word arrived;

/* --- call and reply */

/* Answers with as many words as came. */
static void echo(void *arg)
{
	l4_umword_t label;
	l4_msgtag_t tag = l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);

	for (;;)
		tag = l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, l4_msgtag_words(tag), 0, 0), &label, L4_IPC_NEVER);
}

static inline __attribute__((always_inline)) word call(unsigned words, unsigned items)
{
	word t = ticks();

	l4_ipc_call(server, l4_utcb(), l4_msgtag(0, words, items, 0), L4_IPC_NEVER);
	return ticks() - t;
}

static word call_0(void) { return call(0, 0); }
static word call_4(void) { return call(4, 0); }
static word call_16(void) { return call(16, 0); }
static word call_60(void) { return call(60, 0); }
static word call_63(void) { return call(63, 0); }

static void calls(const struct bench *list)
{
	for (unsigned i = 0; i < 5; i++)
		bench_run(&list[i]);
}

static void calls_two_tasks(void)
{
	static const struct bench list[] = {
		{ .name = "call_two_tasks_0", .op = call_0 }, { .name = "call_two_tasks_4", .op = call_4 },
		{ .name = "call_two_tasks_16", .op = call_16 }, { .name = "call_two_tasks_60", .op = call_60 },
		{ .name = "call_two_tasks_63", .op = call_63 },
	};

	calls(list);
}

static void calls_one_task(void)
{
	static const struct bench list[] = {
		{ .name = "call_one_task_0", .op = call_0 }, { .name = "call_one_task_4", .op = call_4 },
		{ .name = "call_one_task_16", .op = call_16 }, { .name = "call_one_task_60", .op = call_60 },
		{ .name = "call_one_task_63", .op = call_63 },
	};

	calls(list);
}

/* The server's gate, which the client's task gets. */
static void serve(cap client_task, cap thread)
{
	server = kt_gate(thread, 0x10);
	kt_give(client_task, server);
}

void ipc_call(void)
{
	cap client;

	bench_begin();
	client = bench_task();
	serve(client, kt_thread(kt_task(), echo, 0));
	bench_in(client, calls_two_tasks);
	serve(client, kt_thread(client, echo, 0));
	bench_in(client, calls_one_task);
}

/* --- items */

static void receive_cap(void *arg)
{
	l4_utcb_rcv_cap_u(l4_utcb(), target_slot);
	echo(0);
}

static void receive_memory(void *arg)
{
	l4_utcb_rcv_mem_u(l4_utcb());
	l4_utcb()->buf.br[1] = l4_fpage(window, L4_SUPERPAGESHIFT, 0).raw;
	echo(0);
}

static void receive_list(void *arg)
{
	l4_utcb_rcv_mem_u(l4_utcb());
	echo(0);
}

static void prepare_cap(void)
{
	l4_task_release_cap(server_task, target_slot);
	kt_mr()[0] = L4_ITEM_MAP;
	kt_mr()[1] = l4_obj_fpage(item_cap, 0, L4_CAP_FPAGE_RWS).raw;
}

static void prepare_pages(unsigned n)
{
	l4_task_unmap(server_task, l4_fpage(window, L4_SUPERPAGESHIFT, L4_FPAGE_RWX), L4_FP_ALL_SPACES);
	for (unsigned i = 0; i < n; i++) {
		kt_mr()[2 * i] = l4_map_control(window + i * L4_PAGESIZE, 0, 0);
		kt_mr()[2 * i + 1] = l4_fpage(item_page + i * L4_PAGESIZE, 12, L4_FPAGE_RW).raw;
	}
}
static void prepare_page(void) { prepare_pages(1); }
static void prepare_list(void) { prepare_pages(8); }

static word call_item(void) { return call(0, 1); }
static word call_items(void) { return call(0, 8); }

static void send_cap(void)
{
	static const struct bench b = { .name = "call_capability", .op = call_item, .prepare = prepare_cap };

	bench_run(&b);
}

static void send_page(void)
{
	static const struct bench b = { .name = "call_map_4k", .op = call_item, .prepare = prepare_page };

	bench_run(&b);
}

static void send_list(void)
{
	static const struct bench b = { .name = "call_map_list_8", .op = call_items, .prepare = prepare_list };

	bench_run(&b);
}

void ipc_items(void)
{
	cap client;

	bench_begin();
	client = bench_task();
	server_task = kt_task();
	target_slot = kt_slot();
	item_cap = kt_irq();
	item_page = (word)kt_pages(8);
	window = kt_region(L4_SUPERPAGESIZE);
	kt_give(client, server_task);
	kt_give(client, item_cap);
	serve(client, kt_thread(server_task, receive_cap, 0));
	bench_in(client, send_cap);
	serve(client, kt_thread(server_task, receive_memory, 0));
	bench_in(client, send_page);
	serve(client, kt_thread(server_task, receive_list, 0));
	bench_in(client, send_list);
}

/* --- one way: from before the send to the receiver's first instruction */

static void stamp_waiter(void *arg)
{
	l4_umword_t label;

	for (;;) {
		l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
		arrived = ticks();
	}
}

static void stamp_replier(void *arg)
{
	l4_umword_t label;

	l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
	for (;;) {
		arrived = ticks();
		l4_ipc_reply_and_wait(l4_utcb(), l4_msgtag(0, 0, 0, 0), &label, L4_IPC_NEVER);
	}
}

static word send_one_way(void)
{
	word t = ticks();

	l4_ipc_send(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	return arrived - t;
}

static word send_and_back(void)
{
	word t = ticks();

	l4_ipc_send(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	return ticks() - t;
}

static word trigger(void)
{
	word t = ticks();

	l4_irq_trigger(server);
	return arrived - t;
}

static word trigger_and_back(void)
{
	word t = ticks();

	l4_irq_trigger(server);
	return ticks() - t;
}

/* From the replier's stamp to the caller. */
static word reply_and_wait(void)
{
	l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	return ticks() - arrived;
}

static void sends(void)
{
	static const struct bench one_way = { .name = "send_to_waiting_higher", .op = send_one_way };
	static const struct bench back = { .name = "send_to_waiting_higher_and_back", .op = send_and_back };

	bench_run(&one_way);
	bench_run(&back);
}

static void triggers(void)
{
	static const struct bench one_way = { .name = "irq_trigger_to_waiting", .op = trigger };
	static const struct bench back = { .name = "irq_trigger_and_back", .op = trigger_and_back };

	bench_run(&one_way);
	bench_run(&back);
}

static void trigger_same_task(void)
{
	static const struct bench b = { .name = "irq_trigger_to_waiting_same_task", .op = trigger };

	bench_run(&b);
}

static void replies(void)
{
	static const struct bench b = { .name = "reply_and_wait", .op = reply_and_wait };

	bench_run(&b);
}

static void bound_irq(cap client, cap waiter)
{
	server = kt_irq();
	kt_give(client, server);
	CHECK_OK(l4_rcv_ep_bind_thread(server, waiter, 0x20));
}

void ipc_one_way(void)
{
	cap client, waiter;

	bench_begin();
	client = bench_task();
	waiter = kt_thread_prio(kt_task(), stamp_waiter, 0, KT_PRIO + 1);
	serve(client, waiter);
	bench_in(client, sends);
	bound_irq(client, waiter);
	bench_in(client, triggers);
	bound_irq(client, kt_thread_prio(client, stamp_waiter, 0, KT_PRIO + 1));
	bench_in(client, trigger_same_task);
	serve(client, kt_thread(kt_task(), stamp_replier, 0));
	bench_in(client, replies);
}

/* --- kernel objects */

/* No words: an error, but the way in and out is that of every operation. */
static word invoke_nothing(void)
{
	word t = ticks();

	l4_ipc_call(KT_TASK, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	return ticks() - t;
}

static word invoke_cap_valid(void)
{
	word t = ticks();

	l4_task_cap_valid(KT_TASK, KT_TASK);
	return ticks() - t;
}

static word invoke_empty_slot(void)
{
	word t = ticks();

	l4_ipc_call(server, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
	return ticks() - t;
}

void null_invocation(void)
{
	static const struct bench nothing = { .name = "invoke_null", .op = invoke_nothing };
	static const struct bench valid = { .name = "invoke_cap_valid", .op = invoke_cap_valid };
	static const struct bench empty = { .name = "invoke_empty_slot", .op = invoke_empty_slot };

	bench_begin();
	server = kt_slot();
	bench_run(&nothing);
	bench_run(&valid);
	bench_run(&empty);
}

/* --- switches: two threads of one priority that yield to each other */

static void yielder(void *arg)
{
	for (;;)
		l4_thread_switch((cap)arg);
}

static word yield(void)
{
	word t = ticks();

	l4_thread_switch(server);
	return ticks() - t;
}

static const char *switch_name;

static void switch_run(void *arg)
{
	struct bench b = { .name = switch_name, .op = yield, .share = 2 };

	bench_run(&b);
	l4_ipc_send((cap)arg, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER);
}

/* Both threads know each other, so both tasks get both. */
static void switch_between(cap task, cap other, const char *name)
{
	cap one = kt_thread_bound(task), two = kt_thread_bound(other);

	switch_name = name;
	server = two;
	kt_give(task, two);
	kt_give(other, one);
	kt_give(task, kt_self());
	kt_thread_go(two, yielder, (void *)one);
	kt_thread_go(one, switch_run, (void *)kt_self());
	kt_prio(one, KT_PRIO);
	kt_prio(two, KT_PRIO);
	CHECK_OK(l4_ipc_receive(one, l4_utcb(), L4_IPC_NEVER));
	kt_delete(one);
	kt_delete(two);
}

void switches(void)
{
	cap task;

	bench_begin();
	task = bench_task();
	switch_between(task, task, "context_switch_one_task");
	switch_between(task, kt_task(), "context_switch_two_tasks");
}
