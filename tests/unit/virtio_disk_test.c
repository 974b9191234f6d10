// SPDX-License-Identifier: MIT
/*
 * The virtio disk driver's requests: what the device sees, and a device that reports anything.
 * sources: drivers/virtio_blk/disk.c l4re/lib/virtio/ring_client.c l4re/lib/virtio/ring_server.c
 * cflags: -Il4re/include -iquote drivers/virtio_blk
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <l4/sys/err.h>

#include "disk.h"
#include "support/random.h"

#define DMA 0x7000000UL
#define DATA 0x9000000UL

static struct disk disk;
static struct disk_memory *memory;
static struct block_request requests[BLOCK_REQUESTS_MAX];
static struct vring_server device;
static struct vring_chain chain;

static void check(int good, const char *name, const char *what)
{
	if (good)
		return;
	printf("not ok %s %s (seed %lu)\n", name, what, seed);
	exit(1);
}

/* The device sees the driver's memory at DMA; data is elsewhere, so its bounds are all addresses. */
static void start(void)
{
	const struct l4vio_queue q = {
		DISK_RING, 0, DMA + offsetof(struct disk_memory, desc), DMA + offsetof(struct disk_memory, avail),
		DMA + offsetof(struct disk_memory, used) };

	memset(memory, 0, sizeof(*memory));
	disk_init(&disk, memory, DMA, DISK_FEATURES_MUST, requests);
	check(!vring_server_init(&device, (char *)memory - DMA, DMA, 0x10000000UL, &q, DISK_FEATURES_MUST), "start", "queue");
}

static struct block_request *make(unsigned int i)
{
	static const enum virtio_blk_type types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_FLUSH,
						      VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES };
	struct block_request *r = &requests[i];

	memset(r, 0, sizeof(*r));
	r->type = types[random_below(5)];
	r->sector = random_below(1000);
	if (r->type == VIRTIO_BLK_T_DISCARD || r->type == VIRTIO_BLK_T_WRITE_ZEROES) {
		r->sectors = 1 + random_below(100);
	} else if (r->type != VIRTIO_BLK_T_FLUSH) {
		r->count = 1 + random_below(BLOCK_SEGS_MAX);
		for (unsigned int k = 0; k < r->count; k++) {
			r->seg[k] = (struct block_segment){ DATA + random_below(0x100000), NULL, 512 };
			r->bytes += 512;
		}
	}
	return r;
}

static const void *seen(unsigned int segment)
{
	return (char *)memory - DMA + chain.seg[segment].addr;
}

/* The device's view of a request. */
static void compare(const struct block_request *r)
{
	const struct virtio_blk_header *h = seen(0);
	const struct virtio_blk_range *range = seen(1);
	int data = r->type == VIRTIO_BLK_T_IN || r->type == VIRTIO_BLK_T_OUT;

	check(chain.seg[0].len == 16 && h->type == (unsigned int)r->type && h->sector == (data ? r->sector : 0), "requests", "header");
	check(chain.seg[chain.count - 1].len == 1 && chain.readable < chain.count, "requests", "status");
	if (data) {
		check(chain.count == r->count + 2, "requests", "segments");
		check(chain.readable == (r->type == VIRTIO_BLK_T_OUT ? chain.count - 1 : 1), "requests", "direction");
		for (unsigned int k = 0; k < r->count; k++)
			check(chain.seg[k + 1].addr == r->seg[k].addr && chain.seg[k + 1].len == r->seg[k].len, "requests", "segment");
	} else if (r->type != VIRTIO_BLK_T_FLUSH) {
		check(chain.count == 3 && chain.seg[1].len == 16, "requests", "range segment");
		check(range->sector == r->sector && range->sectors == r->sectors && !range->flags, "requests", "range");
	} else {
		check(chain.count == 2, "requests", "flush");
	}
}

