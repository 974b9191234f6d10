/* SPDX-License-Identifier: MIT */
/* Disks for native tasks. */
#include "../string.h"

#include <l4/sys/irq.h>
#include <l4/virtio/blk.h>

/* Behind the page: rings, then slots, then the data of all requests. */
#define RING_SIZE 128 /* at most three descriptors for each of L4BLK_REQUESTS_MAX */
#define DATA_MAX 0x20000U

struct l4blk_slot {
	struct virtio_blk_header header;
	struct virtio_blk_range range;
	l4_uint8_t status, unused[31];
};

struct rings {
	struct vring_desc desc[RING_SIZE];
	l4_uint8_t avail[sizeof(struct vring_avail) + 2 * RING_SIZE + 2] __attribute__((aligned(16)));
	l4_uint8_t used[sizeof(struct vring_used) + 8 * RING_SIZE + 2] __attribute__((aligned(16)));
	struct l4blk_slot slot[L4BLK_REQUESTS_MAX] __attribute__((aligned(64)));
};
_Static_assert(L4VIO_PAGE_BYTES + sizeof(struct rings) + L4_PAGESIZE <= L4VIO_WINDOW_MIN, "window");

static l4_uint64_t address(const struct l4blk *d, const void *p)
{
	return (const char *)p - (const char *)d->vio.page;
}

static l4_uint32_t smaller(l4_uint32_t a, l4_uint64_t b)
{
	return a < b ? a : b;
}

/* As many requests as have a page of data each. */
static void divide(struct l4blk *d, struct rings *rings)
{
	char *data = (char *)l4_round_page((l4_addr_t)(rings + 1));
	l4_uint64_t left = (char *)d->vio.page + d->vio.bytes - data;
	l4_uint32_t room;
	unsigned i;

	d->requests = smaller(L4BLK_REQUESTS_MAX, left / L4_PAGESIZE);
	room = smaller(DATA_MAX, l4_trunc_page(left / d->requests));
	if (d->vio.features & VIRTIO_BLK_F_SIZE_MAX)
		room = smaller(room, d->config.size_max & ~(VIRTIO_BLK_SECTOR - 1));
	d->free = 0;
	for (i = d->requests; i--;) {
		d->request[i] = (struct l4blk_request){ .data = data + (l4_size_t)i * room, .room = room,
							.slot = &rings->slot[i], .next = d->free };
		d->free = &d->request[i];
	}
}

long l4blk_open(struct l4blk *d, const char *service)
{
	const l4_uint64_t want = L4VIO_F_EVENT_IDX | VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_FLUSH |
				 VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES;
	struct rings *rings;
	long err = l4vio_client_open(&d->vio, service);

	if (err >= 0)
		err = l4vio_client_negotiate(&d->vio, VIRTIO_ID_BLOCK, want);
	if (err < 0)
		return err;
	l4vio_client_config(&d->vio, 0, &d->config, sizeof(d->config));
	rings = (struct rings *)((char *)d->vio.page + L4VIO_PAGE_BYTES);
	memset(rings, 0, sizeof(*rings));
	divide(d, rings);
	vring_client_init(&d->ring, rings->desc, rings->avail, rings->used, RING_SIZE, d->vio.features);
	l4vio_client_queue(&d->vio, 0, RING_SIZE, rings->desc, rings->avail, rings->used);
	return l4vio_client_run(&d->vio);
}

struct l4blk_request *l4blk_get(struct l4blk *d)
{
	struct l4blk_request *r = d->free;

	if (r)
		d->free = r->next;
	return r;
}

void l4blk_put(struct l4blk *d, struct l4blk_request *r)
{
	r->next = d->free;
	d->free = r;
}

/* The data of a request as a segment; none of a flush. */
static struct vring_segment data_of(const struct l4blk *d, const struct l4blk_request *r)
{
	switch (r->type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		return (struct vring_segment){ address(d, r->data), r->bytes };
	case VIRTIO_BLK_T_GET_ID:
		return (struct vring_segment){ address(d, r->data), VIRTIO_BLK_ID_BYTES };
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		return (struct vring_segment){ address(d, &r->slot->range), sizeof(r->slot->range) };
	default:
		return (struct vring_segment){ 0, 0 };
	}
}

