/* SPDX-License-Identifier: MIT */
/* Clocks and sleeping. Nothing here depends on how fast the machine is. */
#include "libctest.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static long long ns_of(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? -1 : t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void test_clocks(void)
{
	long long a = ns_of(CLOCK_MONOTONIC), b = ns_of(CLOCK_MONOTONIC);
	struct timespec t;

	CHECK(a > 0 && b >= a);
	CHECK(ns_of(CLOCK_REALTIME) > 1000000000000000000LL); /* later than 2001 */
	CHECK(!clock_getres(CLOCK_MONOTONIC, &t) && t.tv_nsec == 1);
	CHECK(clock_gettime(77, &t) == -1 && errno == EINVAL);
	CHECK(time(NULL) > 1000000000);
}

static void test_calendar(void)
{
	time_t when = 1000000000;
	struct tm tm;
	char text[40];

	CHECK(gmtime_r(&when, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm));
	CHECK(tm.tm_year == 101 && tm.tm_mon == 8 && tm.tm_mday == 9 && tm.tm_sec == 40);
	CHECK(timegm(&tm) == when);
}

static void test_nanosleep(void)
{
	struct timespec t = { 0, 3000000 }, bad = { 0, 2000000000 };
	long long before = ns_of(CLOCK_MONOTONIC);

	CHECK(!nanosleep(&t, NULL));
	CHECK(ns_of(CLOCK_MONOTONIC) - before >= 3000000);
	CHECK(nanosleep(&bad, NULL) == -1 && errno == EINVAL);
	t.tv_nsec = 0;
	CHECK(!nanosleep(&t, NULL) && !usleep(1));
}

static void test_absolute(void)
{
	long long until = ns_of(CLOCK_MONOTONIC) + 5000000;
	struct timespec t = { until / 1000000000, until % 1000000000 };

	CHECK(!clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
	CHECK(ns_of(CLOCK_MONOTONIC) >= until);
	until = ns_of(CLOCK_REALTIME) + 2000000;
	t = (struct timespec){ until / 1000000000, until % 1000000000 };
	CHECK(!clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
	CHECK(ns_of(CLOCK_REALTIME) >= until);
	t = (struct timespec){ 0, 0 }; /* long ago: returns at once */
	CHECK(!clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
}

static void test_cpu_time(void)
{
	long long a = ns_of(CLOCK_THREAD_CPUTIME_ID), b;
	volatile unsigned n;

	for (n = 0; n < 100000; n++)
		;
	b = ns_of(CLOCK_THREAD_CPUTIME_ID);
	CHECK(a >= 0 && b > a);
	CHECK(ns_of(CLOCK_PROCESS_CPUTIME_ID) >= b && clock() >= 0);
}

const struct test time_tests[] = {
	{ "clocks", test_clocks }, { "calendar", test_calendar }, { "nanosleep", test_nanosleep },
	{ "sleep-until", test_absolute }, { "cpu-time", test_cpu_time }, { NULL, NULL },
};
