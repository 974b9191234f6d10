/* SPDX-License-Identifier: MIT */
/* Clocks from the kernel's time stamp counter figures, sleeping by IPC time-outs. */
#include "layer.h"

#include <errno.h>
#include <time.h>

#include <l4/re/env.h>
#include <l4/sys/kip_api.h>

#define NS_PER_S 1000000000UL
#define FAR_S (1L << 32) /* later than any end of this system, and small enough to add to */

/* POSIX thread clocks have the thread's number in their upper bits, inverted. */
#define THREAD_CLOCK(clock) ((clock) < 0 && ((clock) & 7) == 6)
#define THREAD_CLOCK_TID(clock) (~((clock) >> 3))

static int thread_ns(struct thread *t, l4_uint64_t *ns)
{
	if (!t || l4_error(l4_thread_stats_time(t->cap, ns)) < 0)
		return -EINVAL;
	*ns -= t->cpu_base_ns;
	return 0;
}

static int clock_ns(int clock, l4_uint64_t *ns)
{
	*ns = l4_kip_clock_ns(l4_kip());
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ns += l4_kip()->epoch_ns;
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		return thread_ns(thread_self(), ns);
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = thread_total_ns();
		return 0;
	default:
		return THREAD_CLOCK(clock) ? thread_ns(thread_find(THREAD_CLOCK_TID(clock)), ns) : -EINVAL;
	}
}

long time_get(int clock, struct timespec *out)
{
	l4_uint64_t ns;
	int err = clock_ns(clock, &ns);

	if (!err) {
		out->tv_sec = ns / NS_PER_S;
		out->tv_nsec = ns % NS_PER_S;
	}
	return err;
}

/* Nanoseconds; at most what surely never comes. */
static l4_uint64_t timespec_ns(const struct timespec *t)
{
	if (t->tv_sec < 0)
		return 0;
	return t->tv_sec >= FAR_S ? FAR_S * NS_PER_S : t->tv_sec * NS_PER_S + t->tv_nsec;
}

l4_timeout_s time_deadline(const struct timespec *t)
{
	return t ? l4_timeout_abs(l4_kip_clock_ns(l4_kip()) + timespec_ns(t), 0) : L4_TIMEOUT_NEVER;
}

/* The time t of a clock that was at `start` when the kernel's was at 0. */
static l4_timeout_s absolute(const struct timespec *t, l4_uint64_t start)
{
	l4_uint64_t when = timespec_ns(t);

	return l4_timeout_abs(when > start ? when - start : 0, 0);
}

l4_timeout_s time_at(const struct timespec *t)
{
	return t ? absolute(t, l4_kip()->epoch_ns) : L4_TIMEOUT_NEVER;
}

static void left_until(l4_timeout_s until, struct timespec *left)
{
	l4_uint64_t now = l4_kip_clock_ns(l4_kip()), end = until & ~L4_TIMEOUT_ABSOLUTE;
	l4_uint64_t ns = end > now ? end - now : 0;

	*left = (struct timespec){ .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };
}

long time_sleep(int clock, int flags, const struct timespec *t, struct timespec *left)
{
	l4_timeout_s until;
	long err;

	if (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= (long)NS_PER_S)
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
		return -EINVAL;
	if (flags & TIMER_ABSTIME)
		until = absolute(t, clock == CLOCK_REALTIME ? l4_kip()->epoch_ns : 0);
	else
		until = time_deadline(t);
	err = futex_sleep(until);
	if (err && left && !(flags & TIMER_ABSTIME))
		left_until(until, left);
	return err;
}
