/* SPDX-License-Identifier: MIT */
/* Sessions and their requests. */
#include "block.h"
#include "../../l4re/lib/string.h"

/* Sectors of one request: as long as the device takes for one client's, the others wait. */
#define WRITE_ZEROES_MAX 32768U
#define DISCARD_MAX (1U << 21)

static l4_uint32_t smaller(l4_uint32_t a, l4_uint32_t b)
{
	return a < b ? a : b;
}

void block_init(struct block_service *b, const struct block_ops *ops, const struct block_geometry *g)
{
	unsigned i;

	memset(b, 0, sizeof(*b));
	b->ops = ops;
	b->geometry = *g;
	b->geometry.write_zeroes_max = smaller(g->write_zeroes_max, WRITE_ZEROES_MAX);
	b->geometry.discard_max = smaller(g->discard_max, DISCARD_MAX);
	for (i = 0; i < BLOCK_REQUESTS_MAX; i++) {
		b->requests[i].next = b->free;
		b->free = &b->requests[i];
	}
}

/* Where memory that is one for the client is not for the device, a segment becomes two. */
static unsigned seams(const struct block_client *c)
{
	return c->pieces > 2 ? c->pieces - 2 : 0;
}

static void offer(struct block_session *s, const struct block_client *client, struct l4vio_offer *o,
		  struct virtio_blk_config *c)
{
	const struct block_geometry *g = &s->service->geometry;

	memset(c, 0, sizeof(*c));
	c->capacity = s->range.sectors;
	c->seg_max = g->segs_max - seams(client);
	c->size_max = g->seg_bytes_max;
	c->blk_size = g->block_bytes;
	c->max_discard_sectors = g->discard_max;
	c->max_discard_seg = c->max_write_zeroes_seg = 1;
	c->discard_sector_alignment = g->block_bytes / VIRTIO_BLK_SECTOR;
	c->max_write_zeroes_sectors = g->write_zeroes_max;
	c->write_zeroes_may_unmap = g->write_zeroes_unmap;
	*o = (struct l4vio_offer){ .device_id = VIRTIO_ID_BLOCK, .queue_count = 1, .queue_max = L4VIO_QUEUE_SIZE_MAX,
				   .config = c, .config_bytes = sizeof(*c), .memory = client->memory,
				   .memory_bytes = client->memory_bytes };
	o->features = g->features | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE;
	if (g->seg_bytes_max)
		o->features |= VIRTIO_BLK_F_SIZE_MAX;
	if (s->read_only)
		o->features = (o->features & ~(VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES)) | VIRTIO_BLK_F_RO;
}

struct block_session *block_session_add(struct block_service *b, const struct block_client *c)
{
	struct block_session *s = &b->sessions[b->session_count];
	struct virtio_blk_config config;
	struct l4vio_offer o;
	l4_size_t n = strlen(c->name);

	if (b->session_count == BLOCK_SESSIONS_MAX || c->bytes < L4VIO_WINDOW_MIN || !c->pieces ||
	    seams(c) >= b->geometry.segs_max || c->range.first > b->geometry.sectors ||
	    c->range.sectors > b->geometry.sectors - c->range.first)
		return 0;
	s->service = b;
	s->range = c->range;
	s->read_only = c->read_only || (b->geometry.features & VIRTIO_BLK_F_RO);
	memcpy(s->piece, c->piece, sizeof(s->piece));
	s->pieces = c->pieces;
	s->bytes_max = c->memory_bytes && c->bytes < BLOCK_BYTES_MAX ? BLOCK_BYTES_MAX : c->bytes;
	s->number = b->session_count++;
	memcpy(s->name, c->name, n < VIRTIO_BLK_ID_BYTES ? n : VIRTIO_BLK_ID_BYTES);
	offer(s, c, &o, &config);
	l4vio_session_init(&s->vio, c->window, c->bytes, &o);
	return s;
}

static void apply(struct block_session *s, unsigned events);

static struct block_request *request_take(struct block_session *s)
{
	struct block_service *b = s->service;
	struct block_request *r = b->free;

	if (s->out == b->share)
		return 0;
	b->free = r->next;
	return r;
}

static void request_free(struct block_service *b, struct block_request *r)
{
	r->next = b->free;
	b->free = r;
}

static void enlist(struct block_session *s, struct block_request *r)
{
	r->session = s;
	r->next = 0;
	r->late = 0;
	if (s->first)
		s->last->next = r;
	else
		s->first = r;
	s->last = r;
	s->out++;
}

/* How often a request may be too late. */
#define LATE_MAX 2

static void submit(struct block_request *r)
{
	const struct block_service *b = r->session->service;

	r->state = BLOCK_AT_DEVICE;
	r->due_ns = b->patience_ns ? b->ops->now() + b->patience_ns : ~0UL;
	b->ops->submit(r);
}

static struct vring_server *ring(struct block_session *s)
{
	return &s->vio.queue[0];
}

