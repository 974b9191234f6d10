/* SPDX-License-Identifier: MIT */
/* Linux benchmark: page faults, mappings, protection, memory bandwidth. */
#include "bench.h"

#define PAGES 256
#define BYTES (PAGES * PAGE)
#define SMALL (16 * PAGE)

static char *area, *other;
static int file;

static void touch(char *at, unsigned long bytes, int write)
{
	for (char *p = at; p < at + bytes; p += PAGE) {
		if (write)
			*(volatile char *)p = 1;
		else
			*(volatile char *)p;
	}
}

/* Small pages only: huge ones are a benchmark of their own. */
static char *map(unsigned long bytes)
{
	char *at = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED, "mmap");
	madvise(at, bytes, MADV_NOHUGEPAGE);
	return at;
}

static void anonymous_before(void) { area = map(BYTES); }
static void area_write(void) { touch(area, BYTES, 1); }
static void area_read(void) { touch(area, BYTES, 0); }
static void area_drop(void) { munmap(area, BYTES); }
static void file_before(void) { area = mmap(0, BYTES, PROT_READ, MAP_SHARED, file, 0); }
static void private_before(void) { area = mmap(0, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0); }

static void copy_counted(void)
{
	counters_start();
	area_write();
	counters_stop(PAGES);
}

/* A child's first write to each page it shares with its parent. */
static void copy_on_write(void)
{
	uint64_t *sample = mmap(0, 64 * 8, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned n = quick ? 6 : 20;

	if (!wanted("copy_on_write_fault"))
		return;
	area = map(BYTES);
	area_write();
	for (unsigned i = 0; i < n; i++) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (!pid) {
			uint64_t t = ticks();

			area_write();
			sample[i] = ticks() - t - clock_cost;
			_exit(0);
		}
		reap(pid);
	}
	reap(child(copy_counted));
	report("copy_on_write_fault", sample, n, PAGES);
	area_drop();
	munmap(sample, 64 * 8);
}

static void op_mmap(void)
{
	char *p = mmap(0, SMALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p, SMALL);
}

static void op_mmap_touch(void)
{
	char *p = mmap(0, SMALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	touch(p, SMALL, 1);
	munmap(p, SMALL);
}

static void op_mprotect(void)
{
	mprotect(other, SMALL, PROT_READ);
	mprotect(other, SMALL, PROT_READ | PROT_WRITE);
}

static void op_mprotect_touch(void)
{
	mprotect(other, SMALL, PROT_READ);
	mprotect(other, SMALL, PROT_READ | PROT_WRITE);
	touch(other, SMALL, 1);
}

/* --- bandwidth, per KiB */

static void op_copy(void) { memcpy(area, other, BYTES); }
static void op_fill(void) { memset(area, 7, BYTES); }

static void op_read(void)
{
	unsigned long sum = 0;

	for (unsigned long *p = (unsigned long *)area; p < (unsigned long *)(area + BYTES); p += 4)
		sum += p[0] + p[1] + p[2] + p[3];
	__asm__ volatile("" : : "r"(sum));
}

static void bandwidth(void)
{
	area = map(BYTES);
	other = map(BYTES);
	area_write();
	touch(other, BYTES, 1);
	run("memory_read_1k", op_read, 20, BYTES / 1024);
	run("memory_fill_1k", op_fill, 20, BYTES / 1024);
	run("memory_copy_1k", op_copy, 20, BYTES / 1024);
	area_drop();
	munmap(other, BYTES);
}

/* --- huge pages: a program that asks for them */
#define HUGE (2UL << 20)

static void huge_before(void)
{
	char *at = mmap(0, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	area = (char *)(((unsigned long)at + HUGE - 1) & -HUGE);
	other = at;
	madvise(area, HUGE, MADV_HUGEPAGE);
}
static void huge_touch(void) { *(volatile char *)area = 1; }
static void huge_after(void) { munmap(other, 2 * HUGE); }

void memory(void)
{
	run_with("anonymous_fault", anonymous_before, area_write, area_drop, 20, PAGES);
	run_with("anonymous_read_fault", anonymous_before, area_read, area_drop, 20, PAGES);
	run_with("huge_page_fault", huge_before, huge_touch, huge_after, 8, 1);
	file = open("/tmp/bench-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	must(file >= 0 && !ftruncate(file, BYTES), "file");
	area = mmap(0, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	area_write();
	area_drop();
	run_with("file_fault", file_before, area_read, area_drop, 20, PAGES);
	run_with("file_private_write_fault", private_before, area_write, area_drop, 20, PAGES);
	unlink("/tmp/bench-file");
	close(file);
	copy_on_write();
	run("mmap_munmap_64k", op_mmap, 200, 1);
	run("mmap_touch_munmap_64k", op_mmap_touch, 100, 1);
	other = map(SMALL);
	touch(other, SMALL, 1);
	run("mprotect_pair_64k", op_mprotect, 200, 1);
	run("mprotect_pair_write_64k", op_mprotect_touch, 100, 1);
	munmap(other, SMALL);
	bandwidth();
}
