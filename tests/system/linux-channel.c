/* SPDX-License-Identifier: MIT */
/*
 * Channels in Linux: what read, write, poll, mmap and open of /dev/l4/NAME do, all elements compared. What is in an element
 * follows from its number in the channel (tests/guest/channel.c), which the channel itself tells: it outlives this Linux. Elements are left
 * behind in a queue, and the Linux that is started after this one must find them. With the argument `peers` it only sends and
 * receives, while the tasks at the other ends are ended and started again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 48
#define WORDS (SIZE / 8)
#define DEPTH 16
#define PAGE 4096
#define LEFT 10
#define MANY 20000
#define SOME 256
#define VALUE_SIZE 512
#define VALUE_STRIDE (VALUE_SIZE + 8)
#define SLOTS 4

static int to, from;
static const volatile uint64_t *sent; /* elements that were ever sent */

static void check(const char *what, int good)
{
	printf("%s %s\n", good ? "ok" : "not ok", what);
	fflush(stdout);
}

static int fails(long result, int error)
{
	return result == -1 && errno == error;
}

static void fill(uint64_t *words, unsigned count, uint64_t n)
{
	unsigned i;

	for (i = 0; i < count; i++)
		words[i] = n ^ (uint64_t)i << 40;
}

static int is_whole(const uint64_t *words, unsigned count, uint64_t n)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (words[i] != (n ^ (uint64_t)i << 40))
			return 0;
	return 1;
}

static int wait_for(int fd, short what, int ms)
{
	struct pollfd p = { .fd = fd, .events = what };

	return poll(&p, 1, ms) == 1 && p.revents == what;
}

/* Send [n, n + count) in pieces of several. */
static int send_all(uint64_t n, uint64_t count)
{
	uint64_t words[7 * WORDS];
	uint64_t end = n + count;

	while (n < end) {
		unsigned some = n % 7 + 1 < end - n ? n % 7 + 1 : end - n, i;
		ssize_t done;

		for (i = 0; i < some; i++)
			fill(words + i * WORDS, WORDS, n + i);
		done = write(to, words, some * SIZE);
		if (done <= 0 || done % SIZE)
			return 0;
		n += done / SIZE;
	}
	return 1;
}

/* Receive the same, and compare. */
static int receive_all(uint64_t n, uint64_t count)
{
	uint64_t words[5 * WORDS];
	uint64_t end = n + count;

	while (n < end) {
		unsigned some = 5 < end - n ? 5 : end - n, i;
		ssize_t done;

		if (n % 3 == 0 && !wait_for(from, POLLIN, -1))
			return 0;
		done = read(from, words, some * SIZE + n % SIZE);
		if (done <= 0 || done % SIZE)
			return 0;
		for (i = 0; i < done / SIZE; i++)
			if (!is_whole(words + i * WORDS, WORDS, n + i))
				return 0;
		n += done / SIZE;
	}
	return 1;
}

static void test_files(void)
{
	uint64_t words[WORDS];
	int fd;

	check("queues open once", fails(open("/dev/l4/to", O_WRONLY), EBUSY) && fails(open("/dev/l4/from", O_RDONLY), EBUSY));
	close(from);
	check("the wrong direction", fails(open("/dev/l4/setting", O_RDONLY), EACCES) && fails(open("/dev/l4/from", O_WRONLY), EACCES));
	from = open("/dev/l4/from", O_RDWR);
	check("open again", from >= 0);
	check("read what is for writing", fails(read(to, words, SIZE), EBADF) && fails(write(from, words, SIZE), EBADF));
	check("parts of elements", fails(read(from, words, SIZE - 1), EINVAL) && fails(write(to, words, SIZE - 1), EINVAL) && write(to, words, 0) == 0);
	check("bad addresses", fails(write(to, (void *)8, SIZE), EFAULT));
	fd = open("/dev/l4/value", O_RDONLY);
	check("a state channel opens twice", fd >= 0 && close(dup(fd)) == 0 && close(open("/dev/l4/value", O_RDONLY)) == 0);
	close(fd);
	check("no position", fails(lseek(to, 0, SEEK_SET), ESPIPE));
}

