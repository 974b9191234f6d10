/* SPDX-License-Identifier: MIT */
/*
 * Channels: queues against a model, both kinds between threads, waiting without a lost wake-up, peers that write anything anywhere at any
 * time, and ends that die and are opened anew. Header only: l4/skerry/channel.h.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"

#include <l4/skerry/channel.h>

#define ELEMENTS 300000UL

/* A whole channel, its two parts in pieces of exactly their size. */
struct channel {
	void *window, *index;
	struct l4chan writer, reader;
};

static void make(struct channel *c, unsigned size, unsigned long depth)
{
	CHECK(l4chan_geometry_ok(size, depth));
	c->window = calloc(1, l4chan_window_bytes(size, depth));
	c->index = calloc(1, sizeof(struct l4chan_reader));
	l4chan_init(&c->writer, c->window, c->index, size, depth, 1);
	l4chan_init(&c->reader, c->window, c->index, size, depth, 0);
}

static void unmake(struct channel *c)
{
	free(c->window);
	free(c->index);
}

/* An element that tells which one it is, in every word of it. */
static void fill(uint64_t *words, unsigned size, uint64_t n)
{
	unsigned i;

	for (i = 0; i < size / 8; i++)
		words[i] = n ^ i << 20;
}

static int is_whole(const uint64_t *words, unsigned size, uint64_t n)
{
	unsigned i;

	for (i = 0; i < size / 8; i++)
		if (words[i] != (n ^ i << 20))
			return 0;
	return 1;
}

static int pop(struct l4chan *c, void *element)
{
	l4_uint64_t count;
	int n = l4chan_peek(c, element, &count);

	if (n == 1)
		l4chan_take(c, count);
	return n;
}

static void test_geometry(void)
{
	name = "geometry";
	CHECK(!l4chan_geometry_ok(0, 1) && !l4chan_geometry_ok(L4CHAN_SIZE_MAX + 1, 0) && !l4chan_geometry_ok(8, 3));
	CHECK(!l4chan_geometry_ok(8, 2 * L4CHAN_DEPTH_MAX) && !l4chan_geometry_ok(1024, L4CHAN_DEPTH_MAX) && !l4chan_geometry_ok(1UL << 40, 1));
	CHECK(l4chan_geometry_ok(1, 1) && l4chan_geometry_ok(L4CHAN_SIZE_MAX, 0) && l4chan_geometry_ok(128, L4CHAN_DEPTH_MAX));
	CHECK(l4chan_window_bytes(1, 1) == 2 * L4CHAN_PAGE && l4chan_window_bytes(8, 512) == 2 * L4CHAN_PAGE);
	CHECK(l4chan_window_bytes(8, 1024) == 3 * L4CHAN_PAGE && l4chan_window_bytes(1024, 0) == 3 * L4CHAN_PAGE);
	printf("ok geometry\n");
}

/* Random sequences of operations; elements of odd sizes are bytes. */
static void test_model(unsigned size, unsigned long depth)
{
	unsigned char in[64], out[64];
	unsigned long written = 0, taken = 0, i;
	struct channel c;

	name = "model";
	make(&c, size, depth);
	for (i = 0; i < 20000; i++) {
		if (random_below(2)) {
			memset(in, written & 0xff, size);
			CHECK(l4chan_push(&c.writer, in) == (written - taken < depth ? 0 : -L4_EAGAIN));
			written += written - taken < depth;
		} else {
			int n = pop(&c.reader, out);

			CHECK(n == (written != taken));
			if (n)
				memset(in, taken++ & 0xff, size);
			CHECK(!n || !memcmp(in, out, size));
		}
		CHECK(l4chan_used(&c.reader) == written - taken && !l4chan_sync(&c.reader) && !l4chan_sync(&c.writer));
		/* A successor of either end goes on where it was. */
		if (!random_below(50))
			l4chan_init(random_below(2) ? &c.reader : &c.writer, c.window, c.index, size, depth, 0);
		l4chan_init(&c.writer, c.window, c.index, size, depth, 1);
	}
	l4chan_drop(&c.writer);
	l4chan_drop(&c.writer);
	CHECK(L4CHAN_READ(c.reader.writer->dropped) == 2);
	unmake(&c);
}

