/* SPDX-License-Identifier: MIT */
/* Frames as buffers of a virtio network device. */
#include "nic.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

_Static_assert(sizeof(((struct nic_queue *)0)->avail) >= sizeof(struct vring_avail) + 2 * NIC_RING + 2, "ring");
_Static_assert(sizeof(((struct nic_queue *)0)->used) >= sizeof(struct vring_used) + 8 * NIC_RING + 2, "ring");
_Static_assert(sizeof(struct nic_buffer) == 2048 && sizeof(((struct nic_buffer *)0)->frame) >= NIC_FRAME_MAX, "buffer");

static l4_uint64_t dma(const struct nic *n, const void *p)
{
	return n->dma + ((const char *)p - (const char *)n->memory);
}

static void add(struct nic *n, unsigned queue, struct nic_buffer *b, unsigned bytes)
{
	const struct vring_segment seg = { dma(n, b), bytes };

	/* There are as many descriptors as buffers, so there is one. */
	vring_client_add(&n->ring[queue], &seg, 1, queue == VIRTIO_NET_TX, b);
	n->kick[queue] = 1;
}

void nic_init(struct nic *n, struct nic_memory *memory, l4_uint64_t dma, l4_uint64_t features)
{
	unsigned i;

	*n = (struct nic){ .memory = memory, .dma = dma, .free_count = NIC_RING };
	for (i = 0; i < VIRTIO_NET_QUEUES; i++) {
		struct nic_queue *q = &memory->queue[i];

		vring_client_init(&n->ring[i], q->desc, q->avail, q->used, NIC_RING, features);
	}
	for (i = 0; i < NIC_RING; i++) {
		n->free[i] = i;
		add(n, VIRTIO_NET_RX, &memory->queue[VIRTIO_NET_RX].buffer[i], sizeof(struct nic_buffer));
	}
}

/* Take back what has been sent. Its interrupts are never asked for: the next frame looks. */
static int reclaim(struct nic *n)
{
	struct nic_buffer *first = n->memory->queue[VIRTIO_NET_TX].buffer;
	l4_uint32_t written;
	void *token;
	int got;

	while ((got = vring_client_get(&n->ring[VIRTIO_NET_TX], &token, &written)) > 0)
		n->free[n->free_count++] = (struct nic_buffer *)token - first;
	return got;
}

int nic_send(struct nic *n, const void *frame, unsigned bytes)
{
	struct nic_buffer *b;

	if (reclaim(n))
		return -L4_EIO;
	if (!n->free_count || bytes > NIC_FRAME_MAX)
		return -L4_EBUSY;
	b = &n->memory->queue[VIRTIO_NET_TX].buffer[n->free[--n->free_count]];
	b->header = (struct virtio_net_header){ 0 };
	memcpy(b->frame, frame, bytes);
	add(n, VIRTIO_NET_TX, b, sizeof(b->header) + bytes);
	return 0;
}

int nic_receive(struct nic *n, unsigned budget, void (*take)(const void *frame, unsigned bytes))
{
	struct vring_client *r = &n->ring[VIRTIO_NET_RX];
	l4_uint32_t written;
	void *token;
	int got = 1;

	while (got > 0 && budget--) {
		struct nic_buffer *b;

		got = vring_client_get(r, &token, &written);
		if (!got)
			got = vring_client_arm(r);
		else if (got > 0) {
			b = token;
			if (written > sizeof(b->header))
				take(b->frame, written - sizeof(b->header));
			add(n, VIRTIO_NET_RX, b, sizeof(*b));
		}
	}
	return got;
}

int nic_should_kick(struct nic *n, unsigned queue)
{
	int kick = n->kick[queue] && vring_client_should_kick(&n->ring[queue]);

	n->kick[queue] = 0;
	return kick;
}
