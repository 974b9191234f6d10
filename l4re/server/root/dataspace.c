/* SPDX-License-Identifier: MIT */
/* Dataspaces: memory that clients map, made of physical blocks. */
#include "root.h"
#include "../../lib/string.h"

#include <l4/re/c/mem_alloc.h>
#include <l4/sys/skerry.h>
#include <l4/sys/task.h>

/* A client can name this many receive windows. */
#define MAP_ITEMS (L4_UTCB_GENERIC_BUFFERS_SIZE / 2)

static unsigned chunk_order(const struct chunk *c)
{
	return c->pa_order & 0xfff;
}

static l4_uint64_t chunk_pa(const struct chunk *c)
{
	return c->pa_order & ~0xfffUL;
}

static void chunk_add(struct dataspace *ds, l4_uint64_t pa, unsigned order)
{
	ds->chunks[ds->chunk_count++].pa_order = pa | order;
}

static unsigned log2_floor(l4_uint64_t n)
{
	return 63 - __builtin_clzl(n);
}

/* One block that covers everything, the tail given back piece by piece. */
static int fill_continuous(struct dataspace *ds, unsigned align)
{
	unsigned order = log2_floor(ds->bytes);
	l4_uint64_t pa, left = ds->bytes;
	int fresh;

	if (ds->bytes & (ds->bytes - 1))
		order++;
	if (order < align)
		order = align;
	if (order > ALLOC_ORDER_MAX)
		return -L4_ENOMEM;
	pa = pages_alloc(order, &fresh);
	if (pa == ~0UL)
		return -L4_ENOMEM;
	while (left) {
		unsigned o = log2_floor(left);

		memset(window_ptr(pa), 0, 1UL << o);
		chunk_add(ds, pa, o);
		pa += 1UL << o;
		left -= 1UL << o;
	}
	left = (1UL << order) - ds->bytes;
	while (left) {
		unsigned o = __builtin_ctzl(pa);

		pages_free(pa, o);
		pa += 1UL << o;
		left -= 1UL << o;
	}
	return 0;
}

/* Blocks as large as there are, never growing: so that offsets stay aligned to block sizes. */
static int fill_chunks(struct dataspace *ds, unsigned long flags)
{
	unsigned max = ALLOC_ORDER_MAX;
	l4_uint64_t left = ds->bytes;
	int fresh;

	while (left) {
		unsigned order = log2_floor(left) < max ? log2_floor(left) : max;
		l4_uint64_t pa;

		while ((pa = pages_alloc(order, &fresh)) == ~0UL && order > L4_PAGESHIFT)
			order--;
		if (pa == ~0UL)
			return -L4_ENOMEM;
		if (!fresh || !(flags & L4RE_MA_FRESH))
			memset(window_ptr(pa), 0, 1UL << order);
		if (ds->chunk_count == CHUNKS_MAX) {
			pages_free(pa, order);
			return -L4_ENOMEM;
		}
		chunk_add(ds, pa, order);
		left -= 1UL << order;
		max = order;
	}
	return 0;
}

int dataspace_create(struct quota *q, l4_uint64_t bytes, unsigned long flags, unsigned align, struct dataspace **out)
{
	struct dataspace *ds;
	int err;

	if (!bytes || bytes > 1UL << 46 || align > ALLOC_ORDER_MAX)
		return -L4_EINVAL;
	bytes = l4_round_page(bytes);
	err = quota_take(q, bytes);
	if (err)
		return err;
	err = object_create(q, OBJECT_DATASPACE, (struct object **)&ds);
	if (err) {
		quota_return(q, bytes);
		return err;
	}
	ds->bytes = bytes;
	ds->flags = L4RE_DS_F_R | L4RE_DS_F_W | L4RE_DS_F_X;
	err = flags & L4RE_MA_CONTINUOUS ? fill_continuous(ds, align) : fill_chunks(ds, flags);
	if (err) {
		object_destroy(&ds->obj);
		return err;
	}
	*out = ds;
	return 0;
}

int dataspace_foreign(struct quota *q, l4_uint64_t pa, l4_uint64_t bytes, unsigned flags, unsigned cache,
		      struct dataspace **out)
{
	struct dataspace *ds;
	int err;

	if (!bytes || (pa & ~L4_PAGEMASK) || bytes > 1UL << 46 || pa > 1UL << 46)
		return -L4_EINVAL;
	err = object_create(q, OBJECT_DATASPACE, (struct object **)&ds);
	if (err)
		return err;
	ds->bytes = l4_round_page(bytes);
	ds->flags = flags;
	ds->cache = cache;
	ds->foreign = 1;
	ds->foreign_pa = pa;
	*out = ds;
	return 0;
}

/* Take the block away from all who mapped it; root keeps its own mapping. */
static void revoke(l4_uint64_t pa, unsigned order)
{
	l4_task_unmap(L4_BASE_TASK_CAP, l4_fpage(RAM_WINDOW + pa, order, L4_FPAGE_RWX), L4_FP_OTHER_SPACES);
}

void dataspace_destroy_contents(struct dataspace *ds)
{
	unsigned i;

	if (ds->foreign) {
		if (ds->bytes)
			l4_task_unmap_range_u(L4_BASE_TASK_CAP, RAM_WINDOW + ds->foreign_pa,
					      RAM_WINDOW + ds->foreign_pa + ds->bytes - L4_PAGESIZE,
					      (ds->device ? L4_FP_ALL_SPACES : L4_FP_OTHER_SPACES) | L4_FPAGE_RWX, l4_utcb());
		return;
	}
	for (i = 0; i < ds->chunk_count; i++) {
		revoke(chunk_pa(&ds->chunks[i]), chunk_order(&ds->chunks[i]));
		pages_free(chunk_pa(&ds->chunks[i]), chunk_order(&ds->chunks[i]));
	}
	quota_return(ds->obj.owner, ds->bytes);
}

