// SPDX-License-Identifier: MIT
/*
 * Split rings, both ends against each other and each against a hostile peer: in shared memory that is exactly as
 * large as it claims, so that the sanitizers see any access beyond.
 * sources: l4re/lib/virtio/ring_server.c l4re/lib/virtio/ring_client.c
 * cflags: -Il4re/include
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/err.h>
#include <l4/virtio/ring.h>
#include "support/random.h"

#define FIRST 4096UL
#define BYTES 0x8000UL
#define DESC 0x1000UL
#define AVAIL 0x3000UL
#define USED 0x4000UL
#define INDIRECT 0x5000UL
#define DATA 0x6000UL

static char *window;
static struct vring_server server;
static struct vring_client client;
static struct vring_chain chain;

static void check(int good, const char *name, const char *what)
{
	if (good)
		return;
	printf("not ok %s %s (seed %lu)\n", name, what, seed);
	exit(1);
}

static int start(unsigned int size, l4_uint64_t features)
{
	struct l4vio_queue q = { .size = size, .desc = DESC, .avail = AVAIL, .used = USED };

	memset(window, 0, BYTES);
	vring_client_init(&client, window + DESC, window + AVAIL, window + USED, size, features);
	return vring_server_init(&server, window, FIRST, BYTES, &q, features);
}

static struct vring_desc *table(unsigned long at)
{
	return (struct vring_desc *)(window + at);
}

static struct vring_avail *avail(void)
{
	return (struct vring_avail *)(window + AVAIL);
}

static struct vring_used *used(void)
{
	return (struct vring_used *)(window + USED);
}

/* Random buffers: what the server sees is what the client described, in order, and comes back once. */

struct expected {
	unsigned int count, readable;
	struct vring_segment seg[8];
};

static struct expected sent[VRING_SIZE_MAX];

static void describe(struct expected *e)
{
	e->count = 1 + random_below(client.size < 8 ? client.size : 8);
	e->readable = random_below(e->count + 1);
	for (unsigned int i = 0; i < e->count; i++)
		e->seg[i] = (struct vring_segment){ DATA + random_below(0x1000), 1 + random_below(0x1000) };
}

static int send_one(struct expected *e, int indirect, unsigned int slot)
{
	struct vring_desc *t = table(INDIRECT + slot % 32 * 128);
	l4_uint32_t writable = 0;

	if (!indirect)
		return vring_client_add(&client, e->seg, e->count, e->readable, e);
	for (unsigned int i = 0; i < e->count; i++) {
		int write = i >= e->readable;

		t[i] = (struct vring_desc){ e->seg[i].addr, e->seg[i].len,
					    (write ? VRING_DESC_WRITE : 0) | (i + 1 < e->count ? VRING_DESC_NEXT : 0), i + 1 };
		writable += write ? e->seg[i].len : 0;
	}
	return vring_client_add_indirect(&client, INDIRECT + slot % 32 * 128, e->count, writable, e);
}

static void compare(const struct expected *e, const char *name)
{
	check(chain.count == e->count && chain.readable == e->readable, name, "segments");
	for (unsigned int i = 0; i < e->count; i++)
		check(chain.seg[i].addr == e->seg[i].addr && chain.seg[i].len == e->seg[i].len, name, "segment");
}

