// SPDX-License-Identifier: MIT
/*
 * The block server's sessions and requests with a device of this program's: order of reports, flushes, restart of the server at
 * any time, resets, a device that stays silent, a client that writes
 * anything anywhere. Sessions 0 and 1 share memory beside the window, which the device sees in pieces.
 * sources: drivers/block/service.c drivers/block/request.c l4re/lib/virtio/session.c l4re/lib/virtio/ring_server.c l4re/lib/virtio/ring_client.c
 * cflags: -Il4re/include -iquote drivers/block
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/err.h>

#include "block.h"
#include "support/named.h"

#define SESSIONS 3
#define WINDOW 0x20000UL
#define DISK_SECTORS 256
#define PART_SECTORS 64UL
#define RING 32
#define PATIENCE 1000
#define DMA(n) (0x100000000UL * ((n) + 1))

static char *window[SESSIONS], *memory[SESSIONS];
static char disk[DISK_SECTORS * 512];
static struct block_service *service;
static struct block_request *at_device[BLOCK_REQUESTS_MAX];
static unsigned int at_device_count, notified[SESSIONS], want_again;
static l4_uint64_t clock_ns;

/* Device addresses of the pieces of a session's memory, and where they begin. */
#define MEMORY_DMA(n, k) (DMA(n) + 0x1000000UL * (4 - (k)))
static const unsigned int seam[] = { 0, 0x6a00, 0x7f80, 0x9123, WINDOW };
#define MEMORY_PIECES 4

static struct block_client client_of(unsigned int n)
{
	struct block_client c = { .name = "test", .range = { PART_SECTORS * n, PART_SECTORS }, .window = window[n],
				  .bytes = WINDOW, .piece = { { 0, WINDOW, DMA(n) } }, .pieces = 1 };

	if (memory[n]) {
		c.memory = memory[n];
		c.memory_bytes = WINDOW;
		for (unsigned int k = 0; k < MEMORY_PIECES; k++)
			c.piece[c.pieces++] = (struct block_piece){ L4VIO_MEMORY + seam[k], seam[k + 1] - seam[k], MEMORY_DMA(n, k) };
	}
	return c;
}

/* What a session shares at that device address; null: not that. */
static char *seen_by_device(unsigned int n, l4_uint64_t dma, l4_uint64_t bytes)
{
	const struct block_client c = client_of(n);

	for (unsigned int k = 0; k < c.pieces; k++) {
		const struct block_piece *p = &c.piece[k];

		if (dma >= p->dma && dma - p->dma <= p->bytes && bytes <= p->bytes - (dma - p->dma))
			return k ? memory[n] + (p->bus - L4VIO_MEMORY) + (dma - p->dma) :
			       dma - p->dma >= L4VIO_PAGE_BYTES ? window[n] + (dma - p->dma) : NULL;
	}
	return NULL;
}

static void submit(struct block_request *r)
{
	check(at_device_count < BLOCK_REQUESTS_MAX, "too many at the device");
	if (r->type == VIRTIO_BLK_T_FLUSH)
		check(r->session->first == r, "flush before others");
	at_device[at_device_count++] = r;
}

static void notify(struct block_session *s) { notified[s->number]++; }
static void again(struct block_session *s) { want_again |= 1U << s->number; }
static l4_uint64_t now(void) { return clock_ns; }
static const struct block_ops ops = { submit, notify, again, now };

static void start_server(void)
{
	const struct block_geometry g = {
		.sectors = DISK_SECTORS, .block_bytes = 512, .unit_bytes = 512, .segs_max = 8, .discard_max = 64, .write_zeroes_max = 64,
		.features = VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES };

	block_init(service, &ops, &g);
	at_device_count = 0;
	for (int i = 0; i < SESSIONS; i++) {
		const struct block_client c = client_of(i);

		check(block_session_add(service, &c) != NULL, "session");
	}
	block_start(service, PATIENCE);
}

