/* SPDX-License-Identifier: MIT */
/* Linux benchmark: round trips and bandwidth between processes and threads, context switches. */
#include "bench.h"
#include <arpa/inet.h>
#include <linux/futex.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define CHUNK 65536
#define REPS 200

static int to_child[2], to_parent[2];
static char token, chunk[CHUNK];

/* --- round trips of one byte */

static void echo(void)
{
	char c;

	while (read(to_child[0], &c, 1) == 1)
		if (write(to_parent[1], &c, 1) != 1)
			return;
}

static void op_round_trip(void)
{
	write(to_child[1], &token, 1);
	read(to_parent[0], &token, 1);
}

static void finish(pid_t partner)
{
	shutdown(to_child[1], SHUT_RDWR);
	close(to_child[1]);
	reap(partner);
	close(to_child[0]);
	close(to_parent[0]);
	close(to_parent[1]);
}

/* A child echoes until its end is closed. */
static void round_trip(const char *name)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (!pid) {
		close(to_child[1]);
		close(to_parent[0]);
		echo();
		_exit(0);
	}
	run(name, op_round_trip, REPS, 1);
	finish(pid);
}

/* --- bandwidth: a child swallows 64 KiB chunks and answers each */

static void swallow(int from, int answer)
{
	unsigned long got = 0;
	long n;

	while ((n = read(from, chunk, CHUNK)) > 0) {
		got += n;
		if (got >= CHUNK) {
			got -= CHUNK;
			if (write(answer, &token, 1) != 1)
				return;
		}
	}
}

static void op_chunk(void)
{
	for (long done = 0, n; done < CHUNK; done += n) {
		n = write(to_child[1], chunk, CHUNK - done);
		must(n > 0, "write");
	}
	must(read(to_parent[0], &token, 1) == 1, "answer");
}

static void bandwidth(const char *name)
{
	pid_t pid = fork();

	must(pid >= 0, "fork");
	if (!pid) {
		close(to_child[1]);
		close(to_parent[0]);
		swallow(to_child[0], to_parent[1]);
		_exit(0);
	}
	run(name, op_chunk, 60, 1);
	finish(pid);
}

static void pipes(void) { must(!pipe(to_child) && !pipe(to_parent), "pipe"); }

/* Ends of two connections laid out as those of two pipes. */
static void sockets(int a[2], int b[2])
{
	to_child[0] = a[0], to_child[1] = a[1];
	to_parent[0] = b[0], to_parent[1] = b[1];
}

static void unix_sockets(void)
{
	int a[2], b[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, a) && !socketpair(AF_UNIX, SOCK_STREAM, 0, b), "socketpair");
	sockets(a, b);
}

static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	ioctl(s, SIOCGIFFLAGS, &r);
	r.ifr_flags |= IFF_UP;
	ioctl(s, SIOCSIFFLAGS, &r);
	close(s);
}

/* [0] accepted, [1] connected. */
static void tcp_pair(int pair[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	must(!bind(listener, (void *)&a, len) && !listen(listener, 1) && !getsockname(listener, (void *)&a, &len),
	     "listen");
	pair[1] = socket(AF_INET, SOCK_STREAM, 0);
	must(!connect(pair[1], (void *)&a, len), "connect");
	pair[0] = accept(listener, 0, 0);
	must(pair[0] >= 0, "accept");
	setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(pair[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	close(listener);
}

static void tcp_sockets(void)
{
	int a[2], b[2];

	tcp_pair(a);
	tcp_pair(b);
	sockets(a, b);
}

/* --- futex: two threads hand a word to each other */

static volatile int turn;

static void futex_wait_for(int mine)
{
	while (turn != mine)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !mine, 0, 0, 0);
}

static void futex_pass(int to)
{
	turn = to;
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

static volatile int stop;

static void *futex_partner(void *arg)
{
	for (;;) {
		futex_wait_for(1);
		if (stop)
			return 0;
		futex_pass(0);
	}
}

static void op_futex(void)
{
	futex_pass(1);
	futex_wait_for(0);
}

static void futexes(void)
{
	pthread_t t;

	if (!wanted("futex_ping_pong"))
		return;
	must(!pthread_create(&t, 0, futex_partner, 0), "thread");
	run("futex_ping_pong", op_futex, REPS, 1);
	stop = 1;
	futex_pass(1);
	pthread_join(t, 0);
}

/* --- context switch: a token goes round a ring of processes; its own cost is taken off */

static int ring[16][2];
static unsigned ring_size;
static uint64_t token_cost;

static void op_ring(void)
{
	write(ring[0][1], &token, 1);
	read(ring[ring_size - 1][0], &token, 1);
}

static void ring_member(unsigned i)
{
	char c;

	for (unsigned k = 0; k < ring_size; k++) {
		if (k != i - 1)
			close(ring[k][0]);
		if (k != i)
			close(ring[k][1]);
	}
	while (read(ring[i - 1][0], &c, 1) == 1)
		if (write(ring[i][1], &c, 1) != 1)
			break;
	_exit(0);
}

static void ring_samples(const char *name, unsigned reps)
{
	static uint64_t v[200];

	for (unsigned i = 0; i < reps + 3; i++) {
		uint64_t t = ticks();

		op_ring();
		t = ticks() - t - clock_cost;
		if (i >= 3)
			v[i - 3] = t > token_cost * ring_size ? t - token_cost * ring_size : 0;
	}
	/* With the pipe's own events. */
	counters_start();
	op_ring();
	counters_stop(ring_size);
	report(name, v, reps, ring_size);
}

static uint64_t pipe_cost(void)
{
	uint64_t best = ~0UL;

	ring_size = 1;
	must(!pipe(ring[0]), "pipe");
	for (int i = 0; i < 100; i++) {
		uint64_t t = ticks();

		op_ring();
		t = ticks() - t - clock_cost;
		if (t < best)
			best = t;
	}
	close(ring[0][0]), close(ring[0][1]);
	return best;
}

static void switches(const char *name, unsigned n)
{
	pid_t pids[16];

	if (!wanted(name))
		return;
	token_cost = pipe_cost();
	ring_size = n;
	for (unsigned i = 0; i < n; i++)
		must(!pipe(ring[i]), "pipe");
	for (unsigned i = 1; i < n; i++) {
		pids[i] = fork();
		must(pids[i] >= 0, "fork");
		if (!pids[i])
			ring_member(i);
	}
	ring_samples(name, quick ? 40 : 200);
	for (unsigned i = 0; i < n; i++)
		close(ring[i][0]), close(ring[i][1]);
	for (unsigned i = 1; i < n; i++)
		reap(pids[i]);
}

void messages(void)
{
	static const struct {
		const char *name;
		void (*make)(void);
		void (*measure)(const char *name);
	} list[] = {
		{ "pipe_round_trip", pipes, round_trip }, { "unix_round_trip", unix_sockets, round_trip },
		{ "tcp_round_trip", tcp_sockets, round_trip }, { "pipe_64k", pipes, bandwidth },
		{ "unix_64k", unix_sockets, bandwidth }, { "tcp_64k", tcp_sockets, bandwidth },
	};

	loopback_up();
	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (wanted(list[i].name)) {
			list[i].make();
			list[i].measure(list[i].name);
		}
	futexes();
	switches("context_switch_2", 2);
	switches("context_switch_8", 8);
	switches("context_switch_16", 16);
}