static void exchange(unsigned int size, l4_uint64_t features, const char *name)
{
	unsigned int made = 0, taken = 0, reported = 0, back = 0;
	l4_uint16_t heads[VRING_SIZE_MAX];
	l4_uint32_t written;
	void *token;

	check(start(size, features) == 0, name, "start");
	for (int step = 0; step < 60000; step++) {
		struct expected *e = &sent[made % size];

		switch (random_below(4)) {
		case 0:
			/* 32 tables: no more than that outstanding */
			if (made - back >= size || made - back >= 32)
				break;
			describe(e);
			if (send_one(e, (features & L4VIO_F_INDIRECT_DESC) && random_below(2), made) == 0)
				made++;
			break;
		case 1:
			if (vring_server_take(&server, &chain) == 0) {
				check(taken == made, name, "nothing there");
				break;
			}
			compare(&sent[taken % size], name);
			heads[taken++ % size] = chain.head;
			break;
		case 2:
			if (reported < taken)
				vring_server_use(&server, heads[reported++ % size], 0);
			break;
		default:
			if (vring_client_get(&client, &token, &written) == 0) {
				check(back == reported, name, "nothing back");
				break;
			}
			check(token == &sent[back++ % size], name, "token");
		}
		if (random_below(5000) == 0) {
			/* The server dies: its successor goes on behind the last report. */
			struct l4vio_queue q = { .size = size, .desc = DESC, .avail = AVAIL, .used = USED };

			check(vring_server_init(&server, window, FIRST, BYTES, &q, features) == 0, name, "restart");
			taken = reported;
		}
	}
	check(made > 1000, name, "too few");
	printf("ok %s\n", name);
}

/* Notifications: whoever sleeps after arming is woken by whoever adds afterwards. */

static void notifications(l4_uint64_t features, const char *name)
{
	struct expected e = { 1, 1, { { DATA, 16 } } };
	l4_uint32_t written;
	void *token;

	check(start(8, features) == 0, name, "start");
	for (int i = 0; i < 70000; i++) {
		check(!vring_server_arm(&server), name, "armed with work");
		check(vring_client_add(&client, e.seg, 1, 1, &e) == 0, name, "add");
		check(vring_client_should_kick(&client), name, "no kick");
		check(vring_server_arm(&server), name, "work not seen");
		check(vring_server_take(&server, &chain) == 1, name, "take");
		check(!vring_client_arm(&client), name, "armed with a result");
		vring_server_use(&server, chain.head, 0);
		check(vring_server_should_notify(&server), name, "no notification");
		check(vring_client_get(&client, &token, &written) == 1, name, "get");
	}
	avail()->flags = VRING_AVAIL_NO_INTERRUPT;
	check(vring_client_add(&client, e.seg, 1, 1, &e) == 0 && vring_server_take(&server, &chain) == 1, name, "last");
	vring_server_use(&server, chain.head, 0);
	if (!(features & L4VIO_F_EVENT_IDX))
		check(!vring_server_should_notify(&server), name, "flag ignored");
	printf("ok %s\n", name);
}

/* A client that did not care for one round of the index and more is told when it does. */
static void long_silence(void)
{
	const char *name = "long_silence";
	struct expected e = { 1, 1, { { DATA, 16 } } };
	l4_uint32_t written;
	void *token;

	check(start(8, L4VIO_F_EVENT_IDX) == 0, name, "start");
	for (int i = 0; i <= 65536; i++) {
		check(vring_client_add(&client, e.seg, 1, 1, &e) == 0, name, "add");
		check(vring_server_take(&server, &chain) == 1, name, "take");
		if (i == 65536)
			vring_client_arm(&client);
		vring_server_use(&server, chain.head, 0);
		check(vring_server_should_notify(&server) || i != 65536, name, "not told");
		check(vring_client_get(&client, &token, &written) == 1, name, "get");
	}
	printf("ok %s\n", name);
}

/* Queues that a client may describe. */

