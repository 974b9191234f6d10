/* SPDX-License-Identifier: MIT */
/*
 * Ends of channels. What is in an element follows from its number in the channel, so that whoever goes on after a predecessor knows what
 * must come. Arguments:
 *   send NAME COUNT       send until that many have been sent since the channel was made, waiting for room
 *   receive NAME COUNT    the same at the other end; an element that is wrong, missing or twice ends it
 *   publish NAME COUNT    values of a state channel, every 50 us
 *   follow NAME COUNT     until that value has come: whole ones, each newer than the last
 *   echo FROM TO          for ever: what comes from one goes to the other
 *   errors                every error that the library documents, on channels "full", "quiet", "unset", "mad"
 *   cost                  what sending and receiving take when nobody waits: no system call, on channels "full", "quiet", "told"; needs `trace`
 *   mad NAME              reads that channel and writes nonsense to its own index
 *   intrude NAME          reads that channel and writes to what is the writer's: a fault
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/channel/channel.h>
#include <l4/re/env.h>
#include <l4/sys/kip_api.h>
#include <l4/sys/skerry.h>

#define WORDS_MAX 64

static l4channel_t channel, other;
static l4_uint64_t element[WORDS_MAX];

static void check(const char *what, int good)
{
	printf("%s channel %s\n", good ? "ok" : "not ok", what);
}

static unsigned words(void)
{
	return l4channel_size(&channel) / sizeof(element[0]);
}

static void fill(l4_uint64_t n)
{
	unsigned i;

	for (i = 0; i < words(); i++)
		element[i] = n ^ (l4_uint64_t)i << 40;
}

static int is_whole(l4_uint64_t n)
{
	unsigned i;

	for (i = 0; i < words(); i++)
		if (element[i] != (n ^ (l4_uint64_t)i << 40))
			return 0;
	return 1;
}

static int send_all(l4_uint64_t count)
{
	l4_uint64_t n;

	while ((n = channel.end.writer->head) < count) {
		if (l4channel_wait(&channel, L4_IPC_NEVER))
			return 0;
		fill(n);
		if (l4channel_send(&channel, element))
			return 0;
	}
	return !l4channel_dropped(&channel);
}

static int receive_all(l4_uint64_t count)
{
	l4_uint64_t n;

	while ((n = channel.end.reader->tail) < count)
		if (l4channel_wait(&channel, L4_IPC_NEVER) || l4channel_receive(&channel, element) != 1 || !is_whole(n))
			return 0;
	return 1;
}

static int publish_all(l4_uint64_t count)
{
	l4_uint64_t n;

	while ((n = channel.end.writer->head) < count) {
		fill(n + 1);
		if (l4channel_send(&channel, element))
			return 0;
		l4_ipc_sleep_us(50);
	}
	return 1;
}

static int follow_all(l4_uint64_t count)
{
	l4_uint64_t last = 0;

	while (last < count) {
		if (l4channel_wait(&channel, L4_IPC_NEVER) || l4channel_receive(&channel, element) != 1)
			return 0;
		if (channel.number <= last || !is_whole(channel.number))
			return 0;
		last = channel.number;
	}
	return 1;
}

static int echo_all(const char *to)
{
	if (l4channel_open(&other, to))
		return 0;
	for (;;) {
		if (l4channel_wait(&channel, L4_IPC_NEVER))
			return 0;
		while (l4channel_receive(&channel, element) == 1)
			if (l4channel_wait(&other, L4_IPC_NEVER) || l4channel_send(&other, element))
				return 0;
	}
}

/* The reader says nonsense, again and again: what is sent meanwhile is lost, and nothing else. */
static void errors_of_mad_reader(void)
{
	unsigned tries, nonsense = 0, sent = 0;
	int n;

	check("open-mad", !l4channel_open(&channel, "mad"));
	for (tries = 0; tries < 2000 && !(nonsense && sent); tries++) {
		n = l4channel_send(&channel, element);
		nonsense += n == -L4_EIO;
		sent += !n;
		l4_ipc_sleep_us(500);
	}
	check("nonsense", nonsense && sent && l4channel_dropped(&channel) >= nonsense);
	l4channel_close(&channel);
}

