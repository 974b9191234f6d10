/* SPDX-License-Identifier: MIT */
/*
 * Periodic tasks: releases at absolute times of the kernel clock, `period_ns` apart. A release that is late does not move the next ones, so
 * nothing drifts: release n is at first_ns + n * period_ns, whatever happened before it.
 *
 *	l4rt_periodic_t p;
 *
 *	l4rt_periodic_start(&p, 1000000, 0);
 *	for (;;) {
 *		l4rt_periodic_wait(&p);
 *		work();
 *	}
 */
#ifndef L4_RT_PERIODIC_H
#define L4_RT_PERIODIC_H

#include <l4/sys/types.h>

/** What a periodic thread keeps of itself; private to it, for reading. */
typedef struct l4rt_periodic_t {
	l4_uint64_t period_ns;
	l4_uint64_t release_ns;  /**< kernel clock: the release that l4rt_periodic_wait() returned from, or the first one */
	l4_uint64_t releases;    /**< how often it has returned */
	l4_uint64_t overruns;    /**< releases that were skipped because the work before them took too long */
	l4_uint64_t worst_ns;    /**< longest time from a release to the return from waiting for it */
} l4rt_periodic_t;

/**
 * Begin. The first release is at `first_ns` of the kernel clock (l4_kip_clock_ns()); 0: one period from now. Tasks that are given the same
 * `first_ns`, or such that differ by less than a period, keep that distance for ever.
 *
 * 0; -L4_EINVAL: period_ns is 0, or first_ns is past.
 */
int l4rt_periodic_start(l4rt_periodic_t *p, l4_uint64_t period_ns, l4_uint64_t first_ns);

/**
 * Begin on the grid that all share: releases at k * period_ns + offset_ns of the kernel clock, the first one more than a period from now. Tasks with
 * periods that divide each other keep the distances that their offsets say, also those that are started again.
 *
 * 0; -L4_EINVAL: period_ns is 0, or offset_ns is not less than it.
 */
int l4rt_periodic_start_at(l4rt_periodic_t *p, l4_uint64_t period_ns, l4_uint64_t offset_ns);

/**
 * Wait for the next release. When it has passed already, but the one behind it has not, it returns at once: the work is late, not lost. Releases
 * before that are skipped and counted.
 *
 * The number of releases skipped just now: 0 in a system whose deadlines are kept. One system call at most, unless
 * somebody cuts the wait short (l4_thread_ex_regs()), which is then waited again. There are no errors.
 */
l4_uint64_t l4rt_periodic_wait(l4rt_periodic_t *p);

#endif