/* What the device does with a request. */
static void perform(const struct block_request *r)
{
	unsigned int n = r->session->number;
	l4_uint64_t at = r->sector * 512, lo = r->session->range.first, hi = lo + r->session->range.sectors;

	if (r->type == VIRTIO_BLK_T_FLUSH)
		return;
	check(r->sector >= lo && r->sector < hi, "sector");
	if (r->type == VIRTIO_BLK_T_WRITE_ZEROES || r->type == VIRTIO_BLK_T_DISCARD) {
		check(r->sectors && r->sectors <= hi - r->sector, "range");
		memset(disk + at, 0, r->sectors * 512UL);
		return;
	}
	check(r->bytes && r->bytes <= (hi - r->sector) * 512 && r->count <= 8, "length");
	for (unsigned int i = 0; i < r->count; i++) {
		char *data = seen_by_device(n, r->seg[i].addr, r->seg[i].len);

		check(data && data == r->seg[i].at, "segment");
		if (r->type == VIRTIO_BLK_T_IN)
			memcpy(data, disk + at, r->seg[i].len);
		else
			memcpy(disk + at, data, r->seg[i].len);
		at += r->seg[i].len;
	}
}

static void complete_at(unsigned int i)
{
	struct block_request *r = at_device[i];

	at_device[i] = at_device[--at_device_count];
	perform(r);
	block_complete(r, VIRTIO_BLK_S_OK);
}

static void complete_one(void)
{
	complete_at(random_below(at_device_count));
}

/* The server dies with requests at the device, some of which the device has performed. */
static void restart_server(void)
{
	for (unsigned int i = 0; i < at_device_count; i++)
		if (random_below(2))
			perform(at_device[i]);
	memset(service, 0x5a, sizeof(*service));
	start_server();
}

/* Time passes in which the device says nothing; who finds that it took too long resets it. Returns how many requests failed. */
static unsigned int silence(void)
{
	clock_ns += PATIENCE;
	check(block_due(service) <= clock_ns, "not late");
	for (unsigned int i = 0; i < at_device_count; i++)
		if (random_below(2))
			perform(at_device[i]);
	at_device_count = 0;
	return block_retry(service);
}

/* The device forgets a request, but none for the second time. */
static void lose_one(void)
{
	unsigned int i;

	for (i = 0; i < at_device_count && at_device[i]->late; i++)
		;
	if (i == at_device_count)
		return;
	at_device[i] = at_device[--at_device_count];
	for (i = 0; i < at_device_count;)
		if (at_device[i]->late)
			complete_at(i);
		else
			i++;
	check(silence() == 0, "failed after being late once");
}

/* --- a client: window = page, rings, then for each of 16 requests a header, a status and 2 KiB of data */

#define REQUESTS 10
#define DESC 0x1000UL
#define AVAIL 0x2000UL
#define USED 0x3000UL
#define TABLE(i) (0x4000UL + 256 * (i))
#define HEADER(i) (0x5000UL + 64 * (i))
#define DATA(i) (0x6000UL + 2048 * (i))

struct client {
	unsigned int number;
	struct vring_client ring;
	struct job {
		int out;
		enum virtio_blk_type type;
		unsigned int sector, sectors;
		unsigned long serial;
	} job[REQUESTS];
	unsigned long serial, back;
	unsigned int content[PART_SECTORS]; /* what is there for sure: number in each sector; ~0: being written */
};

static struct client clients[SESSIONS];

/* Every other request of a session that shares memory is there. */
static int in_memory(unsigned int n, unsigned int i) { return memory[n] && (i & 1); }
static l4_uint64_t bus(unsigned int n, unsigned int i, l4_uint64_t at) { return in_memory(n, i) ? L4VIO_MEMORY + at : at; }
static char *here(unsigned int n, unsigned int i, l4_uint64_t at) { return (in_memory(n, i) ? memory[n] : window[n]) + at; }

static struct l4vio_page *page(unsigned int n)
{
	return (struct l4vio_page *)window[n];
}

static unsigned int status(unsigned int n, unsigned int s)
{
	page(n)->status = s;
	page(n)->request++;
	block_kick(&service->sessions[n]);
	for (int i = 0; i < 1000 && page(n)->response != page(n)->request && at_device_count; i++)
		complete_one();
	check(page(n)->response == page(n)->request, "no answer to a status");
	return page(n)->device_status;
}

static void open_client(unsigned int n)
{
	struct client *c = &clients[n];
	const l4_uint64_t features = L4VIO_F_VERSION_1 | L4VIO_F_ACCESS_PLATFORM | L4VIO_F_INDIRECT_DESC |
				     (n & 1 ? L4VIO_F_EVENT_IDX : 0);

	memset(c, 0, sizeof(*c));
	c->number = n;
	check(status(n, 0) == 0, "reset");
	memset(window[n] + L4VIO_PAGE_BYTES, 0, WINDOW - L4VIO_PAGE_BYTES);
	memcpy(c->content, (unsigned int[PART_SECTORS]){ 0 }, sizeof(c->content));
	memset(disk + 512 * PART_SECTORS * n, 0, 512 * PART_SECTORS);
	page(n)->driver_features = features;
	check(status(n, 0xb) & L4VIO_S_FEATURES_OK, "features");
	vring_client_init(&c->ring, window[n] + DESC, window[n] + AVAIL, window[n] + USED, RING, features);
	page(n)->queue[0] = (struct l4vio_queue){ RING, 0, DESC, AVAIL, USED };
	check(status(n, 0xf) == 0xf, "start");
}