static void report(struct block_session *s, const struct block_request *r)
{
	__atomic_store_n((l4_uint8_t *)vring_server_ptr(ring(s), r->status_at), r->status, __ATOMIC_RELAXED);
	vring_server_use(ring(s), r->head, r->written);
}

/*
 * Report what is done, as far as the order of the ring allows, and send a flush that is now the first. When the
 * session does not run nobody waits for reports, and flushes are dropped. Returns whether it reported.
 */
static int settle(struct block_session *s)
{
	int running = s->vio.state == L4VIO_RUNNING, reported = 0;
	struct block_request *r;

	while ((r = s->first) && r->state != BLOCK_AT_DEVICE) {
		if (running && r->state == BLOCK_WAITS) {
			submit(r);
			break;
		}
		s->first = r->next;
		s->out--;
		if (running) {
			report(s, r);
			reported = 1;
		}
		request_free(s->service, r);
	}
	return reported;
}

/* Take one chain; 1, 0 if there is none or no room, negative if the client broke a rule. */
static int take(struct block_session *s)
{
	struct block_request *r = request_take(s);
	int got;

	if (!r)
		return 0;
	got = vring_server_take(ring(s), &s->service->chain);
	if (got <= 0) {
		request_free(s->service, r);
		return got;
	}
	got = block_decode(s, &s->service->chain, r);
	if (got < 0) {
		request_free(s->service, r);
		return got;
	}
	enlist(s, r);
	if (!got)
		r->state = BLOCK_DONE;
	else if (r->type == VIRTIO_BLK_T_FLUSH && s->first != r)
		r->state = BLOCK_WAITS;
	else
		submit(r);
	return 1;
}

/* Take all there is room for, but at most a round of the ring: a client that adds as fast would keep the server to itself. */
static void serve(struct block_session *s)
{
	unsigned budget = L4VIO_QUEUE_SIZE_MAX;
	int got = 1, reported = 0;

	if (s->vio.state != L4VIO_RUNNING || !ring(s)->size)
		return;
	while (got > 0 && budget--) {
		got = take(s);
		reported |= settle(s);
		if (got == 0 && s->out < s->service->share)
			got = vring_server_arm(ring(s));
	}
	if (got < 0) {
		apply(s, l4vio_session_break(&s->vio));
		return;
	}
	if (got > 0)
		s->service->ops->again(s);
	if (reported && vring_server_should_notify(ring(s)))
		s->service->ops->notify(s);
}

/* The reset is answered when nothing of the session is at the device. */
static void stop(struct block_session *s)
{
	settle(s);
	if (s->vio.state == L4VIO_STOPPING && !s->first)
		apply(s, l4vio_session_stopped(&s->vio));
}

static void apply(struct block_session *s, unsigned events)
{
	if (events & L4VIO_EVENT_NOTIFY)
		s->service->ops->notify(s);
	if (events & L4VIO_EVENT_STOP)
		stop(s);
}

void block_kick(struct block_session *s)
{
	apply(s, l4vio_session_poll(&s->vio));
	serve(s);
}

void block_start(struct block_service *b, l4_uint64_t patience_ns)
{
	unsigned i;

	b->patience_ns = patience_ns;
	b->share = b->session_count ? BLOCK_REQUESTS_MAX / b->session_count : 0;
	for (i = 0; i < b->session_count; i++)
		block_kick(&b->sessions[i]);
}

/* Something of s is done. */
static void done(struct block_session *s)
{
	if (s->vio.state != L4VIO_RUNNING)
		stop(s);
	else if (settle(s) && vring_server_should_notify(ring(s)))
		s->service->ops->notify(s);
	serve(s);
}

void block_complete(struct block_request *r, enum virtio_blk_status status)
{
	r->state = BLOCK_DONE;
	r->status = status;
	done(r->session);
}

l4_uint64_t block_due(const struct block_service *b)
{
	const struct block_request *r;
	l4_uint64_t due = ~0UL;
	unsigned i;

	for (i = 0; i < b->session_count; i++)
		for (r = b->sessions[i].first; r; r = r->next)
			if (r->state == BLOCK_AT_DEVICE && r->due_ns < due)
				due = r->due_ns;
	return due;
}

/* Returns whether it failed. */
static int retry(struct block_request *r, l4_uint64_t now)
{
	int running = r->session->vio.state == L4VIO_RUNNING;

	r->late += r->due_ns <= now;
	if (running && r->late < LATE_MAX) {
		submit(r);
		return 0;
	}
	r->state = BLOCK_DONE;
	r->status = VIRTIO_BLK_S_IOERR;
	return running;
}

unsigned block_retry(struct block_service *b)
{
	l4_uint64_t now = b->ops->now();
	struct block_request *r;
	unsigned i, failed = 0;

	/* All of it first: reporting takes new requests, which are not to be looked at. */
	for (i = 0; i < b->session_count; i++)
		for (r = b->sessions[i].first; r; r = r->next)
			if (r->state == BLOCK_AT_DEVICE)
				failed += retry(r, now);
	for (i = 0; i < b->session_count; i++)
		done(&b->sessions[i]);
	return failed;
}
