/* SPDX-License-Identifier: MIT */
/*
 * Kernel test: the longest path that cannot be preempted, operation by operation.
 *
 * Each operation is done again and again, and each time the timer interrupt falls due STEP instructions later than the
 * time before, from its first instruction to behind its last. A thread of high priority in another task waits
 * for it and tells how late it runs. The table has the worst delay allowed and where it comes from; under
 * instruction counting a nanosecond is an instruction, and every run is the same.
 */
#include "kt.h"

#ifndef STEP
#define STEP 97 /* no neighbour of a power of two: it samples every phase of a loop */
#endif
#define LEAD 4000    /* from setting the time to the operation's start */
#define LENGTH 60000 /* instructions of an operation at most */
#define PAGES 16
#define CAPS 32
#define ALL L4_FP_ALL_SPACES

struct path {
	const char *name;
	word limit;          /* instructions from due time to the waiting thread's first that can tell */
	const char *where;   /* what the thread waits for in the worst case */
	void (*before)(void);
	void (*run)(void);
	void (*behind)(void);
};

static volatile word due, late, waiting;
static cap waiter, task, object, gate, factory, slots;
static word page, area, kids = 0x8000UL << 12;

static void wait_for_it(void *arg)
{
	l4_umword_t label;

	for (;;) {
		l4_ipc_wait(l4_utcb(), &label, L4_IPC_NEVER);
		l4_ipc_sleep(l4_timeout(0, l4_timeout_abs(due, 0)));
		late = kt_now() - due;
		waiting = 0;
	}
}

static void nothing(void) { }
static void spin(void) { for (volatile int i = 0; i < 100; i++); }

static l4_fpage_t pages(unsigned rights) { return l4_fpage(page, 16, rights); }
static void map(void) { CHECK_OK(l4_task_map(task, KT_TASK, pages(L4_FPAGE_RWX), area)); }
static void unmap(void) { CHECK_OK(l4_task_unmap(task, l4_fpage(area, 16, L4_FPAGE_RWX), ALL)); }
static void protect(void) { CHECK_OK(l4_task_unmap(KT_TASK, pages(L4_FPAGE_W), L4_FP_OTHER_SPACES)); }
static void revoke(void) { CHECK_OK(l4_task_unmap(KT_TASK, pages(L4_FPAGE_RWX), L4_FP_OTHER_SPACES)); }

/* A range without a table, and one with. */
static void unmap_empty(void) { CHECK_OK(l4_task_unmap(task, l4_fpage(0x100000000000, 44, L4_FPAGE_RWX), ALL)); }
static void map_empty(void) { CHECK_OK(l4_task_map(task, KT_TASK, l4_fpage(0x400000000000, 39, L4_FPAGE_RWX), 0x400000000000)); }

static void create_task(void)
{
	l4_fpage_t utcbs = l4_fpage(KT_UTCBS, 12, L4_FPAGE_RW);

	CHECK_OK(l4_factory_create_task(factory, object, &utcbs));
}

static void create_thread(void) { CHECK_OK(l4_factory_create_thread(factory, object)); }
static void create_gate(void) { CHECK_OK(l4_factory_create_gate(factory, object, kt_self(), 0)); }
static void delete(void) { CHECK_OK(l4_task_delete_obj(KT_TASK, object)); }

static void fill_task(void)
{
	create_task();
	CHECK_OK(l4_task_map(object, KT_TASK, pages(L4_FPAGE_RWX), area));
	for (word i = 0; i < CAPS; i++)
		CHECK_OK(l4_task_map(object, KT_TASK, l4_obj_fpage(gate, 0, 15), l4_map_obj_control(kids + (i << 12), 0)));
}

static void map_caps(void)
{
	CHECK_OK(l4_task_map(task, KT_TASK, l4_obj_fpage(slots, 5, 15), l4_map_obj_control(kids, 0)));
}

static void unmap_caps(void) { CHECK_OK(l4_task_unmap(task, l4_obj_fpage(kids, 5, 15), ALL)); }
static void revoke_caps(void) { CHECK_OK(l4_task_unmap(KT_TASK, l4_obj_fpage(slots, 5, 15), L4_FP_OTHER_SPACES)); }

static void create_gates(void)
{
	for (word i = 0; i < CAPS; i++)
		CHECK_OK(l4_factory_create_gate(factory, slots + (i << 12), kt_self(), 0));
}