static int overlaps(const struct client *c, unsigned int sector, unsigned int sectors)
{
	for (int i = 0; i < REQUESTS; i++)
		if (c->job[i].out && c->job[i].type != VIRTIO_BLK_T_FLUSH && c->job[i].sector < sector + sectors &&
		    sector < c->job[i].sector + c->job[i].sectors)
			return 1;
	return 0;
}

/* Send a random request; sectors that another one is at are left alone, so that the outcome is known. */
static void send(struct client *c)
{
	static const enum virtio_blk_type types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_OUT,
						      VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_WRITE_ZEROES };
	unsigned int i = random_below(REQUESTS), n = 0, k, cut;
	struct job *j = &c->job[i];
	const l4_uint64_t header = bus(c->number, i, HEADER(i)), data = bus(c->number, i, DATA(i));
	struct virtio_blk_header *h = (void *)here(c->number, i, HEADER(i));
	struct virtio_blk_range *range = (void *)(h + 1);
	struct vring_segment seg[6];
	unsigned int readable, bytes;

	if (j->out)
		return;
	j->type = types[random_below(5)];
	j->sectors = j->type == VIRTIO_BLK_T_FLUSH ? 0 : 1 + random_below(4);
	j->sector = random_below(PART_SECTORS - j->sectors + 1);
	if (j->sectors && overlaps(c, j->sector, j->sectors))
		return;
	bytes = j->sectors * 512;
	*h = (struct virtio_blk_header){ .type = j->type, .sector = j->sector };
	*range = (struct virtio_blk_range){ j->sector, j->sectors, 0 };
	*here(c->number, i, HEADER(i) + 48) = 0x77;
	/* The header in two pieces, the data in up to two. */
	cut = 1 + random_below(15);
	seg[n++] = (struct vring_segment){ header, cut };
	seg[n++] = (struct vring_segment){ header + cut, 16 - cut };
	if (j->type == VIRTIO_BLK_T_WRITE_ZEROES) {
		seg[n++] = (struct vring_segment){ header + 16, 16 };
	} else if (bytes) {
		cut = 1 + random_below(bytes - 1);
		seg[n++] = (struct vring_segment){ data, cut };
		seg[n++] = (struct vring_segment){ data + cut, bytes - cut };
	}
	readable = j->type == VIRTIO_BLK_T_IN ? 2 : n;
	seg[n++] = (struct vring_segment){ header + 48, 1 };
	for (k = 0; k < j->sectors; k++)
		memcpy(here(c->number, i, DATA(i)) + 512 * k, &(unsigned int){ c->serial + 1 }, 4);
	if (vring_client_add(&c->ring, seg, n, readable, j))
		return;
	j->serial = ++c->serial;
	j->out = 1;
	if (vring_client_should_kick(&c->ring))
		block_kick(&service->sessions[c->number]);
}

static void receive(struct client *c)
{
	l4_uint32_t written;
	struct job *j;
	void *token;
	int got = vring_client_get(&c->ring, &token, &written);
	unsigned int i, k, number;

	check(got >= 0, "ring");
	if (!got)
		return;
	j = token;
	i = j - c->job;
	check(j->out, "reported twice");
	check(j->serial == c->back + 1, "order of reports");
	check(*here(c->number, i, HEADER(i) + 48) == VIRTIO_BLK_S_OK, "status byte");
	c->back = j->serial;
	j->out = 0;
	for (k = 0; k < j->sectors; k++) {
		memcpy(&number, here(c->number, i, DATA(i)) + 512 * k, 4);
		if (j->type == VIRTIO_BLK_T_IN)
			check(number == c->content[j->sector + k], "what was read");
		else if (j->type != VIRTIO_BLK_T_FLUSH)
			c->content[j->sector + k] = j->type == VIRTIO_BLK_T_OUT ? number : 0;
	}
}