static void layouts(void)
{
	static const struct {
		struct l4vio_queue q;
		int err;
	} cases[] = {
		{ { 256, 0, DESC, AVAIL, USED }, 0 },
		{ { 1, 0, BYTES - 16, AVAIL, USED }, 0 },
		{ { 0, 0, DESC, AVAIL, USED }, -L4_EINVAL },
		{ { 3, 0, DESC, AVAIL, USED }, -L4_EINVAL },
		{ { 512, 0, DESC, AVAIL, USED }, -L4_EINVAL },
		{ { 0x80000000U, 0, DESC, AVAIL, USED }, -L4_EINVAL },
		{ { 8, 0, DESC + 8, AVAIL, USED }, -L4_EINVAL },
		{ { 8, 0, DESC, AVAIL + 1, USED }, -L4_EINVAL },
		{ { 8, 0, DESC, AVAIL, USED + 2 }, -L4_EINVAL },
		{ { 8, 0, 0, AVAIL, USED }, -L4_EINVAL },
		{ { 8, 0, DESC, FIRST - 2, USED }, -L4_EINVAL },
		{ { 8, 0, DESC, AVAIL, BYTES - 8 }, -L4_EINVAL },
		{ { 8, 0, DESC, BYTES - 20, USED }, -L4_EINVAL },
		{ { 8, 0, BYTES - 112, AVAIL, USED }, -L4_EINVAL },
		{ { 8, 0, ~15UL, AVAIL, USED }, -L4_EINVAL },
		{ { 8, 0, DESC, ~1UL, USED }, -L4_EINVAL },
		{ { 8, 0, DESC, AVAIL, ~3UL }, -L4_EINVAL },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(vring_server_init(&server, window, FIRST, BYTES, &cases[i].q, 0) == cases[i].err, "layouts", "case");
	printf("ok layouts\n");
}

/* One descriptor chain made by hand; what taking it says. */
static int take_one(const struct vring_desc *d, unsigned int n, l4_uint64_t features)
{
	check(start(8, features) == 0, "breaches", "start");
	memcpy(table(DESC), d, n * sizeof(*d));
	avail()->ring[0] = 0;
	avail()->idx = 1;
	return vring_server_take(&server, &chain);
}

/* Memory beside the window: segments and tables in it or in the window, no segment in both, none beyond. */
static void memory_beside(void)
{
	static char beside[0x1000] __attribute__((aligned(16)));
	const l4_uint64_t m = L4VIO_MEMORY, end = m + sizeof(beside), ind = L4VIO_F_INDIRECT_DESC;
	const struct {
		struct vring_desc d;
		int taken;
	} cases[] = {
		{ { m, 1, 0, 0 }, 1 },
		{ { m, sizeof(beside), 0, 0 }, 1 },
		{ { end - 1, 1, 0, 0 }, 1 },
		{ { DATA, 16, 0, 0 }, 1 },
		{ { m + 32, 16, VRING_DESC_INDIRECT, 0 }, 1 },
		{ { m, sizeof(beside) + 1, 0, 0 }, -L4_EIO },
		{ { end, 1, 0, 0 }, -L4_EIO },
		{ { end - 1, 2, 0, 0 }, -L4_EIO },
		{ { m - 1, 2, 0, 0 }, -L4_EIO },
		{ { m + 1, ~0U, 0, 0 }, -L4_EIO },
		{ { ~0UL, 1, 0, 0 }, -L4_EIO },
		{ { end - 8, 16, VRING_DESC_INDIRECT, 0 }, -L4_EIO },
		{ { m + 48, 16, VRING_DESC_INDIRECT, 0 }, -L4_EIO },
	};

	*(struct vring_desc *)(beside + 32) = (struct vring_desc){ m + 100, 7, 0, 0 };
	*(struct vring_desc *)(beside + 48) = (struct vring_desc){ end, 7, 0, 0 };
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(take_one(&cases[i].d, 1, ind) == (i == 3 ? 1 : -L4_EIO), "memory", "not shared");
		avail()->idx = 0;
		check(start(8, ind) == 0, "memory", "start");
		server.memory = beside;
		server.memory_bytes = sizeof(beside);
		table(DESC)[0] = cases[i].d;
		avail()->idx = 1;
		check(vring_server_take(&server, &chain) == cases[i].taken, "memory", "case");
	}
	check(vring_server_ptr(&server, m + 5) == beside + 5 && vring_server_ptr(&server, DATA) == window + DATA, "memory", "address");
	printf("ok memory\n");
}

