// SPDX-License-Identifier: MIT
/* io_uring by its system calls: no-op, read and write, links, poll, timeout, kernel-side polling. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "check.h"

#define ENTRIES 16

struct ring {
	int fd;
	unsigned int *sq_head, *sq_tail, *sq_mask, *sq_array, *sq_flags;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static bool ring_open(struct ring *ring, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 2000 };
	char *area;

	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, &params);
	if (ring->fd < 0)
		return false;
	area = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, ENTRIES * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			  IORING_OFF_SQES);
	need(area != MAP_FAILED && ring->sqes != MAP_FAILED, "map the rings");
	ring->sq_head = (void *)(area + params.sq_off.head);
	ring->sq_tail = (void *)(area + params.sq_off.tail);
	ring->sq_mask = (void *)(area + params.sq_off.ring_mask);
	ring->sq_array = (void *)(area + params.sq_off.array);
	ring->sq_flags = (void *)(area + params.sq_off.flags);
	ring->cq_head = (void *)(area + params.cq_off.head);
	ring->cq_tail = (void *)(area + params.cq_off.tail);
	ring->cq_mask = (void *)(area + params.cq_off.ring_mask);
	ring->cqes = (void *)(area + params.cq_off.cqes);
	return true;
}

static void submit(struct ring *ring, struct io_uring_sqe request)
{
	unsigned int tail = *ring->sq_tail, slot = tail & *ring->sq_mask;

	ring->sqes[slot] = request;
	ring->sq_array[slot] = slot;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

static int enter(struct ring *ring, unsigned int count, unsigned int wait)
{
	return syscall(SYS_io_uring_enter, ring->fd, count, wait, wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
}

static bool complete(struct ring *ring, unsigned long *tag, int *result)
{
	unsigned int head = *ring->cq_head;
	struct io_uring_cqe *entry;

	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return false;
	entry = &ring->cqes[head & *ring->cq_mask];
	*tag = entry->user_data;
	*result = entry->res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

static void no_ops(struct ring *ring)
{
	unsigned long tag, sum = 0;
	int result;

	for (int i = 1; i <= 10; i++)
		submit(ring, (struct io_uring_sqe){ .opcode = IORING_OP_NOP, .user_data = i });
	check(enter(ring, 10, 10) == 10, "ten at once");
	while (complete(ring, &tag, &result))
		sum += result == 0 ? tag : 0;
	check(sum == 55, "all complete");
}

static void files(struct ring *ring)
{
	int file = open("/tmp/uring-file", O_RDWR | O_CREAT | O_TRUNC, 0600), result = 0;
	char text[32] = { 0 };
	unsigned long tag;

	submit(ring, (struct io_uring_sqe){ .opcode = IORING_OP_WRITE, .fd = file, .addr = (unsigned long)"from the ring",
					    .len = 13, .user_data = 1, .flags = IOSQE_IO_LINK });
	submit(ring, (struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = file, .addr = (unsigned long)text,
					    .len = 32, .off = 5, .user_data = 2 });
	check(enter(ring, 2, 2) == 2, "a write, then a read");
	check(complete(ring, &tag, &result) && tag == 1 && result == 13, "written");
	check(complete(ring, &tag, &result) && tag == 2 && result == 8 && !strcmp(text, "the ring"), "read");
	submit(ring, (struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = file, .addr = 8, .len = 4 });
	check(enter(ring, 1, 1) == 1 && complete(ring, &tag, &result) && result == -EFAULT, "a bad address");
	submit(ring, (struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = 777, .addr = 8, .len = 4 });
	check(enter(ring, 1, 1) == 1 && complete(ring, &tag, &result) && result == -EBADF, "a bad file");
	close(file);
	unlink("/tmp/uring-file");
}

static void waiting(struct ring *ring)
{
	struct __kernel_timespec time = { 0, 3000000 };
	unsigned long tag;
	int ends[2], result = 0;

	need(pipe(ends) == 0, "pipe");
	submit(ring, (struct io_uring_sqe){ .opcode = IORING_OP_POLL_ADD, .fd = ends[0], .poll32_events = POLLIN,
					    .user_data = 3 });
	check(enter(ring, 1, 0) == 1 && !complete(ring, &tag, &result), "a poll waits");
	need(write(ends[1], "x", 1) == 1, "write");
	check(enter(ring, 0, 1) == 0 && complete(ring, &tag, &result) && tag == 3 && (result & POLLIN), "and completes");
	submit(ring, (struct io_uring_sqe){ .opcode = IORING_OP_TIMEOUT, .addr = (unsigned long)&time, .len = 1 });
	check(enter(ring, 1, 1) == 1 && complete(ring, &tag, &result) && result == -ETIME, "a timeout");
	close(ends[0]);
	close(ends[1]);
}

static void polled_by_kernel(void)
{
	struct ring ring;
	unsigned long tag;
	int result = -1, done = 0;

	check(ring_open(&ring, IORING_SETUP_SQPOLL), "a ring with a kernel thread");
	for (int i = 0; i < 5; i++) {
		submit(&ring, (struct io_uring_sqe){ .opcode = IORING_OP_NOP, .user_data = i });
		if (__atomic_load_n(ring.sq_flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP)
			syscall(SYS_io_uring_enter, ring.fd, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
	}
	for (int patience = 0; done < 5 && patience < 2000; patience++) {
		while (complete(&ring, &tag, &result))
			done += result == 0;
		usleep(1000);
	}
	check(done == 5, "no system call was needed: %d", done);
	close(ring.fd);
}

int main(void)
{
	struct ring ring;

	need(ring_open(&ring, 0), "io_uring_setup");
	no_ops(&ring);
	files(&ring);
	waiting(&ring);
	polled_by_kernel();
	return check_end();
}
