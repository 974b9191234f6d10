/* SPDX-License-Identifier: MIT */
/* Kernel benchmark: mapping and unmapping memory, creating and deleting threads and tasks. */
#include "bench.h"

#define LIST 16
#define MANY 512

static cap task, slot;
static word source, target;
static l4_fpage_t unmap_list[LIST];

/* --- memory: this task's pages to another task, whose tables are there */

static void map_flexpage(unsigned order)
{
	l4_task_map(task, KT_TASK, l4_fpage(source, order, L4_FPAGE_RW), target);
}

static void unmap_flexpage(unsigned order)
{
	l4_task_unmap(task, l4_fpage(target, order, L4_FPAGE_RWX), L4_FP_ALL_SPACES);
}

static void map_list(void)
{
	word *mr = kt_mr();

	mr[0] = L4_TASK_MAP_OP;
	mr[1] = KT_TASK;
	for (unsigned i = 0; i < LIST; i++) {
		mr[2 + 2 * i] = l4_map_control(target + i * L4_PAGESIZE, 0, 0);
		mr[3 + 2 * i] = l4_fpage(source + i * L4_PAGESIZE, 12, L4_FPAGE_RW).raw;
	}
	l4_invoke(task, L4_PROTO_TASK, 2 + 2 * LIST, l4_utcb());
}

static void unmap_in_list(void)
{
	l4_task_unmap_batch(task, unmap_list, LIST, L4_FP_ALL_SPACES);
}

#define TIMED(name, what) \
	static word name(void) \
	{ \
		word t = ticks(); \
		what; \
		return ticks() - t; \
	}

static void map_1_first(void) { map_flexpage(12); }
static void unmap_1_first(void) { unmap_flexpage(12); }
static void map_16_first(void) { map_flexpage(16); }
static void unmap_16_first(void) { unmap_flexpage(16); }
static void map_512_first(void) { map_flexpage(21); }
static void unmap_512_first(void) { unmap_flexpage(21); }

TIMED(both_1, map_flexpage(12); unmap_flexpage(12))
TIMED(map_1, map_flexpage(12))
TIMED(unmap_1, unmap_flexpage(12))
TIMED(both_16_list, map_list(); unmap_in_list())
TIMED(both_16, map_flexpage(16); unmap_flexpage(16))
TIMED(map_16, map_flexpage(16))
TIMED(unmap_16, unmap_flexpage(16))
TIMED(both_512, map_flexpage(21); unmap_flexpage(21))
TIMED(map_512, map_flexpage(21))
TIMED(unmap_512, unmap_flexpage(21))

void mappings(void)
{
	static const struct bench list[] = {
		{ .name = "map_unmap_1", .op = both_1 },
		{ .name = "map_1", .op = map_1, .prepare = unmap_1_first },
		{ .name = "unmap_1", .op = unmap_1, .prepare = map_1_first },
		{ .name = "map_unmap_16_list", .op = both_16_list },
		{ .name = "map_unmap_16", .op = both_16 },
		{ .name = "map_16", .op = map_16, .prepare = unmap_16_first },
		{ .name = "unmap_16", .op = unmap_16, .prepare = map_16_first },
		{ .name = "map_unmap_512", .op = both_512, .reps = 50 },
		{ .name = "map_512", .op = map_512, .prepare = unmap_512_first, .reps = 50 },
		{ .name = "unmap_512", .op = unmap_512, .prepare = map_512_first, .reps = 50 },
	};

	bench_begin();
	task = kt_task();
	source = kt_region(2 * L4_SUPERPAGESIZE);
	target = kt_region(2 * L4_SUPERPAGESIZE);
	word pages = (word)kt_pages(MANY);

	/* The program's pages at an aligned address, where a flexpage holds 512 of them. */
	for (unsigned i = 0; i < MANY; i++)
		l4_task_map(KT_TASK, KT_TASK, l4_fpage(pages + i * L4_PAGESIZE, 12, L4_FPAGE_RW),
			    source + i * L4_PAGESIZE);
	for (unsigned i = 0; i < LIST; i++)
		unmap_list[i] = l4_fpage(target + i * L4_PAGESIZE, 12, L4_FPAGE_RWX);
	map_flexpage(21);
	unmap_flexpage(21);
	/* One page stays, so that the table stays. */
	l4_task_map(task, KT_TASK, l4_fpage(source, 12, L4_FPAGE_RW), target + L4_SUPERPAGESIZE);
	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		bench_run(&list[i]);
}

/* --- objects */

static volatile word ran;