static void nothing(int signal)
{
}

static void test_waiting(void)
{
	struct sigaction action = { .sa_handler = nothing };
	uint64_t base = *sent, n = 0, words[WORDS];

	fcntl(from, F_SETFL, O_NONBLOCK);
	fcntl(to, F_SETFL, O_NONBLOCK);
	check("empty", fails(read(from, words, SIZE), EAGAIN) && !wait_for(from, POLLIN, 0) && !wait_for(from, POLLIN, 20));
	check("room", wait_for(to, POLLOUT, 0));
	/* Both queues fill up, and the echo holds one. */
	for (;;) {
		fill(words, WORDS, base + n);
		if (write(to, words, SIZE) == SIZE)
			n++;
		else if (errno != EAGAIN || !wait_for(to, POLLOUT, 50))
			break;
	}
	check("full", n == 2 * DEPTH + 1 && *sent == base + n && fails(write(to, words, SIZE), EAGAIN));
	/* An element that could not be stored is still there. */
	check("bad addresses to read to", fails(read(from, (void *)8, SIZE), EFAULT));
	fcntl(from, F_SETFL, 0);
	fcntl(to, F_SETFL, 0);
	check("all of it", receive_all(base, n));
	sigaction(SIGALRM, &action, NULL);
	ualarm(20000, 0);
	check("a signal", fails(read(from, words, SIZE), EINTR));
}

static void test_many(void)
{
	uint64_t base = *sent;
	pid_t child = fork();
	int status;

	if (!child)
		_exit(!send_all(base, MANY));
	check("many received", receive_all(base, MANY));
	check("many sent", waitpid(child, &status, 0) == child && status == 0 && *sent == base + MANY);
}

/* Values that a native task publishes all the time. */
static void test_value(void)
{
	uint64_t words[VALUE_SIZE / 8], last = 0;
	int fd = open("/dev/l4/value", O_RDONLY), second = open("/dev/l4/value", O_RDONLY), i, good = fd >= 0;

	for (i = 0; i < 300 && good; i++) {
		good = (i % 2 || wait_for(fd, POLLIN, 1000)) && read(fd, words, sizeof(words)) == sizeof(words) && words[0] > last;
		good = good && is_whole(words, VALUE_SIZE / 8, words[0]);
		last = words[0];
	}
	check("values", good);
	check("a second reader", read(second, words, sizeof(words)) == sizeof(words) && words[0] >= last && is_whole(words, VALUE_SIZE / 8, words[0]));
	close(second);
	close(fd);
}

/* The latest value, from the mapping; tried again if it changed meanwhile. */
static int mapped_value(const char *window)
{
	uint64_t words[VALUE_SIZE / 8], n;
	const char *slot;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		n = __atomic_load_n((const uint64_t *)window, __ATOMIC_ACQUIRE);
		slot = window + PAGE + n % SLOTS * VALUE_STRIDE;
		memcpy(words, slot + 8, sizeof(words));
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (*(const volatile uint64_t *)slot == n)
			return n && is_whole(words, VALUE_SIZE / 8, n);
	}
	return 0;
}

static void *map(int fd, int prot, int flags, unsigned long bytes, unsigned long at)
{
	return mmap(NULL, bytes, prot, flags, fd, at);
}

