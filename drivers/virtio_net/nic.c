/* SPDX-License-Identifier: MIT */
/* Frames as buffers of a virtio network device. */
#include "nic.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

_Static_assert(sizeof(((struct nic_queue *)0)->avail) >= sizeof(struct vring_avail) + 2 * NIC_RING + 2, "ring");
_Static_assert(sizeof(((struct nic_queue *)0)->used) >= sizeof(struct vring_used) + 8 * NIC_RING + 2, "ring");
_Static_assert(sizeof(struct nic_buffer) == NIC_BUFFER_BYTES && sizeof(((struct nic_buffer *)0)->frame) >= NET_FRAME_MAX, "buffer");

static l4_uint64_t dma(const struct nic *n, const void *p)
{
	return n->dma + ((const char *)p - (const char *)n->memory);
}

static void add(struct nic *n, struct nic_buffer *b)
{
	const struct vring_segment seg = { dma(n, b), sizeof(*b) };

	/* There are as many descriptors as buffers, so there is one. */
	vring_client_add(&n->ring[VIRTIO_NET_RX], &seg, 1, 0, b);
	n->kick[VIRTIO_NET_RX] = 1;
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
		add(n, &memory->queue[VIRTIO_NET_RX].buffer[i]);
	}
}

/* Take back what has been sent. Its interrupts are never asked for: the next frame looks. */
int nic_reclaim(struct nic *n)
{
	struct nic_buffer *first = n->memory->queue[VIRTIO_NET_TX].buffer;
	l4_uint32_t written;
	void *token;
	int got;

	while ((got = vring_client_get(&n->ring[VIRTIO_NET_TX], &token, &written)) > 0) {
		unsigned i = (struct nic_buffer *)token - first, left = n->pieces[i];

		for (; left--; i = n->piece[i])
			n->free[n->free_count++] = i;
		n->done++;
	}
	return got;
}

/* Bytes [from, from + bytes) of the frame into a buffer that is free; its number. */
static unsigned put(struct nic *n, const struct net_frame *f, unsigned from, unsigned bytes, struct vring_segment *seg)
{
	unsigned i = n->free[--n->free_count], skip = from ? 0 : sizeof(struct virtio_net_header);
	struct nic_buffer *b = &n->memory->queue[VIRTIO_NET_TX].buffer[i];

	memcpy((l4_uint8_t *)b + skip, f->data + from, bytes);
	*seg = (struct vring_segment){ dma(n, b), skip + bytes };
	return i;
}

int nic_send(struct nic *n, const struct net_frame *f)
{
	unsigned needed = (sizeof(struct virtio_net_header) + f->bytes + NIC_BUFFER_BYTES - 1) / NIC_BUFFER_BYTES;
	struct nic_buffer *buffers = n->memory->queue[VIRTIO_NET_TX].buffer;
	unsigned room = NIC_BUFFER_BYTES - sizeof(struct virtio_net_header), done = 0, count, first = 0, last = 0;
	struct vring_segment seg[NIC_PIECES_MAX];

	if (nic_reclaim(n))
		return -L4_EIO;
	if (n->free_count < needed || needed > NIC_PIECES_MAX)
		return -L4_EBUSY;
	for (count = 0; count < needed; count++, room = NIC_BUFFER_BYTES) {
		unsigned bytes = f->bytes - done < room ? f->bytes - done : room, i = put(n, f, done, bytes, &seg[count]);

		if (count)
			n->piece[last] = i;
		else
			first = i;
		last = i;
		done += bytes;
	}
	buffers[first].header = net_frame_header(f);
	n->pieces[first] = needed;
	n->given++;
	/* There are as many descriptors as buffers, so there are enough. */
	vring_client_add(&n->ring[VIRTIO_NET_TX], seg, needed, needed, &buffers[first]);
	n->kick[VIRTIO_NET_TX] = 1;
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
			add(n, b);
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