static void breaches(void)
{
	const l4_uint64_t ind = L4VIO_F_INDIRECT_DESC;
	struct vring_desc good[] = { { DATA, 16, VRING_DESC_NEXT, 1 }, { DATA, 1, VRING_DESC_WRITE, 0 } };
	struct vring_desc loop[] = { { DATA, 16, VRING_DESC_NEXT, 1 }, { DATA, 16, VRING_DESC_NEXT, 0 } };
	struct vring_desc self = { DATA, 16, VRING_DESC_NEXT, 0 };
	struct vring_desc far = { DATA, 16, VRING_DESC_NEXT, 8 };
	struct vring_desc order[] = { { DATA, 16, VRING_DESC_NEXT | VRING_DESC_WRITE, 1 }, { DATA, 1, 0, 0 } };
	struct vring_desc empty = { DATA, 0, 0, 0 };
	struct vring_desc page = { FIRST - 1, 16, 0, 0 };
	struct vring_desc end = { BYTES - 15, 16, 0, 0 };
	struct vring_desc wrap = { ~0UL, 16, 0, 0 };
	struct vring_desc huge = { DATA, ~0U, 0, 0 };
	struct vring_desc nested[] = { { DESC, 32, VRING_DESC_INDIRECT, 0 } };
	struct vring_desc odd = { INDIRECT, 24, VRING_DESC_INDIRECT, 0 };
	struct vring_desc shifted = { INDIRECT + 8, 16, VRING_DESC_INDIRECT, 0 };
	struct vring_desc none = { INDIRECT, 0, VRING_DESC_INDIRECT, 0 };
	struct vring_desc outside = { BYTES - 16, 32, VRING_DESC_INDIRECT, 0 };
	struct vring_desc both = { INDIRECT, 16, VRING_DESC_INDIRECT | VRING_DESC_NEXT, 0 };

	check(take_one(good, 2, 0) == 1, "breaches", "good");
	check(take_one(loop, 2, 0) == -L4_EIO, "breaches", "loop");
	check(take_one(&self, 1, 0) == -L4_EIO, "breaches", "loop of one");
	check(take_one(&far, 1, 0) == -L4_EIO, "breaches", "next outside");
	check(take_one(order, 2, 0) == -L4_EIO, "breaches", "readable behind writable");
	check(take_one(&empty, 1, 0) == -L4_EIO, "breaches", "no bytes");
	check(take_one(&page, 1, 0) == -L4_EIO, "breaches", "session page");
	check(take_one(&end, 1, 0) == -L4_EIO, "breaches", "beyond the window");
	check(take_one(&wrap, 1, 0) == -L4_EIO, "breaches", "address wraps");
	check(take_one(&huge, 1, 0) == -L4_EIO, "breaches", "length");
	check(take_one(nested, 1, ind) == -L4_EIO, "breaches", "nested table");
	check(take_one(nested, 1, 0) == -L4_EIO, "breaches", "table not negotiated");
	check(take_one(&odd, 1, ind) == -L4_EIO, "breaches", "odd table");
	check(take_one(&shifted, 1, ind) == -L4_EIO, "breaches", "table not aligned");
	check(take_one(&none, 1, ind) == -L4_EIO, "breaches", "empty table");
	check(take_one(&outside, 1, ind) == -L4_EIO, "breaches", "table outside");
	check(take_one(&both, 1, ind) == -L4_EIO, "breaches", "table and next");
	take_one(good, 2, 0);
	avail()->idx = 1 + 9;
	check(vring_server_take(&server, &chain) == -L4_EIO, "breaches", "more than the queue holds");
	take_one(good, 2, 0);
	avail()->idx = 2;
	avail()->ring[1] = 8;
	check(vring_server_take(&server, &chain) == -L4_EIO, "breaches", "head outside");
	printf("ok breaches\n");
}

