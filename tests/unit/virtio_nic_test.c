// SPDX-License-Identifier: MIT
/*
 * The virtio network driver's rings: what the device sees, and a device that reports anything.
 * sources: drivers/virtio_net/nic.c l4re/lib/virtio/ring_client.c l4re/lib/virtio/ring_server.c
 * cflags: -Il4re/include -iquote drivers/virtio_net
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/err.h>

#include "nic.h"
#include "support/named.h"

#define DMA 0x7000000UL

static struct nic nic;
static struct nic_memory *memory;
static struct vring_server device[2];
static struct vring_chain chain;

/* The device sees the driver's memory at DMA and nothing else. */
static void start(l4_uint64_t features)
{
	memset(memory, 0, sizeof(*memory));
	nic_init(&nic, memory, DMA, features);
	for (unsigned int i = 0; i < 2; i++) {
		const l4_uint64_t at = DMA + i * sizeof(struct nic_queue);
		const struct l4vio_queue q = { NIC_RING, 0, at + offsetof(struct nic_queue, desc), at + offsetof(struct nic_queue, avail),
					       at + offsetof(struct nic_queue, used) };

		check(!vring_server_init(&device[i], (char *)memory - DMA, DMA, DMA + sizeof(*memory), &q, features), "queue");
	}
	check(nic_should_kick(&nic, 0) && !nic_should_kick(&nic, 0) && !nic_should_kick(&nic, 1), "first kicks");
}

static char *seen(l4_uint64_t addr) { return (char *)memory - DMA + addr; }

static unsigned char last[2048];
static unsigned int last_bytes, taken;

static void take(const void *frame, unsigned int bytes)
{
	memcpy(last, frame, bytes);
	last_bytes = bytes;
	taken++;
}

static void fill(unsigned char *to, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		to[i] = random_below(256);
}

static int send(const unsigned char *data, unsigned int bytes)
{
	return nic_send(&nic, &(struct net_frame){ .data = (unsigned char *)data, .bytes = bytes });
}

static void sending(l4_uint64_t features, const char *name)
{
	static unsigned char sent[NIC_RING][NET_FRAME_MAX];
	static unsigned int length[NIC_RING];
	unsigned int put = 0, done = 0;

	test = name;
	start(features);
	while (put < 100000) {
		if (random_below(2)) {
			const unsigned int n = put % NIC_RING;
			if (put - done == NIC_RING) {
				check(send(sent[0], 100) == -L4_EBUSY, "more than there are buffers");
				continue;
			}
			length[n] = 1 + random_below(NET_FRAME_MAX);
			fill(sent[n], 20);
			check(send(sent[n], length[n]) == 0, "send");
			put++;
		} else if (put != done) {
			unsigned int n = done % NIC_RING, most;

			check(vring_server_take(&device[1], &chain) == 1 && chain.count == 1 && chain.readable == 1, "chain");
			check(chain.seg[0].len == 12 + length[n], "length");
			most = length[n] < 20 ? length[n] : 20;
			check(!memcmp(seen(chain.seg[0].addr), "\0\0\0\0\0\0\0\0\0\0\0\0", 12), "header");
			check(!memcmp(seen(chain.seg[0].addr) + 12, sent[n], most), "data");
			vring_server_use(&device[1], chain.head, 0);
			done++;
		}
	}
	printf("ok %s\n", name);
}