long l4blk_submit(struct l4blk *d, struct l4blk_request *r)
{
	int in = r->type == VIRTIO_BLK_T_IN || r->type == VIRTIO_BLK_T_GET_ID;
	struct vring_segment seg[3], data = data_of(d, r);
	unsigned n = 0;

	if (data.len > r->room || ((r->type == VIRTIO_BLK_T_IN || r->type == VIRTIO_BLK_T_OUT) && !r->bytes))
		return -L4_EINVAL;
	r->slot->header = (struct virtio_blk_header){ .type = r->type, .sector = r->sector };
	r->slot->range = (struct virtio_blk_range){ r->sector, r->sectors, r->flags };
	r->slot->status = 0xff;
	seg[n++] = (struct vring_segment){ address(d, &r->slot->header), sizeof(r->slot->header) };
	if (data.len)
		seg[n++] = data;
	seg[n++] = (struct vring_segment){ address(d, &r->slot->status), 1 };
	/* There are descriptors for all requests. */
	vring_client_add(&d->ring, seg, n, in ? 1 : n - 1, r);
	if (vring_client_should_kick(&d->ring))
		l4_irq_trigger(d->vio.kick);
	return 0;
}

static long result(const struct l4blk_request *r)
{
	switch (__atomic_load_n(&r->slot->status, __ATOMIC_RELAXED)) {
	case VIRTIO_BLK_S_OK: return 0;
	case VIRTIO_BLK_S_UNSUPP: return -L4_ENOSYS;
	default: return -L4_EIO;
	}
}

struct l4blk_request *l4blk_wait(struct l4blk *d, long *error)
{
	struct l4blk_request *r;
	l4_uint32_t written;
	void *token;
	int got;

	*error = 0;
	for (;;) {
		got = vring_client_get(&d->ring, &token, &written);
		if (got > 0)
			break;
		if (!got && d->ring.free_count == RING_SIZE)
			return 0;
		if (!got && vring_client_arm(&d->ring))
			continue;
		*error = got < 0 ? got : l4vio_client_wait(&d->vio);
		if (*error)
			return 0;
	}
	r = token;
	r->result = result(r);
	return r;
}

/* One request without data, to its end. */
static long simple(struct l4blk *d, enum virtio_blk_type type, l4_uint64_t sector, l4_uint32_t sectors, l4_uint32_t flags)
{
	struct l4blk_request *r = l4blk_get(d);
	long err;

	if (!r)
		return -L4_EBUSY;
	r->type = type;
	r->sector = sector;
	r->sectors = sectors;
	r->flags = flags;
	err = l4blk_submit(d, r);
	if (!err && !l4blk_wait(d, &err))
		return err;
	err = err ? err : r->result;
	l4blk_put(d, r);
	return err;
}

long l4blk_flush(struct l4blk *d)
{
	return simple(d, VIRTIO_BLK_T_FLUSH, 0, 0, 0);
}

long l4blk_discard(struct l4blk *d, l4_uint64_t sector, l4_uint32_t sectors)
{
	return simple(d, VIRTIO_BLK_T_DISCARD, sector, sectors, 0);
}

long l4blk_write_zeroes(struct l4blk *d, l4_uint64_t sector, l4_uint32_t sectors, l4_uint32_t flags)
{
	return simple(d, VIRTIO_BLK_T_WRITE_ZEROES, sector, sectors, flags);
}

/* Take a request back that l4blk_read() or l4blk_write() sent. */
static long finish(struct l4blk *d)
{
	struct l4blk_request *r;
	long err;

	r = l4blk_wait(d, &err);
	if (!r)
		return err;
	err = r->result;
	if (!err && r->type == VIRTIO_BLK_T_IN)
		memcpy(r->user, r->data, r->bytes);
	l4blk_put(d, r);
	return err;
}

static long transfer(struct l4blk *d, enum virtio_blk_type type, l4_uint64_t sector, char *buffer, l4_size_t bytes)
{
	long err = 0, e;
	struct l4blk_request *r;
	unsigned out = 0;

	if (bytes % VIRTIO_BLK_SECTOR)
		return -L4_EINVAL;
	while (bytes || out) {
		r = bytes && !err ? l4blk_get(d) : 0;
		if (!r) {
			if (!out)
				return err ? err : -L4_EBUSY;
			e = finish(d);
			err = err ? err : e;
			out--;
			continue;
		}
		r->type = type;
		r->sector = sector;
		r->bytes = smaller(r->room, bytes);
		r->user = buffer;
		if (type == VIRTIO_BLK_T_OUT)
			memcpy(r->data, buffer, r->bytes);
		l4blk_submit(d, r);
		sector += r->bytes / VIRTIO_BLK_SECTOR;
		buffer += r->bytes;
		bytes -= r->bytes;
		out++;
	}
	return err;
}

long l4blk_read(struct l4blk *d, l4_uint64_t sector, void *to, l4_size_t bytes)
{
	return transfer(d, VIRTIO_BLK_T_IN, sector, to, bytes);
}

long l4blk_write(struct l4blk *d, l4_uint64_t sector, const void *from, l4_size_t bytes)
{
	return transfer(d, VIRTIO_BLK_T_OUT, sector, (char *)from, bytes);
}