static void finish(void)
{
	int i;

	for (i = 0; i < 100000; i++) {
		int open = 0;

		while (at_device_count)
			complete_one();
		for (int n = 0; n < SESSIONS; n++) {
			receive(&clients[n]);
			open |= clients[n].back != clients[n].serial;
		}
		if (!open)
			return;
	}
	check(0, "requests are lost");
}

static void exchange(int restarts, int losses, const char *name)
{
	test = name;
	start_server();
	for (int n = 0; n < SESSIONS; n++)
		open_client(n);
	for (int step = 0; step < 200000; step++) {
		struct client *c = &clients[random_below(SESSIONS)];

		switch (random_below(4)) {
		case 0:
		case 1:
			send(c);
			break;
		case 2:
			if (at_device_count)
				complete_one();
			break;
		default:
			receive(c);
			vring_client_arm(&c->ring);
		}
		if (restarts && random_below(40) == 0)
			restart_server();
		if (losses && random_below(40) == 0)
			lose_one();
	}
	finish();
	for (int n = 0; n < SESSIONS; n++)
		for (unsigned int k = 0; k < PART_SECTORS; k++)
			check(!memcmp(disk + 512 * (PART_SECTORS * n + k), &clients[n].content[k], 4), "what is on the disk");
	check(clients[0].serial > 4000, "too few requests");
	printf("ok %s\n", name);
}

/* Send one request of the type for sector k without waiting. */
static void send_plain(unsigned int i, enum virtio_blk_type type)
{
	struct client *c = &clients[0];
	struct virtio_blk_header *h = (void *)(window[0] + HEADER(i));
	struct vring_segment seg[3] = { { HEADER(i), 16 }, { DATA(i), 512 }, { HEADER(i) + 48, 1 } };

	*h = (struct virtio_blk_header){ .type = type, .sector = i };
	window[0][HEADER(i) + 48] = 0x77;
	if (type == VIRTIO_BLK_T_FLUSH)
		seg[1] = seg[2];
	check(!vring_client_add(&c->ring, seg, type == VIRTIO_BLK_T_FLUSH ? 2 : 3, type == VIRTIO_BLK_T_FLUSH ? 1 : 2, &c->job[i]), "add");
	block_kick(&service->sessions[0]);
}

static void expect_status(unsigned int i, unsigned int status)
{
	l4_uint32_t written;
	void *token;

	check(vring_client_get(&clients[0].ring, &token, &written) == 1 && token == &clients[0].job[i], "report");
	check(window[0][HEADER(i) + 48] == status, "status of the report");
}

/* A device that never answers: each request is tried twice, then it fails; nobody waits for ever. */
static void silent(void)
{
	test = "silent";
	start_server();
	open_client(0);
	check(block_due(service) == ~0UL, "nothing is due");
	send_plain(0, VIRTIO_BLK_T_OUT);
	clock_ns += PATIENCE / 2;
	send_plain(1, VIRTIO_BLK_T_OUT);
	send_plain(2, VIRTIO_BLK_T_FLUSH);
	check(at_device_count == 2 && block_due(service) == clock_ns + PATIENCE / 2, "due");
	clock_ns -= PATIENCE / 2;
	check(silence() == 0 && at_device_count == 2 && block_due(service) == clock_ns + PATIENCE, "once more");
	/* The second one was late for the first time only. */
	check(silence() == 1 && at_device_count == 1, "the first fails");
	expect_status(0, VIRTIO_BLK_S_IOERR);
	check(silence() == 1 && at_device_count == 1 && at_device[0]->type == VIRTIO_BLK_T_FLUSH, "the second fails");
	expect_status(1, VIRTIO_BLK_S_IOERR);
	complete_one();
	expect_status(2, VIRTIO_BLK_S_OK);
	/* A client that gives up while the device is silent. */
	send_plain(3, VIRTIO_BLK_T_OUT);
	page(0)->status = 0;
	page(0)->request++;
	block_kick(&service->sessions[0]);
	check(page(0)->response != page(0)->request, "answered while the device may write");
	check(silence() == 0 && !at_device_count && page(0)->response == page(0)->request, "no answer to the reset");
	open_client(0);
	send_plain(4, VIRTIO_BLK_T_OUT);
	complete_one();
	expect_status(4, VIRTIO_BLK_S_OK);
	printf("ok silent\n");
}

