/* SPDX-License-Identifier: MIT */
/* Periodic tasks: releases do not drift, late work is not lost, what was missed is counted, errors. */
#include <stdio.h>

#include <l4/re/env.h>
#include <l4/rt/periodic.h>
#include <l4/sys/err.h>
#include <l4/sys/ipc.h>
#include <l4/sys/kip_api.h>

#define PERIOD 1000000UL

static void check(const char *what, int good)
{
	printf("%s periodic %s\n", good ? "ok" : "not ok", what);
}

static l4_uint64_t now(void)
{
	return l4_kip_clock_ns(l4re_kip());
}

static void work_until(l4_uint64_t when)
{
	while (now() < when)
		;
}

/* Work of all lengths below a period; the releases stay where they were. */
static void releases(void)
{
	l4_uint64_t first = now() + 3 * PERIOD, i;
	l4rt_periodic_t p;
	int good = !l4rt_periodic_start(&p, PERIOD, first) && p.release_ns == first;

	for (i = 0; i < 200 && good; i++) {
		good = l4rt_periodic_wait(&p) == 0 && p.release_ns == first + i * PERIOD && now() >= p.release_ns;
		work_until(p.release_ns + i % 10 * PERIOD / 11);
	}
	check("releases", good && p.releases == 200 && !p.overruns && p.worst_ns < PERIOD);
}

/* Late by less than a period: at once. By more: what has passed whole is skipped. */
static void overruns(void)
{
	l4_uint64_t first = now() + PERIOD;
	l4rt_periodic_t p;

	l4rt_periodic_start(&p, PERIOD, first);
	l4rt_periodic_wait(&p);
	work_until(first + PERIOD + PERIOD / 2);
	check("late", l4rt_periodic_wait(&p) == 0 && p.release_ns == first + PERIOD && p.worst_ns >= PERIOD / 2 && now() < first + 2 * PERIOD);
	check("on the grid again", l4rt_periodic_wait(&p) == 0 && p.release_ns == first + 2 * PERIOD && now() < first + 3 * PERIOD);
	work_until(first + 5 * PERIOD + PERIOD / 2);
	check("skipped", l4rt_periodic_wait(&p) == 2 && p.release_ns == first + 5 * PERIOD && p.overruns == 2 && p.releases == 4);
	/* Also before the first one. */
	first = now() + PERIOD;
	l4rt_periodic_start(&p, PERIOD, first);
	work_until(first + 2 * PERIOD + PERIOD / 2);
	check("skipped before the first", l4rt_periodic_wait(&p) == 2 && p.release_ns == first + 2 * PERIOD);
}

int main(void)
{
	l4_uint64_t begin = now();
	l4rt_periodic_t p;

	check("no period", l4rt_periodic_start(&p, 0, 0) == -L4_EINVAL && l4rt_periodic_start_at(&p, 0, 0) == -L4_EINVAL);
	check("past", l4rt_periodic_start(&p, PERIOD, begin / 2) == -L4_EINVAL);
	check("offset", l4rt_periodic_start_at(&p, PERIOD, PERIOD) == -L4_EINVAL);
	check("a period from now", !l4rt_periodic_start(&p, PERIOD, 0) && p.release_ns >= begin + PERIOD && p.release_ns <= now() + PERIOD);
	check("grid", !l4rt_periodic_start_at(&p, PERIOD, 250000) && p.release_ns % PERIOD == 250000 && p.release_ns > now() + PERIOD &&
	      l4rt_periodic_wait(&p) == 0 && p.releases == 1);
	releases();
	overruns();
	return 0;
}
