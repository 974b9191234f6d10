/* SPDX-License-Identifier: MIT */
/*
 * Linux benchmark: repetition, statistics, output.
 * usage: bench [quick] [[-]NAME-PREFIX...]   (-: all but these)
 */
#include "bench.h"
#include <time.h>

#define SAMPLES 1000
#define COUNTED 8 /* repetitions of which events are counted */

int quick;
uint64_t clock_cost;

static char **chosen;
static uint64_t samples[SAMPLES];

void must(int ok, const char *what)
{
	if (ok)
		return;
	printf("@error %s: %s\n", what, strerror(errno));
	exit(1);
}

int wanted(const char *name)
{
	int all = 1, found = 0;

	for (char **c = chosen; *c; c++) {
		if (**c == '-') {
			if (!strncmp(name, *c + 1, strlen(*c + 1)))
				return 0;
			continue;
		}
		all = 0;
		found |= !strncmp(name, *c, strlen(*c));
	}
	return all || found;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void report(const char *name, uint64_t *v, unsigned n, unsigned per)
{
	qsort(v, n, sizeof(*v), compare);
	printf("@bench name=%s n=%u min=%.1f median=%.1f p99=%.1f max=%.1f per=%u", name, n, (double)v[0] / per,
	       (double)v[n / 2] / per, (double)v[(n * 99 - 1) / 100] / per, (double)v[n - 1] / per, per);
	counters_print();
	putchar('\n');
	fflush(stdout);
}

static uint64_t once(void (*op)(void))
{
	uint64_t t = ticks();

	op();
	return ticks() - t;
}

static uint64_t once_counted(void (*op)(void), unsigned per)
{
	uint64_t t;

	counters_start();
	t = once(op);
	counters_stop(per);
	return t;
}

/*
 * Counting disturbs what comes after it, so it has repetitions of its own; the few repetitions of
 * something long are counted as they are.
 */
void run_with(const char *name, void (*prepare)(void), void (*op)(void), void (*finish)(void), unsigned reps,
	      unsigned per)
{
	unsigned warm, all;

	if (!wanted(name))
		return;
	if (quick && reps > 20)
		reps = reps / 4;
	if (reps > SAMPLES)
		reps = SAMPLES;
	warm = reps < COUNTED ? 1 : 3;
	all = warm + reps + (reps < COUNTED ? 0 : COUNTED);
	for (unsigned i = 0; i < all; i++) {
		int counted = i >= (reps < COUNTED ? warm : warm + reps);
		uint64_t t;

		if (prepare)
			prepare();
		t = counted ? once_counted(op, per) : once(op);
		if (finish)
			finish();
		if (i >= warm && i - warm < reps)
			samples[i - warm] = t > clock_cost ? t - clock_cost : 0;
	}
	report(name, samples, reps, per);
}

void run(const char *name, void (*op)(void), unsigned reps, unsigned per)
{
	run_with(name, 0, op, 0, reps, per);
}

pid_t child(void (*f)(void))
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (!pid) {
		f();
		_exit(0);
	}
	return pid;
}

void reap(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status), "wait");
}

static void op_nothing(void) {}

static void op_loop(void)
{
	unsigned long n = 1000000;

	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(n));
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

/* The smallest of several, as an interrupt can come. */
static void calibrate(void)
{
	uint64_t ns, start;

	clock_cost = ~0UL;
	for (int i = 0; i < 100; i++) {
		uint64_t t = once(op_nothing);

		if (t < clock_cost)
			clock_cost = t;
	}
	run("loop_2000000", op_loop, 20, 1);
	ns = monotonic_ns();
	start = ticks();
	while (monotonic_ns() - ns < 50000000)
		;
	printf("@memory total_kib=%lu\n", sysconf(_SC_PHYS_PAGES) * (PAGE / 1024));
	printf("@clock ticks_per_us=%.1f\n", (ticks() - start) / ((monotonic_ns() - ns) / 1000.0));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "quick")) {
		quick = 1;
		argv++;
	}
	chosen = argv + 1;
	setvbuf(stdout, 0, _IOLBF, 0);
	printf("@start ticks=%lu\n", ticks());
	counters_open();
	calibrate();
	calls();
	signals();
	memory();
	messages();
	processes();
	programs();
	disks();
	puts("@end");
	return 0;
}
