/* SPDX-License-Identifier: MIT */
/* POSIX threads: creation, joining, synchronisation, thread-local storage, cancellation, scheduling. */
#define _GNU_SOURCE
#include "libctest.h"

#include <errno.h>
#include <pthread-l4.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include <l4/sys/task.h>

#define THREADS 6
#define ROUNDS 2000

static void *echo(void *arg)
{
	return (void *)((uintptr_t)arg + 1);
}

static void test_join(void)
{
	pthread_t t[THREADS];
	uintptr_t i;
	void *result;

	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, echo, (void *)i));
	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], &result) && (uintptr_t)result == i + 1);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned long counter;

static void *count(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		unsigned long seen;

		pthread_mutex_lock(&mutex);
		seen = counter;
		if (i % 100 == 0)
			sched_yield();
		counter = seen + 1;
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

static void test_mutex(void)
{
	pthread_t t[THREADS];
	int i;

	counter = 0;
	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, count, NULL));
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	CHECK(counter == THREADS * ROUNDS);
	CHECK(!pthread_mutex_trylock(&mutex) && pthread_mutex_trylock(&mutex) == EBUSY);
	pthread_mutex_unlock(&mutex);
}

/* A bounded queue between producers and one consumer. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t not_empty, not_full;
	int items[4], used;
} queue = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, { 0 }, 0 };

static void *produce(void *arg)
{
	int i;

	for (i = 1; i <= 300; i++) {
		pthread_mutex_lock(&queue.lock);
		while (queue.used == 4)
			pthread_cond_wait(&queue.not_full, &queue.lock);
		queue.items[queue.used++] = i;
		pthread_cond_signal(&queue.not_empty);
		pthread_mutex_unlock(&queue.lock);
	}
	return arg;
}

static void test_cond(void)
{
	pthread_t t[2];
	long sum = 0;
	int i;

	for (i = 0; i < 2; i++)
		CHECK(!pthread_create(&t[i], NULL, produce, NULL));
	for (i = 0; i < 600; i++) {
		pthread_mutex_lock(&queue.lock);
		while (!queue.used)
			pthread_cond_wait(&queue.not_empty, &queue.lock);
		sum += queue.items[--queue.used];
		pthread_cond_broadcast(&queue.not_full);
		pthread_mutex_unlock(&queue.lock);
	}
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	CHECK(sum == 2 * 300 * 301 / 2);
}

static void deadline_in(struct timespec *t, long ns)
{
	clock_gettime(CLOCK_REALTIME, t);
	t->tv_nsec += ns;
	t->tv_sec += t->tv_nsec / 1000000000;
	t->tv_nsec %= 1000000000;
}

static void test_timeouts(void)
{
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
	struct timespec t;
	sem_t sem;

	deadline_in(&t, 3000000);
	pthread_mutex_lock(&mutex);
	CHECK(pthread_cond_timedwait(&cond, &mutex, &t) == ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	sem_init(&sem, 0, 1);
	deadline_in(&t, 3000000);
	CHECK(!sem_timedwait(&sem, &t));
	CHECK(sem_timedwait(&sem, &t) == -1 && errno == ETIMEDOUT);
	CHECK(sem_trywait(&sem) == -1 && errno == EAGAIN);
}

static pthread_barrier_t barrier;
static unsigned serial_threads, phase_sum;

static void *meet(void *arg)
{
	int i;

	for (i = 0; i < 20; i++) {
		__atomic_fetch_add(&phase_sum, 1, __ATOMIC_SEQ_CST);
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_fetch_add(&serial_threads, 1, __ATOMIC_SEQ_CST);
		if (__atomic_load_n(&phase_sum, __ATOMIC_SEQ_CST) < (unsigned)(i + 1) * 4)
			return NULL;
		pthread_barrier_wait(&barrier);
	}
	return arg;
}

static void test_barrier(void)
{
	pthread_t t[4];
	void *result;
	int i;

	serial_threads = phase_sum = 0;
	pthread_barrier_init(&barrier, NULL, 4);
	for (i = 0; i < 4; i++)
		CHECK(!pthread_create(&t[i], NULL, meet, &barrier));
	for (i = 0; i < 4; i++)
		CHECK(!pthread_join(t[i], &result) && result == &barrier);
	CHECK(serial_threads == 20 && phase_sum == 80);
	pthread_barrier_destroy(&barrier);
}

static __thread int local = 5;
static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
	destroyed += *(int *)value;
}

static void *use_local(void *arg)
{
	int mine = (int)(uintptr_t)arg, i;
	static int ten = 10;

	if (local != 5)
		return NULL;
	pthread_setspecific(key, &ten);
	for (i = 0; i < 50; i++) {
		local = mine * 1000 + i;
		errno = mine;
		sched_yield();
		if (local != mine * 1000 + i || errno != mine)
			return NULL;
	}
	return arg;
}

static void test_tls(void)
{
	pthread_t t[3];
	void *result;
	int i;

	local = 6;
	destroyed = 0;
	pthread_key_create(&key, destroy);
	for (i = 0; i < 3; i++)
		CHECK(!pthread_create(&t[i], NULL, use_local, (void *)(uintptr_t)(i + 1)));
	for (i = 0; i < 3; i++)
		CHECK(!pthread_join(t[i], &result) && result);
	CHECK(local == 6 && destroyed == 30);
	pthread_key_delete(key);
}

static void *sleep_long(void *arg)
{
	sleep(1000);
	return arg;
}

static void *wait_long(void *arg)
{
	sem_wait(arg);
	return arg;
}

static void test_cancel(void)
{
	pthread_t sleeper, waiter;
	void *result = NULL;
	sem_t never;

	sem_init(&never, 0, 0);
	CHECK(!pthread_create(&sleeper, NULL, sleep_long, NULL));
	CHECK(!pthread_create(&waiter, NULL, wait_long, &never));
	usleep(1000);
	CHECK(!pthread_cancel(sleeper) && !pthread_join(sleeper, &result) && result == PTHREAD_CANCELED);
	CHECK(!pthread_cancel(waiter) && !pthread_join(waiter, &result) && result == PTHREAD_CANCELED);
}

static sem_t done;

static void *finish(void *arg)
{
	sem_post(&done);
	return arg;
}

/* Threads come and go many times: their kernel objects, stacks and memory must, too. */
static void test_many(void)
{
	struct sysinfo before = { 0 }, after = { 0 };
	pthread_attr_t attr;
	pthread_t t;
	int i;

	sem_init(&done, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (i = 0; i < 200; i++) {
		if (i == 100)
			sysinfo(&before);
		if (!CHECK(!pthread_create(&t, i & 1 ? &attr : NULL, finish, NULL)))
			return;
		sem_wait(&done);
		if (!(i & 1))
			pthread_join(t, NULL);
		else
			usleep(500); /* the detached one leaves */
	}
	sysinfo(&after);
	CHECK(before.freeram == after.freeram);
}

static void *wait_for_end(void *arg)
{
	sem_wait(&done);
	return arg;
}

/* As many as the component can have: the one too many is refused, and afterwards all is as before. */
static void test_limit(void)
{
	static pthread_t t[512];
	int n, err = 0, i;

	sem_init(&done, 0, 0);
	for (n = 0; n < 512 && !err; n += !err)
		err = pthread_create(&t[n], NULL, wait_for_end, NULL);
	CHECK(err == EAGAIN && n > THREADS);
	for (i = 0; i < n; i++)
		sem_post(&done);
	for (i = 0; i < n; i++)
		CHECK(!pthread_join(t[i], NULL));
	sem_post(&done);
	CHECK(!pthread_create(&t[0], NULL, wait_for_end, NULL) && !pthread_join(t[0], NULL));
}

static void *own_cap(void *arg)
{
	*(l4_cap_idx_t *)arg = pthread_l4_cap(pthread_self());
	return NULL;
}

static void test_l4_cap(void)
{
	l4_cap_idx_t seen = 0, given;
	pthread_t t;

	CHECK(pthread_l4_cap(pthread_self()) == L4_BASE_THREAD_CAP);
	CHECK(!pthread_create(&t, NULL, own_cap, &seen));
	given = pthread_l4_cap(t);
	pthread_join(t, NULL);
	CHECK(seen && seen != L4_BASE_THREAD_CAP && (given == seen || given == L4_INVALID_CAP));
	CHECK(l4_error(l4_task_cap_valid(L4_BASE_TASK_CAP, seen)) == 1);
}

static void *do_nothing(void *arg)
{
	return arg;
}

static void test_scheduling(void)
{
	struct sched_param p = { 0 };
	pthread_attr_t attr;
	pthread_t t;
	cpu_set_t cpus;
	int policy, own;

	CHECK(!pthread_getschedparam(pthread_self(), &policy, &p) && p.sched_priority > 1);
	own = p.sched_priority;
	p.sched_priority = own - 1;
	CHECK(!pthread_setschedparam(pthread_self(), SCHED_FIFO, &p));
	CHECK(!pthread_getschedparam(pthread_self(), &policy, &p) && p.sched_priority == own - 1);
	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	p.sched_priority = own;
	pthread_attr_setschedparam(&attr, &p);
	CHECK(!pthread_create(&t, &attr, do_nothing, NULL));
	pthread_join(t, NULL);
	CHECK(!pthread_setschedprio(pthread_self(), own));
	CPU_ZERO(&cpus);
	CHECK(!pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus) && CPU_COUNT(&cpus) >= 1);
}

