/* SPDX-License-Identifier: MIT */
/* Networks for native tasks. */
#include "../string.h"

#include <l4/re/env.h>
#include <l4/sys/irq.h>
#include <l4/sys/kip_api.h>
#include <l4/virtio/net.h>

#define RX VIRTIO_NET_RX
#define TX VIRTIO_NET_TX
#define HEADER_BYTES sizeof(struct virtio_net_header)

struct l4net_buffer {
	struct virtio_net_header header;
	l4_uint8_t frame[1536 - HEADER_BYTES];
};
_Static_assert(sizeof(((struct l4net_buffer *)0)->frame) >= L4NET_FRAME_MAX, "buffer");

/* Behind the page. */
struct rings {
	struct {
		struct vring_desc desc[L4NET_BUFFERS_MAX];
		l4_uint8_t avail[sizeof(struct vring_avail) + 2 * L4NET_BUFFERS_MAX + 2] __attribute__((aligned(16)));
		l4_uint8_t used[sizeof(struct vring_used) + 8 * L4NET_BUFFERS_MAX + 2] __attribute__((aligned(16)));
	} queue[VIRTIO_NET_QUEUES];
	struct l4net_buffer buffer[] __attribute__((aligned(64)));
};
_Static_assert(L4VIO_PAGE_BYTES + sizeof(struct rings) + 32 * sizeof(struct l4net_buffer) <= L4VIO_WINDOW_MIN, "window");

static l4_uint64_t address(const struct l4net *n, const void *p)
{
	return (const char *)p - (const char *)n->vio.page;
}

/* Buffer b to the server; bytes of it. There are as many descriptors as buffers, so there is one. */
static void give(struct l4net *n, unsigned queue, struct l4net_buffer *b, l4_size_t bytes)
{
	const struct vring_segment seg = { address(n, b), bytes };

	vring_client_add(&n->ring[queue], &seg, 1, queue == TX, b);
	if (vring_client_should_kick(&n->ring[queue]))
		l4_irq_trigger(n->vio.kick);
}

static void divide(struct l4net *n, struct rings *rings)
{
	l4_uint64_t fit = (n->vio.bytes - address(n, rings->buffer)) / sizeof(struct l4net_buffer) / 2;
	unsigned i;

	for (n->buffers = L4NET_BUFFERS_MAX; n->buffers > fit; n->buffers /= 2)
		;
	memset(rings, 0, sizeof(*rings));
	for (i = 0; i < VIRTIO_NET_QUEUES; i++) {
		vring_client_init(&n->ring[i], rings->queue[i].desc, rings->queue[i].avail, rings->queue[i].used, n->buffers,
				  n->vio.features);
		l4vio_client_queue(&n->vio, i, n->buffers, rings->queue[i].desc, rings->queue[i].avail, rings->queue[i].used);
	}
	n->free_count = n->buffers;
	for (i = 0; i < n->buffers; i++)
		n->free[i] = &rings->buffer[n->buffers + i];
}

long l4net_open(struct l4net *n, const char *service)
{
	struct rings *rings;
	long err = l4vio_client_open(&n->vio, service);
	unsigned i;

	if (err >= 0)
		err = l4vio_client_negotiate(&n->vio, VIRTIO_ID_NET, L4VIO_F_EVENT_IDX | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS);
	if (err < 0)
		return err;
	l4vio_client_config(&n->vio, 0, &n->config, sizeof(n->config));
	rings = (struct rings *)((char *)n->vio.page + L4VIO_PAGE_BYTES);
	divide(n, rings);
	err = l4vio_client_run(&n->vio);
	for (i = 0; !err && i < n->buffers; i++)
		give(n, RX, &rings->buffer[i], sizeof(rings->buffer[i]));
	return err;
}

l4_uint8_t *l4net_mac(const struct l4net *n, l4_uint8_t *mac)
{
	return memcpy(mac, n->config.mac, VIRTIO_NET_MAC_BYTES);
}

/* Take a buffer back: 1, 0 if none has come and a notification will tell, negative. */
static int take(struct l4net *n, unsigned queue, struct l4net_buffer **b, l4_uint32_t *written)
{
	void *token;
	int got;

	do
		got = vring_client_get(&n->ring[queue], &token, written);
	while (!got && vring_client_arm(&n->ring[queue]));
	if (got > 0)
		*b = token;
	return got;
}

static long reclaim(struct l4net *n)
{
	struct l4net_buffer *b;
	l4_uint32_t written;
	void *token;
	long got;

	while ((got = vring_client_get(&n->ring[TX], &token, &written)) > 0)
		n->free[n->free_count++] = token;
	while (!got && !n->free_count) {
		got = take(n, TX, &b, &written);
		if (got > 0)
			n->free[n->free_count++] = b;
		else if (!got)
			got = l4vio_client_wait(&n->vio);
	}
	return got < 0 ? got : 0;
}

long l4net_send(struct l4net *n, const void *frame, l4_size_t bytes)
{
	struct l4net_buffer *b;
	long err;

	if (bytes < 14 || bytes > L4NET_FRAME_MAX)
		return -L4_EINVAL;
	err = reclaim(n);
	if (err)
		return err;
	b = n->free[--n->free_count];
	b->header = (struct virtio_net_header){ 0 };
	memcpy(b->frame, frame, bytes);
	give(n, TX, b, HEADER_BYTES + bytes);
	return 0;
}

static l4_uint64_t clock_us(void)
{
	return l4_kip_clock(l4re_kip());
}

long l4net_receive(struct l4net *n, void *frame, l4_size_t room, l4_uint64_t timeout_us)
{
	l4_uint64_t end = timeout_us == L4NET_FOREVER ? L4NET_FOREVER : clock_us() + timeout_us, at;
	struct l4net_buffer *b;
	l4_uint32_t written;
	long got;

	if (room < L4NET_FRAME_MAX)
		return -L4_EINVAL;
	while (!(got = take(n, RX, &b, &written))) {
		at = end == L4NET_FOREVER ? 0 : clock_us();
		if (at >= end)
			return 0;
		got = l4vio_client_wait_for(&n->vio, end == L4NET_FOREVER ? L4_IPC_NEVER :
						     l4_timeout(0, l4_timeout_from_us(end - at)));
		if (got < 0 && got != -L4_EAGAIN)
			return got;
	}
	if (got < 0)
		return got;
	if (written < HEADER_BYTES + 14 || written > HEADER_BYTES + L4NET_FRAME_MAX)
		return -L4_EIO;
	memcpy(frame, b->frame, written - HEADER_BYTES);
	give(n, RX, b, sizeof(*b));
	return written - HEADER_BYTES;
}