/* Whatever is in the shared memory: no access outside, no endless loop, what is taken lies inside. */
static void fuzz_server(void)
{
	int taken = 0, refused = 0;

	for (int round = 0; round < 40000; round++) {
		check(start(1U << random_below(9), seed & 64 ? ~0UL : 0) == 0, "fuzz_server", "start");
		for (unsigned int i = 0; i < server.size; i++) {
			struct vring_desc *d = &table(DESC)[i], *t = &table(INDIRECT)[i];

			*d = (struct vring_desc){ DATA + random_below(0x1800), random_below(0x900), random_below(8),
						  random_below(server.size + 1) };
			*t = (struct vring_desc){ DATA, random_below(0x2100), random_below(3),
						  random_below(server.size + 1) };
			if (d->flags & VRING_DESC_INDIRECT) {
				d->addr = INDIRECT + 16 * random_below(4);
				d->len = 16 * random_below(64);
				d->flags = random_below(4) ? VRING_DESC_INDIRECT : 7;
			}
			avail()->ring[i] = random_below(server.size + (random_below(8) == 0));
		}
		for (int flips = random_below(4); flips--;)
			window[FIRST + random_below(BYTES - FIRST)] ^= 1 << random_below(8);
		avail()->idx = random_below(server.size + 1);
		for (int i = 0; i < 20; i++) {
			int got = vring_server_take(&server, &chain);

			check(got == 0 || got == 1 || got == -L4_EIO, "fuzz_server", "result");
			refused += got < 0;
			if (got != 1)
				break;
			taken++;
			check(chain.count && chain.count <= server.size && chain.readable <= chain.count, "fuzz_server", "count");
			for (unsigned int k = 0; k < chain.count; k++)
				memset(vring_server_ptr(&server, chain.seg[k].addr), 0x55, random_below(2) ? 0 : chain.seg[k].len);
			vring_server_use(&server, chain.head, 1);
			vring_server_should_notify(&server);
		}
	}
	check(taken > 5000 && refused > 5000, "fuzz_server", "one-sided");
	printf("ok fuzz_server\n");
}

/* A device that reports anything: a token comes back at most once, and no longer than it was. */
static void fuzz_client(void)
{
	static char out[VRING_SIZE_MAX];
	unsigned int good = 0, refused = 0;

	for (int round = 0; round < 20000; round++) {
		check(start(16, 0) == 0, "fuzz_client", "start");
		memset(out, 0, sizeof(out));
		for (int i = 0; i < 16; i++) {
			struct vring_segment seg[3] = { { DATA, 16 }, { DATA, 100 }, { DATA, 1 } };

			if (vring_client_add(&client, seg, 1 + random_below(3), 1, &out[i]) == 0)
				out[i] = 1;
		}
		for (int i = 0; i < 40; i++) {
			l4_uint32_t written;
			void *token;
			int got;

			if (random_below(3) == 0)
				used()->idx += random_below(20) ? 1 : random_below(65536);
			used()->ring[random_below(16)] = (struct vring_used_entry){
				random_below(8) ? random_below(16) : random_below(65536) * 65537U,
				random_below(4) ? 0 : random_below(300) };
			for (int k = random_below(3); k--;)
				memset(window + DESC + 16 * random_below(16), random_below(256), 16);
			got = vring_client_get(&client, &token, &written);
			if (got < 0) {
				refused++;
				break;
			}
			if (got == 0)
				continue;
			good++;
			check((char *)token >= out && (char *)token < out + 16 && *(char *)token == 1, "fuzz_client", "token");
			check(written <= 101, "fuzz_client", "length");
			*(char *)token = 2;
		}
	}
	check(good > 5000 && refused > 5000, "fuzz_client", "one-sided");
	printf("ok fuzz_client\n");
}

int main(void)
{
	window = aligned_alloc(16, BYTES);
	exchange(1, 0, "exchange_1");
	exchange(8, 0, "exchange_8");
	exchange(256, L4VIO_F_INDIRECT_DESC, "exchange_256_indirect");
	exchange(64, L4VIO_F_INDIRECT_DESC | L4VIO_F_EVENT_IDX, "exchange_64_event");
	notifications(0, "notifications");
	notifications(L4VIO_F_EVENT_IDX, "notifications_event");
	long_silence();
	layouts();
	memory_beside();
	breaches();
	fuzz_server();
	fuzz_client();
	free(window);
	return 0;
}
