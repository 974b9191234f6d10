// SPDX-License-Identifier: MIT
/* Performance events in software: clocks, faults, switches; sampling; a group; the mapped ring. */
#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "check.h"

static int event(unsigned long config, struct perf_event_attr attr, int group)
{
	attr.type = PERF_TYPE_SOFTWARE;
	attr.size = sizeof(attr);
	attr.config = config;
	return syscall(SYS_perf_event_open, &attr, 0, -1, group, 0);
}

static long value(int fd)
{
	long number = -1;

	return read(fd, &number, sizeof(number)) == sizeof(number) ? number : -1;
}

static void touch_pages(int pages)
{
	volatile char *area = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise((void *)area, pages * 4096, MADV_NOHUGEPAGE);
	for (int i = 0; i < pages; i++)
		area[i * 4096] = 1;
	munmap((void *)area, pages * 4096);
}

static void faults(void)
{
	int fd = event(PERF_COUNT_SW_PAGE_FAULTS_MIN, (struct perf_event_attr){ .disabled = 1 }, -1);
	long before, count;

	check(fd >= 0, "count minor faults");
	ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	touch_pages(1);
	before = value(fd);
	touch_pages(500);
	count = value(fd) - before;
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	check(count >= 500 && count <= 510, "five hundred");
	close(fd);
}

static void switches(void)
{
	int fd = event(PERF_COUNT_SW_CONTEXT_SWITCHES, (struct perf_event_attr){ 0 }, -1);
	long before = value(fd);

	/* A sleep that is over before it begins switches to nobody. */
	for (int i = 0; i < 1000 && value(fd) - before < 20; i++)
		usleep(100);
	check(value(fd) - before >= 20, "context switches");
	close(fd);
}

static void spin(void)
{
	for (volatile long i = 0; i < 30000000; i++)
		;
}

static void clocks(void)
{
	int task = event(PERF_COUNT_SW_TASK_CLOCK, (struct perf_event_attr){ 0 }, -1);
	int cpu = event(PERF_COUNT_SW_CPU_CLOCK, (struct perf_event_attr){ 0 }, task);
	long start = value(task);

	check(task >= 0 && cpu >= 0, "a group of clocks");
	usleep(50000);
	check(value(task) - start < 40000000, "sleeping does not count");
	spin();
	check(value(task) - start > 1000000 && value(cpu) > 0, "computing does");
	close(cpu);
	close(task);
}

static void samples(void)
{
	struct perf_event_attr attr = { .sample_period = 1000000, .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID,
					.exclude_kernel = 1 };
	int fd = event(PERF_COUNT_SW_CPU_CLOCK, attr, -1);
	struct perf_event_mmap_page *page;
	unsigned long at, count = 0, right = 0;
	char *data;

	check(fd >= 0, "sampling");
	page = mmap(NULL, 17 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(page != MAP_FAILED, "ring");
	for (int round = 0; round < 10; round++)
		spin();
	ioctl(fd, PERF_EVENT_IOC_DISABLE, 0);
	data = (char *)page + 4096;
	for (at = page->data_tail; at < page->data_head && at < 65536;) {
		struct perf_event_header *header = (void *)(data + at % 65536);
		unsigned long ip = *(unsigned long *)(header + 1);

		if (header->type == PERF_RECORD_SAMPLE) {
			count++;
			right += ip >= (unsigned long)spin && ip < (unsigned long)spin + 64;
		}
		at += header->size;
	}
	check(count > 5, "samples");
	check(right * 10 >= count * 9, "are in the loop");
	close(fd);
}

int main(void)
{
	faults();
	switches();
	clocks();
	samples();
	check(event(9999, (struct perf_event_attr){ 0 }, -1) == -1, "no such event");
	return check_end();
}
