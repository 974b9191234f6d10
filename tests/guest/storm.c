/* SPDX-License-Identifier: MIT */
/*
 * Maps, weakens and takes away again without end, to give the kernel its longest work: pages and capabilities of other
 * tasks, tasks with all they have. Arguments: rounds (-1: for ever); "unmap": nothing but the unmapping of an empty range.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/re/c/util/cap_alloc.h>
#include <l4/re/env.h>
#include <l4/sys/factory.h>
#include <l4/sys/task.h>

#define ORDER 20
#define CAPS 64UL
/* Where the other tasks have them. */
#define THERE 0x40000000UL
#define EMPTY 0x100000000000UL
#define EMPTY_ORDER 44
#define SLOTS (0x1000UL << L4_CAP_SHIFT)

static char pages[1 << ORDER] __attribute__((aligned(1 << ORDER)));

static void check(l4_msgtag_t tag, const char *what)
{
	if (l4_error(tag) >= 0)
		return;
	printf("not ok storm %s: %s\n", what, l4sys_errtostr(l4_error(tag)));
	exit(1);
}

static l4_cap_idx_t make_task(void)
{
	l4_cap_idx_t task = l4re_util_cap_alloc();

	check(l4_factory_create_task(l4re_env()->factory, task, 0), "task");
	return task;
}

static void map_pages(l4_cap_idx_t to, l4_cap_idx_t from, unsigned long at)
{
	check(l4_task_map(to, from, l4_fpage(at, ORDER, L4_FPAGE_RW), THERE), "map");
}

static void round_of_it(void)
{
	const l4_fpage_t own = l4_fpage((l4_addr_t)pages, ORDER, L4_FPAGE_RW), writing = l4_fpage((l4_addr_t)pages, ORDER, L4_FPAGE_W);
	l4_cap_idx_t one = make_task(), two = make_task();
	unsigned long i;

	map_pages(one, L4_BASE_TASK_CAP, (l4_addr_t)pages);
	map_pages(two, one, THERE);
	for (i = 0; i < CAPS; i++)
		check(l4_task_map(two, L4_BASE_TASK_CAP, l4_obj_fpage(one, 0, L4_CAP_FPAGE_RW),
				  l4_map_obj_control(SLOTS + (i << L4_CAP_SHIFT), 0)), "map a capability");
	check(l4_task_unmap(L4_BASE_TASK_CAP, writing, L4_FP_OTHER_SPACES), "weaken");
	check(l4_task_unmap(L4_BASE_TASK_CAP, own, L4_FP_OTHER_SPACES), "revoke");
	check(l4_task_unmap(L4_BASE_TASK_CAP, l4_obj_fpage(one, 0, L4_CAP_FPAGE_RW), L4_FP_OTHER_SPACES), "revoke a capability");
	map_pages(one, L4_BASE_TASK_CAP, (l4_addr_t)pages);
	l4re_util_cap_free_um(two);
	l4re_util_cap_free_um(one);
}

static void unmap_nothing(void)
{
	check(l4_task_unmap(L4_BASE_TASK_CAP, l4_fpage(EMPTY, EMPTY_ORDER, L4_FPAGE_RW), L4_FP_ALL_SPACES), "unmap nothing");
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], 0, 0) : 0, i;
	int unmap = argc > 2 && !strcmp(argv[2], "unmap");

	for (i = 0; rounds < 0 || i < rounds; i++)
		if (unmap)
			unmap_nothing();
		else
			round_of_it();
	return 0;
}