/* H waits for what L has while M, between them, computes: L must run all the same, with H's priority. */
static struct {
	pthread_mutex_t lock;
	sem_t held;
	int stop, starved;
} inherit;

static void *hold_lock(void *arg)
{
	volatile unsigned n;

	pthread_mutex_lock(&inherit.lock);
	sem_post(&inherit.held);
	for (n = 0; n < 1000000; n++)
		;
	pthread_mutex_unlock(&inherit.lock);
	return arg;
}

static void *compute(void *arg)
{
	struct timespec t;
	time_t end;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + 5;
	while (!__atomic_load_n(&inherit.stop, __ATOMIC_SEQ_CST) && t.tv_sec < end)
		clock_gettime(CLOCK_MONOTONIC, &t);
	inherit.starved = t.tv_sec >= end;
	return arg;
}

static int create_at(pthread_t *t, int prio, void *(*run)(void *))
{
	struct sched_param p = { .sched_priority = prio };
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &p);
	return pthread_create(t, &attr, run, NULL);
}

static void test_inheritance(void)
{
	pthread_mutexattr_t attr;
	struct sched_param own;
	struct timespec t;
	pthread_t low, mid;
	int policy;

	pthread_mutexattr_init(&attr);
	if (!CHECK(!pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT)))
		return;
	pthread_mutex_init(&inherit.lock, &attr);
	sem_init(&inherit.held, 0, 0);
	pthread_getschedparam(pthread_self(), &policy, &own);
	CHECK(!create_at(&low, own.sched_priority - 2, hold_lock));
	sem_wait(&inherit.held);
	CHECK(!create_at(&mid, own.sched_priority - 1, compute));
	CHECK(pthread_mutex_trylock(&inherit.lock) == EBUSY);
	CHECK(!pthread_mutex_lock(&inherit.lock));
	inherit.stop = 1;
	pthread_mutex_unlock(&inherit.lock);
	pthread_join(mid, NULL);
	pthread_join(low, NULL);
	CHECK(!inherit.starved);
	CHECK(!pthread_getschedparam(pthread_self(), &policy, &own) && !pthread_mutex_lock(&inherit.lock));
	deadline_in(&t, 1000000);
	pthread_mutex_unlock(&inherit.lock);
	CHECK(!pthread_mutex_timedlock(&inherit.lock, &t));
	pthread_mutex_unlock(&inherit.lock);
}

