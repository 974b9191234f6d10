/* SPDX-License-Identifier: MIT */
/*
 * A periodic real-time task: wakes at absolute times and keeps the worst delay. A deadline is missed when it wakes a
 * period late or more. Arguments: period in microseconds, periods per report, reports (0: for ever).
 */
#include <stdio.h>
#include <stdlib.h>

#include <l4/re/env.h>
#include <l4/sys/ipc.h>
#include <l4/sys/kip.h>

struct result {
	l4_uint64_t least_ns, worst_ns, sum_ns;
	unsigned long count, missed;
};

/* Wait until `when`; the delay from there to the first instruction that can look at the clock. */
static l4_uint64_t wait_until(l4_uint64_t when)
{
	l4_ipc_sleep(l4_timeout(0, l4_timeout_abs(when, 0)));
	return l4_kip_clock_ns(l4re_kip()) - when;
}

static struct result run(l4_uint64_t *next, l4_uint64_t period_ns, unsigned long count)
{
	struct result r = { .least_ns = ~0ULL };

	for (; r.count < count; r.count++) {
		l4_uint64_t now = l4_kip_clock_ns(l4re_kip()), delay;

		/* A period that was missed whole is late by that much, and the next ones keep their grid. */
		while (*next + period_ns < now) {
			*next += period_ns;
			r.missed++;
		}
		*next += period_ns;
		delay = wait_until(*next);
		r.sum_ns += delay;
		if (delay < r.least_ns)
			r.least_ns = delay;
		if (delay > r.worst_ns)
			r.worst_ns = delay;
	}
	return r;
}

static unsigned long argument(int argc, char **argv, int i, unsigned long otherwise)
{
	return i < argc ? strtoul(argv[i], 0, 0) : otherwise;
}

int main(int argc, char **argv)
{
	l4_uint64_t period_ns = argument(argc, argv, 1, 10000) * 1000;
	unsigned long per_report = argument(argc, argv, 2, 100), reports = argument(argc, argv, 3, 0), i, missed = 0;
	l4_uint64_t next;

	if (!period_ns || !per_report)
		return 2;
	printf("period %lu us\n", period_ns / 1000);
	next = l4_kip_clock_ns(l4re_kip());
	for (i = 0; !reports || i < reports; i++) {
		struct result r = run(&next, period_ns, per_report);

		missed += r.missed;
		printf("%lu periods, delay least %lu ns, average %lu ns, worst %lu ns\n", r.count, r.least_ns, r.sum_ns / r.count,
		       r.worst_ns);
	}
	printf("%lu of %lu deadlines missed\n", missed, reports * per_report);
	return 0;
}