/* --- between threads */

static struct channel shared;
static sem_t to_reader, to_writer;
static unsigned long told_reader, told_writer;
static int waits, stop;

static void *queue_writer(void *unused)
{
	uint64_t element[6];
	uint64_t n;

	for (n = 0; n < ELEMENTS; n++) {
		fill(element, sizeof(element), n);
		while (l4chan_push(&shared.writer, element) == -L4_EAGAIN) {
			if (!waits) {
				sched_yield();
				continue;
			}
			l4chan_arm(&shared.writer);
			if (l4chan_used(&shared.writer) == shared.writer.depth)
				sem_wait(&to_writer);
		}
		if (waits && l4chan_should_tell(&shared.writer)) {
			told_reader++;
			sem_post(&to_reader);
		}
	}
	return unused;
}

static void queue_reader(void)
{
	uint64_t element[6];
	uint64_t n;
	int got;

	for (n = 0; n < ELEMENTS; n++) {
		while (!(got = pop(&shared.reader, element))) {
			if (!waits) {
				sched_yield();
				continue;
			}
			l4chan_arm(&shared.reader);
			if (!l4chan_used(&shared.reader))
				sem_wait(&to_reader);
		}
		CHECK(got == 1 && is_whole(element, sizeof(element), n));
		if (waits && l4chan_should_tell(&shared.reader)) {
			told_writer++;
			sem_post(&to_writer);
		}
	}
}

/* Every element arrives, in order; a wake-up that is lost stops it for ever. */
static void test_queue(const char *what, unsigned long depth, int waiting)
{
	pthread_t writer;

	name = what;
	waits = waiting;
	told_reader = told_writer = 0;
	make(&shared, 48, depth);
	sem_init(&to_reader, 0, 0);
	sem_init(&to_writer, 0, 0);
	pthread_create(&writer, NULL, queue_writer, NULL);
	queue_reader();
	pthread_join(writer, NULL);
	/* One for each time that somebody asked, which is less often than something was done. */
	CHECK(told_reader <= (shared.reader.reader->wait + 1) / 2 && told_writer <= (shared.writer.writer->wait + 1) / 2);
	unmake(&shared);
	printf("ok %s\n", what);
}

static void *state_writer(void *unused)
{
	uint64_t value[64];
	uint64_t n;

	for (n = 1; n <= ELEMENTS; n++) {
		fill(value, sizeof(value), n);
		l4chan_publish(&shared.writer, value);
	}
	return unused;
}

static void *state_reader(void *unused)
{
	struct l4chan end = shared.reader;
	uint64_t value[64];
	l4_uint64_t number = 0, last = 0;

	while (last < ELEMENTS) {
		int n = l4chan_latest(&end, value, &number);

		CHECK(n == 0 || n == 1 || n == -L4_EIO);
		if (n != 1)
			continue;
		CHECK(number > last && is_whole(value, sizeof(value), number));
		last = number;
	}
	return unused;
}

/* Two readers see whole values, each newer than the one before, and the last one. */
static void test_state(void)
{
	pthread_t writer, reader[2];
	uint64_t value[64];
	l4_uint64_t number = 0;

	name = "state";
	make(&shared, sizeof(value), 0);
	CHECK(l4chan_latest(&shared.reader, value, &number) == 0 && !l4chan_sync(&shared.reader));
	pthread_create(&reader[0], NULL, state_reader, NULL);
	pthread_create(&reader[1], NULL, state_reader, NULL);
	pthread_create(&writer, NULL, state_writer, NULL);
	pthread_join(writer, NULL);
	pthread_join(reader[0], NULL);
	pthread_join(reader[1], NULL);
	unmake(&shared);
	printf("ok state\n");
}

