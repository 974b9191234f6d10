/* SPDX-License-Identifier: MIT */
/*
 * From a client's chain to a request. The chain's segments are inside what it shares already; what they
 * contain may change at any time, so it is copied once, and the copy is checked.
 */
#include "block.h"
#include "../../l4re/lib/string.h"

#include <l4/sys/err.h>

/* Position in the readable or writable part of a chain. */
struct cursor {
	const struct vring_chain *chain;
	unsigned at, end;        /* segments */
	l4_uint32_t offset;      /* into the first of them */
};

static char *local(const struct block_session *s, l4_uint64_t addr)
{
	return addr < L4VIO_MEMORY ? (char *)s->vio.page + addr : s->vio.memory + (addr - L4VIO_MEMORY);
}

static l4_uint32_t piece(const struct cursor *c, l4_uint64_t want)
{
	l4_uint32_t left = c->chain->seg[c->at].len - c->offset;

	return want < left ? want : left;
}

static void advance(struct cursor *c, l4_uint32_t bytes)
{
	c->offset += bytes;
	if (c->offset == c->chain->seg[c->at].len) {
		c->at++;
		c->offset = 0;
	}
}

/* The part has been checked to be long enough. */
static void copy(const struct block_session *s, struct cursor *c, char *mine, l4_size_t bytes, int to_client)
{
	while (bytes) {
		l4_uint32_t n = piece(c, bytes);
		char *theirs = local(s, c->chain->seg[c->at].addr + c->offset);

		if (to_client)
			memcpy(theirs, mine, n);
		else
			memcpy(mine, theirs, n);
		mine += n;
		bytes -= n;
		advance(c, n);
	}
}

/* The piece in which a bus address is: there is one, or the segment would have been refused. */
static const struct block_piece *piece_of(const struct block_session *s, l4_uint64_t addr)
{
	unsigned i = s->pieces - 1;

	while (i && s->piece[i].bus > addr)
		i--;
	return &s->piece[i];
}

/* The next r->bytes as segments for the device; nonzero if it does not take so many or such long ones. */
static int gather(const struct block_session *s, struct cursor *c, struct block_request *r)
{
	const struct block_geometry *g = &s->service->geometry;
	l4_uint64_t left = r->bytes;

	r->count = 0;
	while (left) {
		l4_uint64_t addr = c->chain->seg[c->at].addr + c->offset;
		const struct block_piece *p = piece_of(s, addr);
		l4_uint64_t in_piece = p->bus + p->bytes - addr;
		l4_uint32_t n = piece(c, left < in_piece ? left : in_piece);

		if (r->count == g->segs_max || (g->seg_bytes_max && n > g->seg_bytes_max))
			return -1;
		r->seg[r->count++] = (struct block_segment){ p->dma + (addr - p->bus), local(s, addr), n };
		left -= n;
		advance(c, n);
	}
	return 0;
}

static int range_ok(const struct block_session *s, l4_uint64_t sector, l4_uint64_t sectors)
{
	return sectors && sector <= s->range.sectors && sectors <= s->range.sectors - sector;
}

/* Whether the device can do it without touching what is beside it. */
static int unit_ok(const struct block_session *s, l4_uint64_t sector, l4_uint64_t sectors)
{
	return !((sector | sectors) & (s->service->geometry.unit_bytes / VIRTIO_BLK_SECTOR - 1));
}

static int refuse(struct block_request *r, enum virtio_blk_status status)
{
	r->status = status;
	return 0;
}

static int decode_data(const struct block_session *s, struct cursor *c, struct block_request *r)
{
	/* Segments may overlap; nobody needs that, and it would keep the device from others for as long as one likes. */
	if (r->bytes % VIRTIO_BLK_SECTOR || r->bytes > s->bytes_max || !range_ok(s, r->sector, r->bytes / VIRTIO_BLK_SECTOR) ||
	    !unit_ok(s, r->sector, r->bytes / VIRTIO_BLK_SECTOR) || gather(s, c, r))
		return refuse(r, VIRTIO_BLK_S_IOERR);
	r->sector += s->range.first;
	return 1;
}

