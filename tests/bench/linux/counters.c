/* SPDX-License-Identifier: MIT */
/*
 * Linux benchmark: what the Linux port and the microkernel count, per operation. Reading costs events itself;
 * the least that two readings in a row differ by is subtracted. On other systems there is nothing to read.
 */
#include "bench.h"

#define COUNTERS 32
#define FILES 2

struct reading {
	unsigned n;
	long value[COUNTERS];
};

static int file[FILES] = { -1, -1 };
static char name[COUNTERS][24];
static struct reading first, second;
static long cost[COUNTERS];
/* Shared with children, which count as well. */
static struct sum {
	long value[COUNTERS];
	unsigned long operations;
} *sum;

static void parse(char *text, struct reading *r)
{
	for (char *line = strtok(text, "\n"); line && r->n < COUNTERS; line = strtok(0, "\n"))
		if (sscanf(line, "%23s %ld", name[r->n], &r->value[r->n]) == 2)
			r->n++;
}

static void reading(struct reading *r)
{
	static char text[FILES][1024];
	long got[FILES];

	for (int i = 0; i < FILES; i++)
		got[i] = file[i] < 0 ? 0 : pread(file[i], text[i], sizeof(text[i]) - 1, 0);
	r->n = 0;
	for (int i = 0; i < FILES; i++) {
		text[i][got[i] > 0 ? got[i] : 0] = 0;
		parse(text[i], r);
	}
}

void counters_open(void)
{
	file[0] = open("/proc/l4/counters", O_RDONLY);
	file[1] = open("/proc/l4/stats", O_RDONLY);
	sum = mmap(0, sizeof(*sum), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(sum != MAP_FAILED, "mmap");
	for (int i = 0; i < 20; i++) {
		reading(&first);
		reading(&second);
		for (unsigned k = 0; k < second.n; k++)
			if (!i || second.value[k] - first.value[k] < cost[k])
				cost[k] = second.value[k] - first.value[k];
	}
}

void counters_start(void)
{
	/* Twice: the first reading takes the page faults of a new process. */
	reading(&second);
	reading(&first);
}

void counters_stop(unsigned operations)
{
	reading(&second);
	for (unsigned i = 0; i < second.n; i++)
		sum->value[i] += second.value[i] - first.value[i] - cost[i];
	sum->operations += operations;
}

void counters_print(void)
{
	for (unsigned i = 0; i < second.n && sum->operations; i++) {
		double each = (double)sum->value[i] / sum->operations;

		if (each >= 0.095)
			printf(" %s=%.1f", name[i], each);
	}
	memset(sum, 0, sizeof(*sum));
}
