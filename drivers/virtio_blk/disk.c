/* SPDX-License-Identifier: MIT */
/* Requests of the block service as buffers of a virtio disk. */
#include "disk.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

_Static_assert(DISK_RING >= BLOCK_REQUESTS_MAX && DISK_RING >= BLOCK_SEGS_MAX + 2, "ring");
_Static_assert(sizeof(((struct disk_memory *)0)->avail) >= sizeof(struct vring_avail) + 2 * DISK_RING + 2, "ring");
_Static_assert(sizeof(((struct disk_memory *)0)->used) >= sizeof(struct vring_used) + 8 * DISK_RING + 2, "ring");

static l4_uint32_t at_most(l4_uint32_t n, l4_uint32_t max)
{
	return n < max ? n : max;
}

int disk_geometry(const struct virtio_blk_config *c, l4_uint64_t features, struct block_geometry *g)
{
	memset(g, 0, sizeof(*g));
	g->sectors = c->capacity;
	g->block_bytes = features & VIRTIO_BLK_F_BLK_SIZE ? c->blk_size : VIRTIO_BLK_SECTOR;
	g->unit_bytes = VIRTIO_BLK_SECTOR;
	g->segs_max = features & VIRTIO_BLK_F_SEG_MAX ? at_most(c->seg_max, BLOCK_SEGS_MAX) : 1;
	g->seg_bytes_max = features & VIRTIO_BLK_F_SIZE_MAX ? c->size_max : 0;
	g->features = features & (VIRTIO_BLK_F_RO | VIRTIO_BLK_F_FLUSH);
	/* One range a request is all that clients are told of. */
	if ((features & VIRTIO_BLK_F_DISCARD) && c->max_discard_seg && c->max_discard_sectors) {
		g->features |= VIRTIO_BLK_F_DISCARD;
		g->discard_max = c->max_discard_sectors;
	}
	if ((features & VIRTIO_BLK_F_WRITE_ZEROES) && c->max_write_zeroes_seg && c->max_write_zeroes_sectors) {
		g->features |= VIRTIO_BLK_F_WRITE_ZEROES;
		g->write_zeroes_max = c->max_write_zeroes_sectors;
		g->write_zeroes_unmap = c->write_zeroes_may_unmap;
	}
	if (!g->sectors || g->sectors >> 54 || !g->segs_max || g->block_bytes < VIRTIO_BLK_SECTOR ||
	    (g->block_bytes & (g->block_bytes - 1)) || g->block_bytes > 1U << 20 ||
	    ((features & VIRTIO_BLK_F_SIZE_MAX) && g->seg_bytes_max < VIRTIO_BLK_SECTOR))
		return -L4_ENODEV;
	return 0;
}

void disk_init(struct disk *d, struct disk_memory *memory, l4_uint64_t dma, l4_uint64_t features,
	       const struct block_request *first_request)
{
	*d = (struct disk){ .memory = memory, .dma = dma, .first_request = first_request };
	vring_client_init(&d->ring, memory->desc, memory->avail, memory->used, DISK_RING, features);
	vring_client_arm(&d->ring);
}

static l4_uint64_t dma(const struct disk *d, const void *p)
{
	return d->dma + ((const char *)p - (const char *)d->memory);
}

static struct disk_slot *slot_of(const struct disk *d, const struct block_request *r)
{
	return &d->memory->slot[r - d->first_request];
}

/* Append one entry to the slot's table. */
static unsigned append(struct disk_slot *s, unsigned n, l4_uint64_t addr, l4_uint32_t len, unsigned flags)
{
	s->table[n] = (struct vring_desc){ addr, len, flags | VRING_DESC_NEXT, n + 1 };
	return n + 1;
}

void disk_submit(struct disk *d, struct block_request *r)
{
	struct disk_slot *s = slot_of(d, r);
	unsigned n, i, in = r->type == VIRTIO_BLK_T_IN ? VRING_DESC_WRITE : 0;

	s->header = (struct virtio_blk_header){ .type = r->type, .sector = r->sector };
	s->status = 0xff;
	n = append(s, 0, dma(d, &s->header), sizeof(s->header), 0);
	if (r->type == VIRTIO_BLK_T_FLUSH) {
		s->header.sector = 0;
	} else if (r->type == VIRTIO_BLK_T_DISCARD || r->type == VIRTIO_BLK_T_WRITE_ZEROES) {
		s->header.sector = 0;
		s->range = (struct virtio_blk_range){ r->sector, r->sectors, r->flags };
		n = append(s, n, dma(d, &s->range), sizeof(s->range), 0);
	} else {
		for (i = 0; i < r->count; i++)
			n = append(s, n, r->seg[i].addr, r->seg[i].len, in);
	}
	n = append(s, n, dma(d, &s->status), 1, VRING_DESC_WRITE);
	s->table[n - 1].flags &= ~VRING_DESC_NEXT;
	/* There are as many descriptors as requests, so there is one. */
	vring_client_add_indirect(&d->ring, dma(d, s->table), n, (in ? r->bytes : 0) + 1, r);
	d->kick = 1;
}

int disk_should_kick(struct disk *d)
{
	int kick = d->kick && vring_client_should_kick(&d->ring);

	d->kick = 0;
	return kick;
}

/* What it wrote must be what it says it did, or a client would be told of data that is not there. */
static enum virtio_blk_status outcome(const struct disk *d, const struct block_request *r, l4_uint32_t written)
{
	l4_uint8_t status = __atomic_load_n(&slot_of(d, r)->status, __ATOMIC_RELAXED);

	if (status == VIRTIO_BLK_S_UNSUPP)
		return VIRTIO_BLK_S_UNSUPP;
	if (status != VIRTIO_BLK_S_OK || written < (r->type == VIRTIO_BLK_T_IN ? r->bytes : 0) + 1)
		return VIRTIO_BLK_S_IOERR;
	return VIRTIO_BLK_S_OK;
}

int disk_next(struct disk *d, struct block_request **r, enum virtio_blk_status *status)
{
	l4_uint32_t written;
	void *token;
	int got;

	do
		got = vring_client_get(&d->ring, &token, &written);
	while (!got && vring_client_arm(&d->ring));
	if (got <= 0)
		return got;
	*r = token;
	*status = outcome(d, *r, written);
	return 1;
}