/* A writer that dies while it writes a value leaves the one before; its successor goes on. */
static void test_state_death(void)
{
	uint64_t value[4];
	l4_uint64_t number = 0;
	struct channel c;

	name = "state_death";
	make(&c, sizeof(value), 0);
	fill(value, sizeof(value), 1);
	l4chan_publish(&c.writer, value);
	L4CHAN_WRITE(((struct l4chan_value *)l4chan_slot(&c.writer, 2))->number, 0);
	memset(l4chan_slot(&c.writer, 2) + 8, 0xee, 8);
	CHECK(l4chan_latest(&c.reader, value, &number) == 1 && number == 1 && is_whole(value, sizeof(value), 1));
	l4chan_init(&c.writer, c.window, c.index, sizeof(value), 0, 1);
	fill(value, sizeof(value), 2);
	l4chan_publish(&c.writer, value);
	CHECK(l4chan_latest(&c.reader, value, &number) == 1 && number == 2 && is_whole(value, sizeof(value), 2));
	/* A value that stays incomplete is an error, not a wait; so is the number 0 none. */
	L4CHAN_WRITE(((struct l4chan_value *)l4chan_slot(&c.writer, 3))->number, 0);
	L4CHAN_WRITE(c.writer.writer->head, 3);
	CHECK(l4chan_latest(&c.reader, value, &number) == -L4_EIO && number == 2);
	L4CHAN_WRITE(c.writer.writer->head, ~0UL);
	l4chan_publish(&c.writer, value);
	CHECK(l4chan_number(&c.reader) == 1 && l4chan_latest(&c.reader, value, &number) == 1);
	unmake(&c);
	printf("ok state_death\n");
}

/* --- waiting */

static void test_told_once(void)
{
	struct channel c;
	uint64_t element = 0;
	unsigned i;

	name = "told_once";
	make(&c, 8, 64);
	CHECK(!l4chan_should_tell(&c.writer));
	for (i = 0; i < 20; i++) {
		l4chan_arm(&c.reader);
		l4chan_push(&c.writer, &element);
		CHECK(l4chan_should_tell(&c.writer) && !l4chan_should_tell(&c.writer));
		if (i % 3 == 0)
			l4chan_disarm(&c.reader);
		CHECK(!l4chan_should_tell(&c.writer));
	}
	l4chan_arm(&c.reader);
	l4chan_disarm(&c.reader);
	CHECK(!l4chan_should_tell(&c.writer));
	/* Asked before it died: its successor asks anew, and is told. */
	l4chan_arm(&c.reader);
	CHECK(l4chan_should_tell(&c.writer));
	l4chan_init(&c.reader, c.window, c.index, 8, 64, 0);
	l4chan_arm(&c.reader);
	CHECK(l4chan_should_tell(&c.writer));
	l4chan_arm(&c.writer);
	CHECK(l4chan_should_tell(&c.reader) && !l4chan_should_tell(&c.reader));
	unmake(&c);
	printf("ok told_once\n");
}

/* --- peers that break the rules */

static void test_nonsense(void)
{
	static const uint64_t values[] = { 0, 1, 15, 16, 17, 18, 1UL << 31, 1UL << 32, 1UL << 63, ~0UL, ~0UL - 8, ~0UL - 16 };
	const unsigned count = sizeof(values) / sizeof(values[0]);
	uint64_t element;
	struct channel c;
	unsigned i, k;

	name = "nonsense";
	make(&c, 8, 16);
	for (i = 0; i < count; i++)
		for (k = 0; k < count; k++) {
			uint64_t used = values[i] - values[k];
			int push, peek;
			l4_uint64_t at;

			L4CHAN_WRITE(c.writer.writer->head, values[i]);
			L4CHAN_WRITE(c.reader.reader->tail, values[k]);
			push = l4chan_push(&c.writer, &element);
			CHECK(push == (used < 16 ? 0 : used == 16 ? -L4_EAGAIN : -L4_EIO));
			L4CHAN_WRITE(c.writer.writer->head, values[i]);
			peek = l4chan_peek(&c.reader, &element, &at);
			CHECK(peek == (used > 16 ? -L4_EIO : used > 0));
			/* Either side puts it right. */
			CHECK(l4chan_sync((i + k) % 2 ? &c.writer : &c.reader) == (used > 16));
			CHECK(l4chan_used(&c.reader) == (used > 16 ? 0 : used));
			while (pop(&c.reader, &element) == 1)
				;
			element = i;
			CHECK(!l4chan_push(&c.writer, &element) && pop(&c.reader, &element) == 1 && element == i);
		}
	unmake(&c);
	printf("ok nonsense\n");
}