static void *lock_late(void *arg)
{
	struct timespec t;

	deadline_in(&t, 2000000);
	*(int *)arg = pthread_mutex_timedlock(&inherit.lock, &t);
	return NULL;
}

static void *count_inherit(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&inherit.lock);
		counter++;
		if (i % 50 == 0)
			sched_yield();
		pthread_mutex_unlock(&inherit.lock);
	}
	return arg;
}

static void test_inheritance_many(void)
{
	pthread_t t[THREADS];
	int i, result = 0;

	counter = 0;
	for (i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, count_inherit, NULL));
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	CHECK(counter == THREADS * ROUNDS);
	pthread_mutex_lock(&inherit.lock);
	CHECK(!pthread_create(&t[0], NULL, lock_late, &result));
	pthread_join(t[0], NULL);
	CHECK(result == ETIMEDOUT);
	CHECK(!pthread_mutex_unlock(&inherit.lock));
	CHECK(!pthread_mutex_trylock(&inherit.lock) && !pthread_mutex_unlock(&inherit.lock));
}

static once_flag once = ONCE_FLAG_INIT;
static int once_calls;
static void only_once(void) { once_calls++; }

static int c11_thread(void *arg)
{
	call_once(&once, only_once);
	return *(int *)arg + 1;
}

static void test_c11(void)
{
	thrd_t t[2];
	int arg = 41, result, i;

	for (i = 0; i < 2; i++)
		CHECK(thrd_create(&t[i], c11_thread, &arg) == thrd_success);
	for (i = 0; i < 2; i++)
		CHECK(thrd_join(t[i], &result) == thrd_success && result == 42);
	CHECK(once_calls == 1);
}

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;

static void *write_locked(void *arg)
{
	pthread_rwlock_wrlock(&rw);
	*(int *)arg = 1;
	pthread_rwlock_unlock(&rw);
	return NULL;
}

static void test_rwlock(void)
{
	int written = 0;
	pthread_t t;

	CHECK(!pthread_rwlock_rdlock(&rw) && !pthread_rwlock_tryrdlock(&rw));
	CHECK(pthread_rwlock_trywrlock(&rw) == EBUSY);
	CHECK(!pthread_create(&t, NULL, write_locked, &written));
	usleep(1000);
	CHECK(!__atomic_load_n(&written, __ATOMIC_SEQ_CST));
	pthread_rwlock_unlock(&rw);
	pthread_rwlock_unlock(&rw);
	pthread_join(t, NULL);
	CHECK(written);
}

const struct test thread_tests[] = {
	{ "join", test_join }, { "mutex", test_mutex }, { "cond", test_cond }, { "timeouts", test_timeouts },
	{ "barrier", test_barrier }, { "rwlock", test_rwlock }, { "tls", test_tls }, { "cancel", test_cancel },
	{ "many-threads", test_many }, { "thread-limit", test_limit },
	{ "l4-cap", test_l4_cap }, { "scheduling", test_scheduling }, { "c11-threads", test_c11 },
	{ "inheritance", test_inheritance }, { "inheritance-many", test_inheritance_many },
	{ NULL, NULL },
};