/* Frames of all lengths, those with a checksum that is missing and large ones among them. */
static void large(void)
{
	static unsigned char sent[NIC_RING][NET_LARGE_MAX], got[NET_LARGE_MAX];
	static struct net_frame frames[NIC_RING];
	unsigned int put = 0, done = 0, busy = 0;

	test = "large";
	start(NIC_FEATURES_MUST | NIC_FEATURES_OFFLOAD);
	while (put < 3000) {
		struct net_frame *f = &frames[put % NIC_RING];
		const struct virtio_net_header *h;
		unsigned int bytes = 0;
		int err;

		*f = (struct net_frame){ .data = sent[put % NIC_RING], .bytes = 14 + random_below(random_below(2) ? 1500 : NET_LARGE_MAX - 13),
					 .partial = 1, .csum_start = 34, .csum_offset = 16 };
		if (f->bytes > NET_FRAME_MAX) {
			f->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
			f->gso_size = 1448;
			f->header_bytes = 66;
		}
		fill(f->data, f->bytes);
		err = nic_send(&nic, f);
		check(!err || err == -L4_EBUSY, "send");
		put += !err;
		busy += err != 0;
		for (unsigned int n = err ? 1 + random_below(put - done) : random_below(2); n && done != put; n--, done++, bytes = 0) {
			check(vring_server_take(&device[1], &chain) == 1 && chain.count == chain.readable, "chain");
			for (unsigned int i = 0; i < chain.count; bytes += chain.seg[i++].len)
				memcpy(got + bytes, seen(chain.seg[i].addr) + (i ? 0 : 12), chain.seg[i].len - (i ? 0 : 12)), bytes -= i ? 0 : 12;
			f = &frames[done % NIC_RING];
			h = (const struct virtio_net_header *)seen(chain.seg[0].addr);
			check(bytes == f->bytes && !memcmp(got, f->data, bytes), "data");
			check(h->flags == 1 && h->csum_start == 34 && h->csum_offset == 16 && h->gso_type == f->gso_type &&
			      h->gso_size == f->gso_size && h->hdr_len == f->header_bytes, "header");
			vring_server_use(&device[1], chain.head, 0);
		}
	}
	check(busy > 100, "never full");
	frames[0].bytes = NIC_PIECES_MAX * NIC_BUFFER_BYTES;
	check(nic_send(&nic, &frames[0]) == -L4_EBUSY, "longer than any");
	printf("ok large\n");
}

static void receiving(l4_uint64_t features, const char *name)
{
	static unsigned char frame[2048];

	test = name;
	start(features);
	for (int i = 0; i < 20000; i++) {
		unsigned int count = random_below(NIC_RING + 1), bytes = 0;

		for (unsigned int k = 0; k < count; k++) {
			check(vring_server_take(&device[0], &chain) == 1 && chain.count == 1 && !chain.readable, "chain");
			bytes = random_below(chain.seg[0].len - 11);
			fill(frame, 16);
			memcpy(seen(chain.seg[0].addr) + 12, frame, bytes);
			vring_server_use(&device[0], chain.head, 12 + bytes);
		}
		taken = 0;
		last_bytes = 0;
		check(!count || nic_receive(&nic, count, take) == 1, "some");
		check(nic_receive(&nic, 2 * NIC_RING, take) == 0, "no more");
		check(!count || !bytes || (last_bytes == bytes && !memcmp(last, frame, bytes)), "data");
		check(taken <= count, "count");
		check(!count || nic_should_kick(&nic, 0) || (features & L4VIO_F_EVENT_IDX), "kick");
	}
	printf("ok %s\n", name);
}

/* Used entries of all kinds: a frame is never longer than its buffer, or the device is found out. */
static void hostile(void)
{
	static unsigned char frame[100];
	unsigned int good = 0, refused = 0;

	test = "hostile";
	for (int round = 0; round < 5000; round++) {
		start(NIC_FEATURES_MUST);
		for (int i = 0; i < 20; i++)
			check(send(frame, sizeof(frame)) == 0, "send");
		for (int i = 0; i < 40; i++) {
			unsigned int q = random_below(2);
			struct vring_used *used = (struct vring_used *)memory->queue[q].used;
			int got;

			used->ring[random_below(NIC_RING)] = (struct vring_used_entry){ random_below(8) ? random_below(NIC_RING) : random_below(1UL << 31),
											 random_below(8) ? random_below(2100) : random_below(1UL << 31) };
			used->idx += random_below(10) ? random_below(3) : random_below(65536);
			taken = last_bytes = 0;
			got = random_below(2) ? nic_receive(&nic, 1 + random_below(200), take) : send(frame, sizeof(frame));
			check(last_bytes <= sizeof(memory->queue[0].buffer[0].frame), "a long frame");
			if (got == -L4_EIO) {
				refused++;
				break;
			}
			good++;
		}
	}
	check(good > 5000 && refused > 1000, "not hostile enough");
	printf("ok hostile\n");
}

int main(void)
{
	memory = aligned_alloc(4096, sizeof(*memory));
	sending(NIC_FEATURES_MUST, "sending");
	sending(NIC_FEATURES_MUST | L4VIO_F_EVENT_IDX, "sending_event_idx");
	large();
	receiving(NIC_FEATURES_MUST, "receiving");
	receiving(NIC_FEATURES_MUST | L4VIO_F_EVENT_IDX, "receiving_event_idx");
	hostile();
	free(memory);
	return 0;
}
