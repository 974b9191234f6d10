/* SPDX-License-Identifier: MIT */
/* Split rings, the driver's end: what is outstanding is known from private tables alone. */
#include <l4/virtio/ring.h>
#include <l4/sys/err.h>

#define READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define WRITE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

static l4_uint16_t *used_event(const struct vring_client *r)
{
	return &r->avail->ring[r->size];
}

static l4_uint16_t *avail_event(const struct vring_client *r)
{
	return (l4_uint16_t *)&r->used->ring[r->size];
}

void vring_client_init(struct vring_client *r, void *desc, void *avail, void *used, unsigned size, l4_uint64_t features)
{
	unsigned i;

	*r = (struct vring_client){ .desc = desc, .avail = avail, .used = used, .size = size, .features = features,
				    .free_count = size };
	for (i = 0; i < size; i++)
		r->next[i] = i + 1;
}

/* A descriptor off the free list, filled. */
static l4_uint16_t take(struct vring_client *r, l4_uint64_t addr, l4_uint32_t len, unsigned flags)
{
	l4_uint16_t n = r->free;

	r->free = r->next[n];
	r->free_count--;
	WRITE(r->desc[n].addr, addr);
	WRITE(r->desc[n].len, len);
	WRITE(r->desc[n].flags, flags);
	WRITE(r->desc[n].next, r->free);
	return n;
}

static void publish(struct vring_client *r, l4_uint16_t head, unsigned count, l4_uint32_t writable, void *token)
{
	r->head[head] = (struct vring_head){ token, writable, count };
	WRITE(r->avail->ring[r->next_avail & (r->size - 1)], head);
	r->next_avail++;
	__atomic_store_n(&r->avail->idx, r->next_avail, __ATOMIC_RELEASE);
}

int vring_client_add(struct vring_client *r, const struct vring_segment *seg, unsigned count, unsigned readable, void *token)
{
	l4_uint16_t head = r->free;
	l4_uint32_t writable = 0;
	unsigned i;

	if (!count || count > r->free_count)
		return -L4_ENOMEM;
	for (i = 0; i < count; i++) {
		unsigned flags = i < readable ? 0 : VRING_DESC_WRITE;

		/* Free descriptors are linked, so those taken one after the other are a chain. */
		take(r, seg[i].addr, seg[i].len, flags | (i + 1 < count ? VRING_DESC_NEXT : 0));
		writable += flags ? seg[i].len : 0;
	}
	publish(r, head, count, writable, token);
	return 0;
}

int vring_client_add_indirect(struct vring_client *r, l4_uint64_t table, unsigned count, l4_uint32_t writable, void *token)
{
	if (!r->free_count)
		return -L4_ENOMEM;
	publish(r, take(r, table, count * sizeof(struct vring_desc), VRING_DESC_INDIRECT), 1, writable, token);
	return 0;
}

int vring_client_should_kick(struct vring_client *r)
{
	l4_uint16_t old = r->kicked;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	r->kicked = r->next_avail;
	if (r->features & L4VIO_F_EVENT_IDX)
		return vring_need_event(READ(*avail_event(r)), r->next_avail, old);
	return !(READ(r->used->flags) & VRING_USED_NO_NOTIFY);
}

/* Back to the free list, in the order of the chain. */
static void release(struct vring_client *r, l4_uint16_t head)
{
	unsigned count = r->head[head].count, i;
	l4_uint16_t last = head;

	for (i = 1; i < count; i++)
		last = r->next[last];
	r->next[last] = r->free;
	r->free = head;
	r->free_count += count;
	r->head[head].token = 0;
}

int vring_client_get(struct vring_client *r, void **token, l4_uint32_t *written)
{
	l4_uint16_t idx = __atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE);
	struct vring_used_entry *e = &r->used->ring[r->next_used & (r->size - 1)];
	l4_uint32_t id, len;

	if (idx == r->next_used)
		return 0;
	if ((l4_uint16_t)(idx - r->next_used) > (l4_uint16_t)(r->next_avail - r->next_used))
		return -L4_EIO;
	id = READ(e->id);
	len = READ(e->len);
	if (id >= r->size || !r->head[id].token || len > r->head[id].writable)
		return -L4_EIO;
	*token = r->head[id].token;
	*written = len;
	r->next_used++;
	release(r, id);
	return 1;
}

int vring_client_arm(struct vring_client *r)
{
	if (r->features & L4VIO_F_EVENT_IDX)
		WRITE(*used_event(r), r->next_used);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE) != r->next_used;
}