static void create_thread(void) { l4_factory_create_thread(KT_FACTORY, slot); }
static void create_task(void) { l4_factory_create_task(KT_FACTORY, slot, 0); }
static void delete_object(void) { l4_task_delete_obj(KT_TASK, slot); }

static void first_instruction(void *arg)
{
	ran = 1;
	kt_park();
}

/* Made, bound, started, run until it waits, deleted. */
static void thread_life(void)
{
	static word stack[64] __attribute__((aligned(16)));
	word *sp = stack + 64 - 6;
	extern void kt_thread_entry(void);

	create_thread();
	l4_thread_control_start();
	l4_thread_control_pager(KT_WATCH);
	l4_thread_control_exc_handler(KT_WATCH);
	l4_thread_control_bind((l4_utcb_t *)(KT_UTCBS + 60 * L4_UTCB_SIZE), KT_TASK);
	l4_thread_control_commit(slot);
	*--sp = slot;
	*--sp = 0;
	*--sp = (word)first_instruction;
	l4_thread_ex_regs(slot, (word)kt_thread_entry, (word)sp, 0);
	kt_prio(slot, KT_PRIO + 1);
	delete_object();
}

/* With a UTCB area and one page mapped. */
static void task_life(void)
{
	l4_fpage_t utcbs = l4_fpage(KT_UTCBS, 12, L4_FPAGE_RW);

	l4_factory_create_task(KT_FACTORY, slot, &utcbs);
	l4_task_map(slot, KT_TASK, l4_fpage(source, 12, L4_FPAGE_RW), 0x400000);
	delete_object();
}

TIMED(thread_both, create_thread(); delete_object())
TIMED(thread_make, create_thread())
TIMED(thread_delete, delete_object())
TIMED(thread_whole, thread_life())
TIMED(task_both, create_task(); delete_object())
TIMED(task_make, create_task())
TIMED(task_delete, delete_object())
TIMED(task_whole, task_life())

/* --- bytes of quota, printed as if they were ticks */

#define COPIES 16

static void quota_of(void (*create)(cap), const char *name)
{
	cap slots = kt_slots(COPIES);
	word before = kt_quota_used(), each;

	for (unsigned i = 0; i < COPIES; i++)
		create(slots + ((word)i << L4_CAP_SHIFT));
	each = (kt_quota_used() - before) / COPIES;
	bench_print(name, &each, 1);
	for (unsigned i = 0; i < COPIES; i++)
		kt_delete(slots + ((word)i << L4_CAP_SHIFT));
}

static void new_thread(cap c) { l4_factory_create_thread(KT_FACTORY, c); }
static void new_task(cap c) { l4_factory_create_task(KT_FACTORY, c, 0); }
static void new_gate(cap c) { l4_factory_create_gate(KT_FACTORY, c, L4_INVALID_CAP, 0); }
static void new_irq(cap c) { l4_factory_create_irq(KT_FACTORY, c); }

static void task_with_page(cap c)
{
	new_task(c);
	l4_task_map(c, KT_TASK, l4_fpage(source, 12, L4_FPAGE_RW), 0x400000);
}

void sizes(void)
{
	cap t;
	word before, pages;

	bench_begin();
	source = (word)kt_pages(1);
	quota_of(new_thread, "bytes_thread");
	quota_of(new_task, "bytes_task");
	quota_of(task_with_page, "bytes_task_with_page");
	quota_of(new_gate, "bytes_gate");
	quota_of(new_irq, "bytes_irq");
	t = kt_slot();
	task_with_page(t);
	before = kt_quota_used();
	for (word i = 0; i < 1024; i++)
		l4_task_map(t, KT_TASK, l4_fpage(source, 12, L4_FPAGE_RW), 0x40000000 + i * L4_PAGESIZE);
	pages = (kt_quota_used() - before) / 1024;
	bench_print("bytes_mapped_page", &pages, 1);
}

void objects(void)
{
	static const struct bench list[] = {
		{ .name = "thread_create_delete", .op = thread_both },
		{ .name = "thread_create", .op = thread_make, .prepare = delete_object },
		{ .name = "thread_delete", .op = thread_delete, .prepare = create_thread },
		{ .name = "thread_create_run_delete", .op = thread_whole },
		{ .name = "task_create_delete", .op = task_both },
		{ .name = "task_create", .op = task_make, .prepare = delete_object },
		{ .name = "task_delete", .op = task_delete, .prepare = create_task },
		{ .name = "task_create_map_delete", .op = task_whole },
	};

	bench_begin();
	slot = kt_slot();
	source = (word)kt_pages(1);
	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		bench_run(&list[i]);
}
