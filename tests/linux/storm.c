// SPDX-License-Identifier: MIT
/* cflags: -pthread */
/* timeout: 240 */
/* Stress: forks, execs, threads, mappings and signals of many processes at once; everything adds up at the end. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "check.h"

static unsigned int seed;

static unsigned int any(unsigned int limit)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % limit;
}

/* Random mapping, protecting, writing and unmapping; returns how many bytes were not what they should be. */
static int memory_work(void)
{
	char *area[8] = { 0 };
	int wrong = 0;

	for (int step = 0; step < 150; step++) {
		int i = any(8), pages = 1 + i * 7;

		if (!area[i]) {
			area[i] = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			memset(area[i], i + 1, pages * 4096);
		} else if (any(3) == 0) {
			munmap(area[i], pages * 4096);
			area[i] = NULL;
		} else {
			mprotect(area[i], pages * 4096, any(2) ? PROT_READ : PROT_READ | PROT_WRITE);
			for (int page = 0; page < pages; page++)
				wrong += area[i][page * 4096 + any(4096)] != i + 1;
			mprotect(area[i], pages * 4096, PROT_READ | PROT_WRITE);
			memset(area[i], i + 1, 4096);
		}
	}
	return wrong;
}

static void *thread_work(void *unused)
{
	for (int i = 0; i < 20; i++)
		sched_yield();
	return NULL;
}

static int threads_work(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, thread_work, NULL))
			return 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static int exec_work(void)
{
	int status;
	pid_t child = vfork();

	if (child == 0) {
		execl("/proc/self/exe", "storm", "3", NULL);
		_exit(99);
	}
	return waitpid(child, &status, 0) != child || exit_code(status) != 3;
}

static int fork_work(int depth)
{
	int status, bad = 0;
	pid_t children[3];

	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(memory_work() || (depth && fork_work(depth - 1)));
	}
	for (int i = 0; i < 3; i++)
		bad += waitpid(children[i], &status, 0) != children[i] || status != 0;
	return bad;
}

static int killed_work(void)
{
	int status, bad = 0;
	pid_t child = fork();

	if (child == 0)
		for (;;)
			memory_work();
	usleep(any(3000));
	kill(child, SIGKILL);
	bad += waitpid(child, &status, 0) != child || exit_code(status) != -SIGKILL;
	return bad;
}

static int worker(int number)
{
	int bad = 0;

	seed = number * 7919 + 1;
	for (int round = 0; round < 12; round++) {
		bad += memory_work();
		bad += threads_work();
		bad += exec_work();
		bad += fork_work(1);
		bad += killed_work();
	}
	return bad;
}

int main(int argc, char **argv)
{
	int status, good = 0;

	if (argc > 1)
		return atoi(argv[1]);
	for (int i = 0; i < 6; i++)
		if (fork() == 0)
			_exit(worker(i));
	while (wait(&status) > 0)
		good += status == 0;
	check(good == 6, "workers that found nothing wrong: %d", good);
	return check_end();
}
