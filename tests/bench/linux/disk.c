/* SPDX-License-Identifier: MIT */
/*
 * Linux benchmark: requests of a disk without the page cache. Runs where tests/bench/disk.conf describes the system: the same disk by a
 * window and with shared memory, one in a server's memory and one of virtio.
 */
#include "bench.h"

#define LARGE (1UL << 20)
#define HUGE (2UL << 20)

static const struct {
	const char *name, *device;
} disks_of[] = { { "ram_window", "/dev/vda" }, { "ram_memory", "/dev/vdb" }, { "virtio_window", "/dev/vdc" }, { "virtio_memory", "/dev/vdd" } };

static int disk;
static char *buffer;
static unsigned long bytes;

static void op_read(void)
{
	must(pread(disk, buffer, bytes, 0) == (ssize_t)bytes, "read");
}

static void op_write(void)
{
	must(pwrite(disk, buffer, bytes, 0) == (ssize_t)bytes, "write");
}

static void requests(const char *name, const char *size, unsigned long length, unsigned reps)
{
	char text[64];

	bytes = length;
	snprintf(text, sizeof(text), "disk_%s_read_%s", name, size);
	run(text, op_read, reps, 1);
	snprintf(text, sizeof(text), "disk_%s_write_%s", name, size);
	run(text, op_write, reps, 1);
}

void disks(void)
{
	if (access(disks_of[0].device, F_OK))
		return;
	/* In one piece, so that requests are as long as they are asked for. */
	buffer = mmap(0, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(buffer != MAP_FAILED, "mmap");
	buffer = (char *)(((uintptr_t)buffer + HUGE - 1) & -HUGE);
	madvise(buffer, HUGE, MADV_HUGEPAGE);
	memset(buffer, 1, LARGE);
	for (unsigned i = 0; i < sizeof(disks_of) / sizeof(disks_of[0]); i++) {
		disk = open(disks_of[i].device, O_RDWR | O_DIRECT);
		if (disk < 0)
			continue;
		requests(disks_of[i].name, "4k", PAGE, 200);
		requests(disks_of[i].name, "1m", LARGE, 40);
		close(disk);
	}
}
