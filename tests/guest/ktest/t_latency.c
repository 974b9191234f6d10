/* SPDX-License-Identifier: MIT */
/*
 * Kernel test: how late a thread of high priority wakes while others keep the kernel in its longest
 * operations. Prints the worst of each; limits hold under instruction counting, where a nanosecond is an instruction.
 */
#include "kt.h"

#define LIMIT 2500 /* instructions from the due time to the first instruction of the woken thread that can tell */
#define MS 1000000UL
#define ALL L4_FP_ALL_SPACES

static volatile word worst, wakes, armed;

/* Wakes at times that drift against everything periodic. */
static void sleeper(void *arg)
{
	word step = 15000;

	for (;;) {
		word when = kt_now() + step, late;

		l4_ipc_sleep(l4_timeout(0, l4_timeout_abs(when, 0)));
		late = kt_now() - when;
		if (armed && late > worst)
			worst = late;
		wakes++;
		step = 11000 + (step * 7 + 3331) % 9973;
	}
}

static void start(void)
{
	worst = wakes = 0;
	kt_thread_prio(KT_TASK, sleeper, 0, KT_PRIO + 50);
	l4_ipc_sleep_ms(1);
	armed = 1;
}

static void end(const char *what)
{
	armed = 0;
	if (kt_exact() && worst > LIMIT)
		kt_fail(what, 0, "instructions late", worst, LIMIT);
	kt_printf("latency %s: %lu in %lu wakes\n", what, worst, wakes);
}

static void nothing(void)
{
	start();
	l4_ipc_sleep_ms(5);
	end("idle");
}

static void memory(void)
{
	word at = kt_region(1UL << 27), page = (word)kt_pages(512);
	cap task = kt_task(), copy = kt_task();

	start();
	page = (page + 0xffff) & ~0xffffUL;
	for (word i = 0; i < 16 * 512; i += 16)
		l4_task_map(task, KT_TASK, l4_fpage(page + (i % 496 & ~15UL) * L4_PAGESIZE, 16, L4_FPAGE_RWX), at + i * L4_PAGESIZE);
	for (int round = 0; round < 3; round++) {
		CHECK_OK(l4_task_map(copy, task, l4_fpage(at, 27, L4_FPAGE_RWX), at));
		CHECK_OK(l4_task_unmap(task, l4_fpage(at, 27, L4_FPAGE_W), L4_FP_OTHER_SPACES));
		CHECK_OK(l4_task_unmap(task, l4_fpage(at, 27, L4_FPAGE_RWX), L4_FP_OTHER_SPACES));
	}
	CHECK_OK(l4_task_map(copy, task, l4_fpage(at, 27, L4_FPAGE_RWX), at));
	CHECK_OK(l4_task_unmap_range_u(copy, 0, ~0UL, ALL | L4_FPAGE_RWX, l4_utcb()));
	for (word i = 0; i < 31; i++)
		CHECK_OK(l4_task_unmap(KT_TASK, l4_fpage(page + 16 * i * L4_PAGESIZE, 16, L4_FPAGE_RWX), L4_FP_OTHER_SPACES));
	end("map and unmap");
}

static void empty_ranges(void)
{
	cap task = kt_task();

	start();
	for (int i = 0; i < 20; i++) {
		CHECK_OK(l4_task_unmap(task, l4_fpage(0x100000000000, 44, L4_FPAGE_RWX), ALL));
		CHECK_OK(l4_task_map(task, KT_TASK, l4_fpage(0x400000000000, 45, L4_FPAGE_RWX), 0x400000000000));
		CHECK_OK(l4_task_unmap(task, l4_obj_fpage(4096UL << 12, 17, 15), ALL));
	}
	end("empty ranges");
}

static void tasks(void)
{
	start();
	for (int i = 0; i < 5; i++) {
		cap task = kt_task();

		for (word k = 0; k < 8; k++)
			CHECK_OK(l4_task_map(task, KT_TASK, l4_fpage(0x400000, 22, L4_FPAGE_RWX), 0x10000000 + k * 0x400000));
		for (word k = 0; k < 500; k++)
			CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(L4_BASE_LOG_CAP, 0, 4), l4_map_obj_control((0x8000 + k) << 12, 0)));
		kt_delete(task);
	}
	end("create and destroy tasks");
}

static void park(void *arg) { kt_park(); }
static void call(void *arg) { l4_ipc_call((cap)arg, l4_utcb(), l4_msgtag(0, 63, 0, 0), L4_IPC_NEVER); }
static void sleep_until(void *arg) { l4_ipc_sleep(l4_timeout(0, l4_timeout_abs((word)arg, 0))); }

static l4_msgtag_t relabel(cap thread, int rules)
{
	l4_msgtag_t tag = l4_thread_modify_sender_start();

	while (rules--)
		l4_thread_modify_sender_add(~0UL, 12345, 0, 0, &tag);
	return l4_thread_modify_sender_commit(thread, tag);
}