/* What a request may ask for at once. */
static void sizes(void)
{
	const struct block_geometry g = { .sectors = 1UL << 40, .block_bytes = 4096, .unit_bytes = 4096, .segs_max = 8, .discard_max = ~0U,
					  .write_zeroes_max = ~0U, .features = VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES };
	struct block_client c = { .name = "sizes", .range = { 0, g.sectors }, .window = window[0], .bytes = WINDOW,
				  .piece = { { 0, WINDOW, DMA(0) } }, .pieces = 1 };
	struct virtio_blk_header *h = (void *)(window[0] + HEADER(0));
	struct vring_chain chain = { .count = 4, .readable = 1, .read_bytes = 16, .seg = { { HEADER(0), 16 }, { 0x1000, 0x10000 },
				     { 0x1000, 0x10000 }, { HEADER(1), 1 } } };
	struct block_request r;
	struct block_session *s;

	test = "sizes";
	block_init(service, &ops, &g);
	check(service->geometry.discard_max < 1U << 24 && service->geometry.write_zeroes_max < 1U << 24, "limits of ranges");
	s = block_session_add(service, &c);
	*h = (struct virtio_blk_header){ .type = VIRTIO_BLK_T_IN, .sector = 8 };
	chain.write_bytes = 0x20001;
	check(block_decode(s, &chain, &r) == 1 && r.bytes == 0x20000, "as long as the window");
	chain.seg[2].len = 0x11000;
	chain.write_bytes = 0x21001;
	check(block_decode(s, &chain, &r) == 0 && r.status == VIRTIO_BLK_S_IOERR, "longer than the window");
	chain.seg[2].len = 0x10000;
	chain.write_bytes = 0x20001;
	h->sector = 9;
	check(block_decode(s, &chain, &r) == 0 && r.status == VIRTIO_BLK_S_IOERR, "half a unit at the beginning");
	h->sector = 8;
	chain.seg[2].len = 0xfe00;
	chain.write_bytes = 0x1fe01;
	check(block_decode(s, &chain, &r) == 0 && r.status == VIRTIO_BLK_S_IOERR, "half a unit at the end");
	h->sector = 8;
	c.memory = memory[0];
	c.memory_bytes = BLOCK_BYTES_MAX * 4;
	c.piece[c.pieces++] = (struct block_piece){ L4VIO_MEMORY, c.memory_bytes, DMA(1) };
	s = block_session_add(service, &c);
	chain.seg[2] = (struct vring_segment){ L4VIO_MEMORY, BLOCK_BYTES_MAX - 0x10000 };
	chain.write_bytes = BLOCK_BYTES_MAX + 1;
	check(block_decode(s, &chain, &r) == 1 && r.bytes == BLOCK_BYTES_MAX && r.seg[1].addr == DMA(1), "with memory");
	chain.seg[2].len += 0x1000;
	chain.write_bytes += 0x1000;
	check(block_decode(s, &chain, &r) == 0 && r.status == VIRTIO_BLK_S_IOERR, "longer with memory");
	while (c.pieces < 2 + g.segs_max)
		c.piece[c.pieces++] = (struct block_piece){ L4VIO_MEMORY, L4_PAGESIZE, DMA(1) };
	check(!block_session_add(service, &c), "as many seams as segments");
	printf("ok sizes\n");
}

/* Statuses, in and out of order. */
static void statuses(void)
{
	const l4_uint64_t must = L4VIO_F_VERSION_1 | L4VIO_F_ACCESS_PLATFORM;

	test = "statuses";
	memset(window[0], 0, WINDOW);
	start_server();
	check(page(0)->magic == L4VIO_MAGIC && page(0)->server == L4VIO_SERVER_UP && page(0)->device_id == 2, "page");
	check(((struct virtio_blk_config *)page(0)->config)->capacity == PART_SECTORS, "capacity");
	check(status(0, 0) == 0, "reset");
	page(0)->driver_features = must | 1UL << 60;
	check(!(status(0, 0xb) & L4VIO_S_FEATURES_OK), "unknown feature");
	page(0)->driver_features = L4VIO_F_VERSION_1;
	check(!(status(0, 0xb) & L4VIO_S_FEATURES_OK), "missing feature");
	check(status(0, 0xf) & L4VIO_S_NEEDS_RESET, "start without features");
	check(status(0, 0) == 0, "reset of a broken one");
	page(0)->driver_features = must;
	check(status(0, 0xb) == 0xb, "features");
	page(0)->queue[0] = (struct l4vio_queue){ 512, 0, DESC, AVAIL, USED };
	check(status(0, 0xf) & L4VIO_S_NEEDS_RESET, "queue too long");
	check(status(0, 0) == 0 && status(0, 0xb) == 0xb, "again");
	page(0)->queue[0] = (struct l4vio_queue){ 8, 0, 16, AVAIL, USED };
	check(status(0, 0xf) & L4VIO_S_NEEDS_RESET, "queue in the page");
	restart_server();
	check(page(0)->device_status & L4VIO_S_NEEDS_RESET, "broken over a restart");
	check(status(0, 0) == 0 && page(0)->instance == 2, "reset after a restart");
	check(page(0)->config_generation == 2, "configuration written again");
	page(0)->config_generation = 3;
	page(0)->config[0]++;
	restart_server();
	check(page(0)->config_generation == 4, "configuration not finished");
	check(((struct virtio_blk_config *)page(0)->config)->capacity == PART_SECTORS, "capacity after that");
	printf("ok statuses\n");
}