static void test_mmap(void)
{
	int fd = open("/dev/l4/value", O_RDWR), i, good = 1;
	char *window = map(fd, PROT_READ, MAP_SHARED, 2 * PAGE, 0);
	volatile uint64_t *own, *index;

	for (i = 0; i < 200 && good && window != MAP_FAILED; i++)
		good = mapped_value(window);
	check("mapped values", window != MAP_FAILED && good);
	check("never written", fails((long)map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE, 0), EACCES) &&
	      fails(mprotect(window, PAGE, PROT_READ | PROT_WRITE), EACCES));
	check("never private", fails((long)map(fd, PROT_READ, MAP_PRIVATE, PAGE, 0), EINVAL));
	check("nothing else", fails((long)map(fd, PROT_READ, MAP_SHARED, 3 * PAGE, 0), EINVAL) &&
	      fails((long)map(fd, PROT_READ, MAP_SHARED, 2 * PAGE, PAGE), EINVAL) && fails((long)map(fd, PROT_READ, MAP_SHARED, PAGE, 3 * PAGE), EINVAL) &&
	      fails((long)map(fd, PROT_READ, MAP_SHARED, 2 * PAGE, 2 * PAGE), EINVAL));
	index = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE, 2 * PAGE);
	check("a reader's own page", (void *)index != MAP_FAILED && (index[0] = 5) == 5);
	/* A writer's own part; what the reader has is not its. */
	own = map(to, PROT_READ | PROT_WRITE, MAP_SHARED, 2 * PAGE, 0);
	check("a writer's own window", (void *)own != MAP_FAILED && (own[1] = 77) == 77 && sent[1] == 77 && own[0] == *sent);
	check("a writer's view of the reader", fails((long)map(to, PROT_WRITE, MAP_SHARED, PAGE, 2 * PAGE), EACCES) &&
	      map(to, PROT_READ, MAP_SHARED, PAGE, 2 * PAGE) != MAP_FAILED);
	close(fd);
}

/* A process that writes nonsense to what it has mapped harms what it sends, and nothing else. */
static void test_nonsense(void)
{
	volatile uint64_t *own = map(to, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE, 0);
	uint64_t words[WORDS], head = own[0];
	int good;

	fill(words, WORDS, head);
	own[0] = head + 1000;
	good = fails(write(to, words, SIZE), EIO);
	/* Empty again. The numbers are those before. */
	check("nonsense", good && own[0] == head && send_all(head, 3) && receive_all(head, 3));
}

static void test_setting(void)
{
	uint64_t words[VALUE_SIZE / 8], n;
	int fd = open("/dev/l4/setting", O_RDWR), good = fd >= 0, i;
	const volatile uint64_t *window = map(fd, PROT_READ, MAP_SHARED, PAGE, 0);

	for (i = 0; i < 300 && good; i++) {
		n = *window;
		fill(words, VALUE_SIZE / 8, n + 1);
		good = write(fd, words, sizeof(words)) == sizeof(words) && *window == n + 1;
	}
	check("settings", good);
	close(fd);
}

/* Some at a time, so that it lasts as long as the others die. */
static int slowly(int (*move)(uint64_t n, uint64_t count), unsigned long count)
{
	unsigned long n;

	for (n = 0; n < count; n += SOME) {
		if (!move(n, SOME))
			return 0;
		usleep(2000);
	}
	return 1;
}

/* Nobody has sent or received before; what a task had done when it was ended, its successor knows. */
static int peers(unsigned long count)
{
	pid_t child;
	int status;

	to = open("/dev/l4/orders", O_WRONLY);
	from = open("/dev/l4/numbers", O_RDONLY);
	child = fork();
	if (!child)
		_exit(!slowly(send_all, count));
	check("received", slowly(receive_all, count));
	check("sent", waitpid(child, &status, 0) == child && status == 0);
	return 0;
}

int main(int argc, char **argv)
{
	int before;

	if (argc > 2 && !strcmp(argv[1], "peers"))
		return peers(strtoul(argv[2], NULL, 0));

	to = open("/dev/l4/to", O_RDWR);
	from = open("/dev/l4/from", O_RDONLY);
	sent = map(to, PROT_READ, MAP_SHARED, 2 * PAGE, 0);
	if (to < 0 || from < 0 || (void *)sent == MAP_FAILED) {
		check("open", 0);
		return 1;
	}
	before = !*sent;
	check(before ? "a new channel" : "elements that outlived Linux", before || receive_all(*sent - LEFT, LEFT));
	test_files();
	test_waiting();
	test_many();
	test_value();
	test_mmap();
	test_nonsense();
	test_setting();
	check("left behind", send_all(*sent, LEFT));
	printf("%s panic\n", before ? "before the" : "after a");
	return before;
}
