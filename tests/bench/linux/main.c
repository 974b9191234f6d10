/* SPDX-License-Identifier: MIT */
/*
 * Linux benchmark: repetition, statistics, output.
 * usage: bench [quick] [NAME-PREFIX...]; bench exit: ends at once (what exec measures)
 */
#include "bench.h"
#include <time.h>

#define SAMPLES 1000
#define STATS 24

int quick;
uint64_t clock_cost;

static char **chosen;
static uint64_t samples[SAMPLES];

/* Counters of the Skerry port, when there are any. */
static struct stats {
	unsigned n;
	char name[STATS][24];
	long value[STATS];
} before, after;

void must(int ok, const char *what)
{
	if (ok)
		return;
	printf("@error %s: %s\n", what, strerror(errno));
	exit(1);
}

int wanted(const char *name)
{
	if (!*chosen)
		return 1;
	for (char **c = chosen; *c; c++)
		if (!strncmp(name, *c, strlen(*c)))
			return 1;
	return 0;
}

static void stats_read(struct stats *s)
{
	FILE *f = fopen("/proc/l4/stats", "r");

	s->n = 0;
	if (!f)
		return;
	while (s->n < STATS && fscanf(f, "%23s %ld", s->name[s->n], &s->value[s->n]) == 2)
		s->n++;
	fclose(f);
}

/* Events per operation that are at least a tenth. */
static void stats_print(double operations)
{
	for (unsigned i = 0; i < before.n && i < after.n; i++) {
		double each = (after.value[i] - before.value[i]) / operations;

		if (each >= 0.095)
			printf(" %s=%.1f", before.name[i], each);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *name, uint64_t *v, unsigned n, unsigned per)
{
	qsort(v, n, sizeof(*v), compare);
	printf("@bench name=%s n=%u min=%.1f median=%.1f p99=%.1f max=%.1f per=%u", name, n, (double)v[0] / per,
	       (double)v[n / 2] / per, (double)v[(n * 99 - 1) / 100] / per, (double)v[n - 1] / per, per);
	stats_print((double)n * per);
	putchar('\n');
	fflush(stdout);
}

void report(const char *name, uint64_t *v, unsigned n, unsigned per)
{
	before.n = 0;
	print(name, v, n, per);
}

static uint64_t once(void (*op)(void))
{
	uint64_t t = ticks();

	op();
	return ticks() - t;
}

void run_with(const char *name, void (*prepare)(void), void (*op)(void), void (*finish)(void), unsigned reps,
	      unsigned per)
{
	uint64_t cost = clock_cost;

	if (!wanted(name))
		return;
	if (quick && reps > 20)
		reps = reps / 4;
	if (reps > SAMPLES)
		reps = SAMPLES;
	for (unsigned i = 0; i < reps + 3; i++) {
		uint64_t t;

		if (i == 3)
			stats_read(&before);
		if (prepare)
			prepare();
		t = once(op);
		if (finish)
			finish();
		if (i >= 3)
			samples[i - 3] = t > cost ? t - cost : 0;
	}
	stats_read(&after);
	print(name, samples, reps, per);
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
	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	if (argc > 1 && !strcmp(argv[1], "quick")) {
		quick = 1;
		argv++;
	}
	chosen = argv + 1;
	setvbuf(stdout, 0, _IOLBF, 0);
	calibrate();
	calls();
	signals();
	memory();
	messages();
	processes();
	programs();
	puts("@end");
	return 0;
}