static void requests_seen(void)
{
	enum virtio_blk_status status;
	struct block_request *r, *back;

	start();
	for (int i = 0; i < 20000; i++) {
		unsigned int answer = random_below(4), cut;

		r = make(random_below(BLOCK_REQUESTS_MAX));
		disk_submit(&disk, r);
		check(disk_should_kick(&disk) && !disk_should_kick(&disk), "requests", "kick");
		check(vring_server_take(&device, &chain) == 1, "requests", "take");
		compare(r);
		*(l4_uint8_t *)seen(chain.count - 1) = answer == 3 ? 77 : answer;
		cut = r->type == VIRTIO_BLK_T_IN && random_below(8) == 0;
		vring_server_use(&device, chain.head, chain.write_bytes - cut);
		check(disk_next(&disk, &back, &status) == 1 && back == r, "requests", "back");
		check(status == (answer == 2 ? VIRTIO_BLK_S_UNSUPP : answer || cut ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK),
		      "requests", "outcome");
		check(disk_next(&disk, &back, &status) == 0, "requests", "no more");
	}
	printf("ok requests\n");
}

/* Used entries of all kinds: each request comes back at most once, or the device is found out. */
static void hostile(void)
{
	struct vring_used *used = (struct vring_used *)memory->used;
	unsigned int good = 0, refused = 0;

	for (int round = 0; round < 5000; round++) {
		static char out[BLOCK_REQUESTS_MAX];

		start();
		memset(out, 0, sizeof(out));
		for (unsigned int i = 0; i < 20; i++) {
			disk_submit(&disk, make(i));
			out[i] = 1;
		}
		for (int i = 0; i < 40; i++) {
			enum virtio_blk_status status;
			struct block_request *r;
			int got;

			used->ring[random_below(20)] = (struct vring_used_entry){
				random_below(16) ? random_below(20) : random_below(1000) * 4000037U,
				random_below(16) ? random_below(514) : ~0U };
			used->idx += random_below(30) ? random_below(2) : random_below(70);
			memory->slot[random_below(20)].status = random_below(3);
			((l4_uint8_t *)memory)[random_below(offsetof(struct disk_memory, used))] = random_below(256);
			got = disk_next(&disk, &r, &status);
			check(got == 0 || got == 1 || got == -L4_EIO, "hostile", "result");
			refused += got < 0;
			if (got < 0)
				break;
			if (!got)
				continue;
			good++;
			check(r >= requests && r < requests + 20 && out[r - requests], "hostile", "request");
			out[r - requests] = 0;
		}
	}
	check(good > 1000 && refused > 1000, "hostile", "one-sided");
	printf("ok hostile\n");
}

static void geometry(void)
{
	struct virtio_blk_config c = { .capacity = 1000, .size_max = 4096, .seg_max = 126, .blk_size = 512,
				       .max_discard_sectors = 8, .max_discard_seg = 1 };
	const l4_uint64_t all = DISK_FEATURES_WANT;
	struct block_geometry g;

	check(!disk_geometry(&c, all, &g) && g.sectors == 1000 && g.segs_max == BLOCK_SEGS_MAX && g.seg_bytes_max == 4096,
	      "geometry", "good");
	check((g.features & VIRTIO_BLK_F_DISCARD) && !(g.features & VIRTIO_BLK_F_WRITE_ZEROES), "geometry", "limits of 0");
	check(!disk_geometry(&c, DISK_FEATURES_MUST, &g) && g.segs_max == 1 && !g.seg_bytes_max && g.block_bytes == 512,
	      "geometry", "no features");
	c.blk_size = 1000;
	check(disk_geometry(&c, all, &g) == -L4_ENODEV, "geometry", "block size");
	c.blk_size = 0;
	check(disk_geometry(&c, all, &g) == -L4_ENODEV, "geometry", "no block size");
	c.blk_size = 4096;
	c.seg_max = 0;
	check(disk_geometry(&c, all, &g) == -L4_ENODEV, "geometry", "no segments");
	c.seg_max = 1;
	c.size_max = 100;
	check(disk_geometry(&c, all, &g) == -L4_ENODEV, "geometry", "small segments");
	c.size_max = 512;
	c.capacity = ~0UL;
	check(disk_geometry(&c, all, &g) == -L4_ENODEV, "geometry", "larger than numbers");
	c.capacity = 0;
	check(disk_geometry(&c, all, &g) == -L4_ENODEV, "geometry", "empty");
	printf("ok geometry\n");
}

int main(void)
{
	memory = aligned_alloc(4096, (sizeof(*memory) + 4095) & ~4095UL);
	geometry();
	requests_seen();
	hostile();
	free(memory);
	return 0;
}
