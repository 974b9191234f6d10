// SPDX-License-Identifier: MIT
/* Memory mappings: shared, private, file, fixed, moved, dropped, grown, beyond the end of a file. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "check.h"

#define PAGE 4096UL

static sigjmp_buf back;
static siginfo_t last;

static void caught(int number, siginfo_t *info, void *context)
{
	last = *info;
	siglongjmp(back, number);
}

/* The signal that touching this byte raises, or 0. */
static int touch(volatile char *address, int write)
{
	int number = sigsetjmp(back, 1);

	if (number)
		return number;
	if (write)
		*address = 1;
	else
		(void)*address;
	return 0;
}

static char *map(size_t pages, int flags, int fd)
{
	char *area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	need(area != MAP_FAILED, "mmap");
	return area;
}

static void anonymous(void)
{
	char *area = map(64, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned long sum = 0;

	for (size_t at = 0; at < 64 * PAGE; at++)
		sum += area[at];
	check(sum == 0, "new memory is zero");
	memset(area, 7, 64 * PAGE);
	check(munmap(area + 16 * PAGE, 16 * PAGE) == 0, "a hole");
	check(touch(area + 15 * PAGE, 1) == 0, "below the hole");
	check(touch(area + 16 * PAGE, 0) == SIGSEGV && last.si_code == SEGV_MAPERR, "in the hole");
	check(last.si_addr == area + 16 * PAGE, "the address of the fault");
	check(touch(area + 31 * PAGE + 4095, 1) == SIGSEGV, "at the hole's end");
	check(touch(area + 32 * PAGE, 1) == 0, "above the hole");
	check(madvise(area, 16 * PAGE, MADV_DONTNEED) == 0 && area[5 * PAGE] == 0, "dropped memory is zero again");
	check(area[40 * PAGE] == 7, "the rest is not");
	munmap(area, 64 * PAGE);
	check(touch(area + 40 * PAGE, 0) == SIGSEGV, "after munmap");
}

static void shared_child(void *area)
{
	for (size_t page = 0; page < 64; page++)
		((volatile char *)area)[page * PAGE + page] = page + 1;
}

static void shared(void)
{
	char *area = map(64, MAP_SHARED | MAP_ANONYMOUS, -1);
	int right = 0;

	in_child(shared_child, area);
	for (size_t page = 0; page < 64; page++)
		right += area[page * PAGE + page] == (char)(page + 1);
	check(right == 64, "what a child wrote into shared memory");
	munmap(area, 64 * PAGE);
}

static void file_mapping(void)
{
	int file = open("/tmp/mmap-file", O_CREAT | O_TRUNC | O_RDWR, 0600);
	char *area, text[16] = { 0 };

	need(file >= 0 && ftruncate(file, 2 * PAGE + 100) == 0, "file");
	area = map(4, MAP_SHARED, file);
	memcpy(area + PAGE, "through memory", 14);
	check(msync(area, 2 * PAGE, MS_SYNC) == 0, "msync");
	check(pread(file, text, 14, PAGE) == 14 && !strcmp(text, "through memory"), "the file has what was stored");
	check(pwrite(file, "through write", 13, 10) == 13 && !memcmp(area + 10, "through write", 13),
	      "memory has what was written");
	check(touch(area + 2 * PAGE + 3000, 1) == 0, "the rest of the last page");
	check(touch(area + 3 * PAGE, 0) == SIGBUS && last.si_code == BUS_ADRERR, "beyond the file");
	check(ftruncate(file, PAGE) == 0 && touch(area + PAGE, 0) == SIGBUS, "a file that was cut");
	check(touch(area, 1) == 0, "the part that is left");
	munmap(area, 4 * PAGE);
	check(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 99, 0) == MAP_FAILED && errno == EBADF, "no such file");
	close(file);
}

