// SPDX-License-Identifier: MIT
/* Bad pointers into system calls: EFAULT or a short count, never a signal, and nothing beyond is touched. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

#include "check.h"

#define PAGE 4096

/* Nothing mapped, not canonical, kernel, hypervisor hole, Linux's direct map and image. */
static const unsigned long places[] = {
	0, 4095, 0x7ffffffff000, 0x7fffffffffff, 0x800000000000, 0x8000000000000000, 0xffff800000000000,
	0xffff880000000000, 0xffff888000000000, 0xffffffff81000000, 0xfffffe8000000000, 0xfffffffffffffff8,
};

static void try_places(void)
{
	char name[64];
	int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY), ends[2];

	need(pipe(ends) == 0, "pipe");
	for (unsigned int i = 0; i < sizeof(places) / sizeof(*places); i++) {
		void *at = (void *)places[i];

		snprintf(name, sizeof(name), "%#lx", places[i]);
		check(read(zero, at, 64) == -1 && errno == EFAULT, "read to %s", name);
		check(write(ends[1], at, 64) == -1 && errno == EFAULT, "write from %s", name);
		check(syscall(SYS_open, at, O_RDONLY) == -1 && errno == EFAULT, "open %s", name);
		check(syscall(SYS_stat, "/", at) == -1 && errno == EFAULT, "stat to %s", name);
		check(syscall(SYS_execve, "/bin/sh", at ? at : (void *)8, NULL) == -1 && errno == EFAULT, "exec with %s", name);
		check(syscall(SYS_uname, at) == -1 && errno == EFAULT, "uname to %s", name);
		check(syscall(SYS_nanosleep, at, NULL) == -1 && errno == EFAULT, "nanosleep %s", name);
		check(syscall(SYS_rt_sigprocmask, 0, at ? at : (void *)8, NULL, 8) == -1 && errno == EFAULT, "mask %s", name);
		check(syscall(SYS_futex, places[i] & ~7UL, 0, 0, NULL) == -1 && errno == EFAULT, "futex %s", name);
		check(syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, at) == -1 && errno == EFAULT, "time to %s", name);
	}
	close(zero);
	close(null);
}

/* Two pages, the second of which is missing: what fits is copied. */
static void edges(void)
{
	char *area = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *end = area + PAGE;
	int zero = open("/dev/zero", O_RDONLY), ends[2];
	struct iovec parts[2] = { { end - 8, 8 }, { end, 8 } };

	munmap(end, PAGE);
	need(pipe(ends) == 0, "pipe");
	memset(area, 'x', PAGE);
	printf("read across the edge: %zd\n", read(zero, end - 100, 200));
	printf("write across the edge: %zd\n", write(ends[1], end - 100, 200));
	printf("writev across the edge: %zd\n", writev(ends[1], parts, 2));
	memset(area, 'x', PAGE);
	check(syscall(SYS_open, end - 3, O_RDONLY) == -1 && errno == EFAULT, "a name that does not end");
	strcpy(end - 5, "/dev");
	check(access(end - 5, F_OK) == 0, "a name that ends at the edge");
	close(zero);
}

/* The kernel must respect the page's protection. */
static void protections(void)
{
	char *area = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int zero = open("/dev/zero", O_RDONLY), ends[2];

	need(pipe(ends) == 0, "pipe");
	check(read(zero, area, 8) == -1 && errno == EFAULT, "read into a read-only page");
	check(write(ends[1], area, 8) == 8, "write from a read-only page");
	mprotect(area, PAGE, PROT_NONE);
	check(write(ends[1], area, 8) == -1 && errno == EFAULT, "write from a page without access");
	mprotect(area, PAGE, PROT_READ | PROT_WRITE);
	check(read(zero, area, 8) == 8, "read into a writable page");
	mprotect(area, PAGE, PROT_READ);
	check(read(zero, area, 8) == -1 && errno == EFAULT, "and not after it became read-only");
	munmap(area, PAGE);
	check(read(zero, area, 8) == -1 && errno == EFAULT, "and not after it went away");
	close(zero);
}

/* Memory that was never touched is brought in by the kernel's own access. */
static void first_touch_by_kernel(void)
{
	char *area = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int random = open("/dev/zero", O_RDONLY);
	struct iovec parts[16];

	for (int i = 0; i < 16; i++)
		parts[i] = (struct iovec){ area + i * 16 * PAGE + 4000, 3 * PAGE };
	check(readv(random, parts, 16) == 16 * 3 * PAGE, "readv into untouched memory");
	close(random);
	munmap(area, 256 * PAGE);
}

int main(void)
{
	try_places();
	edges();
	protections();
	first_touch_by_kernel();
	return check_end();
}
