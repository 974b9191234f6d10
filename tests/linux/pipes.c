// SPDX-License-Identifier: MIT
/* Pipes: order, blocking, capacity, ends that close, splice, tee, vmsplice, named pipes, poll. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "check.h"

static int ends[2];

static void send_numbers(void *unused)
{
	unsigned int numbers[1000];

	close(ends[0]);
	for (unsigned int block = 0; block < 200; block++) {
		for (unsigned int i = 0; i < 1000; i++)
			numbers[i] = block * 1000 + i;
		need(write(ends[1], numbers, sizeof(numbers)) == sizeof(numbers), "write");
	}
	_exit(0);
}

static void large_transfer(void)
{
	unsigned int numbers[500], next = 0, wrong = 0;
	size_t have = 0;
	ssize_t got;

	need(pipe(ends) == 0, "pipe");
	fflush(stdout);
	if (fork() == 0)
		send_numbers(NULL);
	close(ends[1]);
	while ((got = read(ends[0], (char *)numbers + have, sizeof(numbers) - have)) > 0) {
		have += got;
		for (size_t i = 0; i < have / 4; i++)
			wrong += numbers[i] != next++;
		memmove(numbers, (char *)numbers + have / 4 * 4, have % 4);
		have %= 4;
	}
	check(next == 200000 && wrong == 0, "numbers through a pipe: %u", next);
	wait(NULL);
	close(ends[0]);
}

static void ping_pong(void)
{
	int there[2], back[2], value = 0;

	need(pipe(there) == 0 && pipe(back) == 0, "pipe");
	fflush(stdout);
	if (fork() == 0) {
		while (value < 2000) {
			need(read(there[0], &value, 4) == 4, "read");
			value++;
			need(write(back[1], &value, 4) == 4, "write");
		}
		_exit(0);
	}
	while (value < 2000) {
		value++;
		need(write(there[1], &value, 4) == 4, "write");
		need(read(back[0], &value, 4) == 4, "read");
	}
	check(value == 2000, "ping-pong ends at %d", value);
	wait(NULL);
}

static void limits(void)
{
	int capacity, unread, total = 0;
	char block[4096] = { 0 };

	need(pipe2(ends, O_NONBLOCK) == 0, "pipe2");
	check(read(ends[0], block, 1) == -1 && errno == EAGAIN, "nothing to read");
	capacity = fcntl(ends[1], F_GETPIPE_SZ);
	while (write(ends[1], block, sizeof(block)) > 0)
		total += sizeof(block);
	check(errno == EAGAIN && total == capacity, "full at its capacity of %d", total);
	check(ioctl(ends[0], FIONREAD, &unread) == 0 && unread == total, "unread bytes");
	check(fcntl(ends[1], F_SETPIPE_SZ, 131072) == 131072, "a larger pipe");
	check(write(ends[1], block, sizeof(block)) == sizeof(block), "takes more");
	close(ends[1]);
	while (total > -4096)
		total -= read(ends[0], block, sizeof(block));
	check(read(ends[0], block, 1) == 0, "end of file");
	close(ends[0]);
}

static void write_to_nobody(void *unused)
{
	signal(SIGPIPE, SIG_DFL);
	need(write(ends[1], "x", 1) == 1, "write");
}

static void closed_reader(void)
{
	need(pipe(ends) == 0, "pipe");
	close(ends[0]);
	check(exit_code(in_child(write_to_nobody, NULL)) == -SIGPIPE, "SIGPIPE");
	signal(SIGPIPE, SIG_IGN);
	check(write(ends[1], "x", 1) == -1 && errno == EPIPE, "EPIPE when ignored");
	close(ends[1]);
}

static void splicing(void)
{
	int file = open("/proc/self/exe", O_RDONLY), other[2], null = open("/dev/null", O_WRONLY);
	char one[64], two[64];
	struct iovec memory = { (void *)"gift of memory", 14 };
	loff_t offset = 0;

	need(pipe(ends) == 0 && pipe(other) == 0, "pipe");
	check(splice(file, &offset, ends[1], NULL, 4096, 0) == 4096, "splice from a file");
	check(tee(ends[0], other[1], 4096, 0) == 4096, "tee");
	check(read(ends[0], one, 64) == 64 && read(other[0], two, 64) == 64 && !memcmp(one, two, 64) &&
	      !memcmp(one, "\177ELF", 4), "both have the file's bytes");
	check(splice(ends[0], NULL, null, NULL, 4032, 0) == 4032, "splice to a device");
	check(vmsplice(ends[1], &memory, 1, 0) == 14 && read(ends[0], one, 64) == 14 && !memcmp(one, "gift", 4),
	      "vmsplice");
	close(file);
}

static void named(void)
{
	char text[16] = { 0 };
	int end;

	unlink("/tmp/test-fifo");
	check(mkfifo("/tmp/test-fifo", 0600) == 0, "mkfifo");
	fflush(stdout);
	if (fork() == 0) {
		end = open("/tmp/test-fifo", O_WRONLY);
		need(write(end, "through a name", 14) == 14, "write");
		_exit(0);
	}
	end = open("/tmp/test-fifo", O_RDONLY);
	check(read(end, text, 15) == 14 && !strcmp(text, "through a name"), "read it");
	wait(NULL);
	close(end);
	unlink("/tmp/test-fifo");
}

static void polling(void)
{
	struct pollfd entry = { 0 };

	need(pipe(ends) == 0, "pipe");
	entry = (struct pollfd){ ends[0], POLLIN, 0 };
	check(poll(&entry, 1, 5) == 0, "poll: time is over");
	need(write(ends[1], "x", 1) == 1, "write");
	check(poll(&entry, 1, -1) == 1 && entry.revents == POLLIN, "poll: readable");
	close(ends[1]);
	check(poll(&entry, 1, -1) == 1 && entry.revents == (POLLIN | POLLHUP), "poll: and closed");
	entry.fd = 1000;
	check(poll(&entry, 1, -1) == 1 && entry.revents == POLLNVAL, "poll: no such file");
	close(ends[0]);
}

int main(void)
{
	large_transfer();
	ping_pong();
	limits();
	closed_reader();
	splicing();
	named();
	polling();
	return check_end();
}