/* A reset waits for what is at the device, and nothing is touched afterwards. */
static void resets(void)
{
	static char before[WINDOW];

	test = "resets";
	for (int round = 0; round < 300; round++) {
		start_server();
		for (int n = 0; n < SESSIONS; n++)
			open_client(n);
		for (int i = 0; i < 40; i++)
			send(&clients[0]);
		page(0)->status = 0;
		page(0)->request++;
		block_kick(&service->sessions[0]);
		if (at_device_count && random_below(4) == 0)
			restart_server();
		while (at_device_count) {
			check(page(0)->response != page(0)->request, "answered too early");
			complete_one();
		}
		check(page(0)->response == page(0)->request && !page(0)->device_status, "no answer");
		memcpy(before, window[0], WINDOW);
		send(&clients[0]);
		memcpy(before + L4VIO_PAGE_BYTES, window[0] + L4VIO_PAGE_BYTES, WINDOW - L4VIO_PAGE_BYTES);
		block_kick(&service->sessions[0]);
		check(!at_device_count && !memcmp(before, window[0], WINDOW), "touched after a reset");
		memset(window[0], 0, WINDOW);
	}
	printf("ok resets\n");
}

/* Session 0 is hostile, the others go on. */
static void hostile(void)
{
	unsigned int broken = 0;

	test = "hostile";
	start_server();
	for (int n = 0; n < SESSIONS; n++)
		open_client(n);
	for (int step = 0; step < 300000; step++) {
		struct client *c = &clients[1 + random_below(SESSIONS - 1)];
		unsigned long at;

		switch (random_below(6)) {
		case 0:
			send(c);
			break;
		case 1:
			receive(c);
			vring_client_arm(&c->ring);
			break;
		case 2:
			if (at_device_count)
				complete_one();
			break;
		case 3:
			at = random_below(4) ? DESC + random_below(0x300) : random_below(4) ? HEADER(0) + random_below(640) :
			     random_below(2) ? AVAIL + random_below(128) : random_below(WINDOW);
			window[0][at] = random_below(3) ? random_below(256) : random_below(18);
			break;
		case 4:
			((struct vring_avail *)(window[0] + AVAIL))->idx += random_below(4);
			((struct virtio_blk_header *)(window[0] + HEADER(random_below(REQUESTS))))->type = random_below(15);
			send(&clients[0]);
			break;
		default:
			block_kick(&service->sessions[0]);
		}
		if (page(0)->device_status & L4VIO_S_NEEDS_RESET) {
			broken++;
			for (int i = 0; i < REQUESTS; i++)
				clients[0].job[i].out = 0;
			/* It owns the disk's first part alone. */
			open_client(0);
		}
		if (random_below(2000) == 0)
			restart_server();
	}
	memset(&clients[0], 0, sizeof(clients[0]));
	memset(window[0], 0, WINDOW);
	open_client(0);
	finish();
	check(broken > 100, "not hostile enough");
	check(clients[1].serial > 4000, "the others were held up");
	printf("ok hostile\n");
}

int main(void)
{
	service = malloc(sizeof(*service));
	for (int n = 0; n < SESSIONS; n++)
		window[n] = memset(aligned_alloc(4096, WINDOW), 0, WINDOW);
	for (int n = 0; n < 2; n++)
		memory[n] = memset(aligned_alloc(4096, WINDOW), 0, WINDOW);
	exchange(0, 0, "exchange");
	exchange(1, 0, "exchange_restarts");
	exchange(0, 1, "exchange_losses");
	silent();
	sizes();
	statuses();
	resets();
	hostile();
	return 0;
}
