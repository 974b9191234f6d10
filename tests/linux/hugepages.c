// SPDX-License-Identifier: MIT
/* Large pages: transparent and reserved ones; split by protection, unmapping, dropping, fork and mremap. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "check.h"

#define HUGE (2UL << 20)
#define PAGE 4096UL

static sigjmp_buf back;

static void caught(int number)
{
	siglongjmp(back, number);
}

static int writes(volatile char *at)
{
	int number = sigsetjmp(back, 1);

	if (number)
		return number;
	*at = 9;
	return 0;
}

/* A 2 MiB aligned area of this many large pages. */
static char *area(int count)
{
	char *at = mmap(NULL, (count + 1) * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(at != MAP_FAILED, "mmap");
	at = (char *)(((unsigned long)at + HUGE - 1) & ~(HUGE - 1));
	check(madvise(at, count * HUGE, MADV_HUGEPAGE) == 0, "ask for large pages");
	return at;
}

/* Kilobytes of transparent large pages of this process. */
static long huge_kib(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[128];
	long kib = -1;

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "AnonHugePages: %ld", &kib);
	if (file)
		fclose(file);
	return kib;
}

static void write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);

	check(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text), "%s", path);
	close(file);
}

/* Whatever ran before may have left no 2 MiB in one piece. */
static void make_room(void)
{
	write_file("/proc/sys/vm/drop_caches", "3");
	write_file("/proc/sys/vm/compact_memory", "1");
}

static void transparent(void)
{
	char *at = area(4);
	unsigned long sum = 0;

	for (unsigned long i = 0; i < 4 * HUGE; i += PAGE)
		at[i] = i / PAGE % 100;
	for (unsigned long i = 0; i < 4 * HUGE; i += PAGE)
		sum += at[i];
	check(sum == 20 * 4950 + 48 * 47 / 2, "content: %lu", sum);
	check(huge_kib() == 8192, "large pages: %ld KiB", huge_kib());
	check(mprotect(at + HUGE + 5 * PAGE, PAGE, PROT_READ) == 0, "one small page of it read-only");
	check(writes(at + HUGE + 5 * PAGE) == SIGSEGV, "is read-only");
	check(writes(at + HUGE + 4 * PAGE) == 0 && writes(at + HUGE + 6 * PAGE) == 0, "its neighbours are not");
	check(munmap(at + 2 * HUGE + 7 * PAGE, PAGE) == 0 && writes(at + 2 * HUGE + 7 * PAGE) == SIGSEGV, "a hole");
	check(writes(at + 2 * HUGE + 8 * PAGE) == 0, "beside the hole");
	check(madvise(at + 3 * HUGE, HUGE / 2, MADV_DONTNEED) == 0 && at[3 * HUGE + PAGE] == 0, "half is dropped");
	check(at[3 * HUGE + HUGE / 2 + PAGE] == (3 * 512 + 257) % 100, "half stays");
}

static void child(void *at)
{
	for (unsigned long i = 0; i < 2 * HUGE; i += 16 * PAGE)
		((volatile char *)at)[i] = 77;
}

static void forked(void)
{
	char *at = area(2);
	int wrong = 0;

	memset(at, 33, 2 * HUGE);
	in_child(child, at);
	for (unsigned long i = 0; i < 2 * HUGE; i += PAGE)
		wrong += at[i] != 33;
	check(wrong == 0, "a child's writes stay its own");
	memset(at, 34, 2 * HUGE);
	check(at[HUGE - 1] == 34 && at[HUGE] == 34, "the parent writes again");
}

static void moved(void)
{
	char *at = area(2), *other = area(2);
	int wrong = 0;

	memset(at, 5, 2 * HUGE);
	check(mremap(at, 2 * HUGE, 2 * HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, other) == other, "moved");
	for (unsigned long i = 0; i < 2 * HUGE; i += PAGE)
		wrong += other[i] != 5;
	check(wrong == 0 && writes(at) == SIGSEGV, "with its content");
	check(mremap(other, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 3 * PAGE) == at + 3 * PAGE,
	      "to an odd place");
	for (unsigned long i = 0; i < HUGE; i += PAGE)
		wrong += at[3 * PAGE + i] != 5;
	check(wrong == 0, "with its content");
}

static void reserved(void)
{
	char *at;

	write_file("/proc/sys/vm/nr_hugepages", "4");
	at = mmap(NULL, 3 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	check(at != MAP_FAILED && ((unsigned long)at & (HUGE - 1)) == 0, "reserved large pages");
	for (int i = 0; i < 3; i++)
		at[i * HUGE + 12345] = i + 1;
	check(at[12345] == 1 && at[2 * HUGE + 12345] == 3 && at[HUGE] == 0, "content");
	check(mprotect(at, HUGE, PROT_READ) == 0 && writes(at) == SIGSEGV && writes(at + HUGE) == 0, "protection");
	check(munmap(at, 3 * HUGE) == 0 && writes(at + HUGE) == SIGSEGV, "unmapped");
	check(mmap(NULL, 64 * HUGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0) == MAP_FAILED &&
	      errno == ENOMEM, "more than there are");
	write_file("/proc/sys/vm/nr_hugepages", "0");
}

int main(void)
{
	struct sigaction action = { .sa_handler = caught };

	sigaction(SIGSEGV, &action, NULL);
	make_room();
	transparent();
	forked();
	moved();
	reserved();
	return check_end();
}
