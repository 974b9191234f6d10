/* SPDX-License-Identifier: MIT */
/* Virtio sessions, the server's side. */
#include "../string.h"

#include <l4/virtio/session.h>

#define READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define WRITE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

#define FEATURES_MUST (L4VIO_F_VERSION_1 | L4VIO_F_ACCESS_PLATFORM)
#define FEATURES_RING (L4VIO_F_INDIRECT_DESC | L4VIO_F_EVENT_IDX | L4VIO_F_IN_ORDER)

/*
 * A client may be reading it, so what stays the same is left alone. An odd generation is one that the
 * predecessor did not get to finish.
 */
static void write_config(struct l4vio_page *p, const struct l4vio_offer *offer)
{
	const l4_uint8_t *from = offer->config;
	l4_uint32_t generation = READ(p->config_generation);
	unsigned i;

	if (!(generation & 1) && !memcmp(p->config, from, offer->config_bytes))
		return;
	WRITE(p->config_generation, generation | 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (i = 0; i < L4VIO_CONFIG_BYTES; i++)
		WRITE(p->config[i], i < offer->config_bytes ? from[i] : 0);
	__atomic_store_n(&p->config_generation, (generation | 1) + 1, __ATOMIC_RELEASE);
}

void l4vio_session_init(struct l4vio_session *s, void *window, l4_uint64_t bytes, const struct l4vio_offer *offer)
{
	struct l4vio_page *p = window;
	unsigned i;

	memset(s, 0, sizeof(*s));
	s->page = p;
	s->bytes = bytes;
	s->memory = offer->memory;
	s->memory_bytes = offer->memory_bytes;
	s->offered = offer->features | FEATURES_MUST | FEATURES_RING;
	s->queue_count = offer->queue_count;
	s->queue_max = offer->queue_max;
	/* What was broken stays so over a restart: the client has been told, and acts on it. */
	if (READ(p->magic) == L4VIO_MAGIC && (READ(p->device_status) & L4VIO_S_NEEDS_RESET))
		s->state = L4VIO_BROKEN;
	WRITE(p->version, L4VIO_VERSION);
	WRITE(p->device_id, offer->device_id);
	WRITE(p->device_features, s->offered);
	WRITE(p->memory, offer->memory_bytes);
	WRITE(p->queue_count, offer->queue_count);
	for (i = 0; i < L4VIO_QUEUES_MAX; i++)
		WRITE(p->queue_max[i], i < offer->queue_count ? offer->queue_max : 0);
	write_config(p, offer);
	for (i = 0; i < L4VIO_COUNTERS; i++)
		WRITE(p->counters[i], 0);
	WRITE(p->instance, READ(p->instance) + 1);
	WRITE(p->magic, L4VIO_MAGIC);
	__atomic_store_n(&p->server, L4VIO_SERVER_UP, __ATOMIC_RELEASE);
}

static unsigned answer(struct l4vio_session *s, l4_uint32_t status)
{
	WRITE(s->page->device_status, status | (s->state == L4VIO_BROKEN ? L4VIO_S_NEEDS_RESET : 0));
	__atomic_store_n(&s->page->response, s->answered, __ATOMIC_RELEASE);
	return L4VIO_EVENT_NOTIFY;
}

static int features_ok(const struct l4vio_session *s, l4_uint64_t accepted)
{
	return !(accepted & ~s->offered) && (accepted & FEATURES_MUST) == FEATURES_MUST;
}

/* A queue as the client describes it now. */
static int start_queue(struct l4vio_session *s, unsigned i)
{
	const struct l4vio_queue *from = &s->page->queue[i];
	struct l4vio_queue q = { READ(from->size), 0, READ(from->desc), READ(from->avail), READ(from->used) };
	int err;

	s->queue[i].size = 0;
	if (!q.size)
		return 0;
	if (q.size > s->queue_max)
		return -1;
	err = vring_server_init(&s->queue[i], (char *)s->page, L4VIO_PAGE_BYTES, s->bytes, &q, s->features);
	s->queue[i].memory = s->memory;
	s->queue[i].memory_bytes = s->memory_bytes;
	return err;
}

static unsigned start(struct l4vio_session *s, l4_uint32_t status)
{
	unsigned i;

	s->features = READ(s->page->driver_features);
	s->state = L4VIO_BROKEN;
	if (!(status & L4VIO_S_FEATURES_OK) || !features_ok(s, s->features))
		return answer(s, status);
	for (i = 0; i < s->queue_count; i++)
		if (start_queue(s, i))
			return answer(s, status);
	s->state = L4VIO_RUNNING;
	return answer(s, status) | L4VIO_EVENT_STARTED;
}

static unsigned reset(struct l4vio_session *s)
{
	if (s->state == L4VIO_IDLE)
		return answer(s, 0);
	s->state = L4VIO_STOPPING;
	return L4VIO_EVENT_STOP;
}

/* The client set a status that is not 0. */
static unsigned advance(struct l4vio_session *s, l4_uint32_t status)
{
	status &= ~(l4_uint32_t)L4VIO_S_NEEDS_RESET;
	if ((status & L4VIO_S_FEATURES_OK) && !features_ok(s, READ(s->page->driver_features)))
		status &= ~(l4_uint32_t)L4VIO_S_FEATURES_OK;
	if (s->state == L4VIO_IDLE && (status & L4VIO_S_DRIVER_OK) && !(status & L4VIO_S_FAILED))
		return start(s, status);
	if (s->state == L4VIO_RUNNING && (!(status & L4VIO_S_DRIVER_OK) || (status & L4VIO_S_FAILED)))
		s->state = L4VIO_BROKEN;
	return answer(s, status);
}

unsigned l4vio_session_poll(struct l4vio_session *s)
{
	l4_uint32_t request = __atomic_load_n(&s->page->request, __ATOMIC_ACQUIRE);
	l4_uint32_t status = READ(s->page->status);

	if (s->state == L4VIO_STOPPING || (s->polled && request == s->answered))
		return 0;
	s->polled = 1;
	s->answered = request;
	return status ? advance(s, status) : reset(s);
}

unsigned l4vio_session_stopped(struct l4vio_session *s)
{
	s->state = L4VIO_IDLE;
	memset(s->queue, 0, sizeof(s->queue));
	return answer(s, 0) | l4vio_session_poll(s);
}

void l4vio_session_count(struct l4vio_session *s, const l4_uint64_t *counters, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++)
		WRITE(s->page->counters[i], counters[i]);
}

unsigned l4vio_session_break(struct l4vio_session *s)
{
	s->state = L4VIO_BROKEN;
	WRITE(s->page->device_status, READ(s->page->device_status) | L4VIO_S_NEEDS_RESET);
	return L4VIO_EVENT_NOTIFY;
}