static void errors(void)
{
	l4_timeout_t short_while = l4_timeout(0, l4_timeout_from_us(2000));
	unsigned i;
	int good = 1;

	check("no-such", l4channel_open(&channel, "nowhere") == -L4_ENOENT);
	check("open-full", !l4channel_open(&channel, "full") && l4channel_depth(&channel) == 8 && l4channel_size(&channel) == 24);
	for (i = 0; i < 8; i++)
		good &= l4channel_ready(&channel) && !l4channel_send(&channel, element);
	check("fills", good && !l4channel_ready(&channel) && !l4channel_dropped(&channel));
	check("full", l4channel_send(&channel, element) == -L4_EAGAIN && l4channel_send(&channel, element) == -L4_EAGAIN);
	check("dropped", l4channel_dropped(&channel) == 2);
	check("no-room", l4channel_wait(&channel, short_while) == -L4_EAGAIN);
	check("writer-receives", l4channel_receive(&channel, element) == -L4_EINVAL);
	l4channel_close(&channel);
	check("open-again", !l4channel_open(&channel, "full") && !l4channel_ready(&channel) && l4channel_dropped(&channel) == 2);
	check("wait-bound", !l4channel_bind(&channel, L4_INVALID_CAP, 0) && l4channel_wait(&channel, short_while) < 0);
	l4channel_close(&channel);
	check("open-quiet", !l4channel_open(&channel, "quiet"));
	check("empty", !l4channel_ready(&channel) && l4channel_receive(&channel, element) == 0);
	check("nothing", l4channel_wait(&channel, short_while) == -L4_EAGAIN);
	check("reader-sends", l4channel_send(&channel, element) == -L4_EINVAL);
	l4channel_close(&channel);
	check("open-value", !l4channel_open(&channel, "unset") && !l4channel_depth(&channel));
	check("no-value", l4channel_receive(&channel, element) == 0 && l4channel_wait(&channel, short_while) == -L4_EAGAIN);
	l4channel_close(&channel);
	errors_of_mad_reader();
}

/* What `times` operations take: instructions each under --icount, and system calls of whoever runs. */
static void cost_of(const char *what, int (*operation)(l4channel_t *c), unsigned times)
{
	l4_cap_idx_t trace = l4re_env_get_cap("trace");
	l4_counters_t before, after;
	l4_uint64_t start;
	unsigned i;

	l4_trace_counters_u(trace, &before, l4_utcb());
	start = l4_rdtsc();
	for (i = 0; i < times; i++)
		operation(&channel);
	start = l4_rdtsc() - start;
	l4_trace_counters_u(trace, &after, l4_utcb());
	printf("%s: %lu ticks\n", what, start / times);
	/* The timer may come, and asking is an entry too. */
	check(what, after.kernel_entries - before.kernel_entries <= 4);
}

static int send_one(l4channel_t *c)
{
	return l4channel_send(c, element);
}

static int receive_one(l4channel_t *c)
{
	return l4channel_receive(c, element);
}

/* Nobody is at the other ends. */
static void costs(void)
{
	check("open-cost", !l4channel_open(&channel, "told"));
	cost_of("cost-publish", send_one, 1000);
	l4channel_close(&channel);
	check("open-cost", !l4channel_open(&channel, "full"));
	cost_of("cost-send", send_one, l4channel_depth(&channel));
	cost_of("cost-full", send_one, 1000);
	l4channel_close(&channel);
	check("open-cost", !l4channel_open(&channel, "quiet"));
	cost_of("cost-empty", receive_one, 1000);
	l4channel_close(&channel);
}

static void be_mad(void)
{
	l4_uint64_t n = 1;

	for (;;) {
		channel.end.reader->tail = n;
		n = n * 6364136223846793005UL + 1442695040888963407UL;
		l4_ipc_sleep_us(1300);
	}
}

static int run(const char *what, const char *to, l4_uint64_t count)
{
	if (!strcmp(what, "send"))
		return send_all(count);
	if (!strcmp(what, "receive"))
		return receive_all(count);
	if (!strcmp(what, "publish"))
		return publish_all(count);
	if (!strcmp(what, "follow"))
		return follow_all(count);
	if (!strcmp(what, "echo"))
		return echo_all(to);
	if (!strcmp(what, "mad"))
		be_mad();
	if (!strcmp(what, "intrude"))
		*(l4_uint64_t *)channel.end.writer = 1;
	return 0;
}

int main(int argc, char **argv)
{
	char said[64];

	if (argc < 2)
		return 2;
	if (!strcmp(argv[1], "errors") || !strcmp(argv[1], "cost")) {
		argv[1][0] == 'e' ? errors() : costs();
		return 0;
	}
	if (argc < 3 || l4channel_open(&channel, argv[2]) || l4channel_size(&channel) > sizeof(element)) {
		check("open", 0);
		return 1;
	}
	snprintf(said, sizeof(said), "%s %s", argv[1], argv[2]);
	check(said, run(argv[1], argc > 3 ? argv[3] : "", argc > 3 ? strtoul(argv[3], 0, 0) : 0));
	return 0;
}