static void delete_gates(void) { CHECK_OK(l4_task_unmap(KT_TASK, l4_obj_fpage(slots, 5, 15), L4_FP_DELETE_OBJ)); }
static void map_ports(void) { CHECK_OK(l4_task_map(task, KT_TASK, l4_iofpage(0, 16), 0)); }
static void unmap_ports(void) { CHECK_OK(l4_task_unmap(task, l4_iofpage(0, 16), ALL)); }

static const struct path paths[] = {
	{ "nothing", 620, "interrupt, expiry, reschedule, switch to another task", nothing, spin, nothing },
	{ "map 16 pages", 1200, "space_map up to its first table", nothing, map, unmap },
	{ "unmap 16 pages", 1200, "space_unmap: first pages", map, unmap, nothing },
	{ "write-protect 16 pages of others", 1200, "weaken_children: a step of pages", map, protect, unmap },
	{ "revoke 16 pages", 1200, "mapdb_revoke_children: a step of pages", map, revoke, nothing },
	{ "map an empty range", 1200, "space_map: a step of absent tables", nothing, map_empty, nothing },
	{ "unmap an empty range", 1200, "space_unmap: a step of absent tables", nothing, unmap_empty, nothing },
	{ "create a task", 1200, "space_enter_ku_mem: tables and a page", nothing, create_task, delete },
	{ "delete a task", 1250, "table_clear: pages and the tables above them", fill_task, delete, nothing },
	{ "create a thread", 1200, "thread_create: object and FPU area", nothing, create_thread, delete },
	{ "delete a thread", 1200, "thread_destroy and memory", create_thread, delete, nothing },
	{ "create a gate", 1200, "factory_new up to its preemption point", nothing, create_gate, delete },
	{ "map 32 capabilities", 1200, "map_objects: tables of slots", create_gates, map_caps, delete_gates },
	{ "unmap 32 capabilities", 1200, "op_unmap, then cap_unmap: first slots", map_caps, unmap_caps, nothing },
	{ "revoke 32 capabilities", 1200, "mapdb_revoke_children: a step of slots", map_caps, revoke_caps, nothing },
	{ "delete 32 gates", 1200, "delete_objects: an object", create_gates, delete_gates, nothing },
	{ "map all I/O ports", 1320, "space_map: a step of superpages", nothing, map_ports, unmap_ports },
	{ "unmap all I/O ports", 1230, "space_unmap: a step of superpages", map_ports, unmap_ports, nothing },
};

/* The interrupt falls due `offset` instructions behind the operation's start; *length: how long that takes. */
static word delay(const struct path *p, word offset, word *length)
{
	word start;

	p->before();
	start = kt_now() + LEAD;
	due = start + offset;
	waiting = 1;
	CHECK_IPC(l4_ipc_send(waiter, l4_utcb(), l4_msgtag(0, 0, 0, 0), L4_IPC_NEVER), 0);
	while (kt_now() < start)
		;
	start = kt_now();
	p->run();
	*length = kt_now() - start;
	while (*(volatile word *)&waiting)
		;
	p->behind();
	return late;
}

static void sweep(const struct path *p)
{
	word worst = 0, at = 0, length = LENGTH, offset;

	for (offset = 0; offset < length && offset < LENGTH; offset += STEP) {
		word d = delay(p, offset, &length);

		if (d > worst) {
			worst = d;
			at = offset;
		}
	}
	kt_printf("path %s: %lu of %lu, %lu instructions behind its start; %s\n", p->name, worst, p->limit, at, p->where);
	if (kt_exact() && worst > p->limit)
		kt_fail(p->name, 0, "instructions late", worst, p->limit);
}

static void all_paths(void)
{
	page = ((word)kt_pages(64) + 0xffff) & ~0xffffUL;
	area = kt_region(1UL << 21);
	task = kt_task();
	factory = KT_FACTORY;
	object = kt_slot();
	slots = (kt_slots(2 * CAPS) + (CAPS << 12) - 1) & ~((word)(CAPS << 12) - 1);
	gate = kt_gate(L4_INVALID_CAP, 0);
	waiter = kt_thread_prio(kt_task(), wait_for_it, 0, KT_PRIO + 50);
	for (word i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		sweep(&paths[i]);
}

const struct kt_test kt_tests[] = { KT_TEST(all_paths), { 0 } };