static int decode_range(const struct block_session *s, struct cursor *c, struct block_request *r)
{
	const struct block_geometry *g = &s->service->geometry;
	int zeroes = r->type == VIRTIO_BLK_T_WRITE_ZEROES;
	struct virtio_blk_range range;

	if (!(g->features & (zeroes ? VIRTIO_BLK_F_WRITE_ZEROES : VIRTIO_BLK_F_DISCARD)))
		return refuse(r, VIRTIO_BLK_S_UNSUPP);
	if (r->bytes != sizeof(range))
		return refuse(r, VIRTIO_BLK_S_IOERR);
	copy(s, c, (char *)&range, sizeof(range), 0);
	/* Section 5.2.6.2: only write zeroes may have a flag, and only this one. */
	if (range.flags & ~(zeroes ? VIRTIO_BLK_UNMAP : 0U))
		return refuse(r, VIRTIO_BLK_S_UNSUPP);
	if (!range_ok(s, range.sector, range.sectors) || !unit_ok(s, range.sector, range.sectors) ||
	    range.sectors > (zeroes ? g->write_zeroes_max : g->discard_max))
		return refuse(r, VIRTIO_BLK_S_IOERR);
	r->sector = s->range.first + range.sector;
	r->sectors = range.sectors;
	r->flags = range.flags;
	return 1;
}

static int decode_id(const struct block_session *s, struct cursor *c, struct block_request *r)
{
	char id[VIRTIO_BLK_ID_BYTES];

	memcpy(id, s->name, sizeof(id));
	copy(s, c, id, r->bytes < sizeof(id) ? r->bytes : sizeof(id), 1);
	return refuse(r, VIRTIO_BLK_S_OK);
}

static int writes(enum virtio_blk_type type)
{
	return type == VIRTIO_BLK_T_OUT || type == VIRTIO_BLK_T_DISCARD || type == VIRTIO_BLK_T_WRITE_ZEROES;
}

static int decode_type(const struct block_session *s, const struct vring_chain *c, struct cursor *out, struct cursor *in,
		       struct block_request *r)
{
	if (writes(r->type) && s->read_only)
		return refuse(r, VIRTIO_BLK_S_IOERR);
	r->bytes = c->read_bytes - sizeof(struct virtio_blk_header);
	switch (r->type) {
	case VIRTIO_BLK_T_OUT:
		return decode_data(s, out, r);
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return decode_range(s, out, r);
	case VIRTIO_BLK_T_IN:
		r->bytes = c->write_bytes - 1;
		return decode_data(s, in, r);
	case VIRTIO_BLK_T_GET_ID:
		r->bytes = c->write_bytes - 1;
		return decode_id(s, in, r);
	case VIRTIO_BLK_T_FLUSH:
		/* A device without a cache has nothing to do. */
		return s->service->geometry.features & VIRTIO_BLK_F_FLUSH ? 1 : refuse(r, VIRTIO_BLK_S_OK);
	default:
		return refuse(r, VIRTIO_BLK_S_UNSUPP);
	}
}

int block_decode(const struct block_session *s, const struct vring_chain *c, struct block_request *r)
{
	struct cursor out = { c, 0, c->readable, 0 }, in = { c, c->readable, c->count, 0 };
	const struct vring_segment *last = &c->seg[c->count - 1];
	struct virtio_blk_header h;

	if (c->read_bytes < sizeof(h) || !c->write_bytes)
		return -L4_EIO;
	copy(s, &out, (char *)&h, sizeof(h), 0);
	r->head = c->head;
	r->status_at = last->addr + last->len - 1;
	r->written = c->write_bytes < ~0U ? c->write_bytes : ~0U;
	r->type = h.type;
	r->sector = h.sector;
	r->sectors = r->flags = r->count = 0;
	return decode_type(s, c, &out, &in, r);
}