static void moved(void)
{
	char *area = map(8, MAP_PRIVATE | MAP_ANONYMOUS, -1), *other, *guard;
	int right = 0;

	for (int page = 0; page < 8; page++)
		area[page * PAGE] = page + 1;
	guard = map(64, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	other = mremap(area, 8 * PAGE, 32 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, guard);
	check(other == guard, "moved to a given place and grown");
	for (int page = 0; page < 8; page++)
		right += other[page * PAGE] == page + 1;
	check(right == 8 && other[20 * PAGE] == 0, "with its content");
	check(touch(area, 0) == SIGSEGV, "nothing is left at the old place");
	check(mremap(other, 32 * PAGE, 4 * PAGE, 0) == other, "shrunk");
	check(touch(other + 3 * PAGE, 0) == 0 && touch(other + 4 * PAGE, 0) == SIGSEGV, "to this length");
	munmap(other, 64 * PAGE);
}

static void fixed(void)
{
	char *area = map(8, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	memset(area, 5, 8 * PAGE);
	check(mmap(area + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	      area + 2 * PAGE, "a page mapped over another");
	check(area[2 * PAGE] == 0 && area[PAGE] == 5 && area[3 * PAGE] == 5, "replaces only that");
	check(mmap(area, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED &&
	      errno == EEXIST, "not over what exists when asked so");
	check(mmap((void *)0x7ffffffff000, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	      MAP_FAILED, "not across the end of user memory");
	area[0] = mmap((void *)0x7fffffffe000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0) == (void *)0x7fffffffe000;
	check(area[0] || errno == EEXIST, "the last page of user memory");
	munmap(area, 8 * PAGE);
}

static void residency(void)
{
	char *area = map(16, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	unsigned char in_core[16];
	int count = 0;

	madvise(area, 16 * PAGE, MADV_NOHUGEPAGE);
	for (int page = 0; page < 16; page += 2)
		area[page * PAGE] = 1;
	check(mincore(area, 16 * PAGE, in_core) == 0, "mincore");
	for (int page = 0; page < 16; page++)
		count += in_core[page] & 1;
	check(count == 8, "pages in memory: %d", count);
	munmap(area, 16 * PAGE);
	area = map(16, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
	need(mincore(area, 16 * PAGE, in_core) == 0, "mincore");
	count = 0;
	for (int page = 0; page < 16; page++)
		count += in_core[page] & 1;
	check(count == 16, "pages in memory after populating: %d", count);
	munmap(area, 16 * PAGE);
}

static void heap(void)
{
	char *start = sbrk(0);

	check(sbrk(100 * PAGE) == start, "the heap grows");
	memset(start, 3, 100 * PAGE);
	check(sbrk(-50 * (long)PAGE) == start + 100 * PAGE, "and shrinks");
	check(touch(start + 49 * PAGE, 0) == 0 && touch(start + 51 * PAGE, 0) == SIGSEGV, "at its end");
	check(sbrk(50 * PAGE) == start + 50 * PAGE && start[60 * PAGE] == 0, "new heap is zero");
}

static void *read_byte(void *address)
{
	return (void *)(unsigned long)*(volatile unsigned char *)address;
}

/* Pages that look like page tables, each entry a user's page somewhere in RAM. */
static void fill_with_entries(unsigned long *words, size_t pages)
{
	for (size_t i = 0; i < pages * PAGE / sizeof(*words); i++)
		words[i] = 32UL << 20 | 0x67;
}

/* While a fault waits for its page, its page table is freed, used for something else, and made anew. */
static void remapped_in_fault(void)
{
	const size_t span = 2UL << 20;
	char *reserved = mmap(NULL, 3 * span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *area = (char *)(((unsigned long)reserved + span) & -span);
	struct uffdio_register range = { .range = { (unsigned long)area, PAGE }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffd_msg event;
	pthread_t thread;
	void *byte = NULL;

	need(reserved != MAP_FAILED && fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0, "userfaultfd");
	need(mmap(area, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area, "an area");
	madvise(area, span, MADV_NOHUGEPAGE);
	area[5 * PAGE] = 1;
	need(ioctl(fd, UFFDIO_REGISTER, &range) == 0, "its first page is watched");
	need(pthread_create(&thread, NULL, read_byte, area) == 0, "pthread_create");
	check(read(fd, &event, sizeof(event)) == sizeof(event) && event.event == UFFD_EVENT_PAGEFAULT, "a fault waits");
	munmap(area, span);
	for (int round = 0; round < 3; round++)
		syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0); /* tables are freed a while later */
	fill_with_entries((unsigned long *)map(512, MAP_PRIVATE | MAP_ANONYMOUS, -1), 512);
	need(mmap(area, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area, "another area");
	memset(area, 'n', PAGE);
	close(fd);
	pthread_join(thread, &byte);
	check(byte == (void *)'n', "it ends with what is there now");
}

/* Uses more stack than a page at a time and comes back. */
static __attribute__((noinline)) int deep(int level)
{
	volatile char frame[3000];

	frame[0] = level;
	frame[2999] = level;
	return level ? deep(level - 1) + (frame[0] == frame[2999]) : 0;
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	anonymous();
	shared();
	file_mapping();
	moved();
	fixed();
	residency();
	heap();
	remapped_in_fault();
	check(deep(1000) == 1000, "a deep stack");
	return check_end();
}
