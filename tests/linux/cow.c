// SPDX-License-Identifier: MIT
/* Copy on write: neither side of a fork sees what the other writes, at any page, by any way of writing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "check.h"

#define PAGES 600
#define PAGE 4096

static unsigned char *area;

static void fill(unsigned char value)
{
	for (int i = 0; i < PAGES; i++)
		memset(area + i * PAGE, value + i % 3, PAGE);
}

static int differing(unsigned char value)
{
	int count = 0;

	for (int i = 0; i < PAGES; i++)
		for (int at = 0; at < PAGE; at += 511)
			count += area[i * PAGE + at] != (unsigned char)(value + i % 3);
	return count;
}

static void child_writes(void *unused)
{
	check(differing(10) == 0, "the child sees the parent's bytes");
	fill(100);
	check(differing(100) == 0, "the child sees its own bytes");
}

static void parent_writes(void)
{
	int to_child[2], status;
	char byte;
	pid_t child;

	need(pipe(to_child) == 0, "pipe");
	fill(10);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		need(read(to_child[0], &byte, 1) == 1, "read");
		_exit(differing(10) != 0);
	}
	fill(50);
	need(write(to_child[1], "x", 1) == 1, "write");
	waitpid(child, &status, 0);
	check(exit_code(status) == 0, "the parent's writes do not reach the child");
	check(differing(50) == 0, "the parent keeps its writes");
}

/* The kernel writes on the child's behalf: it must break the sharing as well. */
static void kernel_writes(void *unused)
{
	int zero = open("/dev/zero", O_RDONLY);

	for (int i = 0; i < PAGES; i += 7)
		need(read(zero, area + i * PAGE + 100, 3000) == 3000, "read");
	check(area[0] == 10 && area[100] == 0 && area[3099] == 0 && area[3100] == 10, "read() into shared pages");
	close(zero);
}

static void generations(int depth)
{
	unsigned char mark = 150 + depth;
	int status;
	pid_t child;

	area[depth * PAGE] = mark;
	if (depth < 12) {
		child = fork();
		if (child == 0) {
			generations(depth + 1);
			for (int i = 0; i <= depth + 1; i++)
				area[i * PAGE + 1] = 1;
			_exit(check_failures);
		}
		waitpid(child, &status, 0);
		check_failures += exit_code(status) != 0;
	}
	for (int i = 0; i < PAGES; i++)
		if (i <= depth ? area[i * PAGE] != 150 + i || area[i * PAGE + 1] == 1 : area[i * PAGE] >= 150)
			check_failures++;
}

static void private_file(void)
{
	int file = memfd_create("cow", 0);
	char *one, *two, byte;

	need(ftruncate(file, 4 * PAGE) == 0, "ftruncate");
	one = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	two = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	two[PAGE] = 'a';
	check(one[PAGE] == 'a', "a private mapping sees the file");
	one[PAGE] = 'b';
	two[PAGE] = 'c';
	check(one[PAGE] == 'b', "until it is written");
	need(pread(file, &byte, 1, PAGE) == 1, "pread");
	check(byte == 'c', "and the file keeps what the shared mapping wrote");
	munmap(one, 4 * PAGE);
	munmap(two, 4 * PAGE);
	close(file);
}

static void protected_then_forked(void)
{
	int status;
	pid_t child;

	fill(10);
	mprotect(area, PAGES * PAGE, PROT_READ);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		mprotect(area, PAGES * PAGE, PROT_READ | PROT_WRITE);
		fill(77);
		_exit(differing(77) != 0);
	}
	waitpid(child, &status, 0);
	mprotect(area, PAGES * PAGE, PROT_READ | PROT_WRITE);
	check(exit_code(status) == 0 && differing(10) == 0, "sharing survives a change of protection");
}

int main(void)
{
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(10);
	check(exit_code(in_child(child_writes, NULL)) == 0, "child that writes");
	check(differing(10) == 0, "the parent's bytes are its own");
	parent_writes();
	fill(10);
	check(exit_code(in_child(kernel_writes, NULL)) == 0, "kernel that writes for a child");
	check(differing(10) == 0, "the parent does not see it");
	fflush(stdout);
	fill(10);
	generations(0);
	check(check_failures == 0, "twelve generations");
	private_file();
	protected_then_forked();
	return check_end();
}
