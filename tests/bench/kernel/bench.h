/* SPDX-License-Identifier: MIT */
/*
 * Frame of the kernel benchmark. An operation is a function that does it once and returns
 * the ticks it took; bench_run() repeats it and prints one line. Under instruction
 * counting a tick is an instruction. The cost of reading the clock twice is subtracted.
 */
#ifndef BENCH_H
#define BENCH_H

#include "kt.h"

#define BENCH_MAX 512 /* samples of an operation */
#define NEVER L4_TIMEOUT_NEVER

struct bench {
	const char *name;
	word (*op)(void);      /* once; returns ticks */
	void (*prepare)(void); /* before each, not measured; may be null */
	unsigned reps;         /* at most BENCH_MAX; 0: 200 */
	unsigned share;        /* operations in one repetition; 0: 1 */
	word known;            /* instructions of the repetition that are not the operation's */
};

static inline word ticks(void)
{
	word now;

	__asm__ volatile("rdtsc; shl $32, %%rdx; or %%rdx, %%rax" : "=a"(now) : : "rdx", "memory");
	return now;
}

/** Measure and print. Any thread whose task has the log and the trace capability. */
void bench_run(const struct bench *b);
/** Print figures that were taken by other means; n <= BENCH_MAX, already without the clock's cost. */
void bench_print(const char *name, word *samples, unsigned n);
/** The same with counters per sample: those since bench_count(). */
void bench_count(void);
void bench_print_counted(const char *name, word *samples, unsigned n);
/** What two readings of the clock cost; measured in calibrate(). */
extern word bench_overhead;
/** First in every benchmark: the frame runs each twice, the second run is printed. */
void bench_begin(void);
/** A task that can run bench_run(). */
cap bench_task(void);

/**
 * Run f in a new thread of the task until it returns. The first task owns the I/O ports and pays for them at every
 * switch: threads whose switches are measured are in other tasks.
 */
void bench_in(cap task, void (*f)(void));

/* The benchmarks, as tests of the frame. */
void calibrate(void), hardware_interrupt(void), ipc_call(void), ipc_items(void), ipc_one_way(void), null_invocation(void), interrupts(void),
	faults(void), mappings(void), objects(void), sizes(void), switches(void), vcpu(void);

#endif