static void threads(void)
{
	cap silent, gate, task = kt_task();

	silent = kt_thread_prio(task, park, 0, KT_PRIO + 1);
	gate = kt_gate(L4_INVALID_CAP, 0);
	for (int i = 0; i < 15; i++) {
		kt_thread_prio(KT_TASK, call, (void *)silent, KT_PRIO + 1);
		kt_thread_prio(KT_TASK, call, (void *)gate, KT_PRIO + 1);
	}
	start();
	CHECK_OK(l4_ipc_gate_bind_thread(gate, silent, 0));
	for (int rules = 1; rules <= 2; rules++)
		CHECK_OK(relabel(silent, rules));
	CHECK_ERR(relabel(silent, 3), -L4_E2BIG);
	kt_delete(task);
	end("threads with many senders");
}

static void timeouts(void)
{
	word when = kt_now() + 3 * MS;

	for (int i = 0; i < 40; i++)
		kt_thread_prio(KT_TASK, sleep_until, (void *)when, KT_PRIO + 1);
	start();
	l4_ipc_sleep_ms(6);
	end("40 time-outs at once");
}

static void capabilities(void)
{
	cap gate = kt_gate(L4_INVALID_CAP, 0), to = kt_slot(), task = kt_task(), kids = 0x8000UL << 12;

	for (word i = 0; i < 2000; i++)
		CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(gate, 0, 4), l4_map_obj_control(kids + (i << 12), 0)));
	start();
	CHECK_OK(l4_task_map(KT_TASK, KT_TASK, l4_obj_fpage(gate, 0, 15), l4_map_obj_control(to, L4_MAP_ITEM_GRANT)));
	CHECK_OK(l4_task_unmap(KT_TASK, l4_obj_fpage(to, 0, 15), L4_FP_OTHER_SPACES));
	CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(0, 9, 15), l4_map_obj_control(0x10000UL << 12, 0)));
	CHECK_OK(l4_task_unmap(task, l4_obj_fpage(0x10000UL << 12, 9, 15), ALL));
	end("capabilities");
}

static void ports(void)
{
	cap a = kt_task(), b = kt_task();

	start();
	for (int i = 0; i < 3; i++) {
		CHECK_OK(l4_task_map(a, KT_TASK, l4_iofpage(0, 16), 0));
		for (word p = 0; p < 0x800; p += 2)
			CHECK_OK(l4_task_map(b, a, l4_iofpage(p, 0), 0));
		CHECK_OK(l4_task_unmap(KT_TASK, l4_iofpage(0, 16), L4_FP_OTHER_SPACES));
	}
	end("I/O ports");
}

static void kernel_user_memory(void)
{
	start();
	for (int i = 0; i < 8; i++) {
		cap task = kt_slot();
		l4_fpage_t area = l4_fpage(KT_UTCBS, 16, L4_FPAGE_RW);

		CHECK_OK(l4_factory_create_task(KT_FACTORY, task, &area));
		area = l4_fpage(KT_UTCBS + 0x10000, 16, L4_FPAGE_RW);
		CHECK_OK(l4_task_add_ku_mem(task, &area));
		kt_delete(task);
	}
	end("kernel-user memory");
}

/* Messages of 63 words, and of items that map memory. */
static volatile word at_item;
static void send_items(void *arg)
{
	for (;;) {
		l4_msgtag_t tag = l4_msgtag(0, 3, 0, 0);

		for (int i = 0; i < 15; i++)
			l4_sndfpage_add(l4_fpage(0x400000, 21, L4_FPAGE_RWX), l4_map_control(at_item + i * 0x200000, 0, 0), &tag);
		l4_ipc_send((cap)arg, l4_utcb(), tag, L4_IPC_NEVER);
	}
}

static void messages(void)
{
	l4_umword_t label;

	at_item = kt_region(16UL << 21);
	kt_thread_prio(KT_TASK, send_items, (void *)kt_self(), KT_PRIO);
	start();
	for (int i = 0; i < 5; i++) {
		l4_utcb_rcv_mem_u(l4_utcb());
		CHECK_IPC(l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER), 0);
		CHECK_OK(l4_task_unmap_range_u(KT_TASK, at_item, at_item + (16UL << 21) - 1, ALL | 7, l4_utcb()));
	}
	for (int i = 0; i < 31; i++)
		l4_utcb()->buf.br[i] = 0;
	end("messages that map");
}

const struct kt_test kt_tests[] = {
	KT_TEST(nothing), KT_TEST(memory), KT_TEST(empty_ranges), KT_TEST(tasks), KT_TEST(threads), KT_TEST(timeouts),
	KT_TEST(capabilities), KT_TEST(ports), KT_TEST(kernel_user_memory), KT_TEST(messages),
	{ 0 }
};
