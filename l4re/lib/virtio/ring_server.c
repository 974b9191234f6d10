/* SPDX-License-Identifier: MIT */
/* Split rings, the device's end: everything in them is the client's to change at any time. */
#include <l4/virtio/ring.h>
#include <l4/sys/err.h>

/* One read of a shared field. */
#define READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

static l4_uint16_t *used_event(const struct vring_server *r)
{
	return &r->avail->ring[r->size];
}

static l4_uint16_t *avail_event(const struct vring_server *r)
{
	return (l4_uint16_t *)&r->used->ring[r->size];
}

static int inside(const struct vring_server *r, l4_uint64_t addr, l4_uint64_t len)
{
	l4_uint64_t first = r->first, end = r->bytes;

	if (addr >= L4VIO_MEMORY) {
		first = L4VIO_MEMORY;
		end = L4VIO_MEMORY + r->memory_bytes;
	}
	return len && addr >= first && addr <= end && len <= end - addr;
}

static int queue_ok(const struct vring_server *r, const struct l4vio_queue *q)
{
	return q->size && q->size <= VRING_SIZE_MAX && !(q->size & (q->size - 1)) && !(q->desc & 15) &&
	       !(q->avail & 1) && !(q->used & 3) && inside(r, q->desc, vring_desc_bytes(q->size)) &&
	       inside(r, q->avail, vring_avail_bytes(q->size)) && inside(r, q->used, vring_used_bytes(q->size));
}

int vring_server_init(struct vring_server *r, char *window, l4_uint64_t first, l4_uint64_t bytes,
		      const struct l4vio_queue *q, l4_uint64_t features)
{
	*r = (struct vring_server){ .window = window, .first = first, .bytes = bytes, .size = q->size,
				    .features = features };
	if (!queue_ok(r, q))
		return -L4_EINVAL;
	r->desc = (struct vring_desc *)(window + q->desc);
	r->avail = (struct vring_avail *)(window + q->avail);
	r->used = (struct vring_used *)(window + q->used);
	r->next_used = r->next_avail = r->signalled = READ(r->used->idx);
	return 0;
}

/* A descriptor by value: what is checked is what is used. */
static struct vring_desc desc_read(const struct vring_desc *d)
{
	return (struct vring_desc){ READ(d->addr), READ(d->len), READ(d->flags), READ(d->next) };
}

static int add_segment(const struct vring_server *r, struct vring_chain *c, const struct vring_desc *d)
{
	int writable = d->flags & VRING_DESC_WRITE;

	if (!inside(r, d->addr, d->len) || c->count == r->size || (!writable && c->readable < c->count))
		return -L4_EIO;
	c->seg[c->count++] = (struct vring_segment){ d->addr, d->len };
	if (writable) {
		c->write_bytes += d->len;
	} else {
		c->readable = c->count;
		c->read_bytes += d->len;
	}
	return 0;
}

/* All segments of a table, from `at` on. That no chain is longer than the queue also ends loops. */
static int walk(const struct vring_server *r, struct vring_chain *c, const struct vring_desc *table, unsigned entries,
		unsigned at)
{
	struct vring_desc d;
	int err;

	do {
		if (at >= entries)
			return -L4_EIO;
		d = desc_read(&table[at]);
		if (d.flags & VRING_DESC_INDIRECT)
			return -L4_EIO;
		err = add_segment(r, c, &d);
		if (err)
			return err;
		at = d.next;
	} while (d.flags & VRING_DESC_NEXT);
	return 1;
}

static int walk_indirect(const struct vring_server *r, struct vring_chain *c, const struct vring_desc *d)
{
	if (!(r->features & L4VIO_F_INDIRECT_DESC) || (d->flags & VRING_DESC_NEXT) || (d->addr & 15) ||
	    d->len % sizeof(*d) || !inside(r, d->addr, d->len))
		return -L4_EIO;
	return walk(r, c, (const struct vring_desc *)vring_server_ptr(r, d->addr), d->len / sizeof(*d), 0);
}

/* How many buffers wait to be taken; more than the queue holds is a lie. */
static int waiting(const struct vring_server *r)
{
	l4_uint16_t idx = __atomic_load_n(&r->avail->idx, __ATOMIC_ACQUIRE);
	l4_uint16_t n = idx - r->next_avail;

	return (l4_uint16_t)(idx - r->next_used) > r->size || n > r->size ? -L4_EIO : n;
}

int vring_server_take(struct vring_server *r, struct vring_chain *c)
{
	int n = waiting(r);
	struct vring_desc d;

	if (n <= 0)
		return n;
	c->head = READ(r->avail->ring[r->next_avail & (r->size - 1)]);
	c->count = c->readable = 0;
	c->read_bytes = c->write_bytes = 0;
	if (c->head >= r->size)
		return -L4_EIO;
	d = desc_read(&r->desc[c->head]);
	n = d.flags & VRING_DESC_INDIRECT ? walk_indirect(r, c, &d) : walk(r, c, r->desc, r->size, c->head);
	if (n > 0)
		r->next_avail++;
	return n;
}

int vring_server_arm(struct vring_server *r)
{
	if (r->features & L4VIO_F_EVENT_IDX)
		__atomic_store_n(avail_event(r), r->next_avail, __ATOMIC_RELAXED);
	/* The other end stores its index, then looks at the event: one of the two sees the other. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return waiting(r) != 0;
}

void vring_server_untake(struct vring_server *r, unsigned n)
{
	r->next_avail -= n;
}

void vring_server_use_all(struct vring_server *r, const struct vring_used_entry *e, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++, r->next_used++) {
		struct vring_used_entry *to = &r->used->ring[r->next_used & (r->size - 1)];

		__atomic_store_n(&to->id, e[i].id, __ATOMIC_RELAXED);
		__atomic_store_n(&to->len, e[i].len, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&r->used->idx, r->next_used, __ATOMIC_RELEASE);
}

void vring_server_use(struct vring_server *r, l4_uint16_t head, l4_uint32_t written)
{
	vring_server_use_all(r, &(struct vring_used_entry){ head, written }, 1);
}

int vring_server_should_notify(struct vring_server *r)
{
	l4_uint16_t old = r->signalled;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	r->signalled = r->next_used;
	if (r->features & L4VIO_F_EVENT_IDX)
		return vring_need_event(READ(*used_event(r)), r->next_used, old);
	return !(READ(r->avail->flags) & VRING_AVAIL_NO_INTERRUPT);
}
