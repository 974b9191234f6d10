// SPDX-License-Identifier: MIT
/* cflags: -pthread */
/* timeout: 420 */
/* memory: 384M */
/* Two minutes of hundreds of processes that fork, exec, map, fault, signal and talk at once; all results are checked. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include "check.h"

#define PROCESSES 240
#define SECONDS 110

static unsigned int seed;
static time_t end;
static char *file_pages;
static volatile sig_atomic_t signals_seen;

static unsigned int any(unsigned int limit)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % limit;
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Anonymous memory: every page keeps what was written, through protection, moves and copies on write. */
static int maps(void)
{
	int pages = 1 + any(40), wrong = 0, status;
	unsigned int mark = any(1 << 30);
	unsigned int *area = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	if (area == MAP_FAILED)
		return 1;
	for (int i = 0; i < pages; i++)
		area[i * 1024 + i] = mark + i;
	mprotect(area, pages * 4096, PROT_READ);
	child = fork();
	if (child == 0) {
		mprotect(area, pages * 4096, PROT_READ | PROT_WRITE);
		for (int i = 0; i < pages; i++) {
			wrong += area[i * 1024 + i] != mark + i;
			area[i * 1024 + i] = 0;
		}
		_exit(wrong != 0);
	}
	wrong += child < 0 || waitpid(child, &status, 0) != child || status != 0;
	area = mremap(area, pages * 4096, (pages + 8) * 4096, MREMAP_MAYMOVE);
	if (area == MAP_FAILED)
		return wrong + 1;
	for (int i = 0; i < pages; i++)
		wrong += area[i * 1024 + i] != mark + i;
	wrong += area[(pages + 7) * 1024] != 0;
	return wrong + (munmap(area, (pages + 8) * 4096) != 0);
}

/* A page of a file shared by all: a counter under a futex that everybody increments. */
static int shares(void)
{
	unsigned int *lock = (unsigned int *)file_pages, *count = lock + 1;

	for (int i = 0; i < 10; i++) {
		while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
			syscall(SYS_futex, lock, FUTEX_WAIT, 1, &(struct timespec){ 0, 1000000 }, NULL, 0);
		*(volatile unsigned int *)count += 1;
		if (any(4) == 0)
			sched_yield();
		__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
		syscall(SYS_futex, lock, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	return 0;
}

static void counts(int number)
{
	signals_seen++;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	mprotect((void *)((unsigned long)info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE);
	signals_seen++;
}

/* Faults that a handler repairs, and signals from a child. */
static int faults(void)
{
	struct sigaction repair = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int wrong = 0, wanted = 1 + any(20), status;
	char *area = mmap(NULL, wanted * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t child, parent = getpid();

	sigaction(SIGSEGV, &repair, NULL);
	signals_seen = 0;
	for (int i = 0; i < wanted; i++)
		area[i * 4096 + any(4096)] = 1;
	wrong += signals_seen != wanted;
	munmap(area, wanted * 4096);
	signals_seen = 0;
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 5; i++)
			sigqueue(parent, SIGRTMIN, (union sigval){ .sival_int = i });
		_exit(0);
	}
	while (waitpid(child, &status, 0) != child)
		wrong += errno != EINTR;
	return wrong + (signals_seen != 5) + (status != 0);
}

static int execs(void)
{
	int status, wanted = any(100) + 1;
	char number[8];
	pid_t child;

	snprintf(number, sizeof(number), "%d", wanted);
	child = any(2) ? vfork() : fork();
	if (child == 0) {
		execl("/proc/self/exe", "stress", number, NULL);
		_exit(255);
	}
	return child < 0 || waitpid(child, &status, 0) != child || exit_code(status) != wanted;
}

static int talks(void)
{
	int ends[2], status, wrong = 0, bytes = 1 + any(20000);
	char block[1000];
	long sum = 0, sent = 0;
	pid_t child;

	if (any(2) ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 1;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		for (int left = bytes; left;) {
			int some = left < 777 ? left : 777;

			memset(block, left, some);
			if (write(ends[1], block, some) != some)
				_exit(1);
			left -= some;
		}
		_exit(0);
	}
	for (int left = bytes; left; left -= left < 777 ? left : 777)
		sent += (long)(signed char)left * (left < 777 ? left : 777);
	close(ends[1]);
	for (int got; (got = read(ends[0], block, sizeof(block))) > 0;)
		for (int i = 0; i < got; i++)
			sum += (signed char)block[i];
	close(ends[0]);
	wrong += waitpid(child, &status, 0) != child || status != 0;
	return wrong + (sum != sent);
}

static int kills(void)
{
	int status, wrong = 0;
	pid_t children[4];

	for (int i = 0; i < 4; i++) {
		children[i] = fork();
		if (children[i] == 0)
			for (volatile char *p = malloc(1 << 20);; p[any(1 << 20)]++)
				;
	}
	usleep(any(20000));
	for (int i = 0; i < 4; i++)
		wrong += kill(children[i], any(2) ? SIGKILL : SIGTERM) != 0;
	for (int i = 0; i < 4; i++)
		wrong += waitpid(children[i], &status, 0) != children[i] || !WIFSIGNALED(status);
	return wrong;
}

static int floats(void)
{
	double x = 1 + any(1000), y = x;

	for (int i = 0; i < 2000; i++) {
		y = y * 1.5 + 1;
		if (i % 100 == 0)
			sched_yield();
		y = (y - 1) / 1.5;
	}
	return y < x - 0.001 || y > x + 0.001;
}

static int worker(int number)
{
	static int (*const work[])(void) = { maps, faults, execs, talks, kills, floats, maps, shares };
	struct sigaction count = { .sa_handler = counts, .sa_flags = SA_RESTART };
	int wrong = 0, rounds = 0, shared = 0;

	seed = number * 7919 + 1;
	sigaction(SIGRTMIN, &count, NULL);
	for (; now() < end; rounds++) {
		int which = any(8), bad = work[which]();

		shared += which == 7;
		if (bad) {
			printf("worker %d: kind of work %d: %d wrong\n", number, which, bad);
			fflush(stdout);
		}
		wrong += bad;
	}
	__atomic_fetch_add((unsigned int *)file_pages + 2, shared * 10, __ATOMIC_RELAXED);
	__atomic_fetch_add((unsigned int *)file_pages + 3, rounds, __ATOMIC_RELAXED);
	return wrong != 0;
}

int main(int argc, char **argv)
{
	int status, good = 0, file;
	unsigned int *counters;

	if (argc > 1)
		return atoi(argv[1]);
	file = open("/tmp/stress", O_RDWR | O_CREAT | O_TRUNC, 0600);
	need(file >= 0 && ftruncate(file, 8192) == 0, "file");
	file_pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	need(file_pages != MAP_FAILED, "mmap");
	counters = (unsigned int *)file_pages;
	end = now() + SECONDS;
	for (int i = 0; i < PROCESSES; i++) {
		pid_t child = fork();

		need(child >= 0, "fork");
		if (child == 0)
			_exit(worker(i));
	}
	while (wait(&status) > 0)
		good += status == 0;
	check(good == PROCESSES, "processes that found nothing wrong: %d", good);
	check(counters[1] == counters[2], "increments of a shared counter");
	check(counters[3] > 2 * PROCESSES, "rounds");
	return check_end();
}
