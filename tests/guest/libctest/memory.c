/* SPDX-License-Identifier: MIT */
/* malloc and mmap; memory that is given back is there again. */
#include "libctest.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#define PAGE 4096UL

static unsigned long free_bytes(void)
{
	struct sysinfo s;

	return sysinfo(&s) ? 0 : s.freeram;
}

static void test_malloc(void)
{
	enum { N = 200 };
	unsigned char *p[N];
	int i, round;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < N; i++) {
			p[i] = malloc(1 + i * 13);
			if (CHECK(p[i]))
				memset(p[i], i, 1 + i * 13);
		}
		for (i = 0; i < N; i++) {
			CHECK(p[i] && p[i][0] == i && p[i][i * 13] == i);
			free(p[i]);
		}
	}
}

static void test_realloc(void)
{
	char *p = calloc(1, 10), *large;
	void *aligned = NULL;

	CHECK(p && !p[0] && !p[9]);
	strcpy(p, "contents");
	large = realloc(p, 300000);
	CHECK(large && !strcmp(large, "contents"));
	free(large);
	CHECK(posix_memalign(&aligned, 8192, 100) == 0 && !((uintptr_t)aligned & 8191));
	free(aligned);
	CHECK(!malloc(SIZE_MAX / 2) && errno == ENOMEM);
	CHECK(!malloc(1UL << 34)); /* more than the component has */
}

static void *map(void *at, unsigned long bytes, int prot, int flags)
{
	return mmap(at, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void test_mmap(void)
{
	unsigned char *p = map(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, 0), *q;

	if (!CHECK(p != MAP_FAILED))
		return;
	CHECK(p[0] == 0 && p[8 * PAGE - 1] == 0);
	memset(p, 7, 8 * PAGE);
	CHECK(!munmap(p + 2 * PAGE, 2 * PAGE));
	CHECK(p[2 * PAGE - 1] == 7 && p[4 * PAGE] == 7);
	q = map(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED);
	CHECK(q == p + 2 * PAGE && q[0] == 0);
	CHECK(!munmap(p, 8 * PAGE));
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 3, 0) == MAP_FAILED && errno == ENODEV);
	CHECK(map(NULL, PAGE, PROT_WRITE | PROT_EXEC, 0) == MAP_FAILED && errno == EACCES);
	CHECK(map(NULL, 0, PROT_READ, 0) == MAP_FAILED && errno == EINVAL);
}

static void test_mprotect(void)
{
	unsigned char *p = map(NULL, 4 * PAGE, PROT_NONE, 0);

	if (!CHECK(p != MAP_FAILED))
		return;
	CHECK(!mprotect(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE));
	p[PAGE] = 1;
	p[3 * PAGE - 1] = 2;
	CHECK(!mprotect(p + PAGE, PAGE, PROT_READ));
	CHECK(p[PAGE] == 1);
	CHECK(!mprotect(p + PAGE, 2 * PAGE, PROT_NONE));
	CHECK(!mprotect(p, 4 * PAGE, PROT_READ | PROT_WRITE));
	CHECK(p[PAGE] == 1 && p[3 * PAGE - 1] == 2 && p[0] == 0);
	p[0] = p[4 * PAGE - 1] = 3;
	CHECK(!munmap(p, 4 * PAGE));
	CHECK(mprotect(p, PAGE, PROT_READ) == -1 && errno == ENOMEM);
}

/* A function in memory of our own: written, then made executable, never both. */
static void test_execute(void)
{
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov $42, %eax; ret */
	unsigned char *p = map(NULL, PAGE, PROT_READ | PROT_WRITE, 0);

	if (!CHECK(p != MAP_FAILED))
		return;
	memcpy(p, code, sizeof(code));
	if (CHECK(!mprotect(p, PAGE, PROT_READ | PROT_EXEC)))
		CHECK(((int (*)(void))(uintptr_t)p)() == 42);
	munmap(p, PAGE);
}

/* All there is: a clean failure, and all there again when it is freed. */
static void test_exhausted(void)
{
	static void *piece[2000];
	int round, n, last = 0, i;

	for (round = 0; round < 3; round++) {
		for (n = 0; n < 2000 && (piece[n] = malloc(20000)); n++)
			memset(piece[n], round, 20000);
		CHECK(n > 20 && n < 2000 && (!round || n == last));
		last = n;
		for (i = 0; i < n; i++)
			free(piece[i]);
	}
}

static void test_returned(void)
{
	unsigned long before;
	int i;

	/* The first round makes what stays: records, tables. */
	for (i = 0, before = 0; i < 40; i++) {
		void *p = map(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, 0), *q = malloc(300000);

		CHECK(p != MAP_FAILED && q);
		CHECK(!munmap(p, 5 * PAGE) && !munmap((char *)p + 5 * PAGE, 11 * PAGE));
		free(q);
		if (!i)
			before = free_bytes();
	}
	CHECK(before && free_bytes() == before);
}

const struct test memory_tests[] = {
	{ "malloc", test_malloc }, { "realloc", test_realloc }, { "mmap", test_mmap }, { "mprotect", test_mprotect },
	{ "execute", test_execute }, { "memory-exhausted", test_exhausted },
	{ "memory-returned", test_returned }, { NULL, NULL },
};
