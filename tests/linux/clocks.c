// SPDX-License-Identifier: MIT
/* Time: the vDSO agrees with the kernel, clocks never go back, sleeps are not too short, CPU time is counted. */
#define _GNU_SOURCE
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "check.h"

static long ns(struct timespec time)
{
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

static long fast(clockid_t id)
{
	struct timespec time;

	clock_gettime(id, &time);
	return ns(time);
}

static long slow(clockid_t id)
{
	struct timespec time;

	syscall(SYS_clock_gettime, id, &time);
	return ns(time);
}

static void agreement(void)
{
	static const struct { clockid_t id; const char *name; } clocks[] = {
		{ CLOCK_REALTIME, "real time" }, { CLOCK_MONOTONIC, "monotonic" }, { CLOCK_BOOTTIME, "boot time" },
		{ CLOCK_MONOTONIC_RAW, "raw" }, { CLOCK_TAI, "TAI" },
	};

	check(getauxval(AT_SYSINFO_EHDR) != 0, "there is a vDSO");
	for (int i = 0; i < 5; i++) {
		long going_back = 0, before = slow(clocks[i].id), now;

		for (int round = 0; round < 3000; round++) {
			now = round % 2 ? fast(clocks[i].id) : slow(clocks[i].id);
			going_back += now < before;
			before = now;
		}
		check(going_back == 0, "%s: kernel and vDSO are in step", clocks[i].name);
	}
	check(time(NULL) > 1700000000, "the year is right");
}

static void sleeps(void)
{
	static const long lengths[] = { 1, 1000, 100000, 3000000, 25000000 };
	struct timespec length, until;
	long start, late = 0;

	for (int i = 0; i < 5; i++) {
		length = (struct timespec){ 0, lengths[i] };
		start = fast(CLOCK_MONOTONIC);
		nanosleep(&length, NULL);
		check(fast(CLOCK_MONOTONIC) - start >= lengths[i], "a sleep of %ld ns", lengths[i]);
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	for (int i = 0; i < 20; i++) {
		until.tv_nsec += 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		late += fast(CLOCK_MONOTONIC) < ns(until);
	}
	check(late == 0, "periodic sleeps never end early");
}

static void cpu_time(void)
{
	long start = fast(CLOCK_PROCESS_CPUTIME_ID), thread = fast(CLOCK_THREAD_CPUTIME_ID), used;
	struct rusage usage;

	usleep(20000);
	used = fast(CLOCK_PROCESS_CPUTIME_ID) - start;
	check(used < 15000000, "sleeping costs no CPU time");
	while (fast(CLOCK_PROCESS_CPUTIME_ID) - start < 50000000)
		;
	check(fast(CLOCK_THREAD_CPUTIME_ID) - thread >= 49000000, "a thread's time");
	getrusage(RUSAGE_SELF, &usage);
	check(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec >= 40000, "resource usage");
}

static void setting(void)
{
	struct timespec time, back;

	clock_gettime(CLOCK_REALTIME, &time);
	back = time;
	time.tv_sec += 1000;
	check(clock_settime(CLOCK_REALTIME, &time) == 0, "set the clock");
	check(fast(CLOCK_REALTIME) - ns(time) < 10000000000L && fast(CLOCK_REALTIME) >= ns(time), "it is set");
	clock_settime(CLOCK_REALTIME, &back);
}

static void resolution(void)
{
	struct timespec time;

	clock_getres(CLOCK_MONOTONIC, &time);
	/* a native kernel has a tick's resolution until it has calibrated its clock, a second after its start */
	check(ns(time) >= 1 && ns(time) <= 10000000, "resolution");
	check(clock_gettime(99, &time) == -1 && errno == EINVAL, "no such clock");
}

int main(void)
{
	agreement();
	sleeps();
	cpu_time();
	setting();
	resolution();
	return check_end();
}
