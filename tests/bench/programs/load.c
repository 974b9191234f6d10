/* SPDX-License-Identifier: MIT */
/*
 * Loads for real-time measurements, the same program on Skerry's Linux and natively. Argument, a round of which is done:
 *
 *	fork	a tree of processes that all live at once, and end at once
 *	memory	a process that uses all memory there is, until it is killed for that
 *	exit	a process with a gigabyte of touched pages ends
 *	revoke	write protection of many pages comes and goes, copies on write, unmapping
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define MIB (1UL << 20)
#define DEPTH 7
#define FILE_BYTES (16 * MIB)
#define HUGE_BYTES (1024 * MIB)
#define REVOKED (32 * MIB)

static void touch(char *at, unsigned long bytes)
{
	for (unsigned long i = 0; i < bytes; i += PAGE)
		at[i] = 1;
}

static char *anonymous(unsigned long bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/* Each has two children; all wait for the end of the pipe. */
static void bomb(int depth, int wait_fd)
{
	char c;

	for (int i = 0; depth && i < 2; i++)
		if (!fork()) {
			bomb(depth - 1, wait_fd);
			_exit(0);
		}
	touch(anonymous(64 * PAGE), 64 * PAGE);
	if (depth < DEPTH)
		read(wait_fd, &c, 1);
}

static void load_fork(void)
{
	int fds[2];

	if (pipe(fds))
		return;
	if (!fork()) {
		close(fds[1]);
		bomb(DEPTH, fds[0]);
		while (wait(NULL) > 0)
			;
		_exit(0);
	}
	close(fds[0]);
	/* The tree needs this long to grow. */
	usleep(100000);
	close(fds[1]);
	wait(NULL);
}

static void load_memory(void)
{
	if (!fork()) {
		int fd = open("/proc/self/oom_score_adj", O_WRONLY);

		write(fd, "1000", 4);
		for (;;)
			touch(anonymous(MIB), MIB);
	}
	wait(NULL);
}

/* The same memory again and again. */
static void load_exit(void)
{
	int fd = memfd_create("exit", 0);

	if (ftruncate(fd, FILE_BYTES))
		return;
	if (!fork()) {
		for (unsigned long at = 0; at < HUGE_BYTES; at += FILE_BYTES) {
			char *map = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

			if (map != MAP_FAILED)
				touch(map, FILE_BYTES);
		}
		_exit(0);
	}
	wait(NULL);
	close(fd);
}

static void load_revoke(void)
{
	char *at = anonymous(REVOKED);

	touch(at, REVOKED);
	for (int i = 0; i < 4; i++) {
		mprotect(at, REVOKED, PROT_READ);
		mprotect(at, REVOKED, PROT_READ | PROT_WRITE);
		touch(at, REVOKED);
	}
	if (!fork()) {
		touch(at, REVOKED);
		_exit(0);
	}
	wait(NULL);
	munmap(at, REVOKED);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } loads[] = {
		{ "fork", load_fork }, { "memory", load_memory }, { "exit", load_exit }, { "revoke", load_revoke } };

	for (unsigned i = 0; argc > 1 && i < sizeof(loads) / sizeof(loads[0]); i++)
		if (!strcmp(argv[1], loads[i].name)) {
			loads[i].run();
			return 0;
		}
	return 2;
}
