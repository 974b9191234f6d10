// SPDX-License-Identifier: MIT
/* cflags: -pthread */
/* Threads: locks, conditions, barriers, thread-local storage, raw futex operations, priority inheritance, robust lists. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

#define THREADS 8

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static long counter;
static int turn;
static __thread int own = 5;

static void *add(void *number)
{
	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
	own += (int)(long)number;
	pthread_barrier_wait(&barrier);
	return (void *)(long)own;
}

static void mutual_exclusion(void)
{
	pthread_t threads[THREADS];
	void *result;
	long sum = 0;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, add, (void *)i);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		sum += (long)result;
	}
	check(counter == THREADS * 20000, "counter: %ld", counter);
	check(sum == THREADS * 5 + 28 && own == 5, "thread-local storage");
}

static void *take_turns(void *number)
{
	for (int round = 0; round < 200; round++) {
		pthread_mutex_lock(&lock);
		while (turn != (int)(long)number)
			pthread_cond_wait(&changed, &lock);
		turn = (turn + 1) % 4;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void turns(void)
{
	pthread_t threads[4];

	turn = 0;
	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, take_turns, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	check(turn == 0, "four threads took 200 turns each");
}

static long futex(int *word, int op, int value, void *timeout, int *word2, int value3)
{
	return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static int words[2];

static void *wait_on_futex(void *unused)
{
	return (void *)futex(&words[0], FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void raw_futexes(void)
{
	struct timespec shortly = { 0, 2000000 }, no_time = { 0, -1 };
	pthread_t threads[4];
	long woken = 0;

	check(futex(words, FUTEX_WAIT, 1, NULL, NULL, 0) == -1 && errno == EAGAIN, "the value is another");
	check(futex(words, FUTEX_WAIT, 0, &shortly, NULL, 0) == -1 && errno == ETIMEDOUT, "time is over");
	check(futex(words, FUTEX_WAIT, 0, &no_time, NULL, 0) == -1 && errno == EINVAL, "bad time");
	check(futex((int *)((char *)words + 1), FUTEX_WAKE, 1, NULL, NULL, 0) == -1 && errno == EINVAL, "unaligned");
	check(futex(words, FUTEX_WAKE, 1, NULL, NULL, 0) == 0, "nobody waits");
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, wait_on_futex, NULL);
	/* One is woken, three move to the second word, from which they are woken. */
	while (woken < 1)
		woken += futex(&words[0], FUTEX_WAKE, 1, NULL, NULL, 0);
	for (long moved = 0; moved < 3;)
		moved += futex(&words[0], FUTEX_CMP_REQUEUE, 0, (void *)1L, &words[1], 0);
	woken = futex(&words[1], FUTEX_WAKE, 10, NULL, NULL, 0);
	check(woken == 3, "woken at the second word: %ld", woken);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static int *shared_word;

static void wait_in_child(void *unused)
{
	while (futex(shared_word, FUTEX_WAIT, 0, NULL, NULL, 0) == -1 && *shared_word == 0)
		;
	_exit(*shared_word);
}

static void between_processes(void)
{
	int status;
	pid_t child;

	shared_word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fflush(stdout);
	child = fork();
	if (child == 0)
		wait_in_child(NULL);
	usleep(10000);
	*shared_word = 21;
	futex(shared_word, FUTEX_WAKE, 1, NULL, NULL, 0);
	waitpid(child, &status, 0);
	check(exit_code(status) == 21, "a futex between processes");
}

static void *lock_and_die(void *mutex)
{
	pthread_mutex_lock(mutex);
	return NULL;
}

static void special_mutexes(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t mutex;
	pthread_t thread;
	int error;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&mutex, &attributes);
	pthread_create(&thread, NULL, lock_and_die, &mutex);
	pthread_join(thread, NULL);
	error = pthread_mutex_lock(&mutex);
	check(error == EOWNERDEAD, "the owner of a robust lock died");
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&mutex, &attributes);
	check(pthread_mutex_lock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0, "priority inheritance");
}

static void *block(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

static void *spin(void *unused)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		;
	return NULL;
}

static void cancelling(void)
{
	pthread_t blocked, busy;
	void *result;

	pthread_create(&blocked, NULL, block, NULL);
	pthread_create(&busy, NULL, spin, NULL);
	sched_yield();
	pthread_cancel(busy);
	pthread_cancel(blocked);
	pthread_join(busy, &result);
	check(result == PTHREAD_CANCELED, "a busy thread is cancelled");
	pthread_join(blocked, &result);
	check(result == PTHREAD_CANCELED, "a blocked thread is cancelled");
}

static void *exit_process(void *unused)
{
	_exit(44);
}

static void exit_from_thread(void *unused)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exit_process, NULL);
	block(NULL);
}

int main(void)
{
	mutual_exclusion();
	turns();
	raw_futexes();
	between_processes();
	special_mutexes();
	cancelling();
	check(exit_code(in_child(exit_from_thread, NULL)) == 44, "a thread ends the process");
	return check_end();
}
