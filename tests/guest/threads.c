/* SPDX-License-Identifier: MIT */
/* The C library on Skerry: heap, threads, mutexes, conditions, clocks. Prints `ok NAME` or `not ok NAME why`. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <pthread-l4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <l4/sys/task.h>

#define THREADS 4
#define ROUNDS 500

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static unsigned counter, turn;
static __thread unsigned own;

static void report(const char *name, int good)
{
	printf(good ? "ok %s\n" : "not ok %s errno %d\n", name, errno);
}

static void *count(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		own++;
		if (i % 50 == 0)
			sched_yield();
	}
	return own == ROUNDS ? arg : 0;
}

static void test_mutex(void)
{
	pthread_t t[THREADS];
	long good = 1, i;
	void *result;

	for (i = 0; i < THREADS; i++)
		good &= !pthread_create(&t[i], 0, count, (void *)(i + 1));
	for (i = 0; good && i < THREADS; i++)
		good &= !pthread_join(t[i], &result) && result == (void *)(i + 1);
	report("threads", good);
	report("mutex", counter == THREADS * ROUNDS);
}

static void *take_turns(void *arg)
{
	unsigned me = (unsigned long)arg, i;

	for (i = 0; i < 50; i++) {
		pthread_mutex_lock(&mutex);
		while (turn % 2 != me)
			pthread_cond_wait(&condition, &mutex);
		turn++;
		pthread_cond_broadcast(&condition);
		pthread_mutex_unlock(&mutex);
	}
	return 0;
}

static void test_condition(void)
{
	pthread_t a, b;

	pthread_create(&a, 0, take_turns, (void *)0);
	pthread_create(&b, 0, take_turns, (void *)1);
	pthread_join(a, 0);
	pthread_join(b, 0);
	report("condition", turn == 100);
}

static void test_timeout(void)
{
	struct timespec t;
	int err;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 20000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	pthread_mutex_lock(&mutex);
	err = pthread_cond_timedwait(&condition, &mutex, &t);
	pthread_mutex_unlock(&mutex);
	report("timed wait", err == ETIMEDOUT);
}

static void test_clock(void)
{
	struct timespec a, b, wait = { 0, 5000000 };
	long ns;

	clock_gettime(CLOCK_MONOTONIC, &a);
	nanosleep(&wait, 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ns = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
	report("sleep", ns >= 5000000);
	clock_gettime(CLOCK_REALTIME, &a);
	report("time of day", a.tv_sec > 1700000000);
}

static void test_heap(void)
{
	char *p[64];
	int i, good = 1;

	for (i = 0; i < 64; i++) {
		p[i] = malloc(16 << (i % 12));
		good &= p[i] != 0;
		if (p[i])
			memset(p[i], i, 16 << (i % 12));
	}
	for (i = 0; i < 64; i++) {
		good &= p[i] && p[i][(16 << (i % 12)) - 1] == i;
		free(p[i]);
	}
	report("heap", good);
	errno = 0;
	report("heap limit", !malloc(1UL << 30) && errno == ENOMEM);
}

static void test_memory_returns(void)
{
	int i, good = 1;

	for (i = 0; i < 50; i++) {
		void *p = mmap(0, 256 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		good &= p != MAP_FAILED && !*(volatile char *)p && !munmap(p, 256 << 10);
	}
	report("memory returns", good);
}

static void *ends_alone(void *arg)
{
	return arg;
}

static void test_detached(void)
{
	pthread_attr_t attr;
	pthread_t t;
	int i, good = 1;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < 40; i++) {
		good &= !pthread_create(&t, &attr, ends_alone, 0);
		usleep(500);
	}
	report("detached threads", good);
}

int main(void)
{
	test_heap();
	test_memory_returns();
	test_mutex();
	test_condition();
	test_timeout();
	test_clock();
	test_detached();
	report("thread capability", l4_task_cap_valid(L4_BASE_TASK_CAP, pthread_l4_cap(pthread_self())).raw >> 16 == 1);
	report("math", fabs(sin(1.0) - 0.8414709848) < 1e-9);
	puts("done");
	return 0;
}