/* Writes random words to one of the two parts until told to stop. */
static void *scribbler(void *part)
{
	unsigned bytes = part == shared.window ? l4chan_window_bytes(shared.writer.size, shared.writer.depth) : sizeof(struct l4chan_reader);
	uint64_t n = 1;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		uint64_t *at = (uint64_t *)part + (n >> 33) % (n & 1UL << 32 ? 4 : bytes / 8);

		if ((char *)(at + 1) <= (char *)part + bytes)
			__atomic_store_n(at, n & 1UL << 40 ? n >> 60 : n, __ATOMIC_RELAXED);
		n = n * 6364136223846793005UL + 1442695040888963407UL;
	}
	return NULL;
}

static void one_step(struct l4chan *c, int writes)
{
	static l4_uint64_t number;
	char element[40];
	int n;

	if (writes && c->depth)
		n = l4chan_push(c, element);
	else if (writes)
		n = (l4chan_publish(c, element), 0);
	else
		n = c->depth ? pop(c, element) : l4chan_latest(c, element, &number);
	CHECK(n == 0 || n == 1 || n == -L4_EAGAIN || n == -L4_EIO);
	if (n == -L4_EIO)
		l4chan_sync(c);
	l4chan_should_tell(c);
	l4chan_arm(c);
	l4chan_disarm(c);
}

/* Whatever the other part says, and whatever the own one says, no step leaves the channel's memory or does not end. */
static void test_hostile(const char *what, unsigned long depth, int writes, int own_part_too)
{
	pthread_t other, own;
	unsigned long i;

	name = what;
	make(&shared, 40, depth);
	memset(shared.window, 0x5a, L4CHAN_PAGE);
	__atomic_store_n(&stop, 0, __ATOMIC_RELAXED);
	pthread_create(&other, NULL, scribbler, writes ? shared.index : shared.window);
	if (own_part_too)
		pthread_create(&own, NULL, scribbler, writes ? shared.window : shared.index);
	for (i = 0; i < ELEMENTS; i++)
		one_step(writes ? &shared.writer : &shared.reader, writes);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(other, NULL);
	if (own_part_too)
		pthread_join(own, NULL);
	/* Who comes to its senses can go on. */
	l4chan_sync(&shared.reader);
	if (depth) {
		char element[40] = "in order again";

		while (pop(&shared.reader, element) == 1)
			;
		CHECK(!l4chan_push(&shared.writer, "in order again, now and for ever more..") && pop(&shared.reader, element) == 1);
		CHECK(!memcmp(element, "in order again", 14));
	}
	unmake(&shared);
	printf("ok %s\n", what);
}

int main(void)
{
	unsigned size;

	alarm(200);
	test_geometry();
	for (size = 1; size <= 64; size += 7)
		test_model(size, 1UL << size % 7);
	printf("ok model\n");
	test_queue("queue_1", 1, 0);
	test_queue("queue_64", 64, 0);
	test_queue("queue_waiting_1", 1, 1);
	test_queue("queue_waiting_16", 16, 1);
	test_state();
	test_state_death();
	test_told_once();
	test_nonsense();
	test_hostile("hostile_reader", 16, 1, 0);
	test_hostile("hostile_writer", 16, 0, 0);
	test_hostile("hostile_state_reader", 0, 1, 0);
	test_hostile("hostile_state_writer", 0, 0, 0);
	test_hostile("hostile_process", 16, 1, 1);
	test_hostile("hostile_process_reads", 16, 0, 1);
	return 0;
}
