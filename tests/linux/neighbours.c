// SPDX-License-Identifier: MIT
/* timeout: 120 */
/*
 * Pages of one window are touched, protected, dropped, replaced and copied in any order, by user code and by
 * system calls; each access must do what a model of the window says, whatever was mapped along with its neighbours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "check.h"

#define PAGE 4096UL
#define PAGES 32
#define STEPS 6000

enum kind { NOTHING, ANONYMOUS, PRIVATE, SHARED };

static struct page {
	enum kind kind;
	int prot;
	unsigned char value;  /* at the page's start */
	unsigned char copied; /* PRIVATE: it has been written, the file no longer shows */
} model[PAGES];
static unsigned char in_file[PAGES];
static unsigned char *area;
static int file, pipes[2];
static sigjmp_buf back;
static unsigned int seed = 1;
static long wrong, denied, children;

static unsigned int any(unsigned int limit)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % limit;
}

static void caught(int number)
{
	siglongjmp(back, number);
}

static unsigned char value_of(int i)
{
	const struct page *p = &model[i];

	return p->kind == SHARED || (p->kind == PRIVATE && !p->copied) ? in_file[i] : p->value;
}

static void expect(int i, int works, int should, const char *what)
{
	denied += !should;
	if (works == should)
		return;
	if (wrong++ < 20)
		printf("seed %u: %s of page %d (kind %d, prot %d): %s\n", seed, what, i, model[i].kind, model[i].prot,
		       works ? "works" : "refused");
}

static void expect_value(int i, unsigned char value, const char *what)
{
	if (value != value_of(i) && wrong++ < 20)
		printf("seed %u: %s of page %d (kind %d, prot %d): %d, expected %d\n", seed, what, i, model[i].kind,
		       model[i].prot, value, value_of(i));
}

static void user_read(int i)
{
	volatile unsigned char *at = area + i * PAGE;
	int number = sigsetjmp(back, 1);

	if (!number) {
		unsigned char value = *at;

		expect(i, 1, model[i].prot & PROT_READ, "read");
		expect_value(i, value, "read");
	} else {
		expect(i, 0, model[i].prot & PROT_READ, "read");
	}
}

static void written(int i, unsigned char value)
{
	model[i].value = value;
	model[i].copied = 1;
	if (model[i].kind == SHARED)
		in_file[i] = value;
}

static void user_write(int i)
{
	volatile unsigned char *at = area + i * PAGE;
	unsigned char value = any(256);
	int number = sigsetjmp(back, 1);

	if (!number) {
		*at = value;
		expect(i, 1, !!(model[i].prot & PROT_WRITE), "write");
		written(i, value);
	} else {
		expect(i, 0, !!(model[i].prot & PROT_WRITE), "write");
	}
}

/* The same by the kernel: read(2) writes the page, write(2) reads it. */
static void kernel_write(int i)
{
	unsigned char value = any(256);
	int works;

	write(pipes[1], &value, 1);
	works = read(pipes[0], area + i * PAGE, 1) == 1;
	expect(i, works, !!(model[i].prot & PROT_WRITE), "read(2)");
	if (works)
		written(i, value);
	else
		read(pipes[0], &value, 1);
}

static void kernel_read(int i)
{
	unsigned char value;
	int works = write(pipes[1], area + i * PAGE, 1) == 1;

	expect(i, works, !!(model[i].prot & PROT_READ), "write(2)");
	if (works && read(pipes[0], &value, 1) == 1)
		expect_value(i, value, "write(2)");
}

static void change(int first, int n)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	int prot = prots[any(3)];

	for (int i = first; i < first + n; i++) {
		if (model[i].kind == NOTHING)
			continue;
		mprotect(area + i * PAGE, PAGE, prot);
		model[i].prot = prot;
	}
}

static void replace(int first, int n)
{
	static const int flags[] = { 0, MAP_PRIVATE | MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED };
	enum kind kind = any(4);
	int prot = PROT_READ | (any(4) ? PROT_WRITE : 0);

	if (kind == NOTHING)
		munmap(area + first * PAGE, n * PAGE);
	else if (mmap(area + first * PAGE, n * PAGE, prot, flags[kind] | MAP_FIXED,
		      kind == ANONYMOUS ? -1 : file, kind == ANONYMOUS ? 0 : first * PAGE) == MAP_FAILED)
		wrong++;
	for (int i = first; i < first + n; i++)
		model[i] = (struct page){ .kind = kind, .prot = kind ? prot : 0 };
}

static void drop(int first, int n)
{
	for (int i = first; i < first + n; i++) {
		if (model[i].kind == NOTHING)
			continue;
		madvise(area + i * PAGE, PAGE, MADV_DONTNEED);
		model[i].value = model[i].copied = 0;
	}
}

/* All reads first, so that everything that may be mapped is; then it must not matter. */
static void look_at_all(void)
{
	for (int i = 0; i < PAGES; i++)
		user_read(i);
}

static void step(int depth);

/* A child goes on with its copy; what it writes to shared pages the parent sees. */
static void fork_one(int depth)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		wrong = 0;
		for (int i = 0; i < 20; i++)
			step(depth + 1);
		look_at_all();
		fflush(stdout);
		_exit(wrong != 0);
	}
	/* the parent's own pages change while the child has copies */
	waitpid(pid, &status, 0);
	children++;
	if (status)
		wrong++;
	for (int i = 0; i < PAGES; i++)
		pread(file, &in_file[i], 1, i * PAGE);
	look_at_all();
}

static void step(int depth)
{
	int i = any(PAGES), n = 1 + any(PAGES - i);
	unsigned char value;

	switch (any(16)) {
	case 0: change(i, n); break;
	case 1: change(i, 1); break;
	case 2: replace(i, n < 8 ? n : 8); break;
	case 3: drop(i, n < 4 ? n : 4); break;
	case 4: look_at_all(); break;
	case 5:
		if (depth < 2 && !any(12))
			fork_one(depth);
		break;
	case 6: /* the file, behind the mappings' back */
		value = any(256);
		pwrite(file, &value, 1, i * PAGE);
		in_file[i] = value;
		break;
	case 7: case 8: kernel_read(i); break;
	case 9: case 10: kernel_write(i); break;
	case 11: case 12: case 13: user_read(i); break;
	default: user_write(i); break;
	}
}

int main(void)
{
	signal(SIGSEGV, caught);
	signal(SIGPIPE, SIG_IGN);
	file = memfd_create("neighbours", 0);
	area = mmap(0, PAGES * PAGE + (1 << 20), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (file < 0 || ftruncate(file, PAGES * PAGE) || pipe(pipes) || area == MAP_FAILED)
		return 1;
	/* the whole window in one page table */
	area = (unsigned char *)(((unsigned long)area + (1 << 19)) & -(1UL << 17));
	munmap(area, PAGES * PAGE);
	for (int i = 0; i < STEPS; i++)
		step(0);
	look_at_all();
	printf("%d steps, %ld children, %ld accesses refused, %ld wrong\n", STEPS, children, denied, wrong);
	return wrong != 0;
}