void *dataspace_ptr(struct dataspace *ds)
{
	return window_ptr(ds->foreign ? ds->foreign_pa : chunk_pa(&ds->chunks[0]));
}

/* Local address of offset; *left = bytes from there on in the same block. */
static l4_addr_t locate(const struct dataspace *ds, l4_uint64_t offset, l4_uint64_t *left)
{
	unsigned i;

	if (ds->foreign) {
		*left = ds->bytes - offset;
		return RAM_WINDOW + ds->foreign_pa + offset;
	}
	for (i = 0; offset >= 1UL << chunk_order(&ds->chunks[i]); i++)
		offset -= 1UL << chunk_order(&ds->chunks[i]);
	*left = (1UL << chunk_order(&ds->chunks[i])) - offset;
	return RAM_WINDOW + chunk_pa(&ds->chunks[i]) + offset;
}

static unsigned item_order(l4_addr_t local, l4_addr_t remote, l4_uint64_t left)
{
	unsigned order = L4_PAGESHIFT;

	while (order < 39 && !((local | remote) & (1UL << order)) && (2UL << order) <= left)
		order++;
	return order;
}

static int range_ok(const struct dataspace *ds, l4_uint64_t offset, l4_uint64_t bytes)
{
	return offset <= ds->bytes && bytes <= ds->bytes - offset;
}

static l4_msgtag_t op_map(struct dataspace *ds, const l4_umword_t *mr)
{
	l4_uint64_t offset = mr[1], remote = mr[2], wanted = mr[4], done = 0, left;
	unsigned held = ds->flags & L4RE_DS_F_X ? ds->flags | L4RE_DS_F_PASS_X : ds->flags;
	unsigned rights = mr[3] & held & L4_FPAGE_RIGHTS_MASK, n = 0;
	l4_msgtag_t tag = reply(0, 1);

	if ((offset | remote) & ~L4_PAGEMASK || !rights)
		return reply(-L4_EINVAL, 0);
	if (offset >= ds->bytes)
		return reply(-L4_ERANGE, 0);
	wanted = l4_round_page(wanted);
	if (wanted > ds->bytes - offset)
		wanted = ds->bytes - offset;
	while (done < wanted && n < MAP_ITEMS) {
		l4_addr_t local = locate(ds, offset + done, &left);
		unsigned order = item_order(local, remote + done, left < wanted - done ? left : wanted - done);

		l4_sndfpage_add(l4_fpage(local, order, rights), l4_map_control(remote + done, ds->cache, 0), &tag);
		done += 1UL << order;
		n++;
	}
	l4_utcb_mr()->mr[0] = done;
	return tag;
}

/* Blocks of one dataspace often follow each other. */
l4_uint64_t dataspace_phys(const struct dataspace *ds, l4_uint64_t offset, l4_uint64_t *bytes)
{
	l4_addr_t local = locate(ds, offset, bytes);
	l4_uint64_t left;

	while (offset + *bytes < ds->bytes && locate(ds, offset + *bytes, &left) == local + *bytes)
		*bytes += left;
	return local - RAM_WINDOW;
}

static l4_msgtag_t op_clear(struct dataspace *ds, l4_uint64_t offset, l4_uint64_t bytes)
{
	l4_uint64_t left;

	if (!range_ok(ds, offset, bytes) || ds->foreign)
		return reply(-L4_ERANGE, 0);
	while (bytes) {
		void *at = (void *)locate(ds, offset, &left);

		if (left > bytes)
			left = bytes;
		memset(at, 0, left);
		offset += left;
		bytes -= left;
	}
	return reply(0, 0);
}

l4_msgtag_t dataspace_dispatch(struct dataspace *ds, l4_msgtag_t tag, unsigned rights)
{
	l4_umword_t *mr = l4_utcb_mr()->mr;
	unsigned words = l4_msgtag_words(tag);

	if (words < 1)
		return reply(-L4_EMSGTOOSHORT, 0);
	switch (mr[0]) {
	case L4RE_DS_MAP_OP:
		if (!(rights & L4_CAP_RIGHT_W))
			mr[3] &= ~(l4_umword_t)L4_FPAGE_W;
		return words < 5 ? reply(-L4_EMSGTOOSHORT, 0) : op_map(ds, mr);
	case L4RE_DS_INFO_OP:
		mr[0] = ds->bytes;
		mr[1] = ds->flags & (rights & L4_CAP_RIGHT_W ? ~0U : ~(unsigned)L4RE_DS_F_W);
		mr[2] = ds->obj.gate >> L4_CAP_SHIFT;
		return reply(0, 3);
	case L4RE_DS_CLEAR_OP:
		if (!(rights & L4_CAP_RIGHT_W))
			return reply(-L4_EPERM, 0);
		return words < 3 ? reply(-L4_EMSGTOOSHORT, 0) : op_clear(ds, mr[1], mr[2]);
	case L4RE_DS_ALLOCATE_OP:
		if (words < 3)
			return reply(-L4_EMSGTOOSHORT, 0);
		return reply(range_ok(ds, mr[1], mr[2]) ? 0 : -L4_ERANGE, 0);
	default:
		return reply(-L4_ENOSYS, 0);
	}
}
