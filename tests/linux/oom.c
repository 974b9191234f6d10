// SPDX-License-Identifier: MIT
/* Out of memory: the process that takes all is killed, others and the kernel go on, memory comes back. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#include "check.h"

static void takes_all(void *unused)
{
	int file = open("/proc/self/oom_score_adj", O_WRONLY);

	need(write(file, "1000", 4) == 4, "oom_score_adj");
	close(file);
	for (;;) {
		char *area = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		need(area != MAP_FAILED, "mmap");
		for (int i = 0; i < 1 << 20; i += 4096)
			area[i] = 1;
	}
}

static long free_mib(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return (info.freeram * info.mem_unit) >> 20;
}

static void limited(void *unused)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };

	need(setrlimit(RLIMIT_AS, &limit) == 0, "setrlimit");
	check(mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM,
	      "more than the limit");
	check(malloc(100 << 20) == NULL, "malloc fails");
	check(malloc(1 << 20) != NULL, "a little is left");
}

static void stack_overflows(void *depth)
{
	volatile char frame[65536];

	frame[0] = 1;
	if (frame[0])
		stack_overflows((void *)&frame);
	frame[1] = 2;
}

int main(void)
{
	long before = free_mib();

	for (int round = 0; round < 2; round++)
		check(exit_code(in_child(takes_all, NULL)) == -SIGKILL, "killed");
	check(free_mib() > before - 16, "the memory is back");
	check(exit_code(in_child(limited, NULL)) == 0, "limits");
	check(exit_code(in_child(stack_overflows, NULL)) == -SIGSEGV, "a stack that grows for ever");
	return check_end();
}
