/* SPDX-License-Identifier: MIT */
/*
 * Frame of the Linux benchmark. An operation is a function that does something `per` times;
 * it is called often, and the ticks of one are printed. Under instruction counting a
 * tick of the time-stamp counter is an instruction. The cost of reading the clock and of the empty loop is subtracted.
 */
#ifndef BENCH_H
#define BENCH_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

extern int quick; /* fewer repetitions */

static inline uint64_t ticks(void)
{
	uint64_t now;

	__asm__ volatile("rdtsc; shl $32, %%rdx; or %%rdx, %%rax" : "=a"(now) : : "rdx", "memory");
	return now;
}

/** Whether the benchmark of this name was chosen; those that need something set up ask first. */
int wanted(const char *name);
/** Call op `reps` times, each doing the thing `per` times; print ticks per thing. */
void run(const char *name, void (*op)(void), unsigned reps, unsigned per);
/** The same with something before and after each call that is not measured; either may be null. */
void run_with(const char *name, void (*before)(void), void (*op)(void), void (*after)(void), unsigned reps,
	      unsigned per);
/** Print figures taken by other means: n samples of ticks, without the clock's cost, each of `per` things, and what was counted. */
void report(const char *name, uint64_t *samples, unsigned n, unsigned per);
/** Count events from start to stop, in which `operations` were done; report() prints what all of them together had per operation. */
void counters_start(void);
void counters_stop(unsigned operations);
void counters_open(void);
void counters_print(void);
/** What two readings of the clock cost. */
extern uint64_t clock_cost;
void must(int ok, const char *what) __attribute__((cold));
/** CPU and wall time passes for this process alone from here on: child that calls f and exits. */
pid_t child(void (*f)(void));
void reap(pid_t pid);

void calls(void), signals(void), memory(void), processes(void), messages(void), programs(void), disks(void);

#endif
